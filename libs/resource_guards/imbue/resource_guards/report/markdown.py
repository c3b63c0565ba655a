"""The report of a run as Markdown, with tables as GitHub shows them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from collections.abc import Iterator
from typing import TextIO

from imbue.resource_guards.messages import markdown as messages
from imbue.resource_guards.messages import report as say_report
from imbue.resource_guards.messages.gaps import NOT_WHOLE
from imbue.resource_guards.messages.seconds import as_far_as_known
from imbue.resource_guards.report.document import Document
from imbue.resource_guards.report.evidence import TestRecord
from imbue.resource_guards.report.markdown_text import code
from imbue.resource_guards.report.markdown_text import plain
from imbue.resource_guards.report.markdown_text import shortened
from imbue.resource_guards.report.markdown_text import table
from imbue.resource_guards.report.markdown_text import table_up_to
from imbue.resource_guards.report.seconds import Seconds
from imbue.resource_guards.report.seconds import all_seconds
from imbue.resource_guards.report.seconds import seconds_of
from imbue.resource_guards.report.table import cells_of


def markdown(
    document: Document, *, verbose: bool = False, most: int | None = None
) -> Iterator[str]:
    """The lines of the report.

    Args:
        document: What the run has found.
        verbose: With each test that declares or uses a resource.
        most: How many violations, and how many problems, are shown at most, with names that are cut off where they
            are too long; by default all, as they are.
    """
    cut = shortened if most is not None else str
    yield f"## {messages.TITLE}"
    yield ""
    yield from table(
        messages.RESOURCES, [_row(document, *each) for each in document.labels.items()], range(1, 7)
    )
    outcomes = sorted(Counter(test.outcome for test in document.tests).items())
    own = any(test.violations for test in document.tests)
    counts = say_report.table_outcomes(len(document.tests), outcomes, own=own)
    yield messages.all_tests(counts, as_far_as_known(all_seconds(document)))
    yield messages.SAVED
    yield ""
    yield from _remarks(document)
    if document.problems:
        rows = [(plain(cut(each)),) for each in document.problems]
        yield from table_up_to([messages.PROBLEMS], rows, most)
    if document.gaps:
        rows = [(plain(cut(str(each))),) for each in document.gaps]
        yield from table_up_to([NOT_WHOLE], rows, most)
    wrong = [
        (
            code(cut(test.nodeid)),
            code(document.labels.get(mark, mark)),
            ", ".join(kinds),
            _seen(test, mark, cut),
        )
        for test in document.tests
        for mark, kinds in test.violations.items()
        if kinds
    ]
    if wrong:
        yield f"### {messages.VIOLATIONS}"
        yield ""
        yield from table_up_to(messages.WRONG, wrong, most)
    if verbose:
        for mark, label in document.labels.items():
            yield from _tests_of(mark, label, document.tests)


def write_markdown(document: Document, file: TextIO) -> None:
    """Write the report to a file, with each test."""
    file.writelines(f"{line}\n" for line in markdown(document, verbose=True))


def _row(document: Document, mark: str, label: str) -> tuple[object, ...]:
    """The row of a resource."""
    found = seconds_of(document, mark)
    numbers = cells_of(mark, label, document.tests)[0][1:]
    return (code(label), *numbers, as_far_as_known(found.used), as_far_as_known(found.saved))


def _remarks(document: Document) -> Iterator[str]:
    """What the table cannot say of its resources."""
    lines = []
    for mark, label in document.labels.items():
        tests, libraries = document.unsure(mark)
        if tests:
            lines.append(say_report.table_unsure(label, len(tests), libraries))
    if document.late_uses:
        lines.append(say_report.table_late_uses(len(document.late_uses)))
    yield from (f"- {plain(line)}" for line in lines)
    if lines:
        yield ""


def _tests_of(mark: str, label: str, tests: list[TestRecord]) -> Iterator[str]:
    concerned = [test for test in tests if mark in test.used or test.declares(mark)]
    if not concerned:
        return
    yield f"<details><summary>{plain(messages.tests_of(label, len(concerned)))}</summary>"
    yield ""
    rows = [
        (code(test.nodeid), test.outcome, _mark(test, mark), _uses(test, mark), _seconds(test))
        for test in concerned
    ]
    yield from table(messages.TESTS, rows, (3, 4))
    yield "</details>"
    yield ""


def _seen(test: TestRecord, mark: str, cut: Callable[[str], str]) -> str:
    """The first use of a resource that a test has made; empty of one that has made none."""
    uses = test.used[mark].uses if mark in test.used else ()
    for use in uses[:1]:
        fixture = plain(cut(use.fixture)) if use.fixture else ""
        return messages.seen(code(cut(use.what)), use.where and code(cut(use.where)), fixture)
    return ""


def _mark(test: TestRecord, mark: str) -> str:
    if test.may_use(mark):
        return messages.OPTIONAL
    return messages.MARKED if test.declares(mark) else messages.UNMARKED


def _uses(test: TestRecord, mark: str) -> int:
    used = test.used.get(mark)
    return used.count if used else 0


def _seconds(test: TestRecord) -> str:
    if not test.has_run:
        return ""
    own = test.own_seconds
    return as_far_as_known(Seconds(own or 0, 1, int(own is None or test.seconds_in_part)))
