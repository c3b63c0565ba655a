"""The report, the summary and their files."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Sequence
from pathlib import Path

from imbue.resource_guards.messages.common import counted
from imbue.resource_guards.model import Doubt

SUMMARY_TITLE = "resource guards"


REPORT_TITLE = "resource guards: report"


FIX_TITLE = "resource guards: fix"


def header(names: Iterable[str], mode: str) -> str:
    """The line of pytest's header."""
    return f"resource guards: {', '.join(names)} ({mode})"


def cannot_be_known(resource: str, tests: int, doubts: Sequence[Doubt]) -> str:
    """Tests whose mark may be superfluous or not."""
    libraries = ", ".join(each.library for each in doubts)
    targets = [target for each in doubts for target in each.targets]
    advice = (
        f'targets=["{", ".join(targets)}"]'.replace(", ", '", "') if targets else "targets=[...]"
    )
    return (
        f"{resource}: whether {counted(tests, 'test')} with this mark (or with a fixture that "
        f"declares it) really use it cannot be known, since the guard of addresses does not see "
        f"the connections of {libraries}. No mark is called superfluous there. Fix: guard the "
        f'calls that connect, too: register_sdk_guard("{resource}", {advice})'
    )


def table_unsure(resource: str, tests: int, libraries: Iterable[str]) -> str:
    """The same in the report."""
    return (
        f"{resource}: cannot be known for {counted(tests, 'test')} ({', '.join(libraries)} connects "
        f"unseen)"
    )


CANNOT_BE_KNOWN = "cannot be known"


def not_on_path(label: str) -> str:
    """A resource in that line of which no program is there."""
    return f"{label} [not on PATH]"


def fix_untrustworthy() -> str:
    """Why nothing is changed."""
    return "Nothing is changed, since what was seen is not to be trusted (see above)."


TABLE_HEADINGS = (
    *("resource", "marked", "used", "programs", "SDK", "conn.", "child", "missing", "superfluous"),
)


def table_outcomes(count: int, outcomes: Iterable[tuple[str, int]]) -> str:
    """How many tests there were, by outcome."""
    return f"{counted(count, 'test')}: {', '.join(f'{number} {outcome}' for outcome, number in outcomes)}"


def table_late_uses(count: int) -> str:
    """How many late uses there were."""
    return f"{counted(count, 'late use')}, by what tests had left running"


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
    return (
        f"{path} cannot be read as a report: {type(error).__name__}: {error}. Write one by pytest "
        f"--resource-guards-json {path}"
    )


def report_of_another_kind(path: Path) -> str:
    """A JSON file that is something else."""
    return f"{path} is no report of resource guards. Write one by --resource-guards-json {path}"


def report_of_another_version(path: Path, version: object, known: int) -> str:
    """A report that a newer or older version has written."""
    return (
        f"{path} has version {version!r} of the report; this one of resource-guards reads version "
        f"{known}. Use the version that has written it, or write it anew."
    )


def reports_differ(path: str, first: str, second: str) -> str:
    """Reports that are not of the same source."""
    return (
        f"{path} was another file in the run of {second} than in that of {first}: they are of "
        f"different revisions. Put together only runs of the same source."
    )


def json_not_written(path: Path, error: OSError) -> str:
    """A report that is lost."""
    return f"--resource-guards-json: {path} cannot be written: {error}. The report is lost."
