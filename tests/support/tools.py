"""Run a tool of this environment."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import dev


def run_tool(
    name: str, *arguments: str | Path, cwd: Path = dev.ROOT, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run one of the programs beside this Python; its output is all in ``stdout``."""
    return subprocess.run(
        [Path(sys.executable).with_name(name), *arguments],
        cwd=cwd,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
