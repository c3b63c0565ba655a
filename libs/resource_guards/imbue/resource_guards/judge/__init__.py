"""Stage 5: from declarations, uses and outcome to violations; pure functions only."""
