"""Stage 6: tell what was found, in pytest's own reports and at the end of the run."""
