"""How one run differs from another, as lines of text, of Markdown, or as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any
from typing import Final

from imbue.resource_guards.messages import compare as messages
from imbue.resource_guards.messages.foreign import shown
from imbue.resource_guards.messages.gaps import run_not_whole
from imbue.resource_guards.messages.seconds import as_far_as_known
from imbue.resource_guards.report.comparing import Comparison
from imbue.resource_guards.report.markdown_text import code
from imbue.resource_guards.report.markdown_text import lines_within
from imbue.resource_guards.report.markdown_text import plain
from imbue.resource_guards.report.markdown_text import shortened
from imbue.resource_guards.report.markdown_text import table_up_to
from imbue.resource_guards.report.seconds import Seconds

MOST: Final = 100
"""How many rows of a section are shown in Markdown."""

_ROOM: Final = 7_000
"""How many characters they may have: there are eight sections, and GitHub takes 65,536 for a comment."""


def as_text(found: Comparison) -> Iterator[str]:
    """Lines for a terminal."""
    for line in _remarks(found):
        yield shown(line)
    if not found.gained and not found.lost:
        yield messages.NOTHING
    for say, changes in ((messages.gained, found.gained), (messages.lost, found.lost)):
        for mark, tests in changes.items():
            yield from _listed(say(found.labels[mark]), tests)
    for title, of_tests in _lists(found):
        yield from _listed(title, [messages.test_needs(*each) for each in of_tests.items()])
    yield from _listed(
        messages.SKIPS, [messages.test_skipped(*each) for each in found.skips.items()]
    )
    for mark, (before, now) in found.seconds.items():
        shown_pair = as_far_as_known(before), as_far_as_known(now)
        yield shown(messages.seconds(found.labels[mark], *shown_pair))


def _lists(found: Comparison) -> Iterator[tuple[str, Mapping[str, list[str]]]]:
    """The tests that only one of the runs has, each with what it needs."""
    yield messages.NEW, found.new
    yield messages.GONE, found.gone
    yield messages.UNCOLLECTED_BEFORE, found.uncollected_before
    yield messages.UNCOLLECTED_NOW, found.uncollected_now


def _listed(title: str, tests: list[str]) -> Iterator[str]:
    if tests:
        yield shown(messages.heading(title, len(tests)))
        yield from (f"  {shown(each)}" for each in tests)


def as_markdown(found: Comparison) -> Iterator[str]:
    """Lines for a comment or a summary on GitHub, at most so many as a comment may have."""
    yield f"## {messages.TITLE}"
    yield ""
    yield from lines_within([f"- {_plain(line)}" for line in _remarks(found)], MOST, _ROOM)
    yield ""
    changes = [
        (_code(nodeid), _code(found.labels[mark]), what)
        for what, by_mark in ((messages.NEWLY, found.gained), (messages.NO_LONGER, found.lost))
        for mark, tests in by_mark.items()
        for nodeid in tests
    ]
    if not changes:
        yield messages.NOTHING
        yield ""
    yield from _section(messages.CHANGES, messages.GAINED_HEADINGS, changes)
    for title, tests in _lists(found):
        rows = [(_code(nodeid), ", ".join(map(_code, marks))) for nodeid, marks in tests.items()]
        yield from _section(title, messages.TEST_HEADINGS, rows)
    skips = [(_code(nodeid), _plain(reason)) for nodeid, reason in found.skips.items()]
    yield from _section(messages.SKIPS, messages.SKIP_HEADINGS, skips)
    seconds = [
        (_code(found.labels[mark]), *map(as_far_as_known, pair))
        for mark, pair in found.seconds.items()
    ]
    yield from _section(messages.SECONDS, messages.SECONDS_HEADINGS, seconds)


def _section(title: str, headings: tuple[str, ...], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    if rows:
        yield f"### {title}"
        yield ""
        yield from table_up_to(headings, rows, MOST, _ROOM)


def _code(text: str) -> str:
    return code(shortened(text))


def _plain(text: str) -> str:
    return plain(shortened(text))


def as_json(found: Comparison) -> Iterator[str]:
    """One text, for programs."""
    data = {
        "format": "resource-guards-comparison",
        "version": 1,
        "spread": found.spread,
        "newly_needed": found.gained,
        "no_longer_needed": found.lost,
        "new_tests": found.new,
        "gone_tests": found.gone,
        "uncollected_in_base": found.uncollected_before,
        "uncollected_in_head": found.uncollected_now,
        "new_skips": found.skips,
        "seconds": {
            mark: {"base": _number(before), "head": _number(now)}
            for mark, (before, now) in found.seconds.items()
        },
        "guarded_in_base_alone": found.unguarded_now,
        "guarded_in_head_alone": found.unguarded_before,
        "problems": {"base": found.problems_before, "head": found.problems_now},
        "gaps": {
            "base": [each.to_data() for each in found.gaps_before],
            "head": [each.to_data() for each in found.gaps_now],
        },
    }
    yield json.dumps(data, indent=1)


def _number(seconds: Seconds) -> Mapping[str, Any]:
    known = None if seconds.is_unknown else round(seconds.known, 6)
    return {"seconds": known, "tests": seconds.tests, "tests_without": seconds.unknown}


def _remarks(found: Comparison) -> Iterator[str]:
    """What makes it say less than it could."""
    for which, problems in (("BASE", found.problems_before), ("HEAD", found.problems_now)):
        yield from (messages.untrustworthy(which, each) for each in problems)
    for which, gaps in (("BASE", found.gaps_before), ("HEAD", found.gaps_now)):
        yield from (run_not_whole(which, str(each)) for each in gaps)
    yield from map(messages.guarded_now_alone, found.unguarded_before)
    yield from map(messages.guarded_before_alone, found.unguarded_now)


SHOWN: Final[Mapping[str, Callable[[Comparison], Iterator[str]]]] = {
    "text": as_text,
    "markdown": as_markdown,
    "json": as_json,
}
"""The ways to show it, by their names on the command line."""
