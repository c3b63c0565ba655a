"""The resource ``network`` on suites that nobody here wrote, and that mark by hand what needs a network.

Each runs in a network namespace of its own, which has loopback and nothing else, with the guard under the name of
its own mark. What was seen is compared with the marks that its authors have given; then the marks are put right by
the fix, and what has none passes there.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import xml.etree.ElementTree as ET
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from support.foreign import give_up
from support.foreign import make_python
from support.foreign import unpack_source


@dataclass(frozen=True)
class Foreign:
    """A suite, and what is known of it.

    Args:
        source: The source distribution, with its version.
        sha256: Its digest.
        tests: Which of its tests are run.
        mark: Its mark for what needs a network.
        right: How many tests have the mark and leave the machine.
        others: How many do not, and pass.
        idle: Those that have the mark and never do.
        unmarked: Those that do, and have no mark.
        left_out: Those that fail or may fail without guards as well.
    """

    source: str
    sha256: str
    tests: tuple[str, ...]
    mark: str
    right: int
    others: int
    idle: tuple[str, ...] = ()
    unmarked: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()


SUITES = {
    "pooch": Foreign(
        "pooch-1.9.0",
        "de46729579b9857ffd3e741987a2f6d5e0e03219892c167c6578c0091fb511ed",
        ("pooch/tests",),
        "network",
        right=83,
        others=70,
        # Their FTP server is a fixture's, on loopback.
        idle=(
            "pooch/tests/test_downloaders.py::test_ftp_downloader",
            "pooch/tests/test_downloaders.py::test_downloader_progressbar_ftp",
        ),
        # That server may not listen yet.
        left_out=(
            "pooch/tests/test_core.py::test_check_availability_on_ftp",
            "pooch/tests/test_downloaders.py::test_ftp_downloader",
            "pooch/tests/test_downloaders.py::test_downloader_progressbar_ftp",
        ),
    ),
    "httpx": Foreign(
        "httpx-0.28.1",
        "75e98c5f16b0f35b567856f597f06ff2270a374470a5c2392242528e3e3e42fc",
        ("tests", "--ignore=tests/test_main.py"),  # of its command line, which needs an older rich
        "network",
        right=4,
        others=1399,
        # Its timeout of a microsecond has passed before trio opens a socket: strace shows no `connect` there.
        idle=("tests/test_timeouts.py::test_connect_timeout[trio]",),
        # The server's own lines are in the log as well, with a newer uvicorn.
        left_out=(
            "tests/test_utils.py::test_logging_request",
            "tests/test_utils.py::test_logging_redirect_chain",
        ),
    ),
    # The whole has 9,000 tests; these have each kind.
    "rdflib": Foreign(
        "rdflib-7.6.0",
        "6c831288d5e4a5a7ece85d0ccde9877d512a3d0f02d7c06455d00d6d0ea379df",
        ("test/test_extras", "test/test_graph"),
        "webtest",
        right=3,
        others=319,
        # It asks another host in a `try`, and passes whatever becomes of that.
        unmarked=("test/test_graph/test_graph.py::test_guess_format_for_parse[None]",),
    ),
}


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the packages that the suites need, and the core."""
    return make_python("network-suites", tmp_path_factory.mktemp("environment") / "venv")


def without_network(command: list[str], folder: Path) -> str:
    """What a command prints in a network namespace of its own."""
    alone = ["unshare", "--net", "--map-root-user"]
    if not shutil.which("ip") or subprocess.run([*alone, "true"], check=False).returncode:
        give_up("no network namespace is to be had (it takes root, or user ones, and iproute2)")
    environment = {**os.environ, "LANG": "C.UTF-8"}
    for name in ("PYTEST_ADDOPTS", "PYTEST_XDIST_WORKER", "PYTEST_DISABLE_PLUGIN_AUTOLOAD"):
        environment.pop(name, None)
    done = subprocess.run(
        [*alone, "sh", "-c", 'ip link set lo up && exec "$@"', "sh", *command],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    return done.stdout


def command_of(suite: Foreign, python: Path, *arguments: str) -> list[str]:
    """How it is run, without the options that its authors prefer."""
    options = ["-oaddopts=", "-q", "-Wignore", "-pno:cacheprovider"]
    guard = f"-oresource_guards_define={suite.mark}: address:*"
    return [str(python), "-mpytest", *suite.tests, *options, guard, *arguments]


def outcomes_in(report: Path) -> Counter[str]:
    """How many tests of a run have failed, and how many passed."""
    cases = ET.parse(report).getroot().iter("testcase")  # noqa: S314 - pytest has written it
    return Counter(
        "failed" if any(child.tag in ("failure", "error") for child in case) else "passed"
        for case in cases
        if case.find("skipped") is None
    )


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("pooch", marks=pytest.mark.git),
        "httpx",  # whose one wrong mark is that of a parameter, which the fix leaves to a person
        "rdflib",
    ],
)
def test_marks_that_were_given_by_hand(name: str, tmp_path: Path, python: Path) -> None:
    """The run sees which tests leave the machine; with marks put right, all others pass without a network."""
    suite = SUITES[name]
    folder = unpack_source(suite.source, suite.sha256, tmp_path)

    seen, after = tmp_path / "seen.json", tmp_path / "after.xml"
    first = without_network(
        command_of(suite, python, "--resource-guards-fix=write", f"--resource-guards-json={seen}"),
        folder,
    )
    assert seen.exists(), first[-4000:]
    tests = json.loads(seen.read_text())["tests"]
    marked = {each["nodeid"] for each in tests if is_declared(each, suite.mark)}
    used = {each["nodeid"] for each in tests if suite.mark in each["used"]}

    assert len(marked & used) == suite.right
    assert sorted(marked - used) == sorted(suite.idle)
    assert sorted(used - marked) == sorted(suite.unmarked)

    others = ["-m", f"not {suite.mark}", *(f"--deselect={each}" for each in suite.left_out)]
    output = without_network(command_of(suite, python, f"--junitxml={after}", *others), folder)
    outcomes = outcomes_in(after)
    assert outcomes == {"passed": suite.others}, output[-4000:]


def is_declared(test: dict[str, Any], mark: str) -> bool:
    """Whether a test of a report had a mark."""
    return any(each["resource"] == mark for each in test["declared"])
