"""Which scope is current in one session of this process, for each of its threads.

The thread that runs the tests always acts for the running scope. Any other acts for the scope that
handed it its work, and not for the one that happens to run now: `scope/handover.py` notes that
when a thread is started, a function is given to an executor, or a callback to an event loop.
"""

from __future__ import annotations

import contextvars
import os
import threading
from collections.abc import MutableMapping
from typing import Any
from typing import Final
from typing import NamedTuple

from imbue.resource_guards.scope.entry import OUTSIDE
from imbue.resource_guards.scope.entry import VARIABLE
from imbue.resource_guards.scope.entry import parse_entries
from imbue.resource_guards.scope.publish import Publisher
from imbue.resource_guards.scope.scope import Scope


class Turn(NamedTuple):
    """A stretch of time in which one scope of one session runs."""

    stamp: int
    slot: ScopeSlot
    scope: Scope | None


Turns = tuple[Turn, ...]
"""The turns of all sessions of this process at one moment; nearly always a single one."""

SLOTS: Final[list[ScopeSlot]] = []
"""The slots of the sessions that guard this process, innermost last."""

CARRIED: Final[contextvars.ContextVar[Turns]] = contextvars.ContextVar(
    "resource_guards_turns", default=()
)
"""Set in a context that is about to be copied for work elsewhere."""

ACTING: Final = threading.local()
"""Its `turns` are those that this thread's work came from, where that is known."""

STARTED_IN: Final = "_resource_guards_turns"
"""The attribute of a thread that has the turns in which it was started."""


class ScopeSlot:
    """The current scope of a session.

    It is policy, so it is not kept in `os.environ`: a test that clears its environment changes
    nothing for this process.

    Attributes:
        stamp: Counts the turns; another one has begun when it has changed.
        thread: The id of the thread that runs the tests.
    """

    def __init__(self, publisher: Publisher) -> None:
        self._publisher = publisher
        self._pid = os.getpid()
        self.thread = threading.get_ident()
        self.stamp = 0
        self._scope: Scope | None = None

    @property
    def key(self) -> str:
        """The session's name in the environment variable."""
        return self._publisher.key

    @property
    def running(self) -> Scope | None:
        """The scope of the thread that runs the tests."""
        return self._scope

    @property
    def is_main_thread(self) -> bool:
        """Whether the calling thread is the one that runs the tests."""
        return threading.get_ident() == self.thread

    def enter(self, scope: Scope | None) -> None:
        """Make `scope`, or none, the running one, here and for child processes."""
        self.stamp += 1
        self._scope = scope
        if scope is not None:
            self._publisher.publish(scope)

    def leave(self) -> None:
        """Make no scope the running one.

        Child processes are told when one is started: most often the next test comes first.
        """
        self.stamp += 1
        self._scope = None

    def asking(self) -> str:
        """The environment variable's value as this session has set it, which names no scope."""
        return self._publisher.asking()

    def named(self, value: str) -> str:
        """A value of the variable that names the scope that the calling thread acts for."""
        return self._publisher.named(value, self.turn().scope)

    def name(self, environment: MutableMapping[Any, Any] | None) -> None:
        """Make an environment for a child name the current scope, if it has the variable.

        One that has lost it is left alone: it may have been emptied on purpose.
        """
        self._publisher.name(environment, self.turn().scope, value_for_child)

    def adopt(self, value: str) -> None:
        """In a fork of the session's process: act for the scope of a value of the variable."""
        entry = parse_entries(value).get(self.key)
        if entry is not None and os.getpid() != self._pid:
            scope_id, allowed = entry
            scope = None if scope_id == OUTSIDE else Scope(int(scope_id), "its test", allowed)
            self.stamp += 1
            self._scope = scope
            self.thread = threading.get_ident()
            os.environ[VARIABLE] = value

    def current(self) -> Scope | None:
        """The scope on whose behalf the calling thread acts."""
        if threading.get_ident() == self.thread:
            return self._scope
        return self.turn().scope

    def turn(self) -> Turn:
        """The turn on whose behalf the calling thread acts.

        Of several that it may have been given, the last to begin is the right one: the context
        that a task was scheduled from is younger than the thread that runs the loop, and the one
        that an executor was called from is younger than a context made when a loop was.
        """
        if self.is_main_thread:
            return Turn(self.stamp, self, self._scope)
        acting: Turns | None = getattr(ACTING, "turns", None)
        if acting is None:
            acting = getattr(threading.current_thread(), STARTED_IN, ())
        given = [turn for turn in (*acting, *CARRIED.get()) if turn.slot is self]
        return max(given, key=_stamp) if given else Turn(self.stamp, self, self._scope)


def value_for_child(value: str = "") -> str:
    """The variable's value for a process that acts as the calling thread does.

    Args:
        value: One to put the scopes in; without it, that of the innermost session.
    """
    value = value or (SLOTS[-1].asking() if SLOTS else "")
    for slot in SLOTS:
        value = slot.named(value)
    return value


def current_turns() -> Turns:
    """The turns that the calling thread acts for, to be given to whatever it starts."""
    return tuple(slot.turn() for slot in SLOTS)


def _stamp(turn: Turn) -> int:
    return turn.stamp
