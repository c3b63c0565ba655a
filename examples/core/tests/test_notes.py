"""The text of the notes, from commits at hand and from all of it together."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from relnotes.history import Commit
from relnotes.notes import render

NOTES = """\
# 1.1

## New

- **Breaking:** Write the notes as Markdown (#8)

## Put right

- It crashes on an empty folder (#7)
"""


def test_render() -> None:
    """A text from texts."""
    commits = [Commit("fix", "a crash", 7), Commit("docs", "a typing error")]
    assert "## Put right\n\n- a crash (#7)\n\n## Also\n\n- a typing" in render("2.0", commits, {})


@pytest.mark.git
@pytest.mark.tracker
def test_command_line(repository: Path, tracker_url: str) -> None:
    """In a process of its own, which is seen to use both."""
    command = [sys.executable, "-c", "from relnotes.cli import main; main()", "1.1"]
    command += [f"--repository={repository}", f"--tracker={tracker_url}"]
    assert subprocess.run(command, check=True, capture_output=True, text=True).stdout == NOTES
