"""What two processes must agree on: each form in one module, written and read there."""
