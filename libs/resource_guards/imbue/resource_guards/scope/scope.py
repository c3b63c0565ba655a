"""A scope: the test or fixture on whose behalf code is running, and what it may use."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING
from typing import Final
from weakref import ref

from imbue.resource_guards.kinds import OwnerKind
from imbue.resource_guards.model import Use
from imbue.resource_guards.system import RECORDS


class OwnerName:
    """An owner of which the name is all that is kept.

    Args:
        name: A fixture's name, or words that stand for it in a sentence.
        kind: What it is.
    """

    __slots__ = ("kind", "name")

    def __init__(self, name: str, kind: OwnerKind) -> None:
        self.name = name
        self.kind = kind


if TYPE_CHECKING:
    from typing import Protocol

    class HasNodeId(Protocol):
        """A test. Pytest puts its node id together each time that it is asked for, which takes time."""

        @property
        def nodeid(self) -> str:
            """The test's name in reports."""

    Owner = OwnerName | HasNodeId

COLLECTION: Final = OwnerName("the collection of tests", OwnerKind.OTHER)
"""The owner of the scope that is there before the first test runs."""


def name_of(owner: Owner) -> str:
    """The test's node id or the fixture's name, for messages."""
    return owner.name if isinstance(owner, OwnerName) else owner.nodeid


class Scope:
    """What code that runs now is charged to.

    Each test has one, so that nothing is made here before it is needed.

    Args:
        id: Unique in its session; it travels to child processes and comes back in the journal.
        owner: The test, or the name of what else it is.
        allowed: Names of the resources that it may use. Shared between scopes with equal sets.

    Attributes:
        started_at: ``file:line`` of the last call on its behalf that started a process.
        has_started: Something on its behalf has started a process.
        has_started_others: One of these may connect to services, and is no Python.
        used: Names of the resources that were seen.
    """

    __slots__ = (
        "_owner",
        "_uses",
        "allowed",
        "has_started",
        "has_started_others",
        "id",
        "started_at",
        "used",
    )

    def __init__(self, id: int, owner: Owner, allowed: frozenset[str]) -> None:  # noqa: A002 - as in `pytest.param`
        self.id = id
        self.allowed = allowed
        self.started_at = ""
        self.has_started = self.has_started_others = False
        self.used: AbstractSet[str] = _NOTHING
        # A thread or task that lives on may have this scope, and must not keep the session by it.
        self._owner = (
            owner if type(owner) is OwnerName else ref(owner)
        )  # less than `isinstance` takes
        self._uses: list[Use] | None = None

    @property
    def kind(self) -> OwnerKind:
        """What is charged."""
        owner = self._owner
        if isinstance(owner, OwnerName):
            return owner.kind
        # A test that has ended is taken for a function, as nearly all are.
        test = owner()
        return OwnerKind.TEST if test is None or hasattr(type(test), "function") else OwnerKind.ITEM

    def is_of(self, owner: Owner) -> bool:
        """Whether it is the scope of this very test or fixture."""
        own = self._owner
        return (own if isinstance(own, OwnerName) else own()) is owner

    @property
    def owner(self) -> str:
        """The test's node id or the fixture's name, for messages."""
        owner = self._owner if isinstance(self._owner, OwnerName) else self._owner()
        return "a test that has ended" if owner is None else name_of(owner)

    @property
    def uses(self) -> tuple[Use, ...]:
        """What was seen."""
        return tuple(self._uses or ())

    def note(self, use: Use) -> None:
        """Keep a use that was seen on this scope's behalf."""
        uses = self._uses
        if uses is None:
            with RECORDS.now:  # of two threads that are the first, one makes it
                uses = self._uses
                if uses is None:
                    uses = self._uses = []
        uses.append(use)
        self.note_resource(use.resource)

    @property
    def count(self) -> int:
        """How many uses were seen."""
        return len(self._uses or ())

    def came_through(self, fixture: str, since: int) -> None:
        """Say of the uses since there were so many that a fixture made them, where another has not said so."""
        uses = self._uses
        if uses is not None:
            for at in range(since, len(uses)):  # one by one, since threads may add others meanwhile
                if not uses[at].fixture:
                    uses[at] = uses[at]._replace(fixture=fixture)

    def note_resource(self, resource: str) -> None:
        """Remember that a resource was seen, where the use itself is kept elsewhere."""
        if resource not in self.used:
            with RECORDS.now:  # another set each time, so that nobody reads one that changes
                self.used = {*self.used, resource}


class Flag:
    """Whether something has happened that those who share it look at."""

    __slots__ = ("is_up",)

    def __init__(self) -> None:
        self.is_up = False


class FixtureScope(Scope):
    """The scope of a fixture.

    Args:
        id: Its number.
        owner: The fixture.
        allowed: What it may use.
        any_used: Raised when this fixture uses something, or any other.
    """

    __slots__ = ("_any_used",)

    def __init__(self, id: int, owner: Owner, allowed: frozenset[str], any_used: Flag) -> None:  # noqa: A002 - as above
        super().__init__(id, owner, allowed)
        self._any_used = any_used

    def note_resource(self, resource: str) -> None:
        """Remember that a resource was seen."""
        self._any_used.is_up = True
        super().note_resource(resource)


_NOTHING: Final[frozenset[str]] = frozenset()
