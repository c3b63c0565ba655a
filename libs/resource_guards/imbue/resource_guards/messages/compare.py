"""How one run differs from another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from imbue.resource_guards.messages.common import counted

COMPARE_HELP: Final = "show which tests need different resources than in an earlier run"
BASE_HELP: Final = "the earlier report"
HEAD_HELP: Final = "the later report"
FAIL_HELP: Final = (
    "exit with 1 if a test needs a resource that no test of the same name needed in BASE"
)
COMPARE_FORMAT_HELP: Final = "the format of the output (default: text)"

TITLE: Final = "Resource guards: what has changed"
NOTHING: Final = "No test of both runs needs a different resource than before."
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
CHANGES: Final = "Tests that need different resources"


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
    """A resource that BASE did not guard."""
    return f"{label} is guarded only in HEAD: how the tests of BASE used it is unknown"


def guarded_before_alone(label: str) -> str:
    """A resource that HEAD did not guard."""
    return f"{label} is guarded only in BASE: how the tests of HEAD use it is unknown"


def spread(label: str, count: int) -> str:
    """Why a comparison fails."""
    return (
        f"{counted(count, 'test')} newly need{'s' if count == 1 else ''} {label}. Avoid it there, or "
        f"leave out --fail-on-new."
    )


def untrustworthy(which: str, problem: str) -> str:
    """A run whose own report says that it may be wrong."""
    return f"{which} is unreliable: {problem}"


def no_test_in_common(which: str) -> str:
    """A run that cannot be compared with another: their paths may start in different directories."""
    return (
        f"{which} does not say where its project is in the repository, and no test has the same name in both runs. "
        f"Write it again, in a git repository and with this version of resource-guards."
    )
