"""This process's own variables, whatever object a test puts in place of `os.environ`."""

from __future__ import annotations

import os

from imbue.resource_guards import system

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

ENVIRONMENT = os.environ
"""The object that tells the operating system of a change, as a plain dictionary does not."""


class _Encoded:
    """The variables as octets, where the system has them as text."""

    def get(self, key: bytes, default: Any = None) -> Any:
        """The value of a variable."""
        value = ENVIRONMENT.get(system.fsdecode(key))
        return default if value is None else system.fsencode(value)

    def keys(self) -> list[bytes]:
        """The names of all."""
        return [system.fsencode(key) for key in ENVIRONMENT]

    def __getitem__(self, key: bytes) -> bytes:
        return system.fsencode(ENVIRONMENT[system.fsdecode(key)])


_KEPT: Any = getattr(os.environb, "_data", os.environb) if system.HAS_POSIX else _Encoded()


def raw_environment() -> Mapping[bytes, bytes]:
    """The variables of :data:`ENVIRONMENT`, as octets.

    On POSIX `os.environb` gives the same, and takes three calls to do so. What it keeps them in is CPython's
    own affair; where it is elsewhere, this is `os.environb`.
    """
    return _KEPT  # type: ignore[no-any-return] # another thing on each system
