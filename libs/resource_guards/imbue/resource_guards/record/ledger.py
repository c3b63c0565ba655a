"""The ledger: every scope of this process by its id, and the uses that came too late for theirs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING
from typing import Final

from imbue.resource_guards.kinds import OwnerKind
from imbue.resource_guards.messages.violations import GAVE_WORK
from imbue.resource_guards.model import Use
from imbue.resource_guards.scope.scope import FixtureScope
from imbue.resource_guards.scope.scope import OwnerName
from imbue.resource_guards.scope.scope import Scope
from imbue.resource_guards.scope.scope import name_of
from imbue.resource_guards.system import getpid
from imbue.resource_guards.wire.line import Entry
from imbue.resource_guards.wire.variable import ANY_SCOPE

if TYPE_CHECKING:
    from imbue.resource_guards.scope.scope import Flag
    from imbue.resource_guards.scope.scope import Owner

_FOR_EACH_FORK: Final = 10**9
"""How many scope ids a process may count before it comes to those of another."""

_YOUNGER: Final = OwnerName(GAVE_WORK, OwnerKind.OTHER)
"""The owner of a scope that began after this process was forked."""


class LateUse:
    """A use by a process that outlived the test or fixture that started it.

    Args:
        owner: The test or fixture.
        use: The use.
        may_use: The owner might have used the resource in its time.
        is_others: It was allowed for the sake of the test that ran then.
    """

    __slots__ = ("is_others", "may_use", "owner", "use")

    def __init__(
        self, owner: str, use: Use, *, may_use: bool = False, is_others: bool = False
    ) -> None:
        self.owner = owner
        self.use = use
        self.may_use = may_use
        self.is_others = is_others


class Ledger:
    """Opens scopes and books uses on them.

    Attributes:
        late: Uses that belong to scopes which have been judged already.
    """

    def __init__(self) -> None:
        self.late: list[LateUse] = []
        self._open: dict[int, Scope] = {}
        self._owners: list[Owner] = []
        self._left: dict[int, Scope] = {}
        self._pid = getpid()
        self._fork = 0
        self._next = 0

    def open(self, owner: Owner, allowed: frozenset[str], any_used: Flag | None = None) -> Scope:
        """A new scope for a test or fixture.

        Args:
            owner: The test or fixture.
            allowed: What it may use.
            any_used: For a fixture's, what it raises when it uses something.
        """
        if getpid() != self._pid:  # a plugin runs tests in forks, and each would count alike
            self._pid = getpid()
            self._fork = self._pid
            self._next = self._fork * _FOR_EACH_FORK
            self._owners.clear()
        scope_id = self._next
        self._next += 1
        self._owners.append(owner)
        if any_used is None:
            scope = Scope(scope_id, owner, allowed)
        else:
            scope = FixtureScope(scope_id, owner, allowed, any_used)
        self._open[scope_id] = scope
        return scope

    @property
    def last_owner(self) -> str:
        """The test or fixture that a scope was last opened for."""
        return name_of(self._owners[-1])

    def find(self, scope_id: int, allowed: frozenset[str]) -> Scope:
        """The scope of an id, which takes nothing more if it has ended.

        Args:
            scope_id: Its id.
            allowed: What it may use.
        """
        scope = self._open.get(scope_id)
        if scope is None or self.is_in_fork():  # since which its marks may have been read again
            # What is not known has begun after this process was forked.
            scope = Scope(scope_id, self._owner(str(scope_id)) or _YOUNGER, allowed)
        return scope

    def is_in_fork(self) -> bool:
        """Whether this is a fork of the process whose scopes these are."""
        return getpid() != self._pid

    def close(self, scope: Scope) -> None:
        """Take nothing more for this scope: what still comes is late."""
        self._open.pop(scope.id, None)

    def is_open(self, owner: Owner) -> bool:
        """Whether a scope of this very test or fixture is open."""
        return any(scope.is_of(owner) for scope in self._open.values())

    def note_left_running(self, scope: Scope, children: Iterable[int]) -> None:
        """Something else runs from now on; these processes were started for it, or before it.

        Args:
            scope: What has run until now.
            children: The ids of the children that this process has.
        """
        self._left = {pid: self._left.get(pid, scope) for pid in children}

    def has_ended(self, scope: Scope) -> bool:
        """Whether what still comes of a scope is late."""
        return scope.id not in self._open

    def note(self, scope: Scope, use: Use, *, is_others: bool = False) -> None:
        """Put a use that this process has seen on its scope, or with the late ones.

        Args:
            scope: The scope.
            use: The use.
            is_others: It was allowed for the sake of the test that ran then, and not of its own.
        """
        if scope.id in self._open:
            scope.note(use)
            if scope.id in self._open:
                return  # whoever ends it finds the use
        # Also where another thread has ended it between these lines: a use may be told twice, and is never lost.
        may_use = use.resource in scope.allowed
        self.late.append(LateUse(scope.owner, use, may_use=may_use, is_others=is_others))

    def book(self, entries: Iterable[Entry], running: Scope | None) -> None:
        """Put uses from the journal on the scopes that they belong to.

        Args:
            entries: What the journal has got since it was last read.
            running: The scope that is charged where a process had lost its own.
        """
        for entry in entries:
            if entry.scope_id.isdecimal() and int(entry.scope_id) // _FOR_EACH_FORK != self._fork:
                continue  # judged in the fork that ran the test
            scope = self._scope_of(entry.scope_id, running)
            if scope is None:
                owner = self._owner(entry.scope_id)
                name = name_of(owner) if owner else f"scope {entry.scope_id}"
                self.late.append(LateUse(name, entry.use))
            else:
                self.note(scope, entry.use._replace(where=entry.use.where or scope.started_at))

    def _scope_of(self, scope_id: str, running: Scope | None) -> Scope | None:
        if not scope_id.startswith(ANY_SCOPE):
            return self._open.get(int(scope_id)) if scope_id.isdecimal() else None
        child = scope_id.removeprefix(ANY_SCOPE)
        return self._left.get(int(child), running) if child.isdecimal() else running

    def _owner(self, scope_id: str) -> Owner | None:
        index = int(scope_id) - self._fork * _FOR_EACH_FORK if scope_id.isdecimal() else -1
        known = 0 <= index < len(self._owners)
        return self._owners[index] if known else None
