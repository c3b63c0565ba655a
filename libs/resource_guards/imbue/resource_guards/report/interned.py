"""One of equal things for all records of a report: thousands of tests have the same class, marks, outcome and uses."""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Any
from typing import TypeVar

if TYPE_CHECKING:
    from imbue.resource_guards.report.evidence import TestRecord

_T = TypeVar("_T")


class Interned:
    """What is known; of things that are equal the first."""

    def __init__(self) -> None:
        self._known: dict[Any, Any] = {}

    def of(self, test: TestRecord) -> TestRecord:
        """A record with these in the place of its own."""
        test.outcome = self.one(test.outcome)
        test.source, test.cls = self.one(test.source), self.one(test.cls)
        test.classes = [self.one(each) for each in test.classes]
        test.declared = [self.one(each) for each in test.declared]
        for used in test.used.values():
            used.uses = [self.one(each) for each in used.uses]
            used.ways = self.ways(used.ways)
        return test

    def one(self, thing: _T) -> _T:
        """The first that was equal to something."""
        known: _T = self._known.setdefault(thing, thing)
        return known

    def ways(self, ways: dict[str, int]) -> dict[str, int]:
        """The first counts that were equal to some; nobody changes them in place."""
        known: dict[str, int] = self._known.setdefault((*ways.items(),), ways)
        return known
