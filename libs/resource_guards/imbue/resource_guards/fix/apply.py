"""Apply a plan to the source files: show the difference, or write it."""

from __future__ import annotations

import difflib
import io
import os
import tokenize
from collections.abc import Iterator
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from enum import StrEnum
from pathlib import Path
from stat import S_IWGRP
from stat import S_IWOTH
from stat import S_IWUSR
from typing import Final

from imbue.resource_guards.fix.edits import Action
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
        lines: The difference, what was written, or how much would be.
        notes: What else is to be known of these lines.
        left: What a person has to do, and why.
        error: Why nothing was written; empty if all was well.
        files: How many files have changed, or would.
        added: How many marks were added.
        removed: How many were removed.
        contracts: How many names in ``@fixture_uses_resources`` were added or removed.
    """

    lines: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
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
    fixed = Fixed(left=list(plan.left))
    changed = list(_rewritten(plan, root, output, fixed, sources))
    if output is Output.DIFF:
        for each in changed:
            fixed.lines += difference(each.path, each.before, each.after)
    elif output is Output.WRITE:
        try:
            write_together(changed)
        except NotWrittenError as error:
            return Fixed(left=[*fixed.left, str(error)], error=str(error))
        fixed.lines += [messages.fix_written(each.path) for each in changed]
    fixed.files = len(changed)
    return fixed


def _rewritten(
    plan: Plan, root: Path, output: Output, fixed: Fixed, sources: Mapping[str, str]
) -> Iterator[Changed]:
    """The files that change; what cannot be done is told in `fixed`."""
    for path, changes in plan.changes.items():
        try:
            file = _own_file(path, root)
            before = _content(path, file)
            objection = _objection(path, before, sources)
            if output is Output.WRITE:
                _check_writable(path, file, objection)
        except _LeftAloneError as reason:
            fixed.left.append(str(reason))
            continue
        # All files are rewritten before one is written: should this raise, none has changed.
        rewritten = rewrite(before, changes, own_modules(file, Path(os.path.realpath(root))))
        fixed.left += [_undone(path, each) for each in rewritten.undone]
        if rewritten.source == before:
            continue
        counts = _counts(rewritten)
        fixed.added += counts[Action.ADD]
        fixed.removed += counts[Action.REMOVE]
        fixed.contracts += counts[PlaceKind.FIXTURE]
        if output is Output.CHECK:
            fixed.lines.append(messages.fix_would_change(path, *counts.values()))
        if objection is not None:
            fixed.notes.append(messages.fix_shown_as_it_is(path))
        yield Changed(path, file, before, rewritten.source)


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


def _counts(rewritten: Rewritten) -> dict[Action | PlaceKind, int]:
    """How many marks were added, and removed, and how many names in contracts of fixtures changed."""
    counts: dict[Action | PlaceKind, int] = dict.fromkeys([*Action, PlaceKind.FIXTURE], 0)
    for change in rewritten.done:
        for edit in change.edits:
            is_contract = edit.place.kind is PlaceKind.FIXTURE
            counts[PlaceKind.FIXTURE if is_contract else edit.action] += 1
    return counts


def _undone(path: str, undone: Undone) -> str:
    edit = undone.edit
    is_contract = edit.place.kind is PlaceKind.FIXTURE
    say = messages.fix_contract_undone if is_contract else messages.fix_undone
    return say(path, undone.line, edit.action, edit.mark, undone.reason)


def difference(path: str, before: bytes, after: bytes) -> Iterator[str]:
    """The lines of a unified difference of two versions of a source file."""
    for line in difflib.unified_diff(_lines(before), _lines(after), f"a/{path}", f"b/{path}"):
        yield line.rstrip("\r\n")


def _lines(source: bytes) -> list[str]:
    encoding, _ = tokenize.detect_encoding(io.BytesIO(source).readline)
    return source.decode(encoding).splitlines(keepends=True)
