"""Apply a plan to the source files: show the difference, or write it."""

from __future__ import annotations

import difflib
import io
import os
import subprocess
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
from imbue.resource_guards.fix.edits import Rewritten
from imbue.resource_guards.fix.plan import Plan
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


@dataclass(slots=True)
class Fixed:
    """What has been done.

    Args:
        lines: The difference, or what was written.
        left: What a person has to do, and why.
        error: Why nothing was written; empty if all was well.
        files: How many files have changed, or would.
        added: How many marks were added.
        removed: How many were removed.
    """

    lines: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    error: str = ""
    files: int = 0
    added: int = 0
    removed: int = 0


def apply(
    plan: Plan, root: Path, output: Output, *, dirty: bool, sources: Mapping[str, str]
) -> Fixed:
    """Change the source files that a plan names: all that can be changed, or, if one fails, none.

    A file outside of the root directory, one that may not be written, one that git reports as
    modified, and one that is not what it was in the run, is left alone.

    Args:
        plan: The plan.
        root: The root directory.
        output: What becomes of the new source.
        dirty: Touch files that git reports as modified.
        sources: The SHA-256 of each file, as it was in the run.
    """
    fixed = Fixed(left=list(plan.left))
    changed = list(_rewritten(plan, root, output, fixed, dirty=dirty, sources=sources))
    if output is Output.DIFF:
        for each in changed:
            fixed.lines += difference(each.path, each.before, each.after)
    else:
        try:
            write_together(changed)
        except NotWrittenError as error:
            return Fixed(left=[*fixed.left, str(error)], error=str(error))
        fixed.lines += [messages.fix_written(each.path) for each in changed]
    fixed.files = len(changed)
    return fixed


def _rewritten(  # noqa: PLR0913 - what `apply` is given, and where it tells
    plan: Plan,
    root: Path,
    output: Output,
    fixed: Fixed,
    *,
    dirty: bool,
    sources: Mapping[str, str],
) -> Iterator[Changed]:
    """The files that change; what cannot be done is told in `fixed`."""
    for path, changes in plan.changes.items():
        try:
            file = _own_file(path, root)
            before = _as_in_the_run(path, file, sources)
            if output is Output.WRITE:
                _check_writable(path, file)
            if not dirty:
                _check_with_git(path, root)
        except _LeftAloneError as reason:
            fixed.left.append(str(reason))
            continue
        # All files are rewritten before one is written: should this raise, none has changed.
        rewritten = rewrite(before, changes)
        _count(fixed, rewritten)
        fixed.left += [
            messages.fix_undone(path, each.line, each.edit.action, each.edit.mark, each.reason)
            for each in rewritten.undone
        ]
        if rewritten.source != before:
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


def _as_in_the_run(path: str, file: Path, sources: Mapping[str, str]) -> bytes:
    try:
        content = read_regular(file)
    except OSError as error:
        raise _LeftAloneError(messages.fix_no_file(path, error)) from error
    known = sources.get(path)
    if known is None:
        raise _LeftAloneError(messages.fix_unknown_content(path))
    if digest_of(content) != known:
        raise _LeftAloneError(messages.fix_changed_since(path))
    return content


def _check_writable(path: str, file: Path) -> None:
    # The bits are asked as well: root may write anything, and should not where nobody is to.
    has_bits = file.stat().st_mode & (S_IWUSR | S_IWGRP | S_IWOTH)
    if not has_bits or not os.access(file, os.W_OK):
        raise _LeftAloneError(messages.fix_read_only(path))
    if not os.access(file.parent, os.W_OK):
        raise _LeftAloneError(messages.fix_read_only_folder(path))


def _check_with_git(path: str, root: Path) -> None:
    if objection := git_objects(path, root):
        raise _LeftAloneError(objection)


def _count(fixed: Fixed, rewritten: Rewritten) -> None:
    for change in rewritten.done:
        for edit in change.edits:
            if edit.action is Action.ADD:
                fixed.added += 1
            else:
                fixed.removed += 1


def git_objects(path: str, root: Path) -> str:
    """Why a file must not be touched as far as git is concerned; empty if it may be.

    Args:
        path: The file, relative to the root directory.
        root: The root directory.
    """
    command = ["git", "-C", str(root), "status", "--porcelain", "--untracked-files=no", "--", path]
    environment = {**os.environ, "LC_ALL": "C"}  # what it says is compared
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", env=environment, check=False
        )
    except OSError as error:
        is_tracked = any((each / ".git").exists() for each in (root, *root.parents))
        is_missing = isinstance(error, FileNotFoundError)
        said = "git is not installed" if is_missing else str(error)
        return messages.fix_git_fails(path, said) if is_tracked else ""
    if done.returncode == 0:
        return messages.fix_modified(path) if done.stdout.strip() else ""
    # Any other failure of git leaves the file alone: whether it is modified is not known.
    if "not a git repository" in done.stderr:
        return ""
    return messages.fix_git_fails(path, done.stderr.strip())


def difference(path: str, before: bytes, after: bytes) -> Iterator[str]:
    """The lines of a unified difference of two versions of a source file."""
    for line in difflib.unified_diff(_lines(before), _lines(after), f"a/{path}", f"b/{path}"):
        yield line.rstrip("\r\n")


def _lines(source: bytes) -> list[str]:
    encoding, _ = tokenize.detect_encoding(io.BytesIO(source).readline)
    return source.decode(encoding).splitlines(keepends=True)
