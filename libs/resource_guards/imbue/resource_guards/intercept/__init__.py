"""Stage 3: see a use of a resource as it happens, and stop it when the scope forbids it."""
