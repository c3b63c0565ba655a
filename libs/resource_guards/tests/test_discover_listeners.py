"""Discovery knows which sockets of this machine listen, by whichever way Linux tells it."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path
from typing import Any

import pytest

from imbue.resource_guards.discover import listeners

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells who listens")


def server(kind: str, folder: Path) -> tuple[socket.socket, str]:
    """A socket that listens, and its place as it is asked for."""
    if kind == "unix":
        at = folder / "socket"
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(at))
        listener.listen()
        return listener, str(at)
    family = socket.AF_INET6 if kind == "::1" else socket.AF_INET
    listener = socket.create_server((kind, 0), family=family)
    return listener, str(listener.getsockname()[1])


@pytest.mark.parametrize(
    "kind", ["127.0.0.1", "::1", "", "unix"], ids=["IPv4", "IPv6", "any address", "a path"]
)
@pytest.mark.parametrize("answers", [True, False], ids=["sock_diag", "tables"])
def test_who_listens(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    answers: bool,  # noqa: FBT001 - a parameter
) -> None:
    """The listening socket is found by its inode, with and without an answer of the kernel; a closed one is not."""
    if not answers:
        monkeypatch.setattr(listeners, "_NETLINK_SOCK_DIAG", 999)
    listener, place = server(kind, tmp_path)
    with listener:
        inode = os.fstat(listener.fileno()).st_ino
        found = listeners.listening(place)

    assert found == [inode]
    assert listeners.listening(place) == []


def test_a_connection_does_not_listen() -> None:
    """A client's own port is nobody's, so that a server which asks about whoever has come is told nothing."""
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        socket.create_connection(listener.getsockname()) as client,
    ):
        port = str(client.getsockname()[1])

        assert listeners.listening(port) == []


def test_who_listens_is_asked_without_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tables are read only where nothing answers: with each connection that takes milliseconds."""

    def read(path: str) -> Any:
        raise AssertionError(path)

    monkeypatch.setattr(listeners, "_lines", read)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        assert listeners.listening(str(listener.getsockname()[1]))
