"""The processes that this one has started and that still run."""

from __future__ import annotations

from contextlib import suppress

from imbue.resource_guards import system

_TASKS = "/proc/self/task"


def own_children() -> list[int]:
    """Their ids; none where ``/proc`` does not tell (it takes Linux and CONFIG_PROC_CHILDREN)."""
    if not system.may_have_children():  # most tests wait for what they start
        return []
    children: list[int] = []
    with suppress(OSError):
        for thread in system.listdir(_TASKS):  # a child belongs to the thread that has started it
            with suppress(OSError):  # the thread has just ended
                children += _numbers_in(f"{_TASKS}/{thread}/children")
    return children


def _numbers_in(path: str) -> list[int]:
    return [int(number) for number in system.read_file(path).split()]
