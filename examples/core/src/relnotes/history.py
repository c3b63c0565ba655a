"""The commits of a repository, as git tells them."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

SUBJECT = re.compile(r"(?P<kind>\w+)(?P<breaking>!)?: (?P<text>.+?)(?: \(#(?P<ticket>\d+)\))?")


@dataclass(frozen=True)
class Commit:
    """A commit whose subject says what kind it is: ``fix!: a text (#12)``."""

    kind: str
    text: str
    ticket: int | None = None
    is_breaking: bool = False


def parse_subject(subject: str) -> Commit:
    """Read the subject of a commit; one of another form is of the kind ``other``."""
    match = SUBJECT.fullmatch(subject)
    if match is None:
        return Commit("other", subject)
    ticket = int(match["ticket"]) if match["ticket"] else None
    return Commit(match["kind"], match["text"], ticket, is_breaking=bool(match["breaking"]))


def commits_since(repository: Path, tag: str) -> list[Commit]:
    """The commits after a tag, the newest first."""
    command = ["git", "-C", str(repository), "log", "--format=%s", f"{tag}..HEAD"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return [parse_subject(subject) for subject in done.stdout.splitlines()]


def newest_tag(repository: Path) -> str:
    """The last tag before the newest commit."""
    command = ["git", "-C", str(repository), "describe", "--tags", "--abbrev=0"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return done.stdout.strip()
