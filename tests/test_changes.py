"""A change needs a note for the changelog: what CI asks, in a repository of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

import dev
from imbue.resource_guards.resource_guards import fixture_uses_resources
from support.tools import run_tool

CHECK = ("towncrier", "check", "--compare-with", "origin/main")


@pytest.fixture
@fixture_uses_resources("git")
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with this workspace's settings, on a branch with one change."""
    for name in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{name}_NAME", "a")
        monkeypatch.setenv(f"GIT_{name}_EMAIL", "a@localhost")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    for name in ("pyproject.toml", "CHANGELOG.md"):
        shutil.copy(dev.ROOT / name, tmp_path)
    (tmp_path / "changes").mkdir()
    shutil.copy(dev.ROOT / "changes" / "README.md", tmp_path / "changes")
    git(tmp_path, "init", "--quiet", "--initial-branch=main")
    commit(tmp_path)
    git(tmp_path, "update-ref", "refs/remotes/origin/main", "main")
    git(tmp_path, "switch", "--quiet", "--create", "change")
    (tmp_path / "changed.py").touch()
    commit(tmp_path)
    return tmp_path


def git(repository: Path, *arguments: str) -> None:
    """Run git in the repository."""
    subprocess.run(["git", *arguments], cwd=repository, check=True)


def commit(repository: Path) -> None:
    """Commit all that is there."""
    git(repository, "add", "--all")
    git(repository, "commit", "--quiet", "--message=all")


def check(repository: Path) -> tuple[int, str]:
    """The exit code and the words of the check."""
    done = run_tool(*CHECK, cwd=repository)
    return done.returncode, done.stdout


def test_ci_makes_this_check() -> None:
    """The command below is that of the job."""
    workflow = (dev.ROOT / ".github" / "workflows" / "ci.yml").read_text()

    assert f"run: .venv/bin/{' '.join(CHECK)}\n" in workflow


@pytest.mark.git
def test_a_change_without_a_note_fails(repository: Path) -> None:
    """The check says that there is none."""
    code, said = check(repository)

    assert code == 1
    assert "No new newsfragments found on this branch." in said


@pytest.mark.git
@pytest.mark.parametrize("note", ["42.bugfix.md", "+word.misc.md"])
def test_a_change_with_a_note_passes(repository: Path, note: str) -> None:
    """With an issue or without, of any type."""
    (repository / "changes" / note).write_text("A program is seen.\n")
    commit(repository)

    code, said = check(repository)

    assert code == 0, said
    assert note in said


@pytest.mark.git
def test_a_note_of_an_unknown_type_fails(repository: Path) -> None:
    """A file that no release would gather is no note."""
    (repository / "changes" / "42.bugfixes.md").write_text("A program is seen.\n")
    commit(repository)

    code, said = check(repository)

    assert code == 1
    assert "42.bugfixes.md" in said


@pytest.mark.git
def test_main_needs_no_note(repository: Path) -> None:
    """Where there is nothing to compare with, the check passes."""
    git(repository, "switch", "--quiet", "main")

    assert check(repository)[0] == 0


@pytest.mark.git
def test_a_release_gathers_the_notes(repository: Path) -> None:
    """They move into the changelog, above the releases before, and the check accepts that."""
    note = repository / "changes" / "42.bugfix.md"
    note.write_text("A program is seen.\n")
    commit(repository)

    built = run_tool(
        "towncrier", "build", "--yes", "--version=7.0.0", "--date=2030-01-01", cwd=repository
    )
    commit(repository)

    changelog = (repository / "CHANGELOG.md").read_text()
    assert built.returncode == 0, built.stdout
    assert not note.exists()
    assert "## 7.0.0 (2030-01-01)\n\n### Fixed\n\n- A program is seen. (#42)\n" in changelog
    assert changelog.startswith("# Changes")
    assert changelog.index("## 7.0.0") < changelog.index("## 1.0.0")
    assert check(repository)[0] == 0
