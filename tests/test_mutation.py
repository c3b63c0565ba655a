"""The tests of the verdict see each small change of it."""

from __future__ import annotations

import subprocess
import sys

import pytest

import dev


@pytest.mark.git  # mutmut asks it which files there are
def test_no_changed_verdict_passes_its_tests() -> None:
    """All mutants that mutmut makes of `judge/` are killed; none needs an excuse."""
    done = subprocess.run(
        [sys.executable, str(dev.ROOT / "scripts" / "mutate.py")],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "of which 0 were not killed" in done.stdout
