"""Stage 4: keep what was seen, in memory for this process and in one file for the others."""
