"""The processes that this one has started and that still run."""

from __future__ import annotations

import os
from contextlib import suppress

_TASKS = "/proc/self/task"


def own_children() -> list[int]:
    """Their ids; none where ``/proc`` does not tell (it takes Linux and CONFIG_PROC_CHILDREN)."""
    children: list[int] = []
    with suppress(OSError):
        for thread in os.listdir(_TASKS):  # a child belongs to the thread that has started it
            with suppress(OSError):  # the thread has just ended
                children += _numbers_in(f"{_TASKS}/{thread}/children")
    return children


def _numbers_in(path: str) -> list[int]:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        parts = list(iter(lambda: os.read(descriptor, 65536), b""))
    finally:
        os.close(descriptor)
    return [int(number) for number in b"".join(parts).split()]
