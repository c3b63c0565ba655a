"""Run all tests on the built wheels, as users have them, and not on the sources.

    python3 scripts/wheels.py                 # all of them
    python3 scripts/wheels.py tests -k typed  # arguments go to pytest

They have an environment of their own, which is removed afterwards. Where a test imports our packages
from elsewhere, it fails (`tests/support/installed_only.py`).
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

import dev

CHECK = dev.ROOT / "tests" / "support" / "installed_only.py"


def environment(folder: Path) -> Path:
    """Make an environment with the wheels and the locked packages; returns its interpreter."""
    python = dev.make_environment(folder / "environment")
    dev.install_locked(python, "--all-packages", "--group=dev")
    dev.build(folder / "distributions", "--all-packages", "--wheel")
    wheels = (folder / "distributions").glob("*.whl")
    dev.run(dev.find_uv(), "pip", "install", "--quiet", "--python", python, "--no-deps", *wheels)
    (site,) = (folder / "environment" / "lib").glob("python*/site-packages")
    shutil.copy(CHECK, site)
    return python


def main(arguments: list[str]) -> None:
    """Make the environment, see that it has the wheels alone, and run the tests in it."""
    with tempfile.TemporaryDirectory() as folder:
        python = environment(Path(folder))
        dev.run(python, "-m", CHECK.stem)
        plugins = (f"-p{CHECK.stem}", "-pno:cacheprovider")
        dev.run(python, "-m", "pytest", "-q", "-n2", *plugins, *arguments)


if __name__ == "__main__":
    main(sys.argv[1:])
