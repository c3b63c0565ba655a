"""See the connections of libraries that connect past Python's ``socket``, where a call of theirs names the address.

A row for each such call. With all calls of a library followed, that none of them led to a guarded address says
that the library has used none; what goes over a connection that it has opened is not seen, and so is in doubt
from then on (`guards/connections.py`), but for psycopg's and psycopg2's (`libpq.py`, `psycopg2_objects.py`).

Loaded with the first of these libraries. Imports nothing but the smallest parts, since child Pythons load it too.
"""

from __future__ import annotations

from imbue.resource_guards.intercept import libpq
from imbue.resource_guards.intercept import libuv
from imbue.resource_guards.intercept import psycopg2_objects
from imbue.resource_guards.intercept.ips import ips_of
from imbue.resource_guards.intercept.reaching import begin
from imbue.resource_guards.intercept.reaching import end
from imbue.resource_guards.intercept.replacement import Replacement

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterable
    from collections.abc import Sequence
    from types import ModuleType
    from typing import Any
    from typing import Final

    from imbue.resource_guards.intercept.open_sockets import Use

    Askers = Sequence[Callable[[Any], bool]]
    Told = Callable[[Any], Askers]
    UsesOf = Callable[[Any], Sequence[Use]]
    Way = Callable[[Callable[..., Any], "_Calls"], Any]

REACHED: Final[dict[str, list[tuple[Any, Askers]]]] = {}
"""For each package the guarded addresses it has led to here, unseen from then on, and whose they were."""

UNKNOWN: Final[set[str]] = set()
"""The packages of libraries that have opened connections in this process that may lead anywhere."""

_REPLACEMENTS: Final[list[Replacement]] = []
_FOUND: Final[set[str]] = set()
_NOT_FOUND: Final[set[str]] = set()


def follows(package: str) -> bool:
    """Whether the calls by which a package connects are known."""
    return any(module.partition(".")[0] == package for module, *_ in ROWS)


def sees_transfers(package: str) -> bool:
    """Whether it is seen what goes over the connections of a package whose calls are known."""
    return package in _SEEN_THROUGHOUT


def is_followed(package: str) -> bool:
    """Whether all calls by which a package connects are seen here."""
    return package in _FOUND and package not in _NOT_FOUND


def follow(name: str, told: Told, uses_of: UsesOf, module: ModuleType) -> None:
    """Follow what a module connects to; a second call changes nothing.

    Args:
        name: The name that it was imported by.
        told: Told of each address that it is about to connect to; whose that is. What it raises stops the call.
        uses_of: Gives what is to be told of transfers to or from an address.
        module: The module, which has just been imported.
    """
    calls = _Calls(name.partition(".")[0], told, uses_of)
    for row, path, way in ROWS:
        if row == name:
            _install(path, way, calls, module)


def unwatch() -> None:
    """End it. A second call changes nothing."""
    for replacement in reversed(_REPLACEMENTS):
        replacement.uninstall()
    for each in (_REPLACEMENTS, REACHED, UNKNOWN, _FOUND, _NOT_FOUND):
        each.clear()
    libpq.forget()
    psycopg2_objects.forget()


class _Calls:
    """What the calls of one library are told to.

    Args:
        package: The library's.
        told: See `follow`.
        uses_of: See `follow`.
    """

    __slots__ = ("_package", "_told", "_uses_of")

    def __init__(self, package: str, told: Told, uses_of: UsesOf) -> None:
        self._package = package
        self._told = told
        self._uses_of = uses_of

    def uses_of(self, address: Any) -> Sequence[Use]:
        """What is to be told of transfers to or from an address, over a connection of the library's."""
        token = begin(self._package)
        try:
            return self._uses_of(address)
        finally:
            end(token)

    def begin(self, address: Any) -> Askers:
        """A connection is about to be opened, of which transfers are seen; whose it is, if it is guarded."""
        __tracebackhide__ = True
        token = begin(self._package)
        try:
            return self._told(address)
        finally:
            end(token)

    def lead(self, address: Any) -> bool:
        """A connection is about to be opened, of which nothing more is seen; whether it is to a guarded address."""
        __tracebackhide__ = True
        askers = self.begin(address)
        if askers:
            self._lost(address, askers)
        return bool(askers)

    def doubt(self) -> None:
        """A connection is opened, and nobody tells where it leads."""
        UNKNOWN.add(self._package)

    def lose(self, address: Any) -> None:
        """Nothing more is seen of a connection to a guarded address."""
        self._lost(address, [use.is_use for use in self.uses_of(address)])

    def _lost(self, address: Any, askers: Askers) -> None:
        known = REACHED.setdefault(self._package, [])
        if (address, askers) not in known:
            known.append((address, askers))


def _install(path: str, way: Way, calls: _Calls, module: ModuleType) -> None:
    *owners, name = path.split(".")
    owner: Any = module
    for each in owners:
        owner = getattr(owner, each, None)
    old = getattr(owner, name, None)
    package = module.__name__.partition(".")[0]
    (_NOT_FOUND if old is None else _FOUND).add(package)  # of another version than is known
    if old is None or any(each.owner is owner and each.name == name for each in _REPLACEMENTS):
        return

    replacement = Replacement(owner, name, way(old, calls))
    replacement.install()
    _REPLACEMENTS.append(replacement)


def _naming(addresses: Callable[..., Iterable[Any]], *, is_seen: bool = False) -> Way:
    """The way of a function whose arguments name what it connects to.

    Args:
        addresses: Given the same arguments, the addresses; `None` among them is none.
        is_seen: What goes over the connection is seen.
    """

    def replace(old: Callable[..., Any], calls: _Calls) -> Any:
        tell = calls.begin if is_seen else calls.lead

        def connecting(*args: Any, **kwargs: Any) -> Any:
            __tracebackhide__ = True
            for address in addresses(*args, **kwargs):
                if address is not None:
                    tell(address)
            return old(*args, **kwargs)

        connecting.__name__ = connecting.__qualname__ = getattr(old, "__name__", "connect")
        connecting.__doc__ = old.__doc__
        return connecting

    return replace


def _zmq(old: Callable[..., Any], calls: _Calls) -> Any:
    def connect(self: Any, addr: Any, *args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        for address in _of_zmq(addr):
            if (
                not calls.lead(address)
                and isinstance(address, tuple)
                and not any(ips_of(address[0]))
            ):
                calls.doubt()  # a name, which it looks up by itself, when it likes
        return old(self, addr, *args, **kwargs)

    connect.__doc__ = old.__doc__
    return connect


def _uvloop(addresses: Callable[..., Iterable[Any]]) -> Way:
    def replace(old: Callable[..., Any], calls: _Calls) -> Any:
        return libuv.connecting(old, addresses, calls.lead)

    return replace


def _of_zmq(addr: Any) -> Iterable[Any]:
    text = addr.decode() if isinstance(addr, bytes) else str(addr)
    protocol, _, place = text.partition("://")
    if protocol in ("tcp", "udp", "ws", "wss", "pgm", "epgm"):
        host, _, port = place.rpartition(";")[2].partition("/")[0].rpartition(":")
        yield host.strip("[]"), int(port) if port.isdecimal() else port
    elif protocol == "ipc":
        yield place.replace("@", "\0", 1) if place.startswith("@") else place


def _psycopg2(old: Callable[..., Any], calls: _Calls) -> Any:
    return psycopg2_objects.connecting(old, calls.begin, calls.uses_of, calls.lose)


def _psycopg_connect(old: Any, calls: _Calls) -> Any:
    return classmethod(_naming(_of_psycopg, is_seen=True)(old.__func__, calls))


def _of_psycopg(_cls: Any, conninfo: str = "", **_: Any) -> Iterable[Any]:
    from psycopg.conninfo import conninfo_to_dict  # it calls this

    return libpq.addresses_of(conninfo_to_dict(conninfo))


def _psycopg_wait(old: Callable[..., Any], calls: _Calls) -> Any:
    return libpq.waiting(old, calls.uses_of)


def _curl(plain: Any, calls: _Calls) -> Any:
    """A class of curl's handles that are asked for each socket, after redirects too."""

    class Curl(plain):  # type: ignore[misc] # a class that is found at run time
        __doc__ = plain.__doc__

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self._stopped: BaseException | None = None
            self._users: Any = None
            super().setopt(self.OPENSOCKETFUNCTION, self._open)

        def _open(self, purpose: int, wanted: Any) -> Any:
            import socket  # pycurl's own example makes one of these

            family, kind, protocol, address = wanted
            try:
                calls.lead(address)
            except BaseException as stopped:  # noqa: BLE001 - pycurl would print it, and go on
                self._stopped = stopped
                return _NO_SOCKET
            if self._users is not None:
                return self._users(purpose, wanted)
            return socket.socket(family, kind, protocol)

        def setopt(self, option: int, value: Any) -> Any:
            if option != self.OPENSOCKETFUNCTION:
                return super().setopt(option, value)
            self._users = value  # it is called by ours
            return None

        def reset(self) -> Any:
            self._users = None
            super().reset()
            return super().setopt(self.OPENSOCKETFUNCTION, self._open)

        def perform(self) -> Any:
            __tracebackhide__ = True
            self._stopped = None
            try:
                return super().perform()
            finally:
                if self._stopped is not None:
                    raise self._stopped

    Curl.__name__, Curl.__qualname__ = plain.__name__, plain.__qualname__
    Curl.__module__ = plain.__module__
    return Curl


_NO_SOCKET: Final = -1

ROWS: Final[tuple[tuple[str, str, Way], ...]] = (
    ("uvloop", "Loop.create_connection", _uvloop(libuv.of_connection)),
    ("uvloop", "Loop.create_unix_connection", _uvloop(libuv.of_unix)),
    ("uvloop", "Loop.create_datagram_endpoint", _uvloop(libuv.of_datagrams)),
    ("uvloop", "Loop.sock_connect", _naming(libuv.of_sock_connect)),
    ("zmq.sugar.socket", "Socket.connect", _zmq),
    ("psycopg2", "_connect", _psycopg2),
    ("psycopg.connection", "BaseConnection._connect_gen", _psycopg_connect),
    ("psycopg.connection", "Connection.wait", _psycopg_wait),
    ("psycopg.connection_async", "AsyncConnection.wait", _psycopg_wait),
    ("pycurl", "Curl", _curl),
)
"""For each call its module, its path there, and what stands in its place."""

_SEEN_THROUGHOUT: Final = ("psycopg", "psycopg2")
