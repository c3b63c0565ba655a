"""Stage 7: plan and rewrite marks in source."""
