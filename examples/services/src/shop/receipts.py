"""Receipts, packed for the archive."""

from __future__ import annotations

import subprocess


def packed(text: str) -> bytes:
    """A receipt as the archive takes it, packed by gzip."""
    command = ["gzip", "--no-name", "--stdout"]
    return subprocess.run(command, input=text.encode(), check=True, capture_output=True).stdout
