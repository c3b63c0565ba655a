"""Run each package's tests with the lowest versions that it allows of all that it needs.

    python3 scripts/lowest.py                          # all packages
    python3 scripts/lowest.py mngr_modal -- -k thread  # one; after -- pytest's arguments

That is on the lowest Python, and of its extras too. Each package has an environment of its own in
.matrix, with the locked packages but for these. A table at the end tells which failed.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from pathlib import Path

import dev
import sdk_matrix

PYTHON = ".".join(map(str, dev.OLDEST_PYTHON))
CORE = "resource_guards"

# What a package names in its documents and not among its dependencies, since it guards it wherever
# it is installed.
GUARDED = {"mngr": sdk_matrix.SDKS["docker"][0]["7.0.0"]}


def pins_in(compiled: str) -> list[str]:
    """The versions in what ``uv pip compile`` prints, without the workspace's own packages."""
    return [line for line in compiled.splitlines() if "==" in line]


def lowest_of(member: str) -> list[str]:
    """The lowest versions that a package and its extras allow, and those that the core does."""
    pins = []
    for each in dict.fromkeys((CORE, member)):
        compiled = subprocess.run(
            [
                *(dev.find_uv(), "pip", "compile", "--quiet", "--no-header", "--no-annotate"),
                *("--resolution=lowest-direct", "--no-deps", "--all-extras"),
                *(f"--python-version={PYTHON}", f"libs/{each}/pyproject.toml"),
            ],
            cwd=dev.ROOT,
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
        pins += pins_in(compiled.stdout)
    return [*pins, *GUARDED.get(member, ())]


def absent(pins: list[str], frozen: str) -> list[str]:
    """Those of some pins that are not among what ``uv pip freeze`` prints."""
    return [pin for pin in pins if "==" in pin and pin not in frozen.splitlines()]


def environment(member: str, pins: list[str]) -> Path:
    """Make the environment of a package; returns its interpreter."""
    folder = dev.ROOT / ".matrix" / f"lowest-{member}"
    shutil.rmtree(folder, ignore_errors=True)
    python = dev.make_environment(folder, PYTHON)
    dev.install_locked(python, "--all-packages", "--no-default-groups", "--group=test")
    dev.install_members(python, *dev.MEMBERS)
    pip = (dev.find_uv(), "pip")
    dev.run(*pip, "install", "--quiet", "--python", python, *pins)
    dev.run(*pip, "check", "--quiet", "--python", python)
    freeze = [*pip, "freeze", "--python", str(python)]
    frozen = subprocess.run(freeze, check=True, stdout=subprocess.PIPE, text=True).stdout
    if missing := absent(pins, frozen):
        sys.exit(f"not installed: {' '.join(missing)}")
    return python


def run(member: str, arguments: list[str]) -> int:
    """Run a package's tests; returns pytest's exit code."""
    pins = lowest_of(member)
    print(f"##### {member} on Python {PYTHON}: {' '.join(pins)}", flush=True)
    python = environment(member, pins)
    tests = f"libs/{member}/tests"
    command = [str(python), "-m", "pytest", "-q", "-n2", "-pno:cacheprovider", tests, *arguments]
    return subprocess.run(command, cwd=dev.ROOT, check=False).returncode


def main(arguments: list[str]) -> int:
    """Run the command line; returns the exit code."""
    members, pytest_arguments = dev.split(arguments)
    dev.install_system_packages()
    rows = []
    for member in members or dev.MEMBERS:
        start = time.monotonic()
        rows.append((member, run(member, pytest_arguments), time.monotonic() - start))
    dev.print_results("package", rows)
    return int(any(code for _, code, _ in rows))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
