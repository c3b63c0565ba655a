"""What suites that nobody here wrote do by hand where a program is missing, replaced by marks and a setting.

Each runs as its authors left it, with the program and without; then with its helper taken out, its tests marked, and
tests of what is missing skipped by the setting. The same tests run, and the same are skipped.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path

import pytest

from support.foreign import give_up
from support.foreign import make_python
from support.foreign import unpack_source


@dataclass(frozen=True)
class Foreign:
    """A suite, and its way of doing without a program.

    Args:
        source: The source distribution, with its version.
        sha256: Its digest.
        parts: Which of its files and folders are taken.
        tests: Which of its tests are run.
        program: The program.
        edits: What is changed in its files to have marks in place of its helper.
        appended: What is written at the end of its files.
        settings: What is guarded, as `-o` takes it.
        option: What tells its helper that the program is missing, where it does not find that out.
        idle: How many of the tests that it marks or skips do not need the program.
    """

    source: str
    sha256: str
    parts: tuple[str, ...]
    tests: tuple[str, ...]
    program: str
    settings: str
    edits: Mapping[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    appended: Mapping[str, str] = field(default_factory=dict)
    option: tuple[str, ...] = ()
    idle: int = 0


COMPAT = ("check_ignore", "pack", "repository")

SUITES = {
    "graphviz": Foreign(
        "graphviz-0.21",
        "20743e7183be82aaaa8ad6c93f8893c923bd6658a04c32ee115edb3c8a835f78",
        ("conftest.py", "tests"),
        ("tests",),
        "dot",
        "resource_guards_define=graphviz: program:dot program:neato program:unflatten mark:exe",
        {
            "tests/conftest.py": (("def pytest_collection_modifyitems", "def not_any_more"),),
            "tests/backend/test_upstream_version.py": (
                ("exe(xfail=True, raises=graphviz.ExecutableNotFound)", "exe"),
            ),
        },
        option=("--skip-exe",),
        idle=3,  # they mock what would run it
    ),
    "dulwich": Foreign(
        "dulwich-1.2.21",
        "5d3939f64883e6799614cab708ef4ee9ef415dd6dcad47527cdbb0eea43bf3a2",
        ("tests", "testdata"),
        tuple(f"tests/compat/test_{name}.py" for name in COMPAT),
        "git",
        "resource_guards=git",
        {
            "tests/compat/utils.py": (
                (
                    '        raise SkipTest(f"Test requires git >= {required_version}, but',
                    '        raise AssertionError(f"Test requires git >= {required_version}, but',
                ),
            )
        },
        {
            f"tests/compat/test_{name}.py": "\nimport pytest\npytestmark = pytest.mark.git\n"
            for name in COMPAT
        },
    ),
    # It has a guard of its own, too, against tests that use conda without the mark.
    "nox": Foreign(
        "nox-2026.10.20",
        "5da57c009c3dfdd762c068d9079b17966ec967a9eb02cd8ebcf016a946eaf67f",
        ("pyproject.toml", "tests"),
        ("tests/test_virtualenv.py", "-kconda or not_stale"),
        "conda",
        "resource_guards=conda",
        {
            "tests/conftest.py": (
                ("def pytest_collection_modifyitems", "def not_any_more"),
                ("def pytest_runtest_setup", "def nor_this"),
            )
        },
        {
            "tests/conftest.py": """
def pytest_collection_modifyitems(items):
    for item in items:
        if "make_conda" in getattr(item, "fixturenames", ()):
            item.add_marker("conda")
"""
        },
        idle=13,  # an environment that is not created runs no conda, and some mock it
    ),
}


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment with what the suites need."""
    return make_python("skips-by-hand", tmp_path_factory.mktemp("environment") / "venv")


def outcomes(python: Path, folder: Path, path: str, *arguments: str) -> dict[str, str]:
    """What became of each test of a suite.

    Args:
        python: The interpreter.
        folder: Where the suite is.
        path: The folders that programs are looked for in.
        arguments: pytest's.
    """
    junit = folder / "junit.xml"
    junit.unlink(missing_ok=True)
    command = [
        python,
        "-m",
        "pytest",
        "-q",
        "-pno:cacheprovider",
        f"--junitxml={junit}",
        *arguments,
    ]
    own = ("RESOURCE_GUARDS_", "PYTEST_", "PYTHON", "GIT_")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(own)}
    done = subprocess.run(
        list(map(str, command)),
        cwd=folder,
        env={**environment, "PATH": path, "HOME": str(folder)},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert junit.exists(), done.stdout + done.stderr
    found = {}
    for case in ET.parse(junit).getroot().iter("testcase"):  # noqa: S314 - pytest has written it
        kinds = {each.tag: each.get("type", "") for each in case}
        how = next((kind for kind in ("failure", "error", "skipped") if kind in kinds), "passed")
        if "xfail" in kinds.get("skipped", ""):
            how = "xfailed"
        found[f"{case.get('classname')}::{case.get('name')}"] = how
    return found


def folder_with(folder: Path, programs: tuple[str, ...]) -> str:
    """A folder that has some programs of PATH, and no others."""
    folder.mkdir()
    for program in programs:
        where = shutil.which(program)
        if where is None:
            give_up(f"{program} is not installed")
        (folder / program).symlink_to(where)
    return str(folder)


@pytest.mark.parametrize(
    "name", [pytest.param("dulwich", marks=pytest.mark.git), "graphviz", "nox"]
)
def test_the_same_tests_run_and_are_skipped(name: str, tmp_path: Path, python: Path) -> None:
    """By their helper, and by marks and the setting; and what they skip for nothing is found."""
    suite = SUITES[name]
    source = unpack_source(suite.source, suite.sha256, tmp_path)
    folder = tmp_path / "suite"
    folder.mkdir()
    for part in suite.parts:
        copy = shutil.copytree if (source / part).is_dir() else shutil.copy
        copy(source / part, folder / part)
    there = os.environ["PATH"]
    if (
        shutil.which(suite.program) is None
    ):  # then one that does nothing: what fails by that, fails in both
        (tmp_path / "stand-in").mkdir()
        (tmp_path / "stand-in" / suite.program).write_text("#!/bin/sh\n")
        (tmp_path / "stand-in" / suite.program).chmod(0o755)
        there = f"{tmp_path / 'stand-in'}{os.pathsep}{there}"
    away = folder_with(tmp_path / "bin", ("sh", "env", "true"))
    theirs = ("-pno:resource_guards", *suite.tests)
    by_hand = outcomes(python, folder, there, *theirs)
    by_hand_away = outcomes(python, folder, away, *theirs, *suite.option)

    for file, edits in suite.edits.items():
        text = (folder / file).read_text()
        for old, new in edits:
            assert text.count(old) == 1, (file, old)
            text = text.replace(old, new)
        (folder / file).write_text(text)
    for file, more in suite.appended.items():
        with (folder / file).open("a") as opened:
            opened.write(more)
    ours = ("-o", suite.settings, "--resource-guards-unavailable=skip", *suite.tests)
    marked = outcomes(python, folder, there, *ours)
    marked_away = outcomes(python, folder, away, *ours)

    assert by_hand.keys() == marked.keys() == by_hand_away.keys() == marked_away.keys()
    differ = {key: (how, marked[key]) for key, how in by_hand.items() if marked[key] != how}
    assert {*differ.values()} <= {("passed", "error")}, differ
    assert len(differ) == suite.idle, differ
    differ = {
        key: (how, marked_away[key]) for key, how in by_hand_away.items() if marked_away[key] != how
    }
    assert {*differ.values()} <= {("xfailed", "skipped")}, differ
    assert "skipped" in marked_away.values()
