"""What discovery says: what a suite uses from outside, what was left out and why, and what to do next."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from imbue.resource_guards.messages.common import counted
from imbue.resource_guards.messages.foreign import shown

TITLE: Final = "what this suite uses from outside"

HEADER: Final = "resource guards: discovering what the tests use; nothing is guarded"

NOTHING: Final = "Nothing: no program, no connection and no call that the catalogue knows was seen."

_WHEN: Final = {
    "collecting": "at startup or during collection",
    "hooks": "in hooks or between tests",
    "late": "after its test had ended",
}
_MOST: Final = 4
_NAMED: Final = 8

NEXT_WRITE: Final = "To add them: pytest --resource-guards-discover=write"
NEXT: Final = "Then: pytest --resource-guards-fix=write adds the marks to the tests, and pytest enforces them."
NOTHING_NEW: Final = "All of it is guarded already."

NEEDS_TOMLKIT: Final = "--resource-guards-discover=write needs tomlkit for a TOML file: pip install 'resource-guards[fix]'"

NATIVE_LAYER: Final = "what programs other than Python start (on Linux, resource_guards_native = true shows it), and where they connect to"

OUT_OF_REACH: Final = "what a process used but could not record: it changed its user or root directory, or the disk is full"


def other_pythons(names: Sequence[str]) -> str:
    """Pythons in which nothing is seen."""
    return f"what Pythons of other environments do: {_listed(names)}"


def row(  # noqa: PLR0913 - the parts of a line
    count: int,
    name: str,
    *,
    what: str,
    by: Mapping[str, int],
    fixtures: Mapping[str, int],
    through: Mapping[str, int],
    outside: Iterable[str],
    uncertain: int,
    width: int,
) -> str:
    """One thing that is used."""
    parts = [what] if what else []
    if by:
        parts.append(f"by {_some(by, count)}")
    if through:
        parts.append(f"through {_some(through, count)}")
    if fixtures:
        word = "fixture" if len(fixtures) == 1 else "fixtures"
        parts.append(f"in {word} {_some(fixtures, count)}")
    parts += [_WHEN[each] for each in outside]
    if uncertain:
        parts.append(f"{uncertain} of them failed or were skipped")
    tests = counted(count, "test") if count else "no test"
    return shown(f"{tests:>10}  {name:{width}}  {', '.join(parts)}".rstrip())


def example(nodeid: str) -> str:
    """A test that uses it."""
    return shown(f"{'':12}such as {nodeid}")


def own_servers(count: int, names: Sequence[str]) -> str:
    """Servers that the suite starts itself."""
    return shown(
        f"Servers that the suite starts itself, which need no mark: {counted(count, 'test')} ({_listed(names)})"
    )


def nobody_listens(count: int, names: Sequence[str]) -> str:
    """Addresses of this machine where no server listens, and whose tests pass."""
    return shown(
        f"No server listens there, and {counted(count, 'test')} passed anyway: {_listed(names)}"
    )


def left_out(title: str, names: Sequence[str]) -> str:
    """Programs that a rule has left out."""
    return shown(f"Left out, {title}: {_listed(names)}")


def not_known(outcomes: Mapping[str, int]) -> str:
    """Tests whose uses are unknown."""
    said = ", ".join(f"{count} {outcome}" for outcome, count in outcomes.items())
    return f"Unknown for tests that did not pass: {said}"


def not_seen(what: Iterable[str]) -> str:
    """What could not be seen."""
    return shown(f"Not seen: {'; '.join(what)}")


def settings_for(name: str) -> str:
    """The line above the settings."""
    return f"Settings to guard it, for {shown(name)}:"


def written(name: str) -> str:
    """The settings were added."""
    return f"{shown(name)} has the settings now."


def file_unreadable(path: Path, error: Exception) -> str:
    """A file of settings that cannot be read."""
    return f"{path} cannot be read, so no settings were added: {error}"


def file_unwritable(path: Path, error: Exception) -> str:
    """A file of settings that cannot be written."""
    return f"{path} cannot be written, so no settings were added: {error}"


def setting_odd(name: str, key: str, value: object) -> str:
    """A setting of the wrong type."""
    return f"{key} in {name} is {value!r}, but must be a list of names, so no settings were added: make it a list"


def not_discovery(path: Path, why: object) -> str:
    """A file that is not a discovery."""
    return f"{path} was not written by --resource-guards-discover-json: {why}"


def mixed(paths: Iterable[Path]) -> str:
    """Files of two kinds."""
    listed = ", ".join(map(str, paths))
    return f"reports and discoveries cannot be merged into one file: {listed}"


def _some(counts: Mapping[str, int], whole: int) -> str:
    ordered = sorted(counts.items(), key=lambda each: (-each[1], each[0]))
    said = [f"{name} ({count})" if count < whole else name for name, count in ordered[:_MOST]]
    if len(ordered) > _MOST:
        said.append(f"{len(ordered) - _MOST} more")
    return ", ".join(said)


def _listed(names: Sequence[str]) -> str:
    more = f", {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{', '.join(names[:_NAMED])}{more}"
