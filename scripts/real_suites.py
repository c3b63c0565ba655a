"""Try discovery on suites that nobody here wrote, and compare what comes out with what is known of them.

    python scripts/real_suites.py                 # all
    python scripts/real_suites.py huey pgspecial  # some
    python scripts/real_suites.py --cost huey     # and what discovery costs: the best of three

Each suite is downloaded as a source distribution and gets an environment of its own, with what it needs and the core.
It is run as it is, with discovery, with discovery and the fix writing in one run and in two, and then with what was
written. Each run has a fresh copy and a fresh server. Fails if a figure is another than the table says.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from contextlib import ExitStack
from contextlib import contextmanager
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path
from typing import NamedTuple

import dev

sys.path.insert(0, str(dev.ROOT / "tests"))

from support.databases import running_postgres
from support.databases import running_redis
from support.foreign import unpack_source

REDIS_PORT = 6379
"""Where suites look for Redis if nobody says anything else."""

TRIES = 3
MOST_COST = 10
"""How much more CPU discovery may take, in percent; judged of what takes a second or more."""


@dataclass(frozen=True)
class RealSuite:
    """A suite, and what is known of it.

    Args:
        source: The source distribution, with its version.
        sha256: Its digest.
        packages: What is installed beside it.
        tests: pytest's arguments.
        servers: The servers that it wants to be there: ``postgres``, ``redis``.
        outcomes: How many of its tests have which outcome.
        uses: What it is said to use, and how many tests do.
        marks: How many marks the fix adds.
        left: How many tests the fix leaves to a person.
        violations: How many tests end otherwise with what was written.
        left_out: Tests that do not end the same way each time, without guards too.
    """

    source: str
    sha256: str
    packages: tuple[str, ...]
    tests: tuple[str, ...]
    servers: tuple[str, ...] = ()
    outcomes: Mapping[str, int] = field(default_factory=dict)
    uses: Mapping[str, int] = field(default_factory=dict)
    marks: int = 0
    left: int = 0
    violations: int = 0
    left_out: tuple[str, ...] = ()


SUITES = {
    "pgspecial": RealSuite(
        "pgspecial-2.2.1",
        "da6c7fcc7bef7bb0132dc2046f74ec6513b1fe6f0c80e5528d630d14b7c4849d",
        ("psycopg[binary]", "configobj"),
        ("tests",),
        ("postgres",),
        outcomes={"passed": 74, "failure": 5},
        uses={"postgres": 59},
        marks=1,
    ),
    "huey": RealSuite(
        "huey-3.5.4",
        "328f5a2dd1406621e5edb17d45655ae232ad9f32c0795ca8dc0bfc121dd7b30c",
        ("redis", "peewee", "psycopg[binary]"),
        ("huey/tests",),
        ("postgres", "redis"),
        outcomes={"passed": 359, "skipped": 70},
        uses={"redis": 63, "postgres": 15},
        marks=26,
        left=40,
        violations=40,
    ),
    "pydot": RealSuite(
        "pydot-4.0.1",
        "c2148f681c4a33e08bf0e26a9e5f8e4099a82e0e2a068098f32ce86577364ad5",
        ("chardet", "parameterized"),
        ("test",),
        outcomes={"passed": 251, "skipped": 1},
        uses={"dot": 195, "twopi": 1},
        marks=2,
        left=1,
        violations=194,
    ),
    "requests": RealSuite(
        "requests-2.34.2",
        "f288924cae4e29463698d6d60bc6a4da69c89185ad1e0bcc4104f584e960b9ed",
        ("pytest-httpbin==2.1.0", "httpbin", "pytest-mock", "trustme", "PySocks"),
        ("tests",),
        outcomes={"passed": 613, "failure": 4, "skipped": 16},
        uses={"http": 6},
        marks=4,
    ),
    "sh": RealSuite(
        "sh-2.4.0",
        "a250aef68509ed93419c9a1d90b0647cd5cbe26107ba94d3717ef5b6d595ffd9",
        (),
        ("tests",),
        outcomes={"passed": 189, "skipped": 1},
        uses={"groupadd": 1, "groupdel": 1, "useradd": 1, "userdel": 1},
        marks=4,
    ),
}


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

    def __init__(self, suite: RealSuite, folder: Path) -> None:
        self.suite = suite
        self._folder = folder
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

    def run(self, copy: Path, *options: str) -> Run:
        """Run the suite in a copy."""
        junit = self._folder / "junit.xml"
        junit.unlink(missing_ok=True)
        command = [str(self._python), "-m", "pytest", "-q", f"--junitxml={junit}"]
        own = ("RESOURCE_GUARDS_", "PYTEST_", "PYTHON", "GIT_", "VIRTUAL_ENV")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(own)}
        path = f"{self._python.parent}{os.pathsep}{os.environ['PATH']}"
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
            if not name.endswith(self.suite.left_out or ("\0",))
        }
        return Run(copy, outcomes, done.stdout, cpu)


def spent() -> float:
    """The seconds of CPU of all children that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


@contextmanager
def served(name: str) -> Iterator[dict[str, str]]:
    """Run a server; gives the variables that lead to it."""
    if name == "redis":
        with running_redis(port=REDIS_PORT):
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


def differing(one: Run, other: Run) -> list[str]:
    """The tests that have ended otherwise."""
    names = sorted({*one.outcomes, *other.outcomes})
    return [each for each in names if one.outcomes.get(each) != other.outcomes.get(each)]


def used(path: Path) -> dict[str, int]:
    """What a file of discovery names, but for the suite's own servers, with how many tests."""
    found = json.loads(path.read_text())["found"]
    return {
        re.sub(r"^127\.0\.0\.1:\d+$", "127.0.0.1", each["name"]): len(each["tests"])
        for each in found
        if each["tests"] and not (each["own"] == sorted(each["tests"]) and not each["outside"])
    }


def try_suite(suite: RealSuite, folder: Path, *, cost: bool, show: bool) -> Iterator[str]:
    """What is other than the table says, and each figure that is known only after the runs."""
    place = Place(suite, folder)
    bare = place.run(place.copy("bare"), "-pno:resource_guards")
    data = folder / "found.json"
    discover = ("--resource-guards-discover", f"--resource-guards-discover-json={data}")
    seen = place.run(place.copy("seen"), *discover)
    once = place.run(
        place.copy("once"), "--resource-guards-discover=write", "--resource-guards-fix=write"
    )
    twice = place.copy("twice")
    place.run(twice, "--resource-guards-discover=write")
    place.run(twice, "--resource-guards-fix=write")
    enforced = place.run(once.folder)
    for what, run in (("discovery", seen), ("discovery and fix", once)):
        yield from (f"{what}: {each} ends otherwise" for each in differing(bare, run))
    changed = differing(bare, enforced)
    fixed = re.search(r"(\d+) marks? added.*?; (\d+) left to a person", once.output)
    marks, left = map(int, fixed.groups()) if fixed else (0, 0)
    figures = {
        "outcomes": (dict(Counter(bare.outcomes.values())), dict(suite.outcomes)),
        "uses": (used(data), dict(suite.uses)),
        "marks": (marks, suite.marks),
        "left to a person": (left, suite.left),
        "violations": (len(changed), suite.violations),
    }
    for name, (now, known) in figures.items():
        if now != known:
            yield f"{name}: {now}, and not {known}"
    if len(changed) != suite.violations:
        yield f"enforcing: {', '.join(changed[:10])} end otherwise"
    yield from (f"two runs write {each} otherwise" for each in unlike(once.folder, twice))
    if cost:
        yield from cost_of(place, bare, seen, discover)
    if show:
        print(seen.output, once.output, enforced.output, sep="\n")


def cost_of(place: Place, bare: Run, seen: Run, discover: Sequence[str]) -> Iterator[str]:
    """Whether discovery takes too much CPU."""
    without, with_it = [bare.cpu], [seen.cpu]
    for _ in range(TRIES - 1):
        without.append(place.run(place.copy("bare"), "-pno:resource_guards").cpu)
        with_it.append(place.run(place.copy("seen"), *discover).cpu)
    more = (min(with_it) / min(without) - 1) * 100
    print(f"CPU: {min(without):.2f} s, with discovery {min(with_it):.2f} s, {more:+.0f} %")
    if more > MOST_COST and min(without) > 1:
        yield f"discovery costs {more:.0f} %"


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


def main(arguments: list[str]) -> int:
    """Run the command line; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="which; all by default")
    parser.add_argument("--cost", action="store_true", help="measure the CPU, too")
    parser.add_argument("--show", action="store_true", help="print what pytest has printed")
    options = parser.parse_args(arguments)
    unknown = set(options.names) - SUITES.keys()
    if unknown:
        parser.error(f"no suite {', '.join(sorted(unknown))}; there are {', '.join(SUITES)}")
    for each in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
        if signal.getsignal(each) is signal.SIG_IGN:  # in the background; a suite would inherit it
            signal.signal(each, signal.SIG_DFL)
    rows = []
    for name in options.names or SUITES:
        begin = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="real-", ignore_cleanup_errors=True) as folder:
            tried = try_suite(SUITES[name], Path(folder), cost=options.cost, show=options.show)
            wrong = list(tried)
        for line in wrong:
            print(f"{name}: {line}", flush=True)
        rows.append((name, int(bool(wrong)), time.monotonic() - begin))
    dev.print_results("suite", rows)
    return int(any(code for _, code, _ in rows))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
