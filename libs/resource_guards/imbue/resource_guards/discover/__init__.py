"""Find out what a suite uses from outside, and say which settings would guard it; nothing is guarded meanwhile."""
