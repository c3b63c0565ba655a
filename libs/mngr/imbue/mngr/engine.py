"""Where the Docker engine is, and which connections and requests go to it.

It may be Docker's or another that speaks its protocol (Podman, Colima, OrbStack, Rancher Desktop).
Imports nothing but the standard library's smaller parts, since child Pythons load it too.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any
from typing import Final

_READ_FROM: Final = (
    "DOCKER_HOST",
    "CONTAINER_HOST",
    "DOCKER_CONTEXT",
    "DOCKER_CONFIG",
    "HOME",
    "XDG_RUNTIME_DIR",
)
"""The environment that says where the engine is; a test may change it."""

# Docker's own (docs.docker.com/engine/security/rootless, .../desktop), and those of the others'
# documentation.
_DEFAULT_SOCKETS: Final = (
    "/var/run/docker.sock",
    "/run/docker.sock",
    "/run/podman/podman.sock",
    "{XDG_RUNTIME_DIR}/docker.sock",
    "{XDG_RUNTIME_DIR}/podman/podman.sock",
    "{HOME}/.docker/run/docker.sock",
    "{HOME}/.docker/desktop/docker.sock",
    "{HOME}/.colima/default/docker.sock",
    "{HOME}/.orbstack/run/docker.sock",
    "{HOME}/.rd/docker.sock",
)


def is_engine_address(address: Any) -> bool:
    """Whether an address, as it is given to ``socket.connect``, is an engine's."""
    sockets, hosts = _engines(*map(os.environ.get, _READ_FROM))
    if isinstance(address, (str, bytes)):
        path = os.fsdecode(address)
        return (
            "\0" not in path and os.path.realpath(path) in sockets
        )  # one of Linux's abstract ones
    if isinstance(address, tuple) and hosts:
        return any(
            port in address[1:2] and (host == address[0] or address[0] in _resolved(host))
            for host, port in hosts
        )
    return False


def is_engine_request(pool: Any, *_: object, **__: object) -> bool:
    """Whether a request that urllib3 is about to send goes to an engine.

    Args:
        pool: The connection pool that sends it. docker-py, podman-py and requests_unixsocket have
            pools of their own for sockets of the file system; over TCP, docker-py's are urllib3's.
    """
    if type(pool).__module__.startswith(("docker.", "podman.")):
        return True
    for name in ("socket_path", "uds"):
        path = getattr(pool, name, None)
        if isinstance(path, str):
            return is_engine_address(path.removeprefix("http+unix:/").removeprefix("unix:/"))
    return is_engine_address((pool.host, pool.port)) or _is_asked_by_docker_py()


def engine_urls() -> Iterator[str]:
    """Where the settings say that the engine is: by the environment, then by Docker's current context."""
    yield from _urls(_variables(*map(os.environ.get, _READ_FROM)))


def usual_sockets() -> list[str]:
    """Where an engine may be that no setting names."""
    return _usual_sockets(_variables(*map(os.environ.get, _READ_FROM)))


def _is_asked_by_docker_py() -> bool:
    # An engine may be at any address that a test gives to docker-py. There is no sign of that in
    # urllib3's pool, and a patch of APIClient.send is one that tests and mocks replace.
    client: type | None = getattr(sys.modules.get("docker.api.client"), "APIClient", None)
    if client is None:
        return False
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 - documented
    while frame is not None:
        if isinstance(frame.f_locals.get("self"), client):
            return True
        frame = frame.f_back
    return False


@functools.lru_cache
def _engines(*environment: str | None) -> tuple[frozenset[str], frozenset[tuple[str, int]]]:
    """The sockets in the file system and the hosts with ports at which there may be an engine."""
    variables = _variables(*environment)
    sockets = set()
    hosts = set()
    for url in _urls(variables):
        scheme, _, rest = url.partition("://")
        host, colon, port = rest.partition("/")[0].rpartition(":")
        if scheme in ("unix", "http+unix"):
            sockets.add(os.path.realpath(rest))
        elif scheme in ("tcp", "http", "https") and colon and port.isdecimal():
            hosts.add((host.strip("[]"), int(port)))
    sockets.update(map(os.path.realpath, _usual_sockets(variables)))
    return frozenset(sockets), frozenset(hosts)


def _variables(*environment: str | None) -> dict[str, str | None]:
    variables = dict(zip(_READ_FROM, environment, strict=True))
    variables["HOME"] = variables["HOME"] or str(Path.home())
    return variables


def _usual_sockets(variables: dict[str, str | None]) -> list[str]:
    return [
        pattern.format_map(variables)
        for pattern in _DEFAULT_SOCKETS
        if variables["XDG_RUNTIME_DIR"] or not pattern.startswith("{XDG")
    ]


def _urls(variables: dict[str, str | None]) -> Iterator[str]:
    for name in ("DOCKER_HOST", "CONTAINER_HOST"):
        if variables[name]:
            yield str(variables[name])
    config = variables["DOCKER_CONFIG"] or f"{variables['HOME']}/.docker"
    context = variables["DOCKER_CONTEXT"] or _read(f"{config}/config.json").get("currentContext")
    if isinstance(context, str) and context != "default":
        # docs.docker.com/engine/manage-resources/contexts: a folder named by the name's digest.
        digest = hashlib.sha256(context.encode()).hexdigest()
        meta = _read(f"{config}/contexts/meta/{digest}/meta.json")
        host = meta.get("Endpoints", {}).get("docker", {}).get("Host")
        if isinstance(host, str):
            yield host


def _read(path: str) -> dict[str, Any]:
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}  # no file, or one that the docker programs cannot read either
    return content if isinstance(content, dict) else {}


@functools.lru_cache
def _resolved(host: str) -> frozenset[str]:
    import socket  # whoever connects has it

    try:
        return frozenset(str(entry[4][0]) for entry in socket.getaddrinfo(host, None))
    except OSError:
        return frozenset()
