"""What a fix has done, as lines of text."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Final

from imbue.resource_guards.fix.apply import Fixed
from imbue.resource_guards.fix.hooks import hook_lines
from imbue.resource_guards.messages import fix as messages
from imbue.resource_guards.messages.foreign import shown
from imbue.resource_guards.report.document import Document
from imbue.resource_guards.report.evidence import OUTCOMES

_UNKNOWN: Final = tuple(each for each in OUTCOMES if each != "passed")
_SHOWN: Final = 10


class Screen(StrEnum):
    """Who reads the lines."""

    PROGRAM = "program"
    """One that may apply a difference: it is left as it is, bytes that are no text as "surrogateescape" has them."""
    TERMINAL = "terminal"
    FILE = "file"
    """Or a pipe, for people; what would control a terminal is not in it."""


def fix_lines(
    fixed: Fixed, document: Document, *, written: bool, verbose: bool, screen: Screen
) -> Iterator[str]:
    """What was changed, what is left to a person, and which tests were left alone.

    Args:
        fixed: What has been done.
        document: The report of the run.
        written: The files were written, and the difference not just shown.
        verbose: Show all, and not only the first of many.
        screen: Who reads it.
    """
    yield from _differences(fixed, screen)
    yield from map(shown, fixed.lines)
    yield from map(shown, fixed.notes)
    for outcome in _UNKNOWN:
        tests = [
            each.nodeid for each in document.tests if each.outcome == outcome and not each.used
        ]
        if tests:
            yield messages.fix_left_alone(outcome, len(tests))
            yield from _some(tests, verbose=verbose)
    for mark in document.labels:
        unsure, libraries = document.unsure(mark)
        if unsure:
            yield shown(messages.fix_cannot_be_known(mark, len(unsure), libraries))
            yield from _some(unsure, verbose=verbose)
    yield from map(shown, fixed.left)
    yield from map(shown, hook_lines(fixed.by_hook))
    left = len(fixed.left) + len(fixed.by_hook)
    counts = fixed.added, fixed.removed, fixed.contracts, fixed.files, left
    yield messages.fix_summary(*counts, written=written)


def _differences(fixed: Fixed, screen: Screen) -> Iterator[str]:
    """The differences, and which of them nobody can paste."""
    notes = []
    for each in fixed.differences:
        if screen is Screen.PROGRAM:
            yield from each.lines
            continue
        lines, can_be_pasted = each.for_people(is_terminal=screen is Screen.TERMINAL)
        yield from lines
        if not can_be_pasted:
            notes.append(shown(messages.fix_cannot_be_pasted(each.path)))
    yield from notes


def _some(names: list[str], *, verbose: bool) -> Iterator[str]:
    some = names if verbose else names[:_SHOWN]
    yield from (f"  {shown(name)}" for name in some)
    if len(names) > len(some):
        yield messages.fix_more(len(names) - len(some))
