"""Stage 1: what is a resource, and which tests and fixtures declare that they use it."""
