"""The projects of examples/: what each README.md says is so, with the packages as they are published.

Each is copied out of the workspace. Its environment has its locked dependencies, the wheels of those of
our packages that it names, and then what its README installs.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import dev
from support.databases import Postgres
from support.databases import Redis
from support.docker_engine import Engine
from support.page import PageRun
from support.page import blocks_of
from support.page import change
from support.page import commands_of
from support.project import CORE
from support.project import EXAMPLES
from support.project import Project
from support.project import assert_published
from support.project import copy_example
from support.project import make_environment_for
from support.project import packages_of
from support.suite import MISSING
from support.suite import SUPERFLUOUS

NOT_RUN = {
    "python3 -m venv .venv": "the environment is made before, with locked packages",
    ". .venv/bin/activate": "the programs of that environment are run",
    "pip install ../../libs/resource_guards": "the wheels are installed instead",
    "pip install ../../libs/resource_guards ../../libs/mngr": "as above",
    "pip install ../../libs/resource_guards ../../libs/mngr_modal": "as above",
    "pip install ../../libs/resource_guards ../../libs/mngr ../../libs/mngr_modal": "as above",
}
"""Commands that stand in a README and are not run, and why."""

IMAGE = "busybox:1.37"
"""What the examples would pull from a registry."""

NO_ENGINE = {"DOCKER_HOST": "unix:///nowhere/docker.sock"}

MARKS = {"git": pytest.mark.git, "docker": pytest.mark.docker}
"""Those marks of the examples which are guarded here as well."""


def each_example(*, uses: bool = True) -> pytest.MarkDecorator:
    """Run a test for each example, marked with the resources that the example's tests use."""
    return pytest.mark.parametrize(
        "project",
        [
            pytest.param(name, id=name, marks=[MARKS[each] for each in guarded if each in MARKS])
            if uses
            else name
            for name, guarded in EXAMPLES.items()
        ],
        indirect=True,
    )


def text_of(name: str) -> str:
    """The README of an example."""
    return (dev.ROOT / "examples" / name / "README.md").read_text("utf-8")


def commands_in(name: str) -> list[str]:
    """All commands that stand in the README of an example."""
    blocks = [block for block in blocks_of(text_of(name)) if block.language == "console"]
    return [command for block in blocks for command, _ in commands_of(block)]


def installing(name: str) -> list[str]:
    """Those by which it is installed, after our packages."""
    commands = [command for command in commands_in(name) if command.startswith("pip install")]
    return [command for command in commands if command not in NOT_RUN]


def break_marks(project: Project) -> None:
    """Break the marks as the README tells."""
    for block in blocks_of(text_of(project.folder.name)):
        if block.language == "diff":
            change(project.folder / block.title, block.text)
        elif block.language == "python":
            (project.folder / block.title).write_text(block.text)


@pytest.fixture(scope="module")
def installed() -> dict[str, Project]:
    """The examples that have been installed, by their names."""
    return {}


@pytest.fixture
def project(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    wheels: Path,
    installed: dict[str, Project],
) -> Project:
    """A copy of an example, with the environment that one like it has been installed in."""
    name: str = request.param
    if name not in installed:
        place = tmp_path_factory.mktemp("installed")
        folder = copy_example(name, place)
        installed[name] = Project(folder, make_environment_for(folder, place / "venv", wheels))
        for command in installing(name):
            PageRun(installed[name].desk(), {}).do(f"```console\n$ {command}\n```\n")
    return Project(copy_example(name, tmp_path), installed[name].python)


@pytest.fixture
def surroundings(request: pytest.FixtureRequest, project: Project) -> dict[str, str]:
    """The environment variables by which the project finds what it needs; its settings say the same then."""
    name = project.folder.name
    if name == "services":
        places: dict[str, str] = request.getfixturevalue("places")
        return places
    if "docker" not in EXAMPLES[name]:
        return NO_ENGINE
    engine: Engine = request.getfixturevalue("engine")
    engine.name_image(IMAGE)
    return {"DOCKER_HOST": engine.url}


@pytest.fixture
def places(project: Project, postgres: Postgres, redis: Redis) -> Iterator[dict[str, str]]:
    """The services of the example, at the ports that are free here; its entry of the API is given that."""
    command = [sys.executable, "services/rates_api.py", "0"]
    with subprocess.Popen(command, cwd=project.folder, stdout=subprocess.PIPE, text=True) as rates:
        try:
            assert rates.stdout is not None
            port = int(rates.stdout.readline())
            entry = project.folder / "guards" / "rates.toml"
            text = entry.read_text("utf-8")
            assert "localhost:8080" in text
            entry.write_text(text.replace("localhost:8080", f"localhost:{port}"))
            yield {
                "DATABASE_URL": f"postgresql://postgres@127.0.0.1:{postgres.port}/postgres",
                "REDIS_URL": f"redis://127.0.0.1:{redis.port}",
                "RATES_URL": f"http://127.0.0.1:{port}",
            }
        finally:
            rates.terminate()


@each_example()
def test_what_the_readme_says(project: Project, surroundings: dict[str, str]) -> None:
    """Each command of README.md prints what stands below it: shipped, selected, and broken."""
    PageRun(project.desk(**surroundings), NOT_RUN).do(text_of(project.folder.name))


UNMARKED = {
    "core": (5, 5),
    "docker": (9, 4),
    "modal": (5, 3),
    "services": (4, 8),
    "workspace": (3, 3),
}
"""How many tests of an example need none of its resources, and how many do."""


@each_example(uses=False)
def test_without_the_resources(project: Project) -> None:
    """Where there is no git, no docker, no engine, no database, all tests pass that have no mark."""
    name = project.folder.name
    unmarked = " and ".join(f"not {mark}" for mark in EXAMPLES[name])
    passed, deselected = UNMARKED[name]
    nothing = project.desk(PATH=str(project.python.parent), **NO_ENGINE)
    page = "```console\n$ pytest {}\n...\n=== {} passed, {} deselected in 1.00s ===\n```\n"

    PageRun(nothing, {}).do(page.format(f"-m '{unmarked}'", passed, deselected))


BROKEN = {
    "core": ("tracker", "git"),
    "docker": ("docker", "docker"),
    "modal": ("modal", "modal"),
    "services": ("postgres", "rates"),
    "workspace": ("docker", "modal"),
}
"""The mark that is missing, and the one that is superfluous, when all is done that a README tells."""


@each_example()
def test_broken_marks_on_two_workers(project: Project, surroundings: dict[str, str]) -> None:
    """Two tests fail, with the messages that one process has for them, and no other."""
    missing, superfluous = BROKEN[project.folder.name]
    break_marks(project)
    desk = project.desk(**surroundings)

    done = subprocess.run(
        [*desk.programs["pytest"], "-n2"],
        cwd=desk.files,
        env=desk.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )

    assert MISSING.format(missing) in done.stdout
    assert SUPERFLUOUS.format(superfluous) in done.stdout
    assert len(re.findall(r"^(?:FAILED|ERROR) ", done.stdout, re.MULTILINE)) == 2, done.stdout
    assert done.returncode == 1


@each_example(uses=False)
def test_where_the_packages_come_from(project: Project) -> None:
    """They are those that the project names, and lie in its environment."""
    assert_published(project.python, packages_of(project.folder))


def test_a_link_to_the_sources_is_found(tmp_path: Path, wheels: Path) -> None:
    """So is a package too many or too few."""
    python = make_environment_for(copy_example("core", tmp_path), tmp_path / "venv", wheels)
    assert_published(python, [CORE])
    with pytest.raises(AssertionError, match="imbue-mngr"):
        assert_published(python, [CORE, "imbue-mngr"])

    dev.install_members(python, "mngr")
    with pytest.raises(AssertionError, match="imbue-mngr"):
        assert_published(python, [CORE])
    with pytest.raises(AssertionError, match=r"imbue-mngr is .*/libs/mngr/"):
        assert_published(python, [CORE, "imbue-mngr"])


def test_every_example_is_here_and_listed() -> None:
    """Each folder with a project is one of the examples, and the index has them all."""
    index = (dev.ROOT / "examples" / "README.md").read_text("utf-8")
    folders = {path.parent.name for path in dev.ROOT.glob("examples/*/README.md")}
    assert folders == {*EXAMPLES, "quickstart"}
    for name in folders:
        assert f"]({name})" in index


def test_each_command_that_is_not_run_stands_in_a_readme() -> None:
    """The list of exceptions has nothing that could be left out."""
    assert set(NOT_RUN) <= {command for name in EXAMPLES for command in commands_in(name)}
