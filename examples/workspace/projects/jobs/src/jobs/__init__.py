"""A queue of jobs on Modal."""
