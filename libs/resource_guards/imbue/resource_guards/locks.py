"""Locks that keep two threads from changing the same thing at a time, with and without the interpreter's own lock.

The thread that has one may take it again, as what the collector of garbage runs in the middle of ours does. A
fork finds each of them free: the thread that had it is not there.

Imports nothing but the standard library's smallest parts, since child Pythons load it at start.
"""

from __future__ import annotations

import os
from _thread import RLock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final


class Lock:
    """A lock of this process.

    Attributes:
        now: What is entered: ``with LOCK.now``.
    """

    def __init__(self) -> None:
        self.now = RLock()
        os.register_at_fork(after_in_child=self._renew)

    def _renew(self) -> None:
        # Another one, since whoever forks may be within the old one and leave it later.
        self.now = RLock()


RECORDS: Final = Lock()
"""What is kept of uses, and told to child processes. Within it nothing waits, and nothing of others is called."""

STARTS: Final = Lock()
"""The variable of this process's environment while it names a scope, until the process that gets it is there."""
