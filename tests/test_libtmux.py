"""The guards on a suite that nobody here wrote: libtmux's own tests, with a real tmux.

Nothing of that suite is changed. It runs once without guards, and with a guard of ``tmux`` that
comes from a plugin given with ``-p``: with no test marked, and with every test marked. A test that
uses tmux must then be the violation of the one run, and a test that does not of the other, in file
order in one process and in another order in two.

Which tests really execute tmux is known from below: in the run without guards a script that notes
the running test is mounted over the program, in a mount namespace of that run alone.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from support.foreign import give_up
from support.foreign import make_python
from support.foreign import unpack_source
from support.mounts import in_its_own_mounts
from support.suite import MISSING
from support.suite import SUPERFLUOUS

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="the ground truth is mounted over the program, as Linux can"
)

SOURCE = "libtmux-0.62.0"
SHA256 = "41e9e80602b2656fd119b13253b27bad46af5cfef32099be53cdd391e2936b61"

GUARD = """
def pytest_register_resource_guards(registry):
    registry.register_resource_guard("tmux")
"""

MARK_ALL = """
import pytest

def pytest_collection_modifyitems(items):
    for item in items:
        item.add_marker(pytest.mark.tmux)
"""

# The seed of the order alone: libtmux draws the names of its sessions from `random`.
SHUFFLED = ("--randomly-seed=20", "--randomly-dont-reset-seed", "-n2")
IN_ORDER = ("-pno:randomly",)

BARE = "without guards"
RUNS = {
    BARE: ("-pno:resource_guards", "-pname_test", *IN_ORDER),
    "no test marked": ("-pguard_tmux", *IN_ORDER),
    "every test marked": ("-pguard_tmux", "-pmark_all", *IN_ORDER),
    "no test marked, shuffled": ("-pguard_tmux", *SHUFFLED),
    "every test marked, shuffled": ("-pguard_tmux", "-pmark_all", *SHUFFLED),
}

DASHES = str.maketrans({" ": "-", ",": None})

# In a file: of the environment, some of these tests leave little.
NAME_TEST = """
import pathlib, pytest

@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item):
    pathlib.Path({running!r}).write_text(item.nodeid)
    return (yield)
"""

# Stands in for tmux, below everything that a guard could see, and notes the test it runs in.
WITNESS = """#!/bin/sh
test -e {running} && printf '%s\\n' "$(cat {running})" >> {evidence}
exec {real} "$@"
"""


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The source distribution, which holds the tests, unpacked."""
    return unpack_source(SOURCE, SHA256, tmp_path_factory.mktemp("source"))


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the packages that the suite needs, and the core."""
    return make_python("libtmux", tmp_path_factory.mktemp("environment") / "venv")


def with_witness(folder: Path, tmux: str) -> tuple[list[str], Path]:
    """A command to run another with the witness in place of tmux, and where that notes tests."""
    evidence, script = folder / "evidence", folder / "witness"
    (folder / "real").mkdir()
    real = shutil.copy(tmux, folder / "real" / "tmux")
    script.write_text(WITNESS.format(running=folder / "running", evidence=evidence, real=real))
    script.chmod(0o755)
    mount = f'mount --bind {script} {os.path.realpath(tmux)} && exec "$@"'
    return [*in_its_own_mounts(), "sh", "-c", mount, "sh"], evidence


def witnessed(evidence: Path) -> set[str]:
    """The tests that executed tmux, by the names that the reports have for them."""
    tests = set()
    for node in set(evidence.read_text().splitlines()):
        path, bracket, parameters = node.partition("[")
        *parents, name = path.split("::")
        module = ".".join(parents).removesuffix(".py").replace(".py.", ".").replace("/", ".")
        tests.add(f"{module}::{name}{bracket}{parameters}")
    return tests


def run(
    python: Path, source: Path, report: Path, arguments: tuple[str, ...], under: list[str]
) -> None:
    """Run the suite once, in a copy of its own, without the options that its authors prefer."""
    copy = report.with_suffix("")
    shutil.copytree(source, copy)
    (copy / "guard_tmux.py").write_text(GUARD)
    (copy / "mark_all.py").write_text(MARK_ALL)
    (copy / "name_test.py").write_text(NAME_TEST.format(running=str(report.with_name("running"))))
    environment = {
        **os.environ,
        "PATH": f"{python.parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(copy),
        "LANG": "C.UTF-8",
    }
    for name in ("PYTEST_ADDOPTS", "PYTEST_XDIST_WORKER", "TMUX"):
        environment.pop(name, None)
    options = ["-q", "-oaddopts=", "-pno:cacheprovider", f"--junitxml={report}"]
    with report.with_suffix(".out").open("wb") as output:
        subprocess.run(
            [*under, str(python), "-m", "pytest", "tests", *options, *arguments],
            cwd=copy,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        )


def read(report: Path) -> dict[str, tuple[str, str]]:
    """For each test, what its report calls it (``passed``, ``skipped``, ...), and all its text."""
    assert report.exists(), report.with_suffix(".out").read_text(errors="replace")[-4000:]
    tests: dict[str, tuple[str, str]] = {}
    for case in ET.parse(report).getroot().iter("testcase"):  # noqa: S314 - pytest has written it
        name = f"{case.get('classname')}::{case.get('name')}"
        outcome, text = tests.get(name, ("passed", ""))
        for child in case:
            if child.tag in ("failure", "error", "skipped"):
                outcome = child.tag
                text += f"{child.get('message')}\n{child.text}\n"
        tests[name] = (outcome, text)
    return tests


def those_told(tests: dict[str, tuple[str, str]], sentence: str) -> set[str]:
    """The tests whose report has the sentence."""
    return {name for name, (_, text) in tests.items() if sentence.format("tmux") in text}


@pytest.mark.tmux
def test_every_test_of_libtmux_has_exactly_one_right_mark(
    tmp_path: Path, source: Path, python: Path, record_property: Callable[[str, object], None]
) -> None:
    """Those that execute tmux must have the mark, and no other, in any order and any process."""
    # Behind the shim that guards these tests themselves.
    tmux = shutil.which("tmux", path=os.environ["PATH"].partition(os.pathsep)[2])
    if tmux is None:
        give_up("tmux is not installed (Debian: apt-get install tmux)")
    witness, evidence = with_witness(tmp_path, tmux)
    reports = {name: tmp_path / f"{name.translate(DASHES)}.xml" for name in RUNS}

    def run_one(name: str) -> None:
        run(python, source, reports[name], RUNS[name], witness if name == BARE else [])

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(run_one, RUNS))
    bare, unmarked, marked, unmarked_shuffled, marked_shuffled = map(read, reports.values())

    truth = witnessed(evidence)
    users, others = those_told(unmarked, MISSING), those_told(marked, SUPERFLUOUS)
    aside = {name: outcome for name, (outcome, _) in bare.items() if outcome != "passed"}
    skipped = sum(outcome == "skipped" for outcome in aside.values())
    summary = (
        f"{SOURCE}: {len(bare)} tests; {len(truth)} execute tmux; {len(users)} use it, as the "
        f"unmarked run says, and {len(others)} do not, as the marked run says; without guards "
        f"{skipped} skip themselves and {len(aside) - skipped} fail:"
    )
    figures = [summary]
    for name, outcome in sorted(aside.items()):
        told = "missing mark" if name in users else "superfluous mark" if name in others else "-"
        figures.append(f"  {outcome:8} {told:16} {name}")
    record_property("figures", "\n".join(figures))

    assert len(bare) > 1000
    assert set(unmarked) == set(marked) == set(bare)
    assert users == truth
    assert users.isdisjoint(others)
    assert set(bare) - users - others <= set(aside)
    assert those_told(unmarked, SUPERFLUOUS) == those_told(marked, MISSING) == set()
    assert those_told(unmarked_shuffled, MISSING) == users
    assert those_told(marked_shuffled, SUPERFLUOUS) == others
    assert those_told(unmarked_shuffled, SUPERFLUOUS) == set()
    assert those_told(marked_shuffled, MISSING) == set()


def run_guarded(
    python: Path, copy: Path, name: str, *arguments: str, under: list[str] | None = None
) -> tuple[str, dict[str, tuple[str, str]]]:
    """Run the suite in a copy, guarded by the setting; its output, and what its report says."""
    report = copy.with_name(f"{name}.xml")
    environment = {**os.environ, "PATH": f"{python.parent}{os.pathsep}{os.environ['PATH']}"}
    for variable in ("PYTEST_ADDOPTS", "PYTEST_XDIST_WORKER", "TMUX"):
        environment.pop(variable, None)
    command = [*(under or []), str(python), "-m", "pytest", "tests", "-q", "-oaddopts="]
    command += ["-pno:cacheprovider", "-pno:randomly", f"--junitxml={report}"]
    done = subprocess.run(
        [*command, "-oresource_guards=binary:tmux", *arguments],
        cwd=copy,
        env={**environment, "LANG": "C.UTF-8"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert report.exists(), done.stdout[-4000:]
    return done.stdout, read(report)


@pytest.mark.tmux
def test_libtmux_is_guarded_in_four_runs(
    tmp_path: Path, source: Path, python: Path, record_property: Callable[[str, object], None]
) -> None:
    """A fix, an enforcing run, one without tmux, and a fix that finds nothing more to do.

    One test is left to change by hand: its parameters are `list(VersionValidationFixture._fields)`. And
    `tests/test_common.py` runs tmux when it is imported, which the enforcing run tells.
    """
    copy = tmp_path / "libtmux"
    shutil.copytree(source, copy)
    left = "test_version_validation"

    fixed, _ = run_guarded(python, copy, "fix", "-n2", "--resource-guards-fix=write")
    enforced, tests = run_guarded(python, copy, "enforce", "-n2")
    wrong = {*those_told(tests, MISSING), *those_told(tests, SUPERFLUOUS)}

    tmux = shutil.which("tmux", path=os.environ["PATH"].partition(os.pathsep)[2])
    assert tmux is not None
    empty = tmp_path / "empty"
    empty.touch()
    mount = f'mount --bind {empty} {os.path.realpath(tmux)} && exec "$@"'
    without, bare = run_guarded(
        python,
        copy,
        "without",
        "-mnot tmux",
        "--ignore=tests/test_common.py",
        f"-knot {left}",
        under=[*in_its_own_mounts(), "sh", "-c", mount, "sh"],
    )
    again, _ = run_guarded(python, copy, "again", "-n2", "--resource-guards-fix=write")

    figures = [line for line in (fixed + again).splitlines() if " added, " in line]
    record_property("figures", "\n".join([f"{SOURCE}:", *figures, without.splitlines()[-1]]))
    assert re.search(r"\b1\d\d marks added, 0 removed in 24 files; 1 left to change by hand", fixed)
    assert {name.partition("[")[0].rpartition("::")[2] for name in wrong} == {left}
    assert "While tests were collected, tmux was used" in enforced
    assert len(bare) > 200
    assert {outcome for outcome, _ in bare.values()} <= {"passed", "skipped"}, without
    assert "0 marks added, 0 removed in 0 files" in again
