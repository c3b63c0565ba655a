"""This process's own variables, whatever object a test puts in place of `os.environ`."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

ENVIRONMENT = os.environ
"""The object that tells the operating system of a change, as a plain dictionary does not."""

_KEPT = getattr(os.environb, "_data", os.environb) if os.name == "posix" else {}


def raw_environment() -> Mapping[bytes, bytes]:
    """The variables of :data:`ENVIRONMENT`, as octets.

    `os.environb` gives the same, and takes three calls to do so. What it keeps them in is CPython's
    own affair; where it is elsewhere, this is `os.environb`. Only for POSIX, which has that.
    """
    return _KEPT
