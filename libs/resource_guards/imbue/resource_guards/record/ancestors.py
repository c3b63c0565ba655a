"""Through which processes one was started, where ``/proc`` tells: ``sh > make``."""

from __future__ import annotations

import os

SEPARATOR = " > "


def through(top: int) -> str:
    """The names of the processes from below `top` down to this one, the oldest first.

    Args:
        top: The id of the pytest process.
    """
    names = []
    pid = os.getpid()
    try:
        while pid not in (top, 0, 1):
            with open(  # noqa: PTH123 - pathlib takes its time in a child Python
                f"/proc/{pid}/stat", encoding="utf-8", errors="replace"
            ) as file:
                head, _, tail = file.read().rpartition(")")  # a name may have brackets in it
            names.append(head.partition("(")[2])
            pid = int(tail.split()[1])
    except (OSError, ValueError, IndexError):
        pass
    return SEPARATOR.join(reversed(names))
