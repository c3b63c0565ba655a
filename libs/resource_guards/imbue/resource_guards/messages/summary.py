"""The end of a run with violations: how many there are, and what to do next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from imbue.resource_guards.messages.common import counted
from imbue.resource_guards.messages.foreign import shown

_MOST: Final = 5
"""How many files or fixtures are named."""

_WARNED: Final = " (warning only)"

EXPLAIN: Final = "What each message means: python -m imbue.resource_guards explain"

INSTALL: Final = "First: pip install 'resource-guards[fix]'"

FOR_PROGRAMS: Final = (
    "Do not work around a guard by another path to the resource, a skip or a looser guard. A test that needs the "
    "resource has its mark, and no other test has it."
)
"""For a program that reads this and edits the tests."""


def lacking(
    label: str, mark: str, tests: int, files: Sequence[tuple[str, int]], *, warned: bool
) -> str:
    """Tests without a mark that they need."""
    verb = "needs" if tests == 1 else "need"
    return _of_tests(label, tests, f"{verb} @pytest.mark.{mark}{_WARNED * warned}", files)


def idle(
    label: str, mark: str, tests: int, files: Sequence[tuple[str, int]], *, warned: bool
) -> str:
    """Tests with a mark that they do not need."""
    verb = "does not need its" if tests == 1 else "do not need their"
    what = f"{verb} @pytest.mark.{mark}{_WARNED * warned}"
    return _of_tests(label, tests, what, files)


def through_fixtures(fixtures: Sequence[tuple[str, int]]) -> str:
    """The fixtures that use the resource."""
    quoted = [(f"'{name}'", count) for name, count in fixtures]
    word = "fixture" if len(fixtures) == 1 else "fixtures"
    return shown(f"  through {word} {_some(quoted)}")


def contract(label: str, fixture: str, *, uses: bool, warned: bool) -> str:
    """A fixture whose contract is wrong."""
    if uses:
        said = f"{label}: fixture '{fixture}' uses it, but its @fixture_uses_resources does not name it"
    else:
        said = f"{label}: fixture '{fixture}' declares it but did not use it"
    return shown(f"{said}{_WARNED * warned}")


def left_out(count: int) -> str:
    """Reports that are not shown in full."""
    how = (
        "is cut to one line above; -v shows all of it"
        if count == 1
        else "are cut to one line each above; -v shows all of them"
    )
    return f"{counted(count, 'more report')} {how}."


def fix(tests: int, files: int, by_hook: int) -> str:
    """The line before the command that fixes the marks.

    Args:
        tests: How many tests have marks in a file.
        files: In how many files.
        by_hook: How many others there are.
    """
    if not tests:
        return f"Only a hook can mark {counted(by_hook, 'test')}. To see the hook:"
    marks = f"To fix the marks of {counted(tests, 'test')} in {counted(files, 'file')}"
    hook = f" ({counted(by_hook, 'more test')} by a hook, which it prints)" if by_hook else ""
    return f"{marks}, and those that blocked calls hide{hook}:"


def _of_tests(label: str, tests: int, what: str, files: Sequence[tuple[str, int]]) -> str:
    return shown(f"{label}: {counted(tests, 'test')} {what}: {_some(files)}")


def _some(items: Sequence[tuple[str, int]]) -> str:
    named = [f"{name} ({count})" for name, count in items[:_MOST]]
    if len(items) > _MOST:
        named.append(f"and {len(items) - _MOST} more")
    return ", ".join(named)
