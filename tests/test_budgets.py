"""What a test that uses nothing costs, in counts that do not depend on the machine's speed.

Each is the difference of two runs with different numbers of tests, and of a guarded and a bare one:
what a session costs once is not in it.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import textwrap
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

import dev
from benchmarks.cases import CASES
from benchmarks.run import budget_of

FEW, MANY = 50, 250
SYSTEM_CALLS = 3  # the journal is asked twice, by lseek; and getpid, since a plugin may fork
INSTRUCTIONS = 0.03  # of what an empty test takes; decision 0018 says for what
SEEDS = "12345678"  # where things lie in memory, and which names collide, adds up to 0.5 %
STEADY = """
import gc, sys
gc.disable()  # which test it falls to is chance
NAMES = [sys.intern(f"name {i}") for i in range(60_000)]  # or Python's table of names may grow meanwhile
"""

BOTH = "bare", "ours"

BENCHMARKS = dev.ROOT / "benchmarks" / "run.py"


def needs(program: str) -> None:
    """Skip without it; in CI, where it is installed, fail."""
    if shutil.which(program) is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"{program} is not installed")


FIXTURES = {
    "no fixture": "",
    "a fixture of the session": """
        import pytest

        @pytest.fixture(scope="session", autouse=True)
        def settings():
            return {}
    """,
    "a fixture with a tear-down": """
        import pytest

        @pytest.fixture(scope="session", autouse=True)
        def settings():
            yield {}
    """,
}
"""What each of the tests has besides."""


def run(  # noqa: PLR0913, PLR0917 - each is another axis
    folder: Path,
    count: int,
    flavour: str,
    tracer: list[str],
    seed: str = "0",
    fixture: str = "",
    case: str = "empty",
) -> str:
    """Run so many empty tests below another program; what that says."""
    folder = folder / f"{flavour}-{count}-{seed}"
    folder.mkdir()
    for name, text in CASES[case].files(count).items():
        (folder / name).write_text(text)
    with (folder / "conftest.py").open("a") as conftest:
        conftest.write(STEADY)
        conftest.write(textwrap.dedent(fixture))
    environment = {**os.environ, "BENCHMARK": flavour, "PYTHONHASHSEED": seed}
    environment["PADDING"] = "x" * (97 * int(seed))  # which moves things as well
    environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    environment.pop("PYTEST_XDIST_WORKER", None)
    environment.pop("RESOURCE_GUARDS_SCOPE", None)  # of the run around this one, which adds a hook
    options = ["-q", "-pno:cacheprovider"]
    options += ["-presource_guards"] if flavour == "ours" else []
    done = subprocess.run(
        [*tracer, sys.executable, "-m", "pytest", *options],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert f"{count} passed" in done.stdout, done.stdout + done.stderr
    return done.stderr


def per_test(counted: Callable[[int, str], int]) -> tuple[float, float]:
    """What a bare test takes and what guards add, of a count for a number of tests and a flavour."""
    bare, ours = ((counted(MANY, each) - counted(FEW, each)) / (MANY - FEW) for each in BOTH)
    return bare, ours - bare


ON_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="strace and valgrind count on Linux")


@ON_LINUX
def test_system_calls(tmp_path: Path) -> None:
    """A handful for each test, and none that makes a file, a directory or a process."""
    needs("strace")
    calls: dict[tuple[int, str], Counter[str]] = {}
    for count in (FEW, MANY):
        for flavour in BOTH:
            trace = tmp_path / f"trace-{flavour}-{count}"
            run(tmp_path, count, flavour, ["strace", "-f", "-o", str(trace)])
            lines = trace.read_text(errors="replace").splitlines()
            names = (re.match(r"\d+ +(\w+)\(.*?(O_CREAT)?", line) for line in lines)
            calls[count, flavour] = Counter(found[1] for found in names if found)
            calls[count, flavour]["O_CREAT"] = sum("O_CREAT" in line for line in lines)

    for name in ("O_CREAT", "mkdir", "clone", "clone3", "fork", "vfork", "execve", "rename"):
        _, added = per_test(lambda *key, name=name: calls[key][name])
        assert added == pytest.approx(0, abs=0.02), name
    unsteady = {"brk", "mmap", "munmap", "mremap", "madvise", "futex", "O_CREAT"}  # of memory
    _, added = per_test(lambda *key: sum(n for c, n in calls[key].items() if c not in unsteady))
    assert added <= SYSTEM_CALLS + 0.2


@ON_LINUX
@pytest.mark.parametrize(
    ("fixture", "case"),
    [*((each, "empty") for each in FIXTURES), ("no fixture", "empty-addresses")],
)
def test_instructions(
    tmp_path: Path, record_property: Callable[[str, object], None], fixture: str, case: str
) -> None:
    """At most 3 % of an empty test's, and no less than nothing; also where all tests share a fixture."""
    needs("valgrind")
    tracer = ["valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"]

    def counted(count: int, flavour: str, seed: str) -> int:
        said = run(tmp_path, count, flavour, tracer, seed, FIXTURES[fixture], case)
        found = re.search(r"I +refs: +([\d,]+)", said)
        assert found
        return int(found[1].replace(",", ""))

    for seed in SEEDS:
        bare, added = per_test(partial(counted, seed=seed))
        if added <= INSTRUCTIONS * bare:
            break  # what it is more with others is chance

    record_property(
        "figures",
        f"guards add {added:,.0f} instructions to the {bare:,.0f} of {CASES[case].title}, with {fixture}: {added / bare:.2%}",
    )
    assert 0 < added <= INSTRUCTIONS * bare


@pytest.mark.parametrize(
    ("name", "more", "told"),
    [
        ("calls", 100.0, "100 µs: met"),
        ("calls", 163.5, "100 µs: missed by 63.50 µs"),
        ("sdk-calls", 0.31, "0.3 µs: missed by 0.01 µs"),
        ("many", 1e6, "memory and directory as for 5,000"),
    ],
)
def test_the_table_says_what_is_missed(name: str, more: float, told: str) -> None:
    """And by how much; what is no time is told as it is."""
    assert budget_of(CASES[name], more) == told


def test_the_benchmarks_run(record_property: Callable[[str, object], None]) -> None:
    """In their short form: each case, bare, ours and the peer's."""
    done = subprocess.run(
        [sys.executable, str(BENCHMARKS), "--short"], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr
    record_property("figures", f"benchmarks, short (to show that they run):\n{done.stdout}")
    for case in CASES.values():
        assert done.stdout.count(f"| {case.title} |") == 2 + case.by_peer, case.title
