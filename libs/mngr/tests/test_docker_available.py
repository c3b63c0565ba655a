"""Whether a Docker engine answers, and what becomes of tests where none does."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from imbue.mngr import engine
from imbue.mngr.probe import probe_engine
from support.docker_engine import NoEngineError
from support.docker_engine import running_engine
from support.suite import WORKERS
from support.suite import Suite

# Also where the engine is one of this file's own.
pytestmark = pytest.mark.docker

CONFTEST = """
    pytest_plugins = ["imbue.mngr.pytest_plugin"]
"""

TESTS = """
    import subprocess, pytest

    @pytest.mark.docker
    @pytest.mark.parametrize("number", range(3))
    def test_docker(number): subprocess.run(["docker", "version"], check=True)

    def test_plain(): pass

    @pytest.mark.docker(optional=True)
    def test_sometimes(): pass
"""


@pytest.fixture(name="nowhere", autouse=True)
def nowhere_fixture(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting of this machine says where an engine is, and none is at a usual place."""
    for name in (
        "DOCKER_HOST",
        "CONTAINER_HOST",
        "DOCKER_CONTEXT",
        "XDG_RUNTIME_DIR",
        "DOCKER_TLS_VERIFY",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    monkeypatch.setattr(engine, "_DEFAULT_SOCKETS", (f"{tmp_path}/usual.sock",))


def test_an_engine_that_is_stopped_between_runs(
    suite: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While it runs its tests run; then they are skipped with its address, or the run stops."""
    suite.write(conftest=CONFTEST, test_it=TESTS)
    skip = "--resource-guards-unavailable=skip"
    try:
        with running_engine() as running:
            monkeypatch.setenv("DOCKER_HOST", running.url)
            there = suite.run(skip, "--resource-guards-require=docker")
    except NoEngineError as error:
        pytest.fail(str(error))
    assert there.counts == {"passed": 5}, there.output

    reason = f"no engine at {running.url} (No such file or directory)"
    for workers in ([], ["-n2"]):
        gone = suite.run(skip, "-rs", *workers)
        assert gone.counts == {"skipped": 4, "passed": 1}, gone.output
        assert f"docker: 4 tests skipped (not available: {reason})" in gone.output
        assert f"docker is not available: {reason}" in gone["test_docker[0]"].text

        required = suite.run("--resource-guards-require=docker", *workers)
        assert required.code == pytest.ExitCode.USAGE_ERROR
        assert f"docker is not available: {reason}" in required.output


@contextmanager
def answering(answer: bytes, path: Path) -> Iterator[None]:
    """A server at a Unix socket that gives each request one answer."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.recv(1000)
            self.request.sendall(answer)

    with socketserver.UnixStreamServer(str(path), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


ANSWERS = {
    b"HTTP/1.0 200 OK\r\n\r\nOK": None,
    b"HTTP/1.0 500 Internal Server Error\r\n\r\n": "(it answers 'HTTP/1.0 500 Internal Server Error')",
    b"": "(it answers '')",
}


@pytest.mark.parametrize("answer", ANSWERS)
def test_what_answers(
    answer: bytes, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """It is asked as clients ask first, and not only connected to."""
    monkeypatch.chdir(tmp_path_factory.mktemp("s"))
    monkeypatch.setenv("DOCKER_HOST", "unix://a.sock")
    with answering(answer, Path("a.sock")):
        said = probe_engine()

    expected = ANSWERS[answer]
    assert said == (expected and f"no engine at unix://a.sock {expected}")


def test_where_it_is_looked_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where the environment says, or Docker's context, or else at the usual places."""
    assert (
        probe_engine() == f"no engine at unix://{tmp_path}/usual.sock (No such file or directory)"
    )

    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
    assert probe_engine() == "no engine at tcp://127.0.0.1:1 (Connection refused)"

    monkeypatch.setenv("DOCKER_HOST", "ssh://nobody@no-such.invalid")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "only the docker program can reach it, which is not on PATH" in str(probe_engine())


def test_one_of_the_usual_places(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The first that answers is enough: Podman's and others' are among them."""
    folder = tmp_path_factory.mktemp("s")
    monkeypatch.chdir(folder)
    Path("stale.sock").touch()
    monkeypatch.setattr(engine, "_DEFAULT_SOCKETS", ("stale.sock", "usual.sock"))
    with answering(b"HTTP/1.0 200 OK\r\n\r\nOK", Path("usual.sock")):
        assert probe_engine() is None


@WORKERS
def test_a_report_knows(
    suite: Suite, monkeypatch: pytest.MonkeyPatch, workers: tuple[str, ...]
) -> None:
    """The reason stands in JSON."""
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
    suite.write(conftest=CONFTEST, test_it=TESTS)

    suite.run("--resource-guards-unavailable=skip", "--resource-guards-json=r.json", *workers)

    tests = json.loads((suite.path / "r.json").read_text())["tests"]
    reasons = {each["nodeid"]: each.get("unavailable") for each in tests}
    assert reasons.pop("test_it.py::test_plain") is None
    assert {*map(str, reasons.values())} == {
        str({"docker": "no engine at tcp://127.0.0.1:1 (Connection refused)"})
    }
