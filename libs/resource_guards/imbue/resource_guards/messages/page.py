"""The words of a report's page."""

from __future__ import annotations

from typing import Final

WORDS: Final = {
    "title": "Resource guards: report",
    "skip_to_tests": "Skip to the tests",
    "none": "none",
    "test": "{n} test",
    "tests": "{n} tests",
    "count": "Tests",
    "wrong_test": "{n} test with violations",
    "wrong_tests": "{n} tests with violations",
    "all_right": "No violations.",
    "nothing_ran": "No test ran.",
    "problems": "Problems",
    "resources": "Resources",
    "no_resources": "Nothing was guarded.",
    "resource": "Resource",
    "marked": "Marked",
    "used": "Used by",
    "missing": "Mark missing",
    "superfluous": "Mark not needed",
    "unavailable": "Skipped without it",
    "time": "Time by resource",
    "time_means": "Time of the tests and fixtures that used a resource; a fixture counts once.",
    "violations": "Violations",
    "by_file": "By file",
    "path": "File",
    "file": "{n} file",
    "files": "{n} files",
    "duration": "Time",
    "search": "Search tests, programs, fixtures",
    "every_resource": "All",
    "wrong_only": "Violations only",
    "found": "{n} of {all} tests, in {files}.",
    "all_files": "Show all {n} files",
    "more_tests": "Show {n} more",
    "uses_it": "{n}",
    "uses_its": "{n}",
    "is_wrong": "{n} wrong",
    "is_wrongs": "{n} wrong",
    "is_skipped": "{n} skipped",
    "is_skippeds": "{n} skipped",
    "use": "used",
    "uses": "used {n} times",
    "not_available": "not available",
    "cannot_be_known": "cannot be known",
    "optional": "optional",
    "only_marked": "marked",
    "marked_optional": "marked as optional",
    "has_mark": "marked",
    "no_mark": "not marked",
    "at": "at {place}",
    "in_child": "in a child process",
    "through_fixture": "by fixture {name}",
    "more_uses": "and {n} more",
    "nothing_seen": "Not used.",
    "uses_nothing": "It neither declares nor uses a resource.",
    "nowhere": "Skipped, deselected or not run",
}
"""What the page's script says, by its names; ``{n}`` and the like stand for what it knows."""

NO_SCRIPT: Final = "This page needs JavaScript to show the report. The script is part of the page; allow it to run."

MISSING: Final = "mark missing"
SUPERFLUOUS: Final = "mark not needed"
UNDECLARED: Final = "fixture does not declare it"
UNUSED: Final = "fixture declares it but did not use it"
