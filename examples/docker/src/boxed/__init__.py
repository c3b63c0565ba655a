"""Runs a command in a container that has no network and goes away."""
