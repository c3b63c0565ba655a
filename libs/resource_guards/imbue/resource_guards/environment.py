"""What `os.environ` keeps its variables in, for those that look at one before each test."""

from __future__ import annotations

import os
from collections.abc import Mapping


def raw_environment() -> Mapping[bytes, bytes]:
    """The variables of this process, as octets, whatever becomes of them.

    `os.environb` gives the same, and takes three calls to do so. What it keeps them in is CPython's
    own affair; where it is elsewhere, this is `os.environb`. Only for POSIX, which has that.
    """
    kept = getattr(os.environb, "_data", None)
    return kept if isinstance(kept, dict) else os.environb
