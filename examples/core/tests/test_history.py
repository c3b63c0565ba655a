"""What is read from git, and what is made of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from relnotes.history import Commit
from relnotes.history import commits_since
from relnotes.history import newest_tag
from relnotes.history import parse_subject


@pytest.mark.git
def test_newest_tag(repository: Path) -> None:
    """The tag stands on an older commit."""
    assert newest_tag(repository) == "v1.0"


@pytest.mark.git
def test_commits_since_a_tag(repository: Path) -> None:
    """The tagged commit itself is not among them."""
    assert [commit.ticket for commit in commits_since(repository, "v1.0")] == [8, 7]


@pytest.mark.parametrize(
    ("subject", "commit"),
    [
        ("fix: a crash (#7)", Commit("fix", "a crash", 7)),
        ("feat!: a format", Commit("feat", "a format", is_breaking=True)),
        ("Merge branch 'main'", Commit("other", "Merge branch 'main'")),
    ],
)
def test_parse_subject(subject: str, commit: Commit) -> None:
    """It takes a text and needs no git."""
    assert parse_subject(subject) == commit
