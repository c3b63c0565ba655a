"""Whether a Docker engine answers."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from imbue.mngr.engine import engine_urls
from imbue.mngr.engine import usual_sockets

_SECONDS: Final = 10
"""How long an answer is waited for; whoever asks gives up before."""

_PING: Final = b"GET /_ping HTTP/1.0\r\nHost: docker\r\n\r\n"
"""docs.docker.com/reference/api/engine: the first request of any client; an engine answers ``OK``."""


def probe_engine() -> str | None:
    """Why no engine can be used; `None` if one answers.

    It is the one that the docker program would ask: that of ``DOCKER_HOST`` or of the current context, else the first
    that answers at one of the usual sockets, Podman's and others' among them.
    """
    reasons = []
    for url in _to_ask():
        reason = _refusal(url)
        if not reason:
            return None
        reasons.append(f"no engine at {url} ({reason})")
    return "; ".join(reasons)


def _to_ask() -> Iterator[str]:
    configured = next(engine_urls(), None)
    if configured is not None:
        yield configured
        return
    sockets = usual_sockets()
    yield from (f"unix://{each}" for each in [*filter(os.path.exists, sockets)] or sockets[:1])


def _refusal(url: str) -> str:
    """Why nothing answers at a URL; empty if something does."""
    scheme, _, rest = url.partition("://")
    host, _, port = rest.partition("/")[0].rpartition(":")
    try:
        if scheme in ("unix", "http+unix"):
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(_SECONDS)
                connection.connect(rest)
                return _ask(connection)
        if scheme in ("tcp", "http", "https") and port.isdecimal():
            address = host.strip("[]"), int(port)
            with socket.create_connection(address, timeout=_SECONDS) as connection:
                # What an engine says by TLS, it says to those that have a certificate.
                is_plain = scheme != "https" and not os.environ.get("DOCKER_TLS_VERIFY")
                return _ask(connection) if is_plain else ""
    except OSError as error:
        return error.strerror or str(error) or type(error).__name__
    return _ask_by_the_program()


def _ask(connection: socket.socket) -> str:
    connection.sendall(_PING)
    answer = connection.makefile("rb").readline(200)
    status = answer.split()[1:2]
    return "" if status == [b"200"] else f"it answers {answer.decode(errors='replace').strip()!r}"


def _ask_by_the_program() -> str:
    """Ask by the docker program, which knows further ways to an engine (``ssh://``)."""
    if not shutil.which("docker"):
        return "only the docker program can reach it, which is not on PATH"
    command = ["docker", "version", "--format", "{{.Server.Version}}"]
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    lines = done.stderr.strip().splitlines() or [f"{Path(command[0])} ended with {done.returncode}"]
    return lines[-1] if done.returncode else ""
