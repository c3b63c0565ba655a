"""The report, the summary and their files."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from imbue.resource_guards.messages.common import cause
from imbue.resource_guards.messages.common import counted
from imbue.resource_guards.model import Doubt
from imbue.resource_guards.past_python import CHILD_PYTHONS
from imbue.resource_guards.past_python import OTHER_CLIENTS
from imbue.resource_guards.past_python import OTHER_PROGRAMS
from imbue.resource_guards.past_python import PATHS_IN_ARGUMENTS

SUMMARY_TITLE: Final = "resource guards"
REPORT_TITLE: Final = "resource guards: report"
CANNOT_BE_KNOWN: Final = "cannot be known"


def header(names: Iterable[str], mode: str) -> str:
    """The line of pytest's header."""
    return f"resource guards: {', '.join(names)} ({mode})"


def children_not_guarded(name: str, prefix: str) -> str:
    """Pythons that tests start are not guarded."""
    return (
        f"resource guards: Pythons that tests start are not guarded: Python finds no {name} in the site-packages "
        f"of {prefix}. Install resource-guards there as a wheel; Python 3.18 and newer need a newer release of it."
    )


def no_shims() -> str:
    """Programs are guarded in one of the two ways."""
    return (
        "resource guards: programs are guarded where Python starts them, and not where other programs do: this "
        "system has no shims."
    )


_NOT_LIBRARIES: Final = (CHILD_PYTHONS, OTHER_CLIENTS, OTHER_PROGRAMS, PATHS_IN_ARGUMENTS)


def cannot_be_known(resource: str, tests: int, doubts: Sequence[Doubt]) -> str:
    """Tests whose mark may be superfluous or not."""
    unseen, advice = [], []
    libraries = [each for each in doubts if each.library not in _NOT_LIBRARIES]
    if libraries:
        names = ", ".join(each.library for each in libraries)
        unseen.append(f"the address guard does not see the connections of {names}")
        advice.append(_guard_calls(resource, [name for each in libraries for name in each.targets]))
    if any(each.library == OTHER_CLIENTS for each in doubts):
        unseen.append("they start programs, and where these connect is not seen")
        advice.append(
            f'name the programs that use it: programs = ["curl"] in [tool.resource_guards.{resource}]'
        )
    if any(each.library == CHILD_PYTHONS for each in doubts):
        unseen.append("Pythons that tests start are not guarded here")
        advice.append("install resource-guards as a wheel")
    if any(each.library == OTHER_PROGRAMS for each in doubts):
        unseen.append("this system has no shims, which see what other programs start")
        advice.append("start the program from Python, or run these tests on Linux or macOS")
    if any(each.library == PATHS_IN_ARGUMENTS for each in doubts):
        unseen.append(
            "they pass the path of its program to another program, and no shim sees a start by the path"
        )
        advice.append(
            "pass its name, without the folder, or set resource_guards_native = true (Linux)"
        )
    return (
        f"{resource}: whether {counted(tests, 'test')} with this mark (or with a fixture that "
        f"declares it) really used it cannot be known, because {', and '.join(unseen)}. Their marks "
        f"are not reported as superfluous. Fix: {'; '.join(advice)}"
    )


def _guard_calls(resource: str, names: Sequence[str]) -> str:
    targets = ", ".join(f'"{name}"' for name in names)
    if not targets:
        return (
            f"also guard your own calls that use it: calls in [tool.resource_guards.{resource}], or "
            f"register_sdk_guard"
        )
    return (
        f"also guard the calls that connect: calls = [{targets}] in [tool.resource_guards.{resource}], or "
        f'register_sdk_guard("{resource}", targets=[{targets}])'
    )


def table_unsure(resource: str, tests: int, libraries: Iterable[str]) -> str:
    return f"{resource}: cannot be known for {counted(tests, 'test')} (not seen: {', '.join(libraries)})"


def table_optional(label: str, tests: int, used: int) -> str:
    """How many tests may use a resource and need not."""
    return f"{label}: {counted(tests, 'test')} may use it (optional=True), and {used} did"


NOT_ASKED_FOR: Final = "the arguments of the run"
"""Why a test was left out that no hook reports: others were named, or had failed last time."""


def selection(marks: str, keywords: str) -> str:
    """The options by which tests are selected; empty without any."""
    said = [("-m", marks), ("-k", keywords)]
    return " ".join(f'{option} "{text}"' for option, text in said if text)


def not_on_path(label: str) -> str:
    """A resource in that line that has no program on this machine."""
    return f"{label} [not on PATH]"


TABLE_FIRST = ("resource", "marked", "used")
TABLE_WAYS = {"program": "programs", "sdk": "SDK", "connection": "conn.", "child": "child"}
"""The headings of the ways that always exist, by their names; another's is its name."""
TABLE_LAST = ("missing", "superfluous")


def table_outcomes(count: int, outcomes: Iterable[tuple[str, int]], *, own: bool) -> str:
    """How many tests there were, and how many had each outcome: their own one, where that is not all."""
    said = ", ".join(f"{number} {outcome}" for outcome, number in outcomes)
    tests = f"{counted(count, 'test')}{', not counting violations' * own}"
    return f"{tests}: {said}" if said else tests


def table_late_uses(count: int) -> str:
    return f"{counted(count, 'late use')}, by processes or threads that tests left running"


def table_test(
    nodeid: str, outcome: str, uses: int, kinds: Sequence[str], *, is_marked: bool
) -> str:
    """The line of a test that declares or uses a resource."""
    marked = "marked" if is_marked else "unmarked"
    used = f"used {uses} times" if uses > 1 else "used once"
    wrong = f" - {', '.join(kinds)}" if kinds else ""
    return f"{nodeid}: {outcome}, {marked}, {used if uses else 'not used'}{wrong}"


def report_unreadable(path: Path, error: Exception) -> str:
    """A report file that cannot be read."""
    return f"{path} cannot be read as a report: {cause(error)}. Write one with pytest --resource-guards-json."


REPORT_NESTED_TOO_DEEPLY: Final = "it is nested too deeply"
REPORT_TOO_LARGE_FOR_MEMORY: Final = "there is not enough memory for it"
NO_REGULAR_FILE: Final = "it is not a regular file"
LARGE_NUMBER: Final = "a large number"
NOT_EMPTY: Final = "an object with some key"

DATA: Final = {
    str: "text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    list: "a list",
    dict: "an object",
    type(None): "null",
}
"""The types of values in a report."""


def misfit(place: str, expected: str, found: str) -> str:
    return f"{place or 'the whole'} must be {expected}, but is {found}"


def one_of(values: Iterable[object]) -> str:
    """What must be in a place where only some values may be."""
    return f"one of {', '.join(map(repr, values))}"


def number_from(least: int) -> str:
    """What must be in a place for a number that has a smallest one."""
    return f"a whole number from {least}"


def number_between(least: int, most: int) -> str:
    """What must be in a place for a number that has a smallest and a largest one."""
    return f"a number from {least} to {most}"


def key_missing(key: str) -> tuple[str, str]:
    """What an object must have, and what was found instead."""
    return f"an object with '{key}'", "one without it"


def key_unknown(key: str) -> tuple[str, str]:
    """The same for an object with too much."""
    return "an object without other keys", f"one with {key}"


def file_too_large(largest: int) -> str:
    return f"it is larger than {largest} bytes"


def not_put_back(error: OSError, old: Path) -> str:
    """A file that was written and cannot be restored."""
    return f"{cause(error)}; its earlier content could not be restored and is in {old}"


def report_of_another_kind(path: Path) -> str:
    return (
        f"{path} is not a report of resource guards. Write one with --resource-guards-json {path}"
    )


def report_of_another_version(path: Path, version: object, known: Iterable[int]) -> str:
    return (
        f"{path} has version {str(version)[:20]} of the report; this resource-guards reads "
        f"version {' and '.join(map(str, known))}. Use the resource-guards that wrote it, or write it again."
    )


def reports_differ(path: str, first: str, second: str) -> str:
    return (
        f"{path} is not the same file in the runs of {first} and {second}. Either their revisions "
        f"differ, or they are different projects and at least one ran outside a git repository. Merge only runs of the "
        f"same source, or of projects in the same git repository."
    )


def project_unknown(name: str) -> str:
    """One of several reports, where the others are of different projects of a repository."""
    return (
        f"{name} does not say where its project is in the repository, and the other reports are of "
        f"different projects. Write it again, in a git repository and with this version of resource-guards."
    )
