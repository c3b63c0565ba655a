"""Run suites that nobody here wrote, each in an environment of its own, with the servers that it wants."""

from __future__ import annotations

import os
import re
import resource
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Iterator
from collections.abc import Mapping
from contextlib import AbstractContextManager
from contextlib import ExitStack
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import dev
from real_suites_table import Suite

sys.path.insert(0, str(dev.ROOT / "tests"))

from support.databases import running_postgres
from support.databases import running_redis
from support.foreign import unpack_source
from support.servers import running_etcd
from support.servers import running_memcached

USUAL: Mapping[str, tuple[Callable[[int], AbstractContextManager[object]], int]] = {
    "etcd": (running_etcd, 2379),
    "memcached": (running_memcached, 11211),
    "redis": (running_redis, 6379),
}
"""Servers, and the ports where suites look for them if nobody says anything else."""


class Run(NamedTuple):
    """A run of a suite.

    Args:
        folder: Where its copy is.
        outcomes: How each test ended.
        output: What pytest has printed.
        cpu: How many seconds of CPU it took, with its children.
    """

    folder: Path
    outcomes: Mapping[str, str]
    output: str
    cpu: float


class Place:
    """Where a suite is tried.

    Args:
        suite: It.
        folder: An empty folder.
    """

    def __init__(self, suite: Suite, folder: Path) -> None:
        self.suite = suite
        for program, package in suite.programs.items():
            if not shutil.which(program):
                sys.exit(f"{program} is not installed (apt-get install {package})")
        self._folder = folder
        (folder / ".gitconfig").write_text("[user]\nname = somebody\nemail = somebody@localhost\n")
        self._source = unpack_source(suite.source, suite.sha256, folder)
        self._python = dev.make_environment(folder / "venv")
        install = (dev.find_uv(), "pip", "install", "--quiet", "--python", self._python)
        core = f"{dev.ROOT / 'libs' / 'resource_guards'}[fix]"
        dev.run(*install, self._source, *suite.packages, "pytest", core)

    def copy(self, name: str) -> Path:
        """A fresh copy."""
        copy = self._folder / name / self._source.name
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(self._source, copy)
        return copy

    def run(self, copy: Path, *options: str, without: Collection[str] = ()) -> Run:
        """Run the suite in a copy, with a PATH that lacks some programs."""
        junit = self._folder / "junit.xml"
        junit.unlink(missing_ok=True)
        command = [str(self._python), "-m", "pytest", "-q", f"--junitxml={junit}"]
        own = ("RESOURCE_GUARDS_", "PYTEST_", "PYTHON", "GIT_", "VIRTUAL_ENV")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(own)}
        missing = {*without, *self.suite.absent}
        rest = lacking(missing, copy.parent / "path") if missing else os.environ["PATH"]
        path = f"{self._python.parent}{os.pathsep}{rest}"
        with ExitStack() as stack:
            server: dict[str, str] = {}
            for name in self.suite.servers:
                server |= stack.enter_context(served(name))
            before = spent()
            done = subprocess.run(
                [*command, *self.suite.tests, *options],
                cwd=copy,
                env={**kept, "PATH": path, "HOME": str(self._folder), **server},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                encoding="utf-8",
                errors="replace",
                timeout=1200,
                check=False,
            )
            cpu = spent() - before
        if not junit.exists():
            sys.exit(f"{' '.join(done.args)}:\n{done.stdout[-4000:]}")
        outcomes = {
            name.replace(str(copy), "."): outcome
            for name, outcome in outcomes_of(junit)
            if not without_number(name).endswith(self.suite.left_out or ("\0",))
        }
        return Run(copy, outcomes, done.stdout, cpu)


def lacking(programs: Collection[str], folder: Path) -> str:
    """A PATH like this process's, without some programs: a folder of links."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for each in os.environ["PATH"].split(os.pathsep):
        for program in Path(each).glob("*"):
            link = folder / program.name
            if program.name not in programs and not os.path.lexists(link):
                link.symlink_to(program)
    return str(folder)


def spent() -> float:
    """The seconds of CPU of all children that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


@contextmanager
def served(name: str) -> Iterator[dict[str, str]]:
    """Run a server; gives the variables that lead to it."""
    if name in USUAL:
        start, port = USUAL[name]
        with start(port):
            yield {}
        return
    with running_postgres() as server:
        place = {"PGHOST": "127.0.0.1", "PGPORT": str(server.port), "PGUSER": server.user}
        # A fixture of pgspecial's makes databases of a language that not every machine has.
        for database in ("_test_db", "_foreign_test_db"):
            command = [
                "psql",
                "--quiet",
                "--dbname=postgres",
                f"--command=create database {database}",
            ]
            subprocess.run(command, env={**os.environ, **place}, check=True)
        yield {**place, "HUEY_PG_DSN": "postgresql:///postgres"}


def outcomes_of(junit: Path) -> Iterator[tuple[str, str]]:
    """How each test ended; where several have one name, they are numbered."""
    seen = Counter[str]()
    for case in ET.parse(junit).getroot().iter("testcase"):  # noqa: S314 - pytest has written it
        name = f"{case.get('classname')}::{case.get('name')}"
        kinds = {each.tag for each in case}
        seen[name] += 1
        name = name if seen[name] == 1 else f"{name} ({seen[name]})"
        yield (
            name,
            next((kind for kind in ("failure", "error", "skipped") if kind in kinds), "passed"),
        )


def without_number(name: str) -> str:
    """A test's name without the number that tells it from others; see :func:`outcomes_of`."""
    return re.sub(r" \(\d+\)$", "", name)


def differing(one: Run, other: Run) -> list[str]:
    """The tests that have ended otherwise."""
    names = sorted({*one.outcomes, *other.outcomes})
    return [each for each in names if one.outcomes.get(each) != other.outcomes.get(each)]


def unlike(one: Path, other: Path) -> list[str]:
    """The files of Python and of settings that differ."""
    files = [
        each.relative_to(one)
        for pattern in ("*.py", "*.toml", "*.cfg", "*.ini")
        for each in sorted(one.rglob(pattern))
    ]
    return [
        str(each)
        for each in files
        if not (other / each).exists() or (one / each).read_bytes() != (other / each).read_bytes()
    ]
