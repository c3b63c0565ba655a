"""The text of release notes."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping

from relnotes.history import Commit

HEADINGS = {"feat": "New", "fix": "Put right", "other": "Also"}


def render(version: str, commits: Iterable[Commit], titles: Mapping[int, str]) -> str:
    """Write the notes of a version; a commit with a ticket is told by the ticket's title."""
    commits = list(commits)
    lines = [f"# {version}"]
    for kind, heading in HEADINGS.items():
        of_kind = [commit for commit in commits if kind_of(commit) == kind]
        if of_kind:
            lines += ["", f"## {heading}", ""]
            lines += [f"- {sentence(commit, titles)}" for commit in of_kind]
    return "\n".join(lines) + "\n"


def kind_of(commit: Commit) -> str:
    """The heading that a commit stands under."""
    return commit.kind if commit.kind in HEADINGS else "other"


def sentence(commit: Commit, titles: Mapping[int, str]) -> str:
    """What is said of a commit."""
    text = commit.text if commit.ticket is None else titles.get(commit.ticket, commit.text)
    number = "" if commit.ticket is None else f" (#{commit.ticket})"
    return f"{'**Breaking:** ' if commit.is_breaking else ''}{text}{number}"
