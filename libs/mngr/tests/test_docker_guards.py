"""Docker guards: the programs, and the real docker-py against an engine that counts requests."""

from __future__ import annotations

import contextlib
import hashlib
import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from http.server import ThreadingHTTPServer

import docker  # type: ignore[import-untyped]
import pytest

from support.suite import Suite

CONFTESTS = {
    "plugin": 'pytest_plugins = ["imbue.mngr.pytest_plugin"]',
    "function": """
        from imbue.mngr.register_guards_docker import register_docker_guards
        register_docker_guards()
        register_docker_guards()
    """,
    "all that is published": """
        from imbue.resource_guards.resource_guards import register_all_resource_guards
        register_all_resource_guards()
    """,
}


class Engine(ThreadingHTTPServer):
    """As much of a Docker engine as a ping and a version need; it notes the paths it is asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        engine = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                engine.asked.append(self.path)
                if self.path == "/moved":
                    self.send_response(302)
                    self.send_header("Location", "/version")
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return
                body = json.dumps({"ApiVersion": "1.41", "Version": "of a test"}).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        super().__init__(("127.0.0.1", 0), Handler)


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """An engine on loopback, which DOCKER_HOST names."""
    with Engine() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        monkeypatch.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{server.server_address[1]}")
        yield server
        server.shutdown()
        thread.join()


@pytest.mark.docker
@pytest.mark.parametrize("conftest", CONFTESTS)
def test_docker_py(suite: Suite, engine: Engine, conftest: str) -> None:
    """Unmarked, it is blocked and the engine is asked nothing; marked, it works."""
    suite.write(
        conftest=CONFTESTS[conftest],
        test_it="""
            import docker, pytest

            def test_unmarked():
                try:
                    docker.from_env()
                except docker.errors.DockerException:
                    pass  # as callers do, which takes the violation with it

            @pytest.mark.docker
            def test_marked():
                with_engine = docker.from_env()
                assert with_engine.version()["Version"] == "of a test"
                with_engine.close()

            @pytest.mark.docker
            def test_superfluous():
                pass

            def test_own_failure():
                docker.from_env()
        """,
    )

    outcome = suite.run("--strict-markers", "-k", "not test_marked")
    assert engine.asked == []
    assert outcome["test_unmarked"].says_missing("docker")
    assert outcome["test_superfluous"].says_superfluous("docker")
    assert outcome["test_own_failure"].says_missing("docker")
    assert "Error while fetching server API version" in outcome["test_own_failure"].text

    outcome = suite.run("--strict-markers", "-k", "test_marked")
    assert outcome.outcomes == {"test_marked": "passed"}, outcome.output
    assert engine.asked != []


def test_the_programs(suite: Suite) -> None:
    """The docker and docker-compose programs need the mark too, and either satisfies it."""
    suite.tool("docker")
    suite.tool("docker-compose")
    suite.write(
        conftest=CONFTESTS["plugin"],
        test_it="""
            import subprocess, pytest
            PROGRAMS = pytest.mark.parametrize("program", ["docker", "docker-compose"])

            @PROGRAMS
            def test_unmarked(program):
                subprocess.run([program, "ps"])

            @PROGRAMS
            @pytest.mark.docker
            def test_marked(program):
                subprocess.run([program, "ps"], check=True)
        """,
    )

    outcome = suite.run("--strict-markers")

    for program in ("docker", "docker-compose"):
        assert outcome[f"test_unmarked[{program}]"].says_missing("docker")
        assert f"{program} ps" in outcome[f"test_unmarked[{program}]"].text
        assert outcome[f"test_marked[{program}]"].outcome == "passed"
        assert suite.runs_of(program) == ["ps"]


@pytest.mark.docker
def test_separate_marks(suite: Suite, engine: Engine) -> None:
    """The two guards of the released package keep their own marks."""
    suite.tool("docker")
    suite.write(
        conftest="""
            from imbue.mngr.register_guards_docker import register_docker_cli_guard
            from imbue.mngr.register_guards_docker import register_docker_sdk_guard
            for _ in range(2):
                register_docker_cli_guard()
                register_docker_sdk_guard()
        """,
        test_it="""
            import docker, subprocess, pytest

            @pytest.mark.docker
            def test_cli():
                subprocess.run(["docker"], check=True)

            @pytest.mark.docker_sdk
            def test_sdk():
                docker.from_env(version="1.41").ping()

            @pytest.mark.docker
            def test_wrong_mark():
                docker.from_env(version="1.41").ping()
        """,
    )

    outcome = suite.run("--strict-markers", "-k", "not wrong")
    assert outcome.counts == {"passed": 2}, outcome.output
    asked = len(engine.asked)

    wrong = suite.run("--strict-markers", "-k", "wrong")["test_wrong_mark"]
    assert wrong.says_missing("docker_sdk")
    assert len(engine.asked) == asked


def test_registering_imports_nothing(suite: Suite) -> None:
    """A session that guards Docker does not import docker-py unless a test does."""
    suite.write(
        conftest=CONFTESTS["plugin"],
        test_it="""
            import sys

            def test_it():
                assert not {"docker", "requests", "urllib3"} & set(sys.modules)
        """,
    )

    assert suite.run().outcomes == {"test_it": "passed"}


OVER_TCP = {
    "a client": "docker.DockerClient(base_url=URL).version()",
    "a client of an engine that nobody names": (
        "patch.delenv('DOCKER_HOST'); docker.DockerClient(base_url=URL).version()"
    ),
    "a pickled client": (
        "api = pickle.loads(pickle.dumps(docker.APIClient(base_url=URL, version='1.41')));"
        " api.version()"
    ),
    "a redirect": (
        "api = docker.APIClient(base_url=URL, version='1.41'); api.get(api.base_url + '/moved')"
    ),
    "requests": "requests.get(URL.replace('tcp', 'http') + '/version')",
    "urllib": "urllib.request.urlopen(URL.replace('tcp', 'http') + '/version').read()",
    "httpx": "httpx.get(URL.replace('tcp', 'http') + '/version')",
    "aiodocker": "asyncio.run(aio())",
    "aiodocker of an engine that nobody names": ("patch.delenv('DOCKER_HOST'); asyncio.run(aio())"),
}


@pytest.mark.docker
@pytest.mark.parametrize("way", OVER_TCP)
def test_over_tcp(suite: Suite, engine: Engine, way: str) -> None:
    """Unmarked, the engine is asked nothing; marked, it answers. Other hosts are no engines."""
    suite.write(
        conftest=CONFTESTS["plugin"],
        test_it=f"""
            import asyncio, http.server, os, pickle, threading, urllib.request
            import aiodocker, docker, httpx, pytest, requests

            URL = os.environ["DOCKER_HOST"]

            async def aio():
                async with aiodocker.Docker(URL.replace("tcp", "http"), api_version="v1.41") as one:
                    await one.version()

            def use(patch):
                {OVER_TCP[way]}

            def test_unmarked(monkeypatch):
                try:
                    use(monkeypatch)
                except Exception:
                    pass

            @pytest.mark.docker
            def test_marked(monkeypatch):
                use(monkeypatch)

            def test_other_host():
                Handler = http.server.SimpleHTTPRequestHandler
                with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
                    threading.Thread(target=server.handle_request).start()
                    requests.get(f"http://127.0.0.1:{{server.server_port}}/")
        """,
    )

    blocked = suite.run("-Wignore", "-k", "unmarked or other")
    assert engine.asked == []
    allowed = suite.run("-Wignore", "-k", "test_marked")

    assert blocked["test_unmarked"].says_missing("docker"), blocked.output
    assert blocked["test_other_host"].outcome == "passed", blocked.output
    assert allowed["test_marked"].outcome == "passed", allowed.output
    assert engine.asked != []


@pytest.fixture
def port() -> Iterator[tuple[int, list[object]]]:
    """A port of loopback that hangs up at once, and those that have connected to it."""
    callers: list[object] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with contextlib.suppress(OSError):  # it is closed in the end
                while True:
                    caller, _ = server.accept()
                    callers.append(caller)
                    caller.close()

        thread = threading.Thread(target=serve)
        thread.start()
        yield server.getsockname()[1], callers
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


PAST_REQUESTS = {
    "a websocket": (
        "docker.APIClient(base_url=f'tcp://127.0.0.1:{PORT}', version='1.41')"
        ".attach_socket('box', ws=True)"
    ),
    "SSH by paramiko, when the client is made": (
        "docker.APIClient(base_url=f'ssh://me@127.0.0.1:{PORT}', version='1.41')"
    ),
    "SSH by the ssh program": (
        "docker.APIClient(base_url='ssh://me@engine', version='1.41', use_ssh_client=True).ping()"
    ),
    "a credential helper": "docker.credentials.Store('fake').get('https://registry')",
    "a log-in": (
        "docker.APIClient(base_url=f'tcp://127.0.0.1:{PORT}', version='1.41').login('me')"
    ),
    "a context": "docker.from_context('own').ping()",
}


@pytest.mark.docker
@pytest.mark.parametrize("way", PAST_REQUESTS)
def test_what_goes_past_requests(
    suite: Suite, port: tuple[int, list[object]], way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unmarked, nobody is connected to and no program is run; marked, it goes its way."""
    number, callers = port
    if way == "a context" and not hasattr(docker, "from_context"):
        pytest.skip("this docker-py cannot be made from a context")
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    monkeypatch.setenv("DOCKER_CONFIG", str(suite.path / "config"))
    digest = hashlib.sha256(b"own").hexdigest()
    meta = {
        "Name": "own",
        "Metadata": {},
        "Endpoints": {"docker": {"Host": f"tcp://127.0.0.1:{number}"}},
    }
    suite.write_files(
        {
            "config/config.json": json.dumps({"credsStore": "fake"}),
            f"config/contexts/meta/{digest}/meta.json": json.dumps(meta),
        }
    )
    suite.tool("ssh", "exit 1")
    suite.tool("docker-credential-fake", 'echo "{}"')
    suite.write(
        conftest=CONFTESTS["plugin"],
        test_it=f"""
            import docker, pytest

            PORT = {number}

            def test_unmarked():
                try:
                    {PAST_REQUESTS[way]}
                except Exception:
                    pass

            @pytest.mark.docker
            def test_marked():
                test_unmarked()

            def test_innocent():
                docker.APIClient(base_url="tcp://engine.example:2375", version="1.41").close()
        """,
    )

    def reached() -> bool:
        return bool(callers or suite.runs_of("ssh") or suite.runs_of("docker-credential-fake"))

    blocked = suite.run("-Wignore", "-k", "not marked or unmarked")
    assert not reached()
    allowed = suite.run("-Wignore", "-k", "test_marked")

    assert blocked["test_unmarked"].says_missing("docker"), blocked.output
    assert blocked["test_innocent"].outcome == "passed"
    assert allowed["test_marked"].outcome == "passed", allowed.output
    assert reached()


def test_helpers_of_the_docker_program(suite: Suite) -> None:
    """The credential helpers that are known by name are guarded as docker itself is."""
    suite.tool("docker-credential-pass")
    suite.write(
        conftest=CONFTESTS["plugin"],
        test_it="""
            import subprocess

            def test_unmarked():
                subprocess.run(["docker-credential-pass", "list"])
        """,
    )

    assert suite.run()["test_unmarked"].says_missing("docker")
    assert suite.runs_of("docker-credential-pass") == []
