"""Suites that nobody here wrote: their source distributions, which hold the tests."""

from __future__ import annotations

import fcntl
import hashlib
import os
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import NoReturn

import pytest

import dev

_IS_CI = bool(os.environ.get("CI"))  # asked before a test can hide it from the suites that it runs


def give_up(reason: str) -> NoReturn:
    """Fail in CI, where this must run; elsewhere skip, and say so."""
    if _IS_CI:
        pytest.fail(reason)
    pytest.skip(reason)


def unpack_source(source: str, sha256: str, folder: Path) -> Path:
    """Download a source distribution and unpack it; it is given up where that is not to be had.

    Args:
        source: Its name and version, ``name-1.2``.
        sha256: Its digest.
        folder: Where it is put.

    Returns:
        The folder that was in it.
    """
    name, _, version = source.rpartition("-")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    command += [f"--no-binary={name}", f"--dest={folder}", f"{name}=={version}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        give_up(f"{source} could not be downloaded:\n{done.stderr}")
    archive = folder / f"{source}.tar.gz"
    assert hashlib.sha256(archive.read_bytes()).hexdigest() == sha256
    with tarfile.open(archive) as packed:
        if hasattr(tarfile, "data_filter"):  # from Python 3.11.4 on
            packed.extractall(folder, filter="data")
        else:
            packed.extractall(folder)  # noqa: S202 - its digest is known
    return folder / source


def make_python(group: str, folder: Path) -> Path:
    """An environment with the packages of a group of the workspace's dependencies, and the core."""
    interpreter = dev.make_environment(folder)
    dev.install_locked(interpreter, f"--only-group={group}")
    dev.install_members(interpreter, "resource_guards", editable=False)  # as users do
    return interpreter


def made_once(group: str, shared: Path) -> Path:
    """The same, which the first that asks makes in a folder that all processes of this test run know."""
    folder = shared / f"{group}-environment"
    with (shared / f"{group}-environment.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "done").exists():
            make_python(group, folder)
            (folder / "done").touch()
    return folder / "bin" / "python"
