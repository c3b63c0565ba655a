"""What is to be changed in a source file, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field
from enum import StrEnum


class EditError(Exception):
    """An edit cannot be done; its text says why, by a sentence of `messages.reasons`."""


class Action(StrEnum):
    """What an edit does with a mark."""

    ADD = "add"
    REMOVE = "remove"


class PlaceKind(StrEnum):
    """What carries a mark."""

    MODULE = "module"
    CLASS = "class"
    FUNCTION = "function"
    PARAM = "param"
    FIXTURE = "fixture"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a mark stands in a source file.

    Args:
        kind: What carries it; for a fixture it is a name in its ``@fixture_uses_resources``.
        qualname: Empty for the module, ``TestA`` or ``TestA.TestB`` for a class, ``test_x`` or
            ``TestA.test_x`` for a function.
        argnames: For a set of values, the names of its ``parametrize`` decorator.
        index: For a set of values, which one of the decorator's, from 0.
    """

    kind: PlaceKind
    qualname: str = ""
    argnames: tuple[str, ...] = ()
    index: int = -1


@dataclass(frozen=True, slots=True)
class Edit:
    """One mark to add or remove at one place."""

    action: Action
    mark: str
    place: Place


@dataclass(frozen=True, slots=True)
class Change:
    """Edits that are done together: all of them or none.

    Args:
        edits: The edits.
        otherwise: What is done instead if they cannot be done.
    """

    edits: tuple[Edit, ...]
    otherwise: tuple[Change, ...] = ()


@dataclass(slots=True)
class Plan:
    """What to do.

    Args:
        changes: For each file, the changes of it.
        left: What a person has to do, and why.
        by_hook: The tests that only a hook can mark, by their node ids, and their marks.
    """

    changes: dict[str, list[Change]] = field(default_factory=dict)
    left: list[str] = field(default_factory=list)
    by_hook: dict[str, list[str]] = field(default_factory=dict)

    def add(self, path: str, change: Change) -> None:
        """Plan one more change of a file."""
        self.changes.setdefault(path, []).append(change)


@dataclass(frozen=True, slots=True)
class Undone:
    """A change that was not done.

    Args:
        change: The change.
        edit: The edit of it that cannot be done.
        reason: A sentence that says why.
        line: The line of its ``def`` or ``class`` in the file as it is now; 0 if not known.
    """

    change: Change
    edit: Edit
    reason: str
    line: int


@dataclass(frozen=True, slots=True)
class Rewritten:
    """A source file after the changes that could be done.

    Args:
        source: The file's new content.
        undone: The changes that were not done.
        done: The changes that were done, or had nothing to do.
    """

    source: bytes
    undone: tuple[Undone, ...]
    done: tuple[Change, ...]
