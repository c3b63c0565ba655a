"""The guards on a suite that nobody here wrote: libtmux's own tests, with a real tmux.

Nothing of that suite is changed. It runs once without guards, and twice with a guard of ``tmux``
that comes from a plugin given with ``-p``: with no test marked, and with every test marked. A test
that uses tmux must then be the violation of the one run, and a test that does not of the other.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import xml.etree.ElementTree as ET
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NoReturn

import pytest

import dev
from support.suite import MISSING
from support.suite import SUPERFLUOUS

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

RUNS = {
    "without guards": ("-pno:resource_guards",),
    "no test marked": ("-pguard_tmux",),
    "every test marked": ("-pguard_tmux", "-pmark_all"),
}


def give_up(reason: str) -> NoReturn:
    """Fail in CI, where this must run; elsewhere skip, and say so."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The source distribution, which holds the tests, unpacked."""
    folder = tmp_path_factory.mktemp("source")
    name, _, version = SOURCE.rpartition("-")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    command += [f"--no-binary={name}", f"--dest={folder}", f"{name}=={version}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        give_up(f"{SOURCE} could not be downloaded:\n{done.stderr}")
    archive = folder / f"{SOURCE}.tar.gz"
    assert hashlib.sha256(archive.read_bytes()).hexdigest() == SHA256
    with tarfile.open(archive) as packed:
        packed.extractall(folder, filter="data")
    return folder / SOURCE


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the packages that the suite needs, and the core."""
    interpreter = dev.make_environment(tmp_path_factory.mktemp("environment") / "venv")
    dev.install_locked(interpreter, "--only-group=libtmux")
    dev.install_members(interpreter, "resource_guards")
    return interpreter


def run(python: Path, source: Path, report: Path, arguments: tuple[str, ...]) -> None:
    """Run the suite once, in a copy of its own, without the options that its authors prefer."""
    copy = report.with_suffix("")
    shutil.copytree(source, copy)
    (copy / "guard_tmux.py").write_text(GUARD)
    (copy / "mark_all.py").write_text(MARK_ALL)
    environment = {
        **os.environ,
        "PATH": f"{python.parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(copy),
        "LANG": "C.UTF-8",
    }
    for name in ("PYTEST_ADDOPTS", "PYTEST_XDIST_WORKER", "TMUX"):
        environment.pop(name, None)
    options = ["-q", "-oaddopts=", "-pno:cacheprovider", f"--junitxml={report}", *arguments]
    with report.with_suffix(".out").open("wb") as output:
        subprocess.run(
            [str(python), "-m", "pytest", "tests", *options],
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


@pytest.mark.tmux
def test_every_test_of_libtmux_has_exactly_one_right_mark(
    tmp_path: Path, source: Path, python: Path, record_property: Callable[[str, object], None]
) -> None:
    """Each of its tests is a violation in exactly one of the two guarded runs."""
    if shutil.which("tmux") is None:
        give_up("tmux is not installed (Debian: apt-get install tmux)")

    reports = {name: tmp_path / f"{name.replace(' ', '-')}.xml" for name in RUNS}
    with ThreadPoolExecutor(len(RUNS)) as pool:
        list(pool.map(lambda name: run(python, source, reports[name], RUNS[name]), RUNS))
    bare, unmarked, marked = (read(reports[name]) for name in RUNS)

    users = {name for name, (_, text) in unmarked.items() if MISSING.format("tmux") in text}
    others = {name for name, (_, text) in marked.items() if SUPERFLUOUS.format("tmux") in text}
    aside = {name: outcome for name, (outcome, _) in bare.items() if outcome != "passed"}
    skipped = sum(outcome == "skipped" for outcome in aside.values())
    summary = (
        f"{SOURCE}: {len(bare)} tests; {len(users)} use tmux, as the unmarked run says, "
        f"and {len(others)} do not, as the marked run says; without guards {skipped} skip "
        f"themselves and {len(aside) - skipped} fail:"
    )
    figures = [summary]
    for name, outcome in sorted(aside.items()):
        told = "missing mark" if name in users else "superfluous mark" if name in others else "-"
        figures.append(f"  {outcome:8} {told:16} {name}")
    record_property("figures", "\n".join(figures))

    assert len(bare) > 1000
    assert set(unmarked) == set(marked) == set(bare)
    assert users.isdisjoint(others)
    assert set(bare) - users - others <= set(aside)
    wrong_way = [
        *(name for name, (_, text) in unmarked.items() if SUPERFLUOUS.format("tmux") in text),
        *(name for name, (_, text) in marked.items() if MISSING.format("tmux") in text),
    ]
    assert wrong_way == []
