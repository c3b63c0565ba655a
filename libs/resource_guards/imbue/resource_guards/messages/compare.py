"""How one run differs from another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from imbue.resource_guards.messages.common import counted

COMPARE_HELP: Final = "show which tests need other resources than in an earlier run"
BASE_HELP: Final = "the earlier report"
HEAD_HELP: Final = "the later report"
FAIL_HELP: Final = "end with 1 if a test needs a resource that no test of its name needed in BASE"
COMPARE_FORMAT_HELP: Final = "how it is shown (default: text)"

TITLE: Final = "Resource guards: what has changed"
NOTHING: Final = "No test of both runs needs another resource than before."
NEW: Final = "New tests"
GONE: Final = "Tests that are gone"
UNCOLLECTED_BEFORE: Final = "Tests that BASE could not collect"
UNCOLLECTED_NOW: Final = "Tests that HEAD could not collect"
SKIPS: Final = "Tests that are newly skipped"
SECONDS: Final = "Seconds"
NO_REASON: Final = "no reason given"

GAINED_HEADINGS: Final = ("test", "resource", "now")
TEST_HEADINGS: Final = ("test", "needs")
SKIP_HEADINGS: Final = ("test", "reason")
SECONDS_HEADINGS: Final = ("resource", "BASE", "HEAD")
NEWLY: Final = "newly needs it"
NO_LONGER: Final = "no longer needs it"
CHANGES: Final = "Tests that need other resources"


def heading(what: str, count: int) -> str:
    """The line above some tests."""
    return f"{what} ({counted(count, 'test')}):"


def gained(label: str) -> str:
    """What the tests have in common that need a resource in HEAD alone."""
    return f"Newly need {label}"


def lost(label: str) -> str:
    """The same of BASE alone."""
    return f"No longer need {label}"


def test_needs(nodeid: str, labels: Sequence[str]) -> str:
    """A test that only one run has, and what it needs."""
    return f"{nodeid}: needs {' and '.join(labels)}" if labels else nodeid


def test_skipped(nodeid: str, reason: str) -> str:
    """A test that is skipped, and why."""
    return f"{nodeid}: {reason or NO_REASON}"


def seconds(label: str, before: str, now: str) -> str:
    """How long the tests of a resource took."""
    return f"{label}: {before} in BASE, {now} in HEAD"


def guarded_now_alone(label: str) -> str:
    """A resource of which BASE has seen nothing."""
    return f"{label} is guarded in HEAD alone: what the tests of BASE used of it is not known"


def guarded_before_alone(label: str) -> str:
    """A resource of which HEAD has seen nothing."""
    return f"{label} is guarded in BASE alone: what the tests of HEAD use of it is not known"


def spread(label: str, count: int) -> str:
    """Why a comparison fails that is to."""
    return (
        f"{counted(count, 'test')} newly need{'s' if count == 1 else ''} {label}. Do without it there, or "
        f"leave out --fail-on-new."
    )


def untrustworthy(which: str, problem: str) -> str:
    """A run that says of itself that its report may be wrong."""
    return f"{which} is not to be trusted: {problem}"


def no_test_in_common(which: str) -> str:
    """A run that cannot be compared with another: their names may be told from different directories."""
    return (
        f"{which} does not say where its project is in the repository, and no test has the same name in both runs. "
        f"Write it anew, in a git repository and with this version of resource-guards."
    )
