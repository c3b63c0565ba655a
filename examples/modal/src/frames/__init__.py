"""Hands the frames of a film out to workers on Modal, and keeps what they make of them."""
