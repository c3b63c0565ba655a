"""Resources that no machine had, and tests that no machine ran."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from imbue.resource_guards.messages.common import counted

FAIL_HELP: Final = "exit with 1 if some tests ran in none of the runs"


def no_machine_had(resource: str, reasons: Sequence[str]) -> str:
    """A resource that was not available in any run."""
    return f"{resource} was not available on any machine: {'; '.join(reasons)}"


def ran_nowhere(count: int) -> str:
    """How many tests have run in none of the runs."""
    return f"{counted(count, 'test')} ran nowhere:"


def for_a_reason(reason: str, count: int) -> str:
    """How many of them for one reason."""
    return f"{reason} ({counted(count, 'test')})"


def not_available(resources: Sequence[str]) -> str:
    """Skipped because resources are not available."""
    return f"{' and '.join(resources)} not available"


def skipped(reason: str) -> str:
    """Skipped for another reason."""
    return f"skipped: {reason}" if reason else "skipped"


def not_selected(outcome: str, resources: Sequence[str], options: str) -> str:
    """Not skipped, and not run either."""
    by = f" by {options}" if options else ""
    needs = f", needs {' and '.join(resources)}" if resources else ""
    return f"{outcome}{by} in each run{needs}"


def used_sometimes(resource: str, count: int) -> str:
    """Tests that use a resource in one run and not in another."""
    return (
        f"{counted(count, 'test')} used {resource} in one run but not in another; add (optional=True) to "
        f"the mark, or find out why:"
    )
