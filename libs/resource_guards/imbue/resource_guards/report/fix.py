"""What a fix has done, as lines of text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from imbue.resource_guards.fix.apply import Fixed
from imbue.resource_guards.messages import fix as messages
from imbue.resource_guards.report.document import Document

_UNKNOWN: Final = ("deselected", "not run", "skipped", "xfailed", "xpassed", "failed", "crashed")
_SHOWN: Final = 10


def fix_lines(fixed: Fixed, document: Document, *, written: bool, verbose: bool) -> Iterator[str]:
    """What was changed, what is left to a person, and which tests were left alone.

    Args:
        fixed: What has been done.
        document: The report of the run.
        written: The files were written, and the difference not just shown.
        verbose: Show all, and not only the first of many.
    """
    yield from fixed.lines
    for outcome in _UNKNOWN:
        tests = [
            each.nodeid for each in document.tests if each.outcome == outcome and not each.used
        ]
        if tests:
            yield messages.fix_left_alone(outcome, len(tests))
            yield from _some(tests, verbose=verbose)
    for mark in document.labels:
        unsure = [each for each in document.tests if mark in each.unsure and mark not in each.used]
        if unsure:
            libraries = dict.fromkeys(name for each in unsure for name in each.unsure[mark])
            yield messages.fix_cannot_be_known(mark, len(unsure), libraries)
            yield from _some([each.nodeid for each in unsure], verbose=verbose)
    yield from fixed.left
    yield messages.fix_summary(
        fixed.added, fixed.removed, fixed.files, len(fixed.left), written=written
    )


def _some(names: list[str], *, verbose: bool) -> Iterator[str]:
    shown = names if verbose else names[:_SHOWN]
    yield from (f"  {name}" for name in shown)
    if len(names) > len(shown):
        yield messages.fix_more(len(names) - len(shown))
