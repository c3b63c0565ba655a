"""Configuration of the workspace's own tests, which run under the workspace's own guards."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING
from typing import TypeVar

import hypothesis
import pytest

from imbue.mngr.register_guards_docker import register_docker_guards
from imbue.resource_guards.resource_guards import fixture_uses_resources
from support.databases import NoServerError
from support.databases import Postgres
from support.databases import Redis
from support.databases import running_postgres
from support.databases import running_redis
from support.docker_engine import Engine
from support.docker_engine import NoEngineError
from support.docker_engine import running_engine
from support.jobs import LONG
from support.jobs import NAMES
from support.jobs import is_wanted
from support.suite import Suite
from support.wheels import built_once

if TYPE_CHECKING:
    from imbue.resource_guards.resource_guards import Registry

pytest_plugins = ["pytester"]

hypothesis.settings.register_profile("same", derandomize=True)
hypothesis.settings.register_profile("long", derandomize=False, print_blob=True)
hypothesis.settings.load_profile("same")


@pytest.hookimpl(optionalhook=True)
def pytest_register_resource_guards(registry: Registry) -> None:
    """Guard the programs that some of these tests need."""
    for name in ("git", "tmux", "chromedriver"):
        registry.register_resource_guard(name)
    register_docker_guards(registry)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let a developer run a part of the tests."""
    group = parser.getgroup("parts of these tests")
    group.addoption(
        "--quick", action="store_true", help="no test that runs pytest or a server, and no job"
    )
    group.addoption("--job", choices=NAMES, help="only the tests of a job, or of none")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what was not asked for, and let pytest-xdist's workers begin with the longest tests.

    So none is left with them at the end: each is given a batch of a quarter of its share first.
    """
    quick, job = config.option.quick, config.option.job
    out = [each for each in items if not is_wanted(each, quick=quick, job=job)]
    if out:
        config.hook.pytest_deselected(items=out)
        left_out = set(out)
        items[:] = [each for each in items if each not in left_out]
    workers = getattr(config, "workerinput", {}).get("workercount", 1)
    if workers > 1:
        long = [each for each in items if each.path.stem in LONG]
        short = [each for each in items if each.path.stem not in LONG]
        batch = len(items) // (4 * workers)
        for at in range(workers):
            own = long[at::workers]
            short[at * batch : at * batch] = own
        items[:] = short


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show the figures that tests have recorded, whichever process has run them."""
    for outcome in ("passed", "failed"):
        for report in terminalreporter.getreports(outcome):
            for name, figures in report.user_properties:
                if name == "figures":
                    terminalreporter.section(f"figures of {report.nodeid}")
                    terminalreporter.write_line(figures)


@pytest.fixture
def suite(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Suite:
    """A test suite in a directory of its own, to be run by a pytest in a process of its own."""
    return Suite(pytester, monkeypatch)


Server = TypeVar("Server")


def _started(starting: AbstractContextManager[Server]) -> Iterator[Server]:
    """A server that tests need; where they must run, in CI, there being none is a failure."""
    try:
        with starting as running:
            yield running
    except (NoEngineError, NoServerError) as reason:
        if os.environ.get("CI"):
            pytest.fail(str(reason))
        pytest.skip(str(reason))


@pytest.fixture(scope="module")
@fixture_uses_resources("docker")
def engine() -> Iterator[Engine]:
    """A Docker engine."""
    yield from _started(running_engine())


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL server."""
    yield from _started(running_postgres())


@pytest.fixture(scope="module")
def redis() -> Iterator[Redis]:
    """A Redis server."""
    yield from _started(running_redis())


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the built distributions of this workspace; one for all workers."""
    folder = tmp_path_factory.getbasetemp()
    return built_once(folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder)
