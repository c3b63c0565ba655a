"""The processes that this one has started and that still run."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

_TASKS = Path("/proc/self/task")


def own_children() -> list[int]:
    """Their ids; none where ``/proc`` does not tell (it takes Linux and CONFIG_PROC_CHILDREN)."""
    children = []
    with suppress(OSError):
        for thread in _TASKS.iterdir():  # a child belongs to the thread that has started it
            with suppress(OSError):  # the thread has just ended
                children += (thread / "children").read_text("ascii").split()
    return [int(child) for child in children]
