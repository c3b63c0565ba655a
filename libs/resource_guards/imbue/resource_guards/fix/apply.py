"""Apply a plan to the source files: show the difference, or write it."""

from __future__ import annotations

import os
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from enum import StrEnum
from pathlib import Path
from stat import S_IWGRP
from stat import S_IWOTH
from stat import S_IWUSR
from typing import Final

from imbue.resource_guards.fix.difference import Difference
from imbue.resource_guards.fix.edits import Action
from imbue.resource_guards.fix.edits import Edit
from imbue.resource_guards.fix.edits import PlaceKind
from imbue.resource_guards.fix.edits import Plan
from imbue.resource_guards.fix.edits import Rewritten
from imbue.resource_guards.fix.edits import Undone
from imbue.resource_guards.fix.own_modules import own_modules
from imbue.resource_guards.fix.rewrite import rewrite
from imbue.resource_guards.fix.together import Changed
from imbue.resource_guards.fix.together import NotWrittenError
from imbue.resource_guards.fix.together import write_together
from imbue.resource_guards.messages import fix as messages
from imbue.resource_guards.report.files import digest_of
from imbue.resource_guards.report.files import read_regular

_FOREIGN: Final = ("site-packages", "dist-packages")


class Output(StrEnum):
    """What becomes of the new source."""

    DIFF = "diff"
    WRITE = "write"
    CHECK = "check"


@dataclass(slots=True)
class Fixed:
    """What has been done.

    Args:
        differences: How each file would change, where that is asked for.
        lines: What was written, or how much would be.
        notes: What else is to be known of these.
        left: What a person has to do, and why.
        by_hook: The tests that only a hook can mark, by their node ids, and their marks.
        error: Why nothing was written; empty if all was well.
        files: How many files have changed, or would.
        added: How many marks were added.
        removed: How many were removed.
        contracts: How many names in ``@fixture_uses_resources`` were added or removed.
    """

    differences: list[Difference] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    by_hook: Mapping[str, Sequence[str]] = field(default_factory=dict)
    error: str = ""
    files: int = 0
    added: int = 0
    removed: int = 0
    contracts: int = 0


def apply(plan: Plan, root: Path, output: Output, *, sources: Mapping[str, str]) -> Fixed:
    """Change the source files that a plan names: all that can be changed, or, if one fails, none.

    A file outside of the root directory is left alone. So is, where files are written, one that may
    not be written, and one that is not what it was in the run; otherwise the file of now is shown.

    Args:
        plan: The plan.
        root: The root directory.
        output: What becomes of the new source.
        sources: The SHA-256 of each file, as it was in the run.
    """
    fixed = Fixed(left=list(plan.left), by_hook=plan.by_hook)
    changed = _rewritten(plan, root, output, fixed, sources)
    if output is Output.DIFF:
        for each in changed:
            fixed.differences.append(Difference.of(each.path, each.before, each.after))
    elif output is Output.WRITE:
        try:
            write_together(changed)
        except NotWrittenError as error:
            return Fixed(left=[*fixed.left, str(error)], by_hook=plan.by_hook, error=str(error))
        fixed.lines += [messages.fix_written(each.path) for each in changed]
    fixed.files = len(changed)
    return fixed


def _rewritten(
    plan: Plan, root: Path, output: Output, fixed: Fixed, sources: Mapping[str, str]
) -> list[Changed]:
    """The files that change; what cannot be done is told in `fixed`."""
    is_check = output is Output.CHECK
    changed: dict[Path, Changed] = {}
    undone: dict[Path, list[Undone]] = {}
    for path, changes in plan.changes.items():
        try:
            file = _own_file(path, root)
            content = _content(path, file)
            objection = _objection(path, content, sources)
            if output is Output.WRITE:
                _check_writable(path, file, objection)
        except _LeftAloneError as reason:
            fixed.left.append(str(reason))
            continue
        # One file may have several names, by links: what is changed by one is there for the next.
        before = changed[file].after if file in changed else content
        # All files are rewritten before one is written: should this raise, none has changed.
        rewritten = rewrite(before, changes, own_modules(file, Path(os.path.realpath(root))))
        known = undone.setdefault(file, [])
        fresh = [each for each in rewritten.undone if each not in known]
        known += fresh
        fixed.left += _told(path, fresh)
        if rewritten.source == before:
            continue
        _count(fixed, path, rewritten, is_check=is_check)
        if objection is not None:
            fixed.notes.append(messages.fix_shown_as_it_is(path, is_check=is_check))
        name = changed[file].path if file in changed else path
        changed[file] = Changed(name, file, content, rewritten.source)
    return list(changed.values())


class _LeftAloneError(Exception):
    """A file is not to be touched; the text says why."""


def _own_file(path: str, root: Path) -> Path:
    try:
        file = Path(os.path.realpath(root / path))
        is_own = file.is_relative_to(os.path.realpath(root))
    except ValueError as error:  # a name that no file can have
        raise _LeftAloneError(messages.fix_no_file(path, error)) from error
    if not is_own or any(part in _FOREIGN for part in file.parts):
        raise _LeftAloneError(messages.fix_outside(path, root))
    return file


def _content(path: str, file: Path) -> bytes:
    try:
        return read_regular(file)
    except OSError as error:
        raise _LeftAloneError(messages.fix_no_file(path, error)) from error


def _objection(path: str, content: bytes, sources: Mapping[str, str]) -> str | None:
    """Why what a file contains may not be what the run has read; `None` if it is."""
    known = sources.get(path)
    if known is None:
        return messages.fix_unknown_content(path)
    return None if digest_of(content) == known else messages.fix_changed_since(path)


def _check_writable(path: str, file: Path, objection: str | None) -> None:
    if objection is not None:
        raise _LeftAloneError(objection)
    # The bits are asked as well: root may write anything, and should not where nobody is to.
    has_bits = file.stat().st_mode & (S_IWUSR | S_IWGRP | S_IWOTH)
    if not has_bits or not os.access(file, os.W_OK):
        raise _LeftAloneError(messages.fix_read_only(path))
    if not os.access(file.parent, os.W_OK):
        raise _LeftAloneError(messages.fix_read_only_folder(path))


def _count(fixed: Fixed, path: str, rewritten: Rewritten, *, is_check: bool) -> None:
    """Count the marks that were added and removed in a file, and the names in contracts."""
    counts: dict[Action | PlaceKind, int] = dict.fromkeys([*Action, PlaceKind.FIXTURE], 0)
    for change in rewritten.done:
        for edit in change.edits:
            is_contract = edit.place.kind is PlaceKind.FIXTURE
            counts[PlaceKind.FIXTURE if is_contract else edit.action] += 1
    fixed.added += counts[Action.ADD]
    fixed.removed += counts[Action.REMOVE]
    fixed.contracts += counts[PlaceKind.FIXTURE]
    if is_check:
        fixed.lines.append(messages.fix_would_change(path, *counts.values()))


def _told(path: str, undone: Iterable[Undone]) -> Iterator[str]:
    """What was not done, a line for each place and reason."""
    together: dict[tuple[int, str], list[Edit]] = {}
    for each in undone:
        together.setdefault((each.line, each.reason), []).append(each.edit)
    for (line, reason), edits in together.items():
        names = dict.fromkeys(each.place.qualname for each in edits if each.place.qualname)
        whats = dict.fromkeys(
            messages.fix_edit(
                each.action, each.mark, is_contract=each.place.kind is PlaceKind.FIXTURE
            )
            for each in edits
        )
        yield messages.fix_undone(path, line, list(whats), list(names), reason)
