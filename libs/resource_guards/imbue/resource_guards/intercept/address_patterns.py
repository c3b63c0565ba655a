"""What can be written for addresses, one class for each form, and what each is true of.

Imports nothing but the standard library's smallest parts, since child Pythons load it.
"""

from __future__ import annotations

from imbue.resource_guards import system
from imbue.resource_guards.intercept.ips import LOCALHOST
from imbue.resource_guards.intercept.ips import V6
from imbue.resource_guards.intercept.ips import ips_of
from imbue.resource_guards.intercept.ips import is_loopback
from imbue.resource_guards.intercept.ips import plain_name
from imbue.resource_guards.intercept.ips import written

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Collection
    from typing import Any
    from typing import Final

    from imbue.resource_guards.intercept.ips import Ip

    NamesOf = Callable[[str, object], Collection[str]]
    """The host names that led to an IP address, which is written as `ip_text` does it, and a port."""


class Pattern:
    """What a user has written for some addresses. Two are equal if they say the same.

    Args:
        text: It, in the one way to write it.
    """

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    def matches(self, address: Any, names_of: NamesOf) -> bool:
        """Whether it means an address; see :meth:`Addresses.matches`."""
        raise NotImplementedError

    def matches_name(self, name: str, port: int | None) -> bool:
        """Whether the look-up of a name is an attempt to connect; see :meth:`Addresses.matches_name`."""
        del name, port
        return False

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.text}>"

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and isinstance(other, Pattern) and other.text == self.text

    def __hash__(self) -> int:
        return hash((type(self), self.text))


class Network(Pattern):
    """One IP address, or all of a network: ``127.0.0.1:5432``, ``10.0.0.0/8``, ``[fd00::/8]:443``.

    Args:
        ip: The address.
        bits: How many of its bits say the network; all of them for one address.
        port: The port; `None` for each.
    """

    __slots__ = ("_network", "_port", "_rest", "_size")

    def __init__(self, ip: Ip, bits: int, port: int | None) -> None:
        self._size, number = ip
        self._rest = self._size - bits
        self._network = number >> self._rest
        self._port = port
        text = written((self._size, self._network << self._rest))
        if self._rest:
            text += f"/{bits}"
        super().__init__(_with_port(f"[{text}]" if self._size == V6 else text, port))

    def matches(self, address: Any, names_of: NamesOf) -> bool:
        """It is in the network; ``localhost`` is where that is, also unresolved."""
        del names_of
        host = _host(address, self._port)
        return host is not None and any(
            size == self._size and number >> self._rest == self._network
            for size, number in ips_of(host)
        )


class AnyHost(Pattern):
    """One port of each host: ``*:5432``.

    Args:
        port: The port.
    """

    __slots__ = ("_port",)

    def __init__(self, port: int) -> None:
        self._port = port
        super().__init__(_with_port("*", port))

    def matches(self, address: Any, names_of: NamesOf) -> bool:
        """It has the port."""
        del names_of
        return _host(address, self._port) is not None


class Elsewhere(Pattern):
    """All that leaves this machine, ``*``: not loopback, no address and no name of this machine's own, no Unix socket."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__("*")

    def matches(self, address: Any, names_of: NamesOf) -> bool:
        """It is the address, or the name, of another machine."""
        del names_of
        host = _host(address, None)
        return host is not None and _is_elsewhere(host)

    def matches_name(self, name: str, port: int | None) -> bool:
        """Whatever looks it up asks another machine, or is about to."""
        del port
        return _is_elsewhere(name)


class HostName(Pattern):
    """A host, or all below a name: ``api.example.com``, ``*.example.com:443``, ``localhost:5432``.

    Args:
        name: The name, in lower case; ``*.`` before it stands for any names.
        port: The port; `None` for each.
    """

    __slots__ = ("_name", "_port")

    def __init__(self, name: str, port: int | None) -> None:
        self._name = name
        self._port = port
        super().__init__(_with_port(name, port))

    def matches(self, address: Any, names_of: NamesOf) -> bool:
        """It is the name, or an address that the name has led to."""
        host = _host(address, self._port)
        if host is None:
            return False
        ips = list(ips_of(host))
        if self._name == LOCALHOST and any(map(is_loopback, ips)):
            return True
        names = [host, *(name for ip in ips for name in names_of(written(ip), address[1]))]
        return any(self._is(plain_name(name)) for name in names)

    def matches_name(self, name: str, port: int | None) -> bool:
        """It is the name. That of this machine needs no network, and leads to each of its services."""
        is_other = None not in (port, self._port) and port != self._port
        return not is_other and self._name != LOCALHOST and self._is(plain_name(name))

    def _is(self, name: str) -> bool:
        if self._name.startswith("*"):
            return name.endswith(self._name[1:]) and len(name) > len(self._name) - 1
        return name == self._name


class UnixSocket(Pattern):
    """A Unix socket: ``unix:/run/postgresql/*``, ``unix:@abstract``.

    Args:
        path: Its path, or ``@`` and its abstract name; ``*`` stands for any text.
    """

    __slots__ = ("_below", "_folder", "_path")

    def __init__(self, path: str) -> None:
        self._path = path
        plain = path.partition("*")[0]
        self._folder = plain.rpartition("/")[0] or "/"
        self._below = path[len(plain.rpartition("/")[0]) + 1 :]
        super().__init__(f"unix:{path}")

    def matches(self, address: Any, names_of: NamesOf) -> bool:
        """It has the path, or another one that leads to the same place."""
        del names_of
        path = _path(address)
        if not path:
            return False
        if path.startswith("@") or self._path.startswith("@"):
            return _fits(self._path, path)
        return _fits(self._path, path) or self._is_by_links(path)

    def _is_by_links(self, path: str) -> bool:
        # /var/run/docker.sock is /run/docker.sock, and whoever wrote one meant both.
        place = system.identity(self._folder)
        if place is None:
            return False
        if "*" not in self._path:
            there = system.identity(self._path)
            if there is not None and there == system.identity(path):
                return True
        folder, slash, below = path.rpartition("/")
        while slash:
            if _fits(self._below, below) and system.identity(folder or "/") == place:
                return True
            folder, slash, name = folder.rpartition("/")
            below = f"{name}/{below}"
        return False


def _is_elsewhere(host: str) -> bool:
    ips = list(ips_of(host))
    if ips:
        return not any(is_loopback(ip) or _is_own(ip) for ip in ips)
    import _socket  # of which one of its own is asked about

    name = plain_name(host)
    own = plain_name(_socket.gethostname())
    return name.rpartition(".")[2] != LOCALHOST and name not in (own, own.partition(".")[0])


_OWN: Final[dict[Ip, bool]] = {}
"""Which addresses are this machine's, once that was asked."""


def _is_own(ip: Ip) -> bool:
    """Whether an address is one of this machine's: only to such a one can a socket be bound."""
    size, _ = ip
    if ip not in _OWN:
        # Where the system lets a socket be bound to any address, as in a namespace without a network, that
        # says nothing. To one for documentation (RFC 5737, RFC 3849) it says so.
        nobodys = _NOBODYS_6 if size == V6 else _NOBODYS_4
        _OWN[ip] = _can_bind(written(ip), size) and not _can_bind(nobodys, size)
    return _OWN[ip]


_NOBODYS_4: Final = "203.0.113.1"
_NOBODYS_6: Final = "2001:db8::203:113"


def _can_bind(host: str, size: int) -> bool:
    import _socket

    try:
        family = _socket.AF_INET6 if size == V6 else _socket.AF_INET
        probe = _socket.socket(family, _socket.SOCK_DGRAM)
    except OSError:  # this machine has no addresses of that family
        return False
    try:
        probe.bind((host, 0))
    except OSError:
        return False
    finally:
        probe.close()
    return True


def _with_port(host: str, port: int | None) -> str:
    return host if port is None else f"{host}:{port}"


def _host(address: Any, port: int | None) -> str | None:
    """The host of an address with that port; `None` of another one."""
    if not isinstance(address, tuple) or len(address) < 2:  # noqa: PLR2004 - host and port
        return None
    host = address[0]
    if isinstance(host, (bytes, bytearray)):
        host = bytes(host).decode("ascii", "replace")
    return host if isinstance(host, str) and port in (None, address[1]) else None


def _path(address: Any) -> str:
    """The whole path of a Unix socket, or ``@`` and its abstract name; empty for another address."""
    if isinstance(address, (bytearray, memoryview)):
        address = bytes(address)
    if not isinstance(address, (str, bytes)):
        return ""
    path = system.fsdecode(address)
    if path.startswith("\0"):
        return f"@{path[1:]}"
    return path and system.whole(path)


def _fits(pattern: str, text: str) -> bool:
    first, *others = pattern.split("*")
    if not others:
        return pattern == text
    if not text.startswith(first):
        return False
    text = text[len(first) :]
    *between, last = others
    for part in between:
        _, found, text = text.partition(part) if part else ("", "*", text)
        if not found:
            return False
    return text.endswith(last)
