"""Which scope is current in one session of this process, wherever code runs.

The scope is a context variable that is set whenever a scope begins (`contextvars`, PEP 567): asyncio,
trio, anyio and uvloop copy contexts to what they run later, and so carry it by themselves. What copies
none, as a thread, a greenlet and the workers of a pool, is a row in `intercept/handover/table.py`.
"""

from __future__ import annotations

import contextvars
from collections.abc import Callable
from typing import Final

from imbue.resource_guards import system
from imbue.resource_guards.environment import ENVIRONMENT
from imbue.resource_guards.listeners import AROUND
from imbue.resource_guards.scope.publish import Publisher
from imbue.resource_guards.scope.schedulers import is_scheduled
from imbue.resource_guards.scope.scope import Scope
from imbue.resource_guards.wire.variable import SCOPE_VARIABLE
from imbue.resource_guards.wire.variable import parse_entries

Scopes = tuple[tuple["ScopeSlot", Scope | None], ...]
"""For each session of this process the scope that runs; nearly always a single one.

A plain tuple, and one for each time that a scope begins: whether something else runs than before is
then told by comparing two objects.
"""

SLOTS: Final[list[ScopeSlot]] = []
"""The slots of the sessions that guard this process, innermost last."""

CARRIED: Final[contextvars.ContextVar[Scopes]] = contextvars.ContextVar(
    "resource_guards_scopes", default=()
)
"""Whom the code that runs in a context acts for; empty in one that comes from nobody known."""


class Given(tuple):  # type: ignore[type-arg] # of the elements of `Scopes`
    """Scopes that work was handed over with, and that hold wherever it is done."""

    __slots__ = ()


class ScopeSlot:
    """The current scope of a session.

    It is policy, so it is not kept in `os.environ`: a test that clears its environment changes
    nothing for this process.

    Args:
        publisher: Tells child processes.
        find: Gives the scope of an id, which may have ended, and what it may use.

    Attributes:
        scopes: What is carried where scopes begin, since the last one began.
    """

    def __init__(self, publisher: Publisher, find: Callable[[int, frozenset[str]], Scope]) -> None:
        self._publisher = publisher
        self._find = find
        self._pid = system.getpid()
        self._thread = system.get_ident()
        self._scope: Scope | None = None
        self.scopes: Scopes = ()
        self._token: contextvars.Token[Scopes] | None = None

    @property
    def key(self) -> str:
        """The session's name in the environment variable."""
        return self._publisher.key

    @property
    def running(self) -> Scope | None:
        """The scope of the code that pytest runs now."""
        return self._scope

    @property
    def is_main_thread(self) -> bool:
        """Whether the calling thread is the one that runs the tests."""
        return system.get_ident() == self._thread

    def enter(self, scope: Scope | None) -> None:
        """Make `scope`, or none, the running one, here and for child processes."""
        if len(SLOTS) == 1:  # nearly always, and each test comes here
            # First what is carried: a thread that carries the last one must not take this scope for it.
            self.scopes = scopes = ((self, scope),)
            self._token = CARRIED.set(scopes)
            self._scope = scope
        else:
            self._begin(scope)
        if scope is not None:
            self._publisher.publish(scope)

    def allow_anew(self, scope: Scope) -> None:
        """The running scope may use something else than before, as whichever thread has found out."""
        if self.is_main_thread:
            self.enter(scope)  # which is where scopes begin, and no other thread
        else:
            self._publisher.publish(scope)

    def _begin(self, scope: Scope | None) -> None:
        if len(SLOTS) > 1:
            others = tuple((each, each.current()) for each in SLOTS if each is not self)
            self.scopes = (*others, (self, scope))
        else:
            self.scopes = ((self, scope),)
        self._token = CARRIED.set(self.scopes)
        self._scope = scope

    def clear(self) -> None:
        """Make no scope the running one.

        Child processes are told when one is started: most often the next test comes first.
        """
        self._scope = None

    def close(self) -> None:
        """End of the session: nothing that lives on may lead to it."""
        self._scope = None
        if self._token is not None and self._is_where_scopes_begin():
            CARRIED.set(tuple(each for each in CARRIED.get() if each[0] is not self))
        self._token = None

    def without_scope(self) -> str:
        """The environment variable's value as this session has set it, which names no scope."""
        return self._publisher.without_scope()

    def with_scope(self, value: str) -> str:
        """A value of the variable that names the scope that the calling code acts for."""
        return self._publisher.with_scope(value, self.current())

    def before_start(self) -> None:
        """A process is about to start on nobody's behalf."""
        self._publisher.tell_nobody_runs(lambda: self._scope is not None)

    def adopt(self, value: str) -> None:
        """In a fork of the session's process: act for the scope of a value of the variable."""
        if system.getpid() != self._pid and self.key in parse_entries(value):
            self._begin(self.scope_in(value))
            self._thread = system.get_ident()
            ENVIRONMENT[SCOPE_VARIABLE] = value

    def scope_in(self, value: str) -> Scope | None:
        """The scope that a value of the variable names; that of the calling code if it names none."""
        entry = parse_entries(value).get(self.key)
        if entry is None:
            return self.current()
        scope_id, allowed = entry
        if not scope_id.isdecimal():
            return None
        return self._find(int(scope_id), allowed)

    def current(self) -> Scope | None:
        """The scope on whose behalf the calling code runs."""
        carried = CARRIED.get()
        running = self._scope  # once, since it may change meanwhile
        if carried is self.scopes and running is not None:
            return running
        for slot, scope in carried:
            if slot is self:
                if isinstance(carried, Given) or not self._is_running_now():
                    return scope
                break
        return running

    def _is_running_now(self) -> bool:
        """Whether the calling code is what pytest runs now, whatever its context says.

        pytest-asyncio puts values back that its fixtures had; and `Context.run` calls a function at
        once, in a context that may be older than the test that calls it.
        """
        return self._is_where_scopes_begin() or (self.is_main_thread and not is_scheduled())

    def _is_where_scopes_begin(self) -> bool:
        # Only the context in which a token was made takes it back, and there is no other way to
        # tell two contexts apart.
        carried = CARRIED.get()
        if self._token is None:
            return True
        try:
            CARRIED.reset(self._token)
        except (
            ValueError,
            RuntimeError,
        ):  # the second while the main thread is between these lines
            return False
        self._token = CARRIED.set(carried)
        return True


def caller() -> object:
    """An object that stands for whom the calling code acts for, the same only where nothing else can run as well.

    What is carried names a scope only by where it is carried, unless it was handed over. Nothing is named for
    a session that has begun since, whose scope may then be another each time.
    """
    carried = CARRIED.get()
    if carried and SLOTS:
        innermost = SLOTS[-1]
        if innermost.scopes is carried or (type(carried) is Given and carried[-1][0] is innermost):
            return carried
    return object()


def value_for_child(value: str = "") -> str:
    """The variable's value for a process that acts as the calling code does.

    Args:
        value: One to put the scopes in; without it, that of the innermost session, or of the process.
    """
    if not value:
        value = SLOTS[-1].without_scope() if SLOTS else ENVIRONMENT.get(SCOPE_VARIABLE, "")
    for with_scope in list(AROUND.values()):
        value = with_scope(value)
    for slot in SLOTS:
        value = slot.with_scope(value)
    return value


def current_scopes() -> Scopes:
    """The scopes that the calling code acts for, to be given to whatever it starts."""
    if len(SLOTS) == 1:  # nearly always
        for slot in SLOTS:  # another thread may end its session meanwhile
            return Given(((slot, slot.current()),))
    return Given((slot, slot.current()) for slot in SLOTS)


def scopes_in(value: str) -> Scopes:
    """The scopes that a value of the variable names, where it comes from this process or a fork of it."""
    return Given((slot, slot.scope_in(value)) for slot in SLOTS)
