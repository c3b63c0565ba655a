"""Through which processes one was started, where ``/proc`` tells: ``sh > make``."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

SEPARATOR = " > "


def through(top: int) -> str:
    """The names of the processes from below `top` down to this one, the oldest first.

    Args:
        top: The id of the pytest process.
    """
    return SEPARATOR.join(name for _, name, _ in reversed(list(_below(top))))


def child_of(top: int) -> str:
    """The id of the child of `top` that this process is, or comes from; empty if none is known.

    Args:
        top: The id of the pytest process.
    """
    chain = list(_below(top))
    return str(chain[-1][0]) if chain and chain[-1][2] == top else ""


def _below(top: int) -> Iterator[tuple[int, str, int]]:
    """This process and those around it up to `top`: the id, the name and the parent's id."""
    pid = os.getpid()
    try:
        while pid not in (top, 0, 1):
            with open(  # noqa: PTH123 - pathlib takes its time in a child Python
                f"/proc/{pid}/stat", encoding="utf-8", errors="replace"
            ) as file:
                head, _, tail = file.read().rpartition(")")  # a name may have brackets in it
            parent = int(tail.split()[1])
            yield pid, head.partition("(")[2], parent
            pid = parent
    except (OSError, ValueError, IndexError):
        pass
