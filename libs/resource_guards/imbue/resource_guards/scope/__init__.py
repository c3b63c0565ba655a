"""Stage 2: on whose behalf is code running now, and how do child processes learn it."""
