"""Which addresses are an engine's."""

from __future__ import annotations

import hashlib
import json
import socket
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from imbue.mngr.engine import is_engine_address
from imbue.mngr.engine import is_engine_request


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home, and nothing else that says where an engine is."""
    for name in ("DOCKER_HOST", "CONTAINER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))
    return tmp_path


def test_default_sockets(home: Path) -> None:
    """Those that the programs try by themselves, by whatever path they are reached."""
    (home / "link").symlink_to("/var/run/docker.sock")
    for path in (
        "/var/run/docker.sock",
        b"/var/run/docker.sock",
        "/var/run/../run/docker.sock",
        str(home / "link"),
        f"{home}/.docker/run/docker.sock",
        f"{home}/run/podman/podman.sock",
    ):
        assert is_engine_address(path), path
    for address in ("/var/run/other.sock", "", b"\0abstract", ("127.0.0.1", 2375), None, 7):
        assert not is_engine_address(address), address


@pytest.mark.parametrize("variable", ["DOCKER_HOST", "CONTAINER_HOST"])
def test_what_the_environment_names(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A socket, or a host with a port by name and by number; it may change while tests run."""
    monkeypatch.setenv(variable, "tcp://localhost:2375")
    assert is_engine_address(("127.0.0.1", 2375))
    assert is_engine_address(("localhost", 2375))
    assert not is_engine_address(("127.0.0.1", 2376))
    assert not is_engine_address(("192.0.2.1", 2375))
    monkeypatch.setenv(variable, "tcp://[::1]:2375")
    assert is_engine_address(("::1", 2375, 0, 0))
    monkeypatch.setenv(variable, "unix:///tmp/own.sock")
    assert is_engine_address("/tmp/own.sock")  # noqa: S108 - nothing is made there
    assert not is_engine_address(("127.0.0.1", 2375))
    for other in ("ssh://me@there", "tcp://no-port", "nonsense", ""):
        monkeypatch.setenv(variable, other)
        assert not is_engine_address(("127.0.0.1", 2375)), other


def test_a_host_that_cannot_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is known by its name alone, and other connections are as they were."""

    def unknown(host: str, *_: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, host)

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    monkeypatch.setenv("DOCKER_HOST", "tcp://engine.invalid:2375")

    assert is_engine_address(("engine.invalid", 2375))
    assert not is_engine_address(("127.0.0.1", 2375))


def test_addresses_of_other_families(monkeypatch: pytest.MonkeyPatch) -> None:
    """One without a port, as of a CAN bus, is no engine's while the engine is at a port."""
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:2375")

    assert not is_engine_address(("vcan0",))
    assert not is_engine_address(())


def test_the_current_context(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one that the config file or the environment names; a damaged file is none."""
    for name, url in (("one", "tcp://127.0.0.1:1111"), ("two", "tcp://127.0.0.1:2222")):
        folder = home / ".docker/contexts/meta" / hashlib.sha256(name.encode()).hexdigest()
        folder.mkdir(parents=True)
        meta = {"Name": name, "Endpoints": {"docker": {"Host": url}}}
        (folder / "meta.json").write_text(json.dumps(meta))
    (home / ".docker/config.json").write_text('{"currentContext": "one"}')
    assert is_engine_address(("127.0.0.1", 1111))
    monkeypatch.setenv("DOCKER_CONTEXT", "two")
    assert is_engine_address(("127.0.0.1", 2222))
    assert not is_engine_address(("127.0.0.1", 1111))
    monkeypatch.setenv("DOCKER_CONTEXT", "there is none")
    assert not is_engine_address(("127.0.0.1", 2222))
    monkeypatch.delenv("DOCKER_CONTEXT")
    monkeypatch.setenv("DOCKER_CONFIG", str(home))
    (home / "config.json").write_text("{")
    assert not is_engine_address(("127.0.0.1", 1111))


def test_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pool is an engine's by its module, its socket or its host; any other's is not."""
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:2375")
    elsewhere = SimpleNamespace(host="example.org", port=443)
    assert not is_engine_request(elsewhere)
    assert is_engine_request(SimpleNamespace(host="127.0.0.1", port=2375))
    assert is_engine_request(SimpleNamespace(socket_path="/var/run/docker.sock"))
    assert not is_engine_request(SimpleNamespace(socket_path="/var/run/other.sock"))
    of_docker = type("Pool", (), {"__module__": "docker.transport.npipeconn"})
    assert is_engine_request(of_docker())


def test_requests_of_a_process_without_docker_py(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nobody has imported it, a request elsewhere is no engine's, whoever makes it."""
    monkeypatch.delitem(sys.modules, "docker.api.client", raising=False)

    assert not is_engine_request(SimpleNamespace(host="example.org", port=443))
