"""Failures, as reports keep them."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from _pytest._code.code import ExceptionRepr
from _pytest._code.code import ReprEntry
from _pytest._code.code import ReprExceptionInfo
from _pytest._code.code import ReprFileLocation
from _pytest._code.code import ReprTraceback

__all__ = ["ExceptionRepr", "made_failure"]


def made_failure(
    item: pytest.Item, lines: Sequence[str], summary: str, exception: str
) -> ExceptionRepr:
    """The failure of a test that raised nothing, for the ``longrepr`` of its report.

    It is built of pytest's own parts, so that --tb, the summary line, JUnit and annotations show it
    as any other failure, and xdist can send it. Its place is the test's own.

    Args:
        item: The test.
        lines: What the failure says.
        summary: What pytest's short summary says.
        exception: The name of the exception that would have been raised.
    """
    path, line, _ = item.location
    number = (line or 0) + 1  # pytest counts from 0, and shows numbers from 1
    crash = ReprFileLocation(str(item.path), number, summary)
    entry = ReprEntry(
        lines=[f"E   {each}".rstrip() for each in lines],
        reprfuncargs=None,
        reprlocals=None,
        reprfileloc=ReprFileLocation(path, number, exception),
        style="long",
    )
    return ReprExceptionInfo(
        reprtraceback=ReprTraceback(reprentries=[entry], extraline=None, style="long"),
        reprcrash=crash,
    )
