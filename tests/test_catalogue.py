"""The catalogue's entries see their clients, in the newest versions that are locked, and no mock of them.

`scripts/catalogue_matrix.py` runs the same with other versions.
"""

from __future__ import annotations

import ast
import os
import tomllib
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from imbue.resource_guards.declare.entries import SHIPPED
from imbue.resource_guards.declare.entries import shipped
from support.catalogue import SUITE
from support.catalogue import Run
from support.catalogue import run_suite
from support.catalogue import write_suite
from support.databases import Postgres
from support.databases import Redis
from support.foreign import made_once
from support.servers import running_git_daemon
from support.servers import running_mariadb
from support.servers import running_moto
from support.servers import running_rabbitmq
from support.servers import running_script


def with_clients() -> list[str]:
    """The entries that have clients, and not programs or addresses alone."""
    return [
        name
        for name in shipped()
        if "clients" in tomllib.loads((SHIPPED / f"{name}.toml").read_text())
    ]


TESTS = {"unmarked", "marked", "kept_first", "kept_unmarked", "kept_second", "superfluous"}

NOT_HERE = {"Mysqlclient", "MysqlConnectorC"}
"""Ways whose clients have to be compiled, or have no such part in the version that is locked; the matrix has them."""

NOT_JUDGED = ["Pycurl superfluous: PASSED "]
"""Once it has connected, what goes over its connections is not seen."""

NO_LONGER = {"aioresponses_"}
"""Mocks that do not work with the newest version of what they mock."""


def names_in(file: str) -> set[str]:
    """The names that a file of the suite defines."""
    body = ast.parse((SUITE / file).read_text()).body
    return {each.name for each in body if isinstance(each, (ast.ClassDef, ast.FunctionDef))}


def runs_of(python: Path, folder: Path, entry: str) -> Iterator[Run]:
    """All runs of an entry."""
    if entry != "http":
        yield run_suite(python, folder, entry, "test_clients.py", "test_mocks.py")
        return
    # The server of the suite is on loopback, which is no use of it unless a table says so.
    for client in ("", "pycurl"):
        yield run_suite(
            python, folder, entry, "test_clients.py", table="loopback = true", CLIENT=client
        )
    yield run_suite(python, folder, entry, "test_mocks.py")


@pytest.fixture(name="python", scope="module")
def python_fixture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment with all clients, which the first worker that asks makes."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    return made_once("catalogue", shared)


@pytest.mark.git
@pytest.mark.timeout(900)
def test_every_client(python: Path, tmp_path: Path) -> None:
    """Unmarked and swallowed, marked, superfluous, and a client that tests share; servers count who comes."""
    folder = tmp_path / "suite"
    folder.mkdir()
    write_suite(folder)
    wrong: list[str] = []
    ways: set[str] = set()
    mocks: set[str] = set()
    for entry in with_clients():
        for run in runs_of(python, folder, entry):
            of_run = {way for way, _ in run.clients}
            assert {*run.clients} == {(way, test) for way in of_run for test in TESTS}, run.output
            assert run.clients or run.mocks, run.output
            ways |= of_run
            mocks |= {mock for mock, _ in run.mocks}
            wrong += run.wrong()

    assert wrong == NOT_JUDGED, "\n".join(wrong)
    assert ways | NOT_HERE == names_in("clients.py") - {
        "Way",
        "AsyncWay",
        "_all",
        "is_there",
        "ways",
    }
    assert mocks | NO_LONGER == names_in("mocks.py") - {"is_there"}


@pytest.mark.git
@pytest.mark.timeout(600)
def test_real_servers(python: Path, tmp_path: Path, postgres: Postgres, redis: Redis) -> None:
    """Each client of a real server gets its answers where it may, and its connection is shared by tests."""
    folder = tmp_path / "suite"
    folder.mkdir()
    write_suite(folder)
    with ExitStack() as stack:
        ports = {
            "POSTGRES_PORT": postgres.port,
            "REDIS_PORT": redis.port,
            "MARIADB_PORT": stack.enter_context(running_mariadb()),
            "RABBITMQ_PORT": stack.enter_context(running_rabbitmq()),
            "MOTO_PORT": stack.enter_context(running_moto(python)),
            "SMTP_PORT": stack.enter_context(running_script(python, SUITE / "serve_smtp.py")),
            "SSH_PORT": stack.enter_context(running_script(python, SUITE / "serve_ssh.py")),
            "GIT_PORT": stack.enter_context(running_git_daemon()),
        }
        variables = {name: str(port) for name, port in ports.items()}
        runs = [
            run_suite(python, folder, entry, "test_real.py", **variables)
            for entry in (
                *("postgres", "redis", "mysql", "rabbitmq", "s3", "aws", "smtp", "ssh", "git"),
            )
        ]

    wrong = [each for run in runs for each in run.wrong()]
    assert wrong == [], "\n".join(wrong)
    seen = {key for run in runs for key in run.clients}
    ways = names_in("real.py") - {"_all"}
    assert seen == {(way, test) for way in ways for test in TESTS}


@pytest.mark.parametrize("entry", with_clients())
def test_each_client_has_its_ways(entry: str) -> None:
    """Of each client that a file names, the suite has one."""
    clients = tomllib.loads((SHIPPED / f"{entry}.toml").read_text())["clients"]
    text = (SUITE / "clients.py").read_text()

    for client in clients:
        assert f'"{client["package"]}"' in text, client["package"]
