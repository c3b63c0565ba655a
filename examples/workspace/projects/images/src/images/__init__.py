"""Names the images of a service, and finds old ones."""
