"""What is published: the packages of the workspace, built, and environments that have nothing else.

A test asks for the fixture `wheels`; the root conftest has it.
"""

from __future__ import annotations

import fcntl
from pathlib import Path

import dev


def built_once(shared: Path) -> Path:
    """The folder with the distributions of all packages, which the first that asks builds.

    Args:
        shared: A folder that all processes of this test run know.
    """
    folder = shared / "distributions"
    with (shared / "distributions.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # of several pytest-xdist workers, one builds
        if not folder.exists():
            unfinished = shared / "distributions.unfinished"
            dev.build(unfinished)
            unfinished.rename(folder)
    return folder


def wheel_of(distributions: Path, package: str) -> Path:
    """The wheel of a package, by the package's name on the index."""
    (wheel,) = distributions.glob(f"{package.replace('-', '_')}-*.whl")
    return wheel
