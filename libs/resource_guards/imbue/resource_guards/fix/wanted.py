"""Which tests are to have a mark, by what the run saw of them.

A test that used a resource needs the mark, however it ended, and a test that passed without it, of which
nothing was blocked and which cannot have used it unseen, must not have it. Of any other test nothing is
known, and it keeps the declarations that it has.
"""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Iterable
from dataclasses import dataclass

from imbue.resource_guards.report.evidence import Declaration
from imbue.resource_guards.report.evidence import Source
from imbue.resource_guards.report.evidence import TestRecord


@dataclass(frozen=True, slots=True)
class JudgedTest:
    """A test, as far as one resource is concerned.

    Args:
        record: Its record.
        wanted: It is to have the mark.
        marks: Where it has it from.
    """

    record: TestRecord
    wanted: bool
    marks: tuple[Declaration, ...]

    @property
    def path(self) -> str:
        """The file that it was collected in."""
        return self.record.nodeid.partition("::")[0]

    @property
    def was_tried(self) -> bool:
        """Whether the run has come to it, and it is not just known that there is such a test."""
        return self.record.was_tried

    def has(self, level: str) -> bool:
        """Whether it has the mark from there: ``function``, ``param``, ``class`` or ``module``."""
        return any(mark.level == level for mark in self.marks)


def judged(tests: Iterable[TestRecord], resource: str) -> list[JudgedTest]:
    """The tests, as far as this resource is concerned."""
    tests = list(tests)
    proven = {node for test in tests for node in test.shared.get(resource, ())}
    return [_judged(test, resource, proven) for test in tests]


def _judged(record: TestRecord, resource: str, proven: Collection[str]) -> JudgedTest:
    marks = tuple(each for each in record.declared if each.resource == resource)
    wanted = _is_wanted(record, resource, marks)
    # What a fixture does that all tests of a class depend on, it would do for a skipped one, too.
    if not wanted and not marks and record.was_tried and resource not in record.sometimes:
        wanted = not is_unused(record, resource) and any(
            record.nodeid.startswith(f"{node}::") for node in proven
        )
    return JudgedTest(record, wanted, marks)


def is_unused(test: TestRecord, resource: str) -> bool:
    """Whether it is proven that a test does not use a resource."""
    # Only a test that ran to its end, with nothing in its way, shows what it does not use.
    is_proof = test.proves_absence
    return is_proof and resource not in (*test.unsure, *test.used)


def key(source: Source) -> Source:
    """A source without its line, which a class's does not have."""
    return Source(source.path, 0, source.qualname)


def _is_wanted(test: TestRecord, resource: str, marks: tuple[Declaration, ...]) -> bool:
    if any(mark.optional for mark in marks) or not marks:
        return bool(marks) or (resource in test.used and resource not in test.sometimes)
    return resource in test.sometimes or not is_unused(test, resource)
