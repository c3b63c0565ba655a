"""The formats in which reports are written."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from imbue.resource_guards.messages.common import cause
from imbue.resource_guards.messages.common import raised

HTML_PURPOSE: Final = "one page for a browser, with everything in it"
JSON_PURPOSE: Final = "everything that the run saw, for the commands merge, report, compare and fix"
TABLE_PURPOSE: Final = "the table of --resource-guards-report, with each test"


def output_unreadable(value: str, known: Iterable[tuple[str, str]]) -> str:
    """A value without a format or a path."""
    formats = ", ".join(f"{name} ({purpose})" for name, purpose in known)
    return (
        f"--resource-guards-output: '{value}' cannot be read. Write FORMAT:PATH, where FORMAT is one "
        f"of: {formats}."
    )


def format_name_unusable(name: str) -> str:
    return (
        f"A report format cannot be named '{name}': use letters, digits, '_' and '-', as in "
        f"formats.add('my-format', ...)."
    )


def format_name_taken(name: str) -> str:
    return f"The report format '{name}' exists already: add yours under another name."


def format_hook_failed(error: Exception, origin: str) -> str:
    return f"pytest_register_resource_guard_formats failed: {raised(error, origin)}"


def report_not_rendered(option: str, name: str, error: Exception, origin: str) -> str:
    return (
        f"{option}: the report format '{name}' failed: {raised(error, origin)}. The report is lost."
    )


def summary_not_written(path: str, error: OSError | ValueError) -> str:
    """This does not change the result of the run."""
    return (
        f"The report could not be added to the summary of the job (GITHUB_STEP_SUMMARY={path}): {cause(error)}. "
        f"To leave it out, set resource_guards_github_summary = false."
    )


def report_not_written(option: str, path: Path, error: OSError) -> str:
    return f"{option}: {path} cannot be written: {cause(error)}. The report is lost."
