"""A suite as suites are: two of its four tests say something else than what they need."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from weather_sdk import Client


@pytest.mark.git
def test_new_repository(tmp_path: Path) -> None:
    """Correct: it has the mark and uses the program."""
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    assert (tmp_path / ".git").is_dir()


@pytest.mark.git
def test_parsing_a_branch_name() -> None:
    """Superfluous mark: it has used git once, before somebody made it faster."""
    assert "refs/heads/main".rpartition("/")[2] == "main"


def test_forecast() -> None:
    """Missing mark: it talks to the service, and nothing says so."""
    assert Client().forecast("Ghent") == "sunny in Ghent"


def test_temperature() -> None:
    """Correct: it uses nothing and has no mark."""
    assert round(32 * 5 / 9) == 18
