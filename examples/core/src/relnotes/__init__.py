"""Release notes from the commits of a git repository and the titles of its tickets."""
