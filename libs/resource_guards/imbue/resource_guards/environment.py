"""What `os.environ` keeps its variables in, for those that look at one before each test."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

# Looked up once, since a test may put another object in place of `os.environ`.
_KEPT = getattr(os.environb, "_data", os.environb) if os.name == "posix" else {}


def raw_environment() -> Mapping[bytes, bytes]:
    """The variables of this process, as octets, whatever becomes of them.

    `os.environb` gives the same, and takes three calls to do so. What it keeps them in is CPython's
    own affair; where it is elsewhere, this is `os.environb`. Only for POSIX, which has that.
    """
    return _KEPT
