"""An environment outside the workspace, with a small guarded suite, and what pip leaves in it."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import dev

Tree = Mapping[str, str]

CONFTEST = """
    def pytest_register_resource_guards(registry):
        registry.register_resource_guard("tool")
        registry.register_sdk_guard("sdk", targets=["sdk:send"])
"""
TESTS = """
    import subprocess, sys, pytest

    CHILD = [sys.executable, "-c", "import sdk; sdk.send()"]

    @pytest.mark.tool
    def test_program(): subprocess.run(["tool"], check=True)

    @pytest.mark.sdk
    def test_child(): subprocess.run(CHILD, check=True)

    def test_unmarked_program(): subprocess.run(["tool"])

    def test_unmarked_child(): subprocess.run(CHILD)

    @pytest.mark.tool
    def test_superfluous(): pass
"""
VERDICTS = ("2 passed", "3 failed", "without @pytest.mark.tool", "without @pytest.mark.sdk")


@dataclass(frozen=True)
class Installation:
    """An environment that pip installs into and removes from.

    Args:
        folder: Where it is.
    """

    folder: Path

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.folder / "bin" / "python"

    @property
    def site(self) -> Path:
        """Where packages are installed."""
        (site,) = self.folder.glob("lib/python*/site-packages")
        return site

    def pip(self, *arguments: str | Path) -> None:
        """Run pip on it, as users have it: with what is compiled at installation.

        Raises:
            AssertionError: It has failed.
        """
        command = [sys.executable, "-m", "pip", "--python", self.python, "--quiet", *arguments]
        done = _run(command, self.folder)
        assert done.returncode == 0, done.stdout

    def install(self, *wheels: Path) -> None:
        """Install wheels, in place of what is there of the same packages."""
        self.pip("install", "--no-index", "--no-deps", *wheels)

    def start(self, code: str, **environment: str) -> str:
        """Start its Python; returns what that says, on either stream."""
        return _run([self.python, "-c", code], self.folder.parent, **environment).stdout

    def run_suite(self, *options: str, conftest: str = CONFTEST, tests: str = TESTS) -> str:
        """Run a small suite, with a program ``tool`` and an SDK; returns what pytest says."""
        suite = self.folder.parent / "suite"
        suite.mkdir(exist_ok=True)
        (suite / "tool").write_text("#!/bin/sh\n")
        (suite / "tool").chmod(0o755)
        (suite / "sdk.py").write_text("def send(): pass\n")
        (suite / "conftest.py").write_text(textwrap.dedent(conftest))
        (suite / "test_suite.py").write_text(textwrap.dedent(tests))
        path = f"{suite}{os.pathsep}{os.environ['PATH']}"
        command: list[str | Path] = [
            self.python,
            "-m",
            "pytest",
            "--strict-markers",
            "-pno:cacheprovider",
            *options,
        ]
        return _run(command, suite, PATH=path).stdout

    def tree(self) -> Tree:
        """All that is in it: of each path the kind and the contents."""
        return {
            path.relative_to(self.folder).as_posix(): _what(path)
            for path in sorted(self.folder.rglob("*"))
        }


def make_installation(folder: Path) -> Installation:
    """Make an environment with what the core depends on, all of it compiled."""
    python = dev.make_environment(folder)
    dev.install_locked(python, "--package=resource-guards", "--no-default-groups")
    made = Installation(folder)
    made.start(f"import compileall; compileall.compile_dir({str(made.site)!r}, quiet=2)")
    return made


def difference(before: Tree, after: Tree) -> list[str]:
    """What has become another, by path, in the order of paths."""
    told = dict.fromkeys(before.keys() - after.keys(), "gone")
    told |= dict.fromkeys(after.keys() - before.keys(), "left")
    told |= {
        path: "changed" for path in before.keys() & after.keys() if before[path] != after[path]
    }
    return [f"{path} is {what}" for path, what in sorted(told.items())]


def _what(path: Path) -> str:
    if path.is_symlink():
        return f"link to {path.readlink()}"
    if path.is_dir():
        return "folder"
    if path.suffix == ".pyc":
        return "compiled"  # it has the time of its source, which is that of the installation
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _run(
    command: list[str | Path], cwd: Path, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run a command with nothing of this test run in its environment; errors are in ``stdout``."""
    of_this_run = ("PYTEST_", "PYTHON", "RESOURCE_GUARDS_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(of_this_run)}
    return subprocess.run(
        command,
        cwd=cwd,
        env={**kept, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
