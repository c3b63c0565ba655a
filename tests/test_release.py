"""A release is of one version, which the tag, the packages and the changelog name."""

from __future__ import annotations

import shutil
import tomllib
from pathlib import Path

import pytest

import dev
import release


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """What a release is judged by, of a workspace that is ready for 7.0.0."""
    for member in dev.MEMBERS:
        folder = tmp_path / "libs" / member
        folder.mkdir(parents=True)
        text = f'[project]\nname = "{member}"\nversion = "7.0.0"\n'
        (folder / "pyproject.toml").write_text(text)
    (tmp_path / "CHANGELOG.md").write_text("# Changes\n\n## 7.0.0 (2030-01-01)\n")
    (tmp_path / "changes").mkdir()
    shutil.copy(dev.ROOT / "changes" / "README.md", tmp_path / "changes")
    return tmp_path


def test_a_ready_workspace_has_no_complaints(root: Path) -> None:
    """One version everywhere, in the changelog too, and no note left."""
    assert release.complaints_about(root, "v7.0.0") == []


@pytest.mark.parametrize("tag", ["v7.0.1", "7.0.0", "v7.0", "v.0.0"])
def test_another_tag_is_refused(root: Path, tag: str) -> None:
    """A tag that is not the version with a v before it."""
    assert release.complaints_about(root, tag)


def test_a_package_of_another_version_is_refused(root: Path) -> None:
    """Each package that the release was forgotten in is named."""
    settings = root / "libs" / "mngr" / "pyproject.toml"
    settings.write_text(settings.read_text().replace("7.0.0", "6.9.0"))

    assert release.complaints_about(root, "v7.0.0") == ["mngr has version 6.9.0, not v7.0.0"]


def test_a_changelog_without_the_version_is_refused(root: Path) -> None:
    """A section of a version that only begins like it is another's."""
    (root / "CHANGELOG.md").write_text("# Changes\n\n## 7.0.01 (2030-01-01)\n")

    assert release.complaints_about(root, "v7.0.0") == ["CHANGELOG.md has no section for v7.0.0"]


def test_a_note_that_is_left_is_refused(root: Path) -> None:
    """It would be in no changelog."""
    (root / "changes" / "42.bugfix.md").touch()

    assert release.complaints_about(root, "v7.0.0") == [
        "changes/42.bugfix.md is not in the changelog"
    ]


def test_a_refused_release_builds_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The program says why, and fails."""
    monkeypatch.setattr(release, "build", pytest.fail)

    assert release.main(["v0.0.0"]) == 1


def test_the_changelog_has_the_version_of_the_packages() -> None:
    """The newest section is that of the version that the packages have."""
    settings = (dev.ROOT / "libs" / "resource_guards" / "pyproject.toml").read_text()
    version = tomllib.loads(settings)["project"]["version"]
    changelog = (dev.ROOT / "CHANGELOG.md").read_text()

    newest = changelog.partition("is below this line -->\n")[2].lstrip()
    assert newest.startswith(f"## {version} (")
