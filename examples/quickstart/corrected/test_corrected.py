"""The same suite with its two marks corrected."""

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


def test_parsing_a_branch_name() -> None:
    """It needs no mark, and has none any more."""
    assert "refs/heads/main".rpartition("/")[2] == "main"


@pytest.mark.weather
def test_forecast() -> None:
    """It talks to the service, and says so."""
    assert Client().forecast("Ghent") == "sunny in Ghent"


def test_temperature() -> None:
    """Correct: it uses nothing and has no mark."""
    assert round(32 * 5 / 9) == 18
