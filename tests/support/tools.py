"""Run a tool of this environment."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import dev


def run_tool(
    name: str,
    *arguments: str | Path,
    cwd: Path = dev.ROOT,
    environment: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run one of the programs beside this Python; all that it says is in ``stdout``."""
    return subprocess.run(
        [Path(sys.executable).with_name(name), *arguments],
        cwd=cwd,
        env={**os.environ, **(environment or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
