"""Where a connection leads, as a person would name it; and whether the suite itself listens there.

Linux tells in ``/proc`` which process has a listening socket (proc(5)). One that was started
after pytest is the suite's own: a server in a thread, a fixture's subprocess, what that has left as a daemon.
Where no process has one, a connection is refused, and a test that passes by that needs nothing.
Elsewhere nobody tells, and all servers are taken for others'.

Imports nothing but the standard library's smallest parts, since child Pythons load it.
"""

from __future__ import annotations

import os
import socket
from time import monotonic

from imbue.resource_guards.discover.listeners import is_free
from imbue.resource_guards.discover.listeners import listening
from imbue.resource_guards.discover.observers import NOBODY
from imbue.resource_guards.discover.observers import OWN
from imbue.resource_guards.intercept.connection_hook import written
from imbue.resource_guards.intercept.ips import ip_text
from imbue.resource_guards.intercept.ips import ips_of
from imbue.resource_guards.intercept.ips import is_loopback
from imbue.resource_guards.intercept.lookups import names_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any
    from typing import Final

_SECONDS: Final = 1.0
"""How long it is believed that a server is another's, before it is looked at again."""

_START_TIME_AT: Final = 19
"""Of the fields of ``/proc/PID/stat`` behind the name: the process's start, in ticks since the system's."""


class Endpoints:
    """Names the ends of connections.

    Args:
        top: The process that the suite's own are started by or after: pytest's.
    """

    def __init__(self, top: int) -> None:
        self._top = top
        self._began = _start_of(top)
        self._known: dict[str, tuple[str, int]] = {}
        self._others: dict[str, float] = {}

    def described(self, address: Any) -> str:
        """``name:port``, ``unix:PATH``, with `OWN` or `NOBODY` before it; empty for what is neither."""
        if isinstance(address, tuple) and len(address) > 1 and isinstance(address[0], str):
            return self._internet(address[0], address[1])
        if isinstance(address, (str, bytes)) and address:
            path = written(address)
            return f"{self._whose(path)}unix:{path}"
        return ""

    def _internet(self, host: str, port: object) -> str:
        ip = next(iter(ips_of(host)), None)
        if ip is not None and is_loopback(ip):
            whose = self._whose(str(port)) if isinstance(port, int) else ""
            return f"{whose}127.0.0.1:{port}"
        address = ip_text(host)
        name = host if address is None else min(names_of(address, port), default=address)
        return f"[{name}]:{port}" if ":" in name else f"{name}:{port}"

    def _whose(self, place: str) -> str:
        """Who listens at a port of this machine, or at a path: the suite itself, nobody, or else another."""
        if place in self._known:
            link, inode = self._known[place]
            if _socket_at(link) == inode:
                return OWN
        # Who listens changes seldom.
        if monotonic() - self._others.get(place, -_SECONDS) < _SECONDS:
            return ""
        sockets = set(listening(place))
        if not sockets:
            return NOBODY if is_free(place) else ""
        for pid in (os.getpid(), *_processes()):
            # What has begun in the same tick as pytest was started before it: pytest takes longer to start anything.
            if pid == self._top or (self._began and _start_of(pid) > self._began):
                for link in _links(pid):
                    inode = _socket_at(link)
                    if inode in sockets:
                        self._known[place] = link, inode
                        return OWN
        self._others[place] = monotonic()
        return ""


def is_remote_name(name: str) -> bool:
    """Whether a look-up asks for another host: it is no address, and not this machine."""
    return bool(name) and next(ips_of(name), None) is None and name not in _own_names()


def _own_names() -> tuple[str, ...]:
    """What this machine is called, which `socket.getfqdn` looks up."""
    name = socket.gethostname()
    return name, name.partition(".")[0]


def _processes() -> Iterator[int]:
    try:
        names = os.listdir("/proc")  # noqa: PTH208 - as in `record/ancestors.py`
    except OSError:
        return
    yield from sorted((int(name) for name in names if name.isdecimal()), reverse=True)


def _links(pid: int) -> list[str]:
    try:
        return [f"/proc/{pid}/fd/{name}" for name in os.listdir(f"/proc/{pid}/fd")]  # noqa: PTH208
    except OSError:  # it has ended, or is another user's
        return []


def _socket_at(link: str) -> int:
    try:
        target = os.readlink(link)  # noqa: PTH115 - as above
    except OSError:
        return 0
    return int(target[8:-1]) if target.startswith("socket:[") else 0


def _start_of(pid: int) -> int:
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:  # noqa: PTH123
            return int(file.read().rpartition(")")[2].split()[_START_TIME_AT])
    except (OSError, ValueError, IndexError):
        return 0
