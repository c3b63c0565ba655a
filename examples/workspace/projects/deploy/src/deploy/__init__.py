"""Tags a commit as one that is deployed."""
