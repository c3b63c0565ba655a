"""Write a record from a child Python; loaded with the first use that it sees."""

from __future__ import annotations

from imbue.resource_guards import system
from imbue.resource_guards import wire
from imbue.resource_guards.forks import end_process
from imbue.resource_guards.messages import trust as messages
from imbue.resource_guards.system import Identity
from imbue.resource_guards.system import identity

_EMPTIED = system.O_WRONLY | system.O_TRUNC | system.O_CLOEXEC


def write_record(
    directory: str, root: Identity | None, record: bytes, *, may_lose: bool = False
) -> bool:
    """Write a record; ends this process where that can neither be done nor be told.

    Args:
        directory: The session's private directory.
        root: The root directory that the process began with.
        record: The record.
        may_lose: Nothing hangs on it, and this process goes on.

    Returns:
        Whether there is a session to write to: it may have ended.
    """
    try:
        system.append(f"{directory}/{wire.JOURNAL_FILE}", record)
    except OSError as error:
        try:
            # Emptying a file works where a disk is full; the session finds it empty and fails.
            system.close(system.open(f"{directory}/{wire.HEALTH_FILE}", _EMPTIED))
        except FileNotFoundError:
            if identity("/") == root:
                return False
            if may_lose:
                return True
            end_process(messages.journal_out_of_reach(directory, error))
        except OSError:  # it has another user than when it began
            if may_lose:
                return True
            end_process(messages.journal_out_of_reach(directory, error))
    return True
