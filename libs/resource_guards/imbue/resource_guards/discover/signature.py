"""By what a file of a discovery is known from a report."""

from __future__ import annotations

from pathlib import Path
from typing import Final

SIGNATURE: Final = "resource-guards-discovery"

_HEAD: Final = 200


def is_discovery(path: Path) -> bool:
    """Whether a file is one; what cannot be read is none, and whoever reads it next says why."""
    try:
        if not path.is_file():  # a pipe may not end
            return False
        with path.open("rb") as file:
            return SIGNATURE.encode() in file.read(_HEAD)
    except OSError:
        return False
