"""The report of a run as lines of text, 80 columns wide."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from typing import TextIO

from imbue.resource_guards.declare.policy import DIRECTIONS
from imbue.resource_guards.kinds import Direction
from imbue.resource_guards.kinds import ViolationKind
from imbue.resource_guards.messages import report as messages
from imbue.resource_guards.messages import seconds as say_seconds
from imbue.resource_guards.messages.foreign import shown
from imbue.resource_guards.messages.gaps import not_whole
from imbue.resource_guards.report.document import Document
from imbue.resource_guards.report.evidence import TestRecord
from imbue.resource_guards.report.seconds import all_seconds
from imbue.resource_guards.report.seconds import seconds_of

_NAME: Final = 20


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the report.

    Args:
        text: What it says.
        bold: It is a heading.
        red: It tells of violations.
    """

    text: str
    bold: bool = False
    red: bool = False


def table(
    document: Document, *, verbose: bool, outcomes: Mapping[str, int] | None = None
) -> Iterator[Line]:
    """The report.

    Args:
        document: What the run has found.
        verbose: With each test that declares or uses a resource.
        outcomes: How many tests had each outcome, as pytest counts them; without it, those that the tests had
            by themselves, violations left aside.
    """
    ways = _ways(document.tests)
    headings = (*messages.TABLE_FIRST, *ways.values(), *messages.TABLE_LAST)
    widths = [max(len(heading), 4) + 1 for heading in headings[1:]]
    yield Line(_row(headings, widths), bold=True)
    for mark, label in document.labels.items():
        cells, is_wrong = cells_of(mark, label, document.tests, ways)
        yield Line(_row(cells, widths), red=is_wrong)
    own = outcomes is None and any(test.violations for test in document.tests)
    if outcomes is None:
        outcomes = Counter(test.outcome for test in document.tests)
    yield Line("")
    yield Line(messages.table_outcomes(len(document.tests), sorted(outcomes.items()), own=own))
    for mark, label in document.labels.items():
        tests, libraries = document.unsure(mark)
        if tests:
            yield Line(shown(messages.table_unsure(label, len(tests), libraries)))
        optional = [test for test in document.tests if test.may_use(mark)]
        if optional:
            used = sum(mark in test.used for test in optional)
            yield Line(shown(messages.table_optional(label, len(optional), used)))
    yield from _seconds(document)
    for gap in document.gaps:
        yield Line(shown(not_whole(str(gap))))
    if document.late_uses:
        yield Line(messages.table_late_uses(len(document.late_uses)))
    if verbose:
        for mark, label in document.labels.items():
            yield from _tests_of(mark, label, document.tests)


def _seconds(document: Document) -> Iterator[Line]:
    """How long the tests of each resource took, where there are some."""
    run = all_seconds(document)
    for mark, label in document.labels.items():
        found = seconds_of(document, mark)
        if found.used.tests or found.used.fixtures or found.saved.tests:
            yield Line(shown(say_seconds.of_resource(label, mark, found.used, found.saved, run)))


def write_table(document: Document, file: TextIO) -> None:
    """Write the report to a file, with each test."""
    file.writelines(f"{line.text}\n" for line in table(document, verbose=True))


def _ways(tests: list[TestRecord]) -> dict[str, str]:
    """The headings of the ways in which uses were seen: those that are always there, then others."""
    seen = {way for test in tests for used in test.used.values() for way in used.ways}
    others = sorted(seen.difference(messages.TABLE_WAYS))
    return messages.TABLE_WAYS | dict(zip(others, others, strict=True))


def cells_of(
    mark: str, label: str, tests: list[TestRecord], ways: Iterable[str] = ()
) -> tuple[tuple[object, ...], bool]:
    """What stands in the line of a resource, and whether that tells of violations."""
    seen: Counter[str] = Counter()
    wrong: Counter[Direction] = Counter()
    for test in tests:
        if mark in test.used:
            seen.update(set(test.used[mark].ways))
        wrong.update({DIRECTIONS[ViolationKind(kind)] for kind in test.violations.get(mark, ())})
    marked = sum(test.declares(mark) for test in tests)
    used = sum(mark in test.used for test in tests)
    by_way = (seen[way] for way in ways)
    found = (wrong[Direction.MISSING], wrong[Direction.SUPERFLUOUS])
    return (label, marked, used, *by_way, *found), bool(wrong)


def _row(cells: Sequence[object], widths: Iterable[int]) -> str:
    name = shown(str(cells[0]))
    name = f"{name[: _NAME - 1]}~" if len(name) > _NAME else name
    numbers = "".join(f"{cell!s:>{width}}" for cell, width in zip(cells[1:], widths, strict=True))
    return f"{name:{_NAME}}{numbers}"


def _tests_of(mark: str, label: str, tests: list[TestRecord]) -> Iterator[Line]:
    concerned = [test for test in tests if mark in test.used or test.declares(mark)]
    if not concerned:
        return
    yield Line("")
    yield Line(shown(label), bold=True)
    for test in concerned:
        used = test.used.get(mark)
        kinds = test.violations.get(mark, [])
        if mark in test.unsure and not used:
            kinds = [*kinds, messages.CANNOT_BE_KNOWN]
        text = messages.table_test(
            shown(test.nodeid),
            test.outcome,
            used.count if used else 0,
            kinds,
            is_marked=test.declares(mark),
        )
        yield Line(f"  {text}", red=bool(test.violations.get(mark)))
