"""Run all checks and tests on every supported Python and pytest.

    python3 scripts/matrix.py                    # all of them
    python3 scripts/matrix.py 3.12 -- -k verdict # one Python; after -- come pytest's arguments
    python3 scripts/matrix.py 3.12 "pytest 8.4"  # one Python and one pytest
    python3 scripts/matrix.py /opt/python3.15/bin/python3.15   # a Python by its path

Each has an environment of its own in .matrix, with the locked packages. Pythons that this machine
does not have are an error, and so is any check that fails; a table at the end tells which.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from pathlib import Path

import dev

PYTHONS = ("3.11", "3.12", "3.13", "3.14", "3.15")
PYTESTS = {
    "pytest 8.4": ("pytest==8.4.*",),
    "newest pytest": (),
    "next pytest": ("--prerelease=allow", "--upgrade", "pytest"),  # the newest, if there is none
}
FOLDER = dev.ROOT / ".matrix"


def folder_name(python: str, name: str) -> str:
    """The name of the folder of one row, whose Python may be a path."""
    return f"{python.strip('/').replace('/', '_')}-{name.replace(' ', '-')}"


def environment(python: str, name: str, pins: tuple[str, ...]) -> Path:
    """Make the environment of one row; returns its interpreter."""
    folder = FOLDER / folder_name(python, name)
    shutil.rmtree(folder, ignore_errors=True)
    interpreter = dev.make_environment(folder, python)
    dev.install_locked(interpreter, "--all-packages", "--group=dev")
    dev.install_members(interpreter, *dev.MEMBERS)
    if pins:
        dev.run(dev.find_uv(), "pip", "install", "--quiet", "--python", interpreter, *pins)
    return interpreter


def checks(interpreter: Path, arguments: list[str]) -> list[str]:
    """Run all checks with one interpreter; returns those that failed."""
    modules = {
        "ruff format": ["ruff", "format", "--check", "."],
        "ruff": ["ruff", "check", "."],
        "mypy": ["mypy", f"--cache-dir={FOLDER / 'mypy' / interpreter.parent.parent.name}"],
        "pytest": ["pytest", "-q", "-n2", "-pno:cacheprovider", *arguments],
    }
    return [
        name
        for name, command in modules.items()
        if subprocess.run([interpreter, "-m", *command], cwd=dev.ROOT, check=False).returncode
    ]


def main(arguments: list[str]) -> int:
    """Run the command line; returns the exit code."""
    chosen, pytest_arguments = dev.split(arguments)
    rows = []
    for python in [each for each in chosen if each not in PYTESTS] or PYTHONS:
        for name in [each for each in chosen if each in PYTESTS] or PYTESTS:
            print(f"##### Python {python}, {name}", flush=True)
            start = time.monotonic()
            failed = checks(environment(python, name, PYTESTS[name]), pytest_arguments)
            rows.append((python, name, ", ".join(failed) or "-", time.monotonic() - start))
    print("\nPython  pytest         failed                 seconds")
    for python, name, failed_checks, seconds in rows:
        print(f"{python:7} {name:14} {failed_checks:22} {seconds:7.0f}")
    return int(any(failed_checks != "-" for *_, failed_checks, _ in rows))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
