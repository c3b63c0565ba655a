"""Tags of what is deployed."""

from __future__ import annotations

from pathlib import Path

import pytest
from deploy.tags import git
from deploy.tags import next_tag
from deploy.tags import tag_deployment


@pytest.mark.git
def test_tag_deployment(tmp_path: Path) -> None:
    """Each deployment has a tag of its own."""
    git(tmp_path, "init", "--quiet")
    who = ("-c", "user.name=A", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false")
    git(tmp_path, *who, "commit", "--quiet", "--allow-empty", "--message=first")
    assert [tag_deployment(tmp_path, "live") for _ in range(2)] == ["live-1", "live-2"]


def test_next_tag() -> None:
    """Tags of other environments do not count."""
    assert next_tag("live", ["live-9", "test-12", "live-10"]) == "live-11"
