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
from typing import Final

from imbue.resource_guards.fix.edits import Action
from imbue.resource_guards.fix.edits import Rewritten
from imbue.resource_guards.fix.plan import Plan
from imbue.resource_guards.fix.rewrite import rewrite
from imbue.resource_guards.messages import fix as messages
from imbue.resource_guards.report.document import digest_of
from imbue.resource_guards.report.document import write_whole

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
        files: How many files have changed, or would.
        added: How many marks were added.
        removed: How many were removed.
    """

    lines: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    files: int = 0
    added: int = 0
    removed: int = 0


def apply(
    plan: Plan, root: Path, output: Output, *, dirty: bool, sources: Mapping[str, str]
) -> Fixed:
    """Change the source files that a plan names.

    A file outside of the root directory, one that git reports as modified, and one that is not what
    it was in the run, is left alone.

    Args:
        plan: The plan.
        root: The root directory.
        output: What becomes of the new source.
        dirty: Touch files that git reports as modified.
        sources: The SHA-256 of each file, as it was in the run.
    """
    fixed = Fixed(left=list(plan.left))
    for path, changes in plan.changes.items():
        problem = _problem(path, root, sources) or ("" if dirty else git_objects(path, root))
        if problem:
            fixed.left.append(problem)
            continue
        before = (root / path).read_bytes()
        rewritten = rewrite(before, changes)
        _count(fixed, rewritten)
        fixed.left += [
            messages.fix_undone(path, each.line, each.edit.action, each.edit.mark, each.reason)
            for each in rewritten.undone
        ]
        if rewritten.source == before:
            continue
        fixed.files += 1
        if output is Output.DIFF:
            fixed.lines += difference(path, before, rewritten.source)
        else:
            try:
                write_whole(root / path, rewritten.source)
            except OSError as error:
                fixed.left.append(messages.fix_not_written(path, error))
            else:
                fixed.lines.append(messages.fix_written(path))
    return fixed


def _problem(path: str, root: Path, sources: Mapping[str, str]) -> str:
    full = Path(os.path.realpath(root / path))
    below = full.is_relative_to(os.path.realpath(root))
    if not below or any(part in _FOREIGN for part in full.parts):
        return messages.fix_outside(path, root)
    if digest_of(full) != sources.get(path, ""):
        return messages.fix_changed_since(path)
    return ""


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
    except FileNotFoundError:
        is_tracked = any((each / ".git").exists() for each in (root, *root.parents))
        return messages.fix_git_fails(path, "git is not installed") if is_tracked else ""
    if done.returncode == 0:
        return messages.fix_modified(path) if done.stdout.strip() else ""
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
