"""Whether resources are available here and now, and what follows from that."""
