"""The files of examples/ci: a code host can read them, and their commands do what the page says."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped] # its stubs would be for two files alone

import dev
from support.page import blocks_of
from support.page import outer_environment

FOLDER = dev.ROOT / "examples" / "ci"
FILES = {path.name: path.read_text("utf-8") for path in sorted(FOLDER.iterdir())}
LOADED: dict[str, dict[Any, Any]] = {name: yaml.safe_load(text) for name, text in FILES.items()}

OURS = re.compile(r"(?:pytest|python -m imbue\.resource_guards) ")
OF_THE_HOST = re.compile(
    r"pip install |gh |run=\$\(gh |curl |cat \w+\.md >> \"\$GITHUB_STEP_SUMMARY\""
)
"""Commands that need a registry, or the code host."""


SETTINGS = """\
[tool.pytest.ini_options]
resource_guards = ["git", "docker"]
addopts = "--import-mode=importlib"

[tool.resource_guards.docker]
programs = ["docker"]
probe = "docker info"
"""

TEST = """\
import subprocess

import pytest


@pytest.mark.{name}
def test_it():
    subprocess.run(["{name}", "version"], check=True)
"""


@dataclass(frozen=True)
class Command:
    """A line of a job.

    Args:
        text: What the shell is given.
        folder: Where it is run, from the root of the repository.
        variables: The environment that the file gives it.
    """

    text: str
    folder: str
    variables: dict[str, str]


def commands_of(name: str, job: str, number: int) -> Iterator[Command]:
    """The commands of a job, in one of the jobs that its matrix makes.

    Args:
        name: The file.
        job: Its job.
        number: Which row of the matrix.
    """
    told = LOADED[name][job] if name.startswith("gitlab") else LOADED[name]["jobs"][job]
    if name.startswith("gitlab"):
        row = told["parallel"]["matrix"][number] if "parallel" in told else {}
        for script in told["script"]:
            for line in script.splitlines():
                yield Command(line, ".", {**row, "CI_NODE_INDEX": str(number + 1)})
        return
    row = row_of(told.get("strategy", {}).get("matrix", {}), number)
    for step in told["steps"]:
        variables = {key: filled(text, row) for key, text in step.get("env", {}).items()}
        for line in step.get("run", "").splitlines():
            yield Command(line, filled(step.get("working-directory", "."), row), variables)


def row_of(matrix: dict[str, Any], number: int) -> dict[str, str]:
    """A row of a matrix of GitHub's."""
    if "include" in matrix:
        found: dict[str, str] = matrix["include"][number]
        return found
    return {key: values[number] for key, values in matrix.items()}


def filled(text: str, row: dict[str, str]) -> str:
    """Text with the values of the matrix."""
    return re.sub(r"\$\{\{ matrix\.(\w+) \}\}", lambda match: row[match[1]], text)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """An empty repository, beside a folder with the programs that the suites use."""
    bin_folder = tmp_path / "bin"
    bin_folder.mkdir()
    for name, line in {
        "git": "exit 0",
        "docker": "exit 0",
        "pytest": f'exec "{sys.executable}" -m pytest "$@"',
        "python": f'exec "{sys.executable}" "$@"',
    }.items():
        program = bin_folder / name
        program.write_text(f"#!/bin/sh\n{line}\n")
        program.chmod(0o755)
    folder = tmp_path / "repository"
    (folder / ".git").mkdir(parents=True)
    return folder


def project(folder: Path, tests: dict[str, str]) -> None:
    """Write a suite, with a test of a resource in each of its folders."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pyproject.toml").write_text(SETTINGS)
    for place, resource in tests.items():
        (folder / place).mkdir(parents=True)
        (folder / place / "test_it.py").write_text(TEST.format(name=resource))


def run(repository: Path, command: Command) -> str:
    """Run a command of ours as the code host would; gives what it printed."""
    done = subprocess.run(
        ["sh", "-ec", command.text],
        cwd=repository / command.folder,
        env={
            **outer_environment(),
            **command.variables,
            "PATH": f"{repository.parent / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            "PYTEST_ADDOPTS": "-presource_guards -pno:cacheprovider",
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"$ {command.text}\n{done.stdout}"
    return done.stdout


def do(repository: Path, name: str, job: str, number: int = 0) -> list[str]:
    """Run those commands of a job that are ours; gives what each printed."""
    return [
        run(repository, command)
        for command in commands_of(name, job, number)
        if OURS.match(command.text)
    ]


def outcomes(report: Path) -> dict[str, str]:
    """The outcome of each test of a report."""
    lines = json.loads(report.read_text())["tests"]
    return {test["nodeid"]: test["outcome"] for test in lines}


def jobs_of(name: str) -> list[str]:
    """The jobs of a file."""
    loaded = LOADED[name]
    return (
        [*loaded["jobs"]]
        if "jobs" in loaded
        else [key for key in loaded if "script" in loaded[key]]
    )


@pytest.mark.parametrize("name", FILES)
def test_each_line_is_known(name: str) -> None:
    """A line of a job is a command of ours, which a test runs, or one that needs the code host."""
    for job in jobs_of(name):
        lines = [command.text for command in commands_of(name, job, 0)]
        assert lines
        assert [
            line for line in lines if not OURS.match(line) and not OF_THE_HOST.match(line)
        ] == []


@pytest.mark.parametrize("name", FILES)
def test_the_page_shows_the_file(name: str) -> None:
    """The page on CI has the whole file, and no other."""
    page = (dev.ROOT / "docs" / "ci.md").read_text("utf-8")
    shown = [block.text for block in blocks_of(page) if block.language == "yaml"]
    assert FILES[name] in shown
    assert len(shown) == len(FILES)


@pytest.mark.parametrize("name", [name for name in FILES if name.startswith("github")])
def test_the_workflows_are_careful(name: str) -> None:
    """Actions are pinned as our own are, and no expression stands in a command."""
    pinned = re.findall(r"uses: (\S+)", (dev.ROOT / ".github/workflows/ci.yml").read_text("utf-8"))
    pinned += re.findall(r"uses: (\S+)", (dev.ROOT / ".github/workflows/release.yml").read_text())
    assert LOADED[name]["permissions"] == {}
    for job in LOADED[name]["jobs"].values():
        assert all(step["uses"] in pinned for step in job["steps"] if "uses" in step)
        assert not [step for step in job["steps"] if "${{" in step.get("run", "")]


@pytest.mark.parametrize(
    ("name", "part", "base"),
    [
        ("github-actions.yml", "parts/{}/report.json", "base/all.json"),
        ("gitlab-ci.yml", "part-{}.json", "base.json"),
    ],
)
def test_a_suite_in_parts(repository: Path, name: str, part: str, base: str) -> None:
    """Each job runs its part, and the last has one report of all tests, a page, and the comparison."""
    project(repository, {"tests/unit": "git", "tests/docker": "docker"})

    for number in range(2):
        (output,) = do(repository, name, "test", number)
        assert "1 passed" in output
        if name.startswith("github"):
            kept = repository / part.format(number)
            kept.parent.mkdir(parents=True)
            (repository / "report.json").rename(kept)
    earlier = repository / base
    earlier.parent.mkdir(exist_ok=True)
    earlier.write_text((repository / part.format(1)).read_text())
    do(repository, name, "report")
    if name.startswith("gitlab"):
        do(repository, name, "compare")

    assert outcomes(repository / "all.json") == {
        "tests/docker/test_it.py::test_it": "passed",
        "tests/unit/test_it.py::test_it": "passed",
    }
    assert "<html" in (repository / "report.html").read_text()
    assert "## Resource guards: what has changed" in (repository / "change.md").read_text()


def test_a_missing_resource_fails_its_job(repository: Path) -> None:
    """The job that requires Docker ends before its first test where there is none."""
    project(repository, {"tests/unit": "git", "tests/docker": "docker"})
    (repository.parent / "bin" / "docker").write_text("#!/bin/sh\nexit 1\n")

    for name in ("github-actions.yml", "gitlab-ci.yml"):
        with pytest.raises(AssertionError, match="docker is not available"):
            do(repository, name, "test", 1)


def test_a_monorepo(repository: Path) -> None:
    """The merged report has the tests of both projects, with paths from the root, and Markdown."""
    name = "github-actions-monorepo.yml"
    for number, place in enumerate(("services/orders", "services/users")):
        project(repository / place, {"tests": "git"})
        do(repository, name, "test", number)
        kept = repository / "projects" / str(number) / "report.json"
        kept.parent.mkdir(parents=True)
        (repository / place / "report.json").rename(kept)

    do(repository, name, "report")

    assert outcomes(repository / "all.json") == {
        "services/orders/tests/test_it.py::test_it": "passed",
        "services/users/tests/test_it.py::test_it": "passed",
    }
    assert "git" in (repository / "all.md").read_text()


def test_the_fix_by_a_report(repository: Path) -> None:
    """The report of a job gives a test its mark where the source is."""
    project(repository, {"tests": "git"})
    test = repository / "tests" / "test_it.py"
    marked = test.read_text()
    test.write_text(marked.replace("@pytest.mark.git\n", ""))
    run(
        repository,
        Command("pytest --resource-guards=warn --resource-guards-json=all.json", ".", {}),
    )

    run(repository, Command("python -m imbue.resource_guards fix all.json --write", ".", {}))

    assert "@pytest.mark.git\ndef test_it" in test.read_text()
