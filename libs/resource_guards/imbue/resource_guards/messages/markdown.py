"""The report as Markdown."""

from __future__ import annotations

from typing import Final

from imbue.resource_guards.messages.common import counted

MARKDOWN_PURPOSE: Final = "tables for GitHub"

TITLE: Final = "Resource guards"
VIOLATIONS: Final = "Violations"
PROBLEMS: Final = "This run is unreliable"

RESOURCES: Final = ("resource", "marked", "used", "missing", "superfluous", "seconds", "saved")
WRONG: Final = ("test", "resource", "what is wrong", "what was seen")
TESTS: Final = ("test", "outcome", "mark", "uses", "seconds")


def seen(what: str, where: str, fixture: str) -> str:
    """One use: what it was, where, and by which fixture."""
    return f"{what}{f' at {where}' if where else ''}{f', by fixture {fixture}' if fixture else ''}"


SAVED: Final = (
    "*seconds*: of the tests and shared fixtures that used the resource. *saved*: by a run with "
    '`-m "not ..."` for its mark.'
)
OPTIONAL: Final = "optional"
MARKED: Final = "marked"
UNMARKED: Final = "none"


def and_more(count: int) -> str:
    """How much is not shown."""
    return f"and {count} more"


def tests_of(resource: str, count: int) -> str:
    """The heading of the tests of a resource."""
    return f"{resource}: {counted(count, 'test')}"


def all_tests(outcomes: str, seconds: str) -> str:
    """How many tests there were, and how long they took."""
    return f"{outcomes}. All tests that ran took {seconds}."
