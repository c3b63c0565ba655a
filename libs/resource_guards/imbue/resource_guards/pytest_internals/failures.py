"""Failures, as reports keep them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from _pytest._code.code import ExceptionRepr
from _pytest._code.code import ReprEntry
from _pytest._code.code import ReprExceptionInfo
from _pytest._code.code import ReprFileLocation
from _pytest._code.code import ReprTraceback

__all__ = [
    "crash_of",
    "is_pytests_own",
    "made_failure",
    "say_in_summary",
    "told_first",
    "with_lines",
]

_OF_DOCTESTS = "reprlocation_lines"
"""What a failure of a doctest has, whose class is imported only where doctests are."""


def made_failure(item: pytest.Item, lines: Sequence[str], summary: str) -> ExceptionRepr:
    """The failure of a test that raised nothing that is to be shown, for the ``longrepr`` of its report.

    It is built of pytest's own parts, so that --tb, the summary line, JUnit and annotations show it
    as any other failure, and xdist can send it. Its place is the test's own.

    Args:
        item: The test.
        lines: What the failure says.
        summary: What pytest's short summary says.
    """
    _, line, _ = item.location
    number = (line or 0) + 1  # pytest counts from 0, and shows numbers from 1
    return ReprExceptionInfo(
        reprtraceback=ReprTraceback(reprentries=[_entry(lines)], extraline=None, style="short"),
        reprcrash=ReprFileLocation(str(item.path), number, summary),
    )


def told_first(
    item: pytest.Item, failure: Any, lines: Sequence[str], summary: str
) -> ExceptionRepr:
    """The test's own failure, below these lines.

    Args:
        item: The test.
        failure: Its failure, in whatever form: doctests and other plugins' items have their own.
        lines: What is told first.
        summary: What pytest's short summary says.
    """
    if not isinstance(failure, ExceptionRepr):
        return made_failure(item, [*lines, "", *str(failure).splitlines()], summary)
    first = failure.chain[0][0] if hasattr(failure, "chain") else failure.reprtraceback
    first.reprentries = [_entry(lines), *first.reprentries]
    say_in_summary(failure, summary)
    return failure


def say_in_summary(failure: Any, summary: str) -> None:
    """Change what pytest's short summary says of a failure."""
    if getattr(failure, "reprcrash", None) is not None:
        failure.reprcrash.message = summary


def is_pytests_own(failure: Any) -> bool:
    """Whether a failure has one of the forms that pytest itself gives: a traceback, or that of a doctest."""
    return isinstance(failure, ExceptionRepr) or hasattr(failure, _OF_DOCTESTS)


def crash_of(failure: Any) -> str:
    """What a failure says in pytest's short summary, or the last line of what it says."""
    message = getattr(getattr(failure, "reprcrash", None), "message", None)
    if message is None and hasattr(failure, _OF_DOCTESTS):
        place, lines = failure.reprlocation_lines[-1]
        # The last line of a traceback names the exception; what a doctest expected takes several.
        is_exception = any(line.startswith("UNEXPECTED EXCEPTION") for line in lines)
        message = lines[-1] if is_exception else place.message
    return message or (str(failure).strip().splitlines() or [""])[-1]


def with_lines(failure: Any, most: int, *others: str) -> ExceptionRepr:
    """A failure that was made here, with other lines in place of those that come after the first `most`."""
    entry = failure.reprtraceback.reprentries[0]
    lines = [*entry.lines[:most], *(f"E   {line}" for line in others)]
    traceback = ReprTraceback(
        reprentries=[ReprEntry(lines, None, None, None, "short")], extraline=None, style="short"
    )
    return ReprExceptionInfo(reprtraceback=traceback, reprcrash=failure.reprcrash)


def _entry(lines: Sequence[str]) -> ReprEntry:
    marked = [f"E   {each}".rstrip() for each in lines]
    return ReprEntry(marked, None, None, None, "short")
