"""See what is sent and received on sockets that are connected to guarded addresses.

Such a socket gets another class: a subclass of its own, of which each method that sends or receives first
tells of that. So all other sockets cost nothing, whatever their class is, and whoever has the socket
(`makefile`, a transport of asyncio, a pool) calls these methods. To replace the methods of ``socket.socket`` was
thought of: it costs every socket 0.2 µs a call, and does not reach classes that have their own.

A socket that is made from a descriptor (inherited, `fromfd`, TLS) is looked at when it is made. Where one is led to a
guarded address and cannot be followed, that address is among the `lost`.

Imports nothing but the standard library's smallest parts, since child Pythons load it at start.
"""

from __future__ import annotations

from _socket import socket as class_of_c
from _weakref import ref
from sys import _getframe

from imbue.resource_guards.intercept.replacement import Replacement
from imbue.resource_guards.intercept.socket_classes import SocketClasses

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Sequence
    from types import CodeType
    from types import ModuleType
    from typing import Any
    from typing import Final
    from typing import Protocol

    from imbue.resource_guards.intercept.import_hook import ImportHook

    class Use(Protocol):
        """What is to be told of each transfer over a connection."""

        is_use: Callable[[Any], bool]
        """Who has said that its address is theirs."""

        perhaps: Callable[[], None]
        """To be called where something has come, and nobody knows for whom."""

        def __call__(self) -> None:
            """Tell; what it raises stops the transfer."""

    Lost = tuple[Any, Sequence[Use]]
    """A guarded address, and what was to be told of transfers to or from it."""

OPEN: Final[dict[int, _Open]] = {}
"""The sockets that lead to guarded addresses, by their ids."""

_DETACHED: Final[dict[int, Lost]] = {}
"""Descriptors that were taken from such sockets, and where they lead."""

_LOST: Final[list[Lost]] = []
"""Where sockets lead that cannot be told of."""

_ACCEPTED: Final[set[tuple[Any, Any]]] = set()
"""Both ends of connections that have come from guarded addresses."""

_OF_WINDOWS: Final = ("proactor_events", "windows_events")
ASYNCIO: Final = ("base_events", "selector_events", "sslproto", "streams", *_OF_WINDOWS)
"""The modules of asyncio that `transports.py` is about."""

_STATE: Final[list[_Watch]] = []
"""What is installed, where anything is watched."""


class _Open:
    """A socket that leads to a guarded address.

    Args:
        socket: The socket.
        address: The address.
        uses: What is to be told of each transfer.
    """

    __slots__ = ("address", "plain", "socket", "uses")

    def __init__(self, socket: Any, address: Any, uses: Sequence[Use]) -> None:
        number = id(socket)

        def gone(reference: object) -> None:
            entry = OPEN.get(number)
            if (
                entry is not None and entry.socket is reference
            ):  # another may have its number by now
                OPEN.pop(number, None)

        self.socket = ref(socket, gone)
        self.address = address
        self.uses = uses
        # `dup` makes another of the class that the first has been given.
        self.plain = _CLASSES.plain(type(socket))


class _Watch:
    """What is installed while connections are watched; see `watch`."""

    def __init__(
        self, uses_of: Callable[[Any], Sequence[Use]], comes_from: Callable[[Any], bool]
    ) -> None:
        self.uses_of = uses_of
        self.comes_from = comes_from
        self.replacements: list[Replacement] = []

    def see_made(self, module: ModuleType) -> None:
        """Look at sockets that are made from descriptors."""
        cls: Any = vars(module)["socket"]
        if not any(each.owner is cls for each in self.replacements):
            self._replace(
                cls, "__init__", _looking(cls.__init__, getattr(cls.accept, "__code__", None))
            )
            self._replace(cls, "accept", _accepting(cls.accept))

    def see_trio(self, module: ModuleType) -> None:
        """See what trio does with a socket: it calls the methods of the class."""
        cls: Any = vars(module)["_SocketType"]
        if not any(each.owner is cls for each in self.replacements):
            self._replace(cls, "_nonblocking_helper", _helping(cls._nonblocking_helper))
            self._replace(cls, "__init__", _taking(cls.__init__))

    def see_asyncio(self, module: ModuleType) -> None:
        """See what asyncio does with a socket, where that is more than to call its methods."""
        from imbue.resource_guards.intercept import transports  # an import is being run anyway

        for cls, methods in transports.instead(module):
            if not any(each.owner is cls for each in self.replacements):
                for name, method in methods.items():
                    self._replace(cls, name, method)

    def _replace(self, owner: type, name: str, new: Any) -> None:
        replacement = Replacement(owner, name, new)
        replacement.install()
        self.replacements.append(replacement)


def watch(
    hook: ImportHook, uses_of: Callable[[Any], Sequence[Use]], comes_from: Callable[[Any], bool]
) -> None:
    """See transfers from now on. A second call adds nothing, but for modules that another hook tells of.

    Args:
        hook: Tells when modules are imported.
        uses_of: Gives what is to be told of transfers to or from an address.
        comes_from: Whether a connection that has come from an address is to be remembered.
    """
    if not _STATE:
        _STATE.append(_Watch(uses_of, comes_from))
    hook.when_imported("socket", _STATE[0].see_made)
    hook.when_imported("multiprocessing.reduction", _CLASSES.see_reduction)
    hook.when_imported("trio._socket", _STATE[0].see_trio)
    for module in ASYNCIO:
        hook.when_imported(f"asyncio.{module}", _STATE[0].see_asyncio)


def unwatch() -> None:
    """End it, and give all sockets their own classes again."""
    for watch in _STATE:
        for replacement in reversed(watch.replacements):
            replacement.uninstall()
    _STATE.clear()
    for entry in list(OPEN.values()):
        socket = entry.socket()
        if socket is not None and _CLASSES.is_made(entry.plain, type(socket)):
            socket.__class__ = entry.plain
    for each in (OPEN, _DETACHED, _LOST, _ACCEPTED):
        each.clear()
    _CLASSES.forget()


def leads_to(socket: Any, address: Any, uses: Sequence[Use]) -> None:
    """A socket leads to another address from now on.

    Args:
        socket: The socket.
        address: The address.
        uses: What is to be told of each transfer; empty where the address is not guarded.
    """
    known = OPEN.get(id(socket))
    if known is not None and known.socket() is socket:
        known.address, known.uses = address, uses
        if not uses:
            OPEN.pop(id(socket), None)
            socket.__class__ = known.plain
    elif uses:
        try:
            entry = _Open(socket, address, uses)
            socket.__class__ = _CLASSES.telling(entry.plain)
        except Exception:  # noqa: BLE001 - one of C, or of a class that has no subclasses for whatever reason
            _LOST.append((address, uses))
            return
        OPEN[id(socket)] = entry


def lost() -> list[Lost]:
    """Where something leads here of which transfers are not seen."""
    return [*_LOST, *_DETACHED.values()]


def _detached(socket: Any, descriptor: int) -> None:
    """A descriptor was taken from a socket, as TLS does, whose socket is made from it by then."""
    entry = OPEN.pop(id(socket), None)
    if entry is not None:
        socket.__class__ = entry.plain
        # A list, since other threads open and close sockets meanwhile.
        others = [other for each in list(OPEN.values()) if (other := each.socket()) is not None]
        if all(other.fileno() != descriptor for other in others):
            _DETACHED[descriptor] = entry.address, entry.uses


_CLASSES: Final = SocketClasses(OPEN, _detached)


def uses_over(socket: Any) -> Sequence[Use]:
    """What is to be told of each transfer over a socket."""
    entry = OPEN.get(id(socket))
    return () if entry is None else entry.uses


def tell(socket: Any) -> None:
    """Something is about to go over a socket; what this raises stops it."""
    __tracebackhide__ = True
    for use in uses_over(socket):
        use()


def _looking(init: Callable[..., None], accept: CodeType | None) -> Callable[..., None]:
    def __init__(  # noqa: N807 - it stands in the place of one
        self: Any,
        family: int = -1,
        type: int = -1,  # noqa: A002 - as it is called
        proto: int = -1,
        fileno: int | None = None,
    ) -> None:
        init(self, family, type, proto, fileno)
        if fileno is not None and _STATE and _getframe(1).f_code is not accept:
            _, uses = _DETACHED.pop(fileno, (None, ()))
            ends = _ends(self)
            if ends is not None and ends not in _ACCEPTED:
                uses = uses or _inherited(self, ends) or _STATE[0].uses_of(ends[1])
                leads_to(self, ends[1], uses)

    __init__.__wrapped__ = init  # type: ignore[attr-defined]
    return __init__


def _ends(socket: Any) -> tuple[Any, Any] | None:
    """Both ends of a socket's connection; `None` without one, or where it leads to none with a name."""
    # By the class of C where it can be: a user's may not be ready to be asked while it is made.
    plain = class_of_c if isinstance(socket, class_of_c) else type(socket)
    try:
        own, peer = plain.getsockname(socket), plain.getpeername(socket)
    except OSError:
        return None
    return (own, peer) if peer else None


def _inherited(new: Any, ends: tuple[Any, Any]) -> Sequence[Use]:
    """What is told of a connection of which another socket is made: TLS has its descriptor, `dup` its class."""
    is_copy = _CLASSES.plain(type(new)) is not type(new)
    for entry in list(OPEN.values()):
        old = entry.socket()
        if old is not None and (old.fileno() == new.fileno() or (is_copy and _ends(old) == ends)):
            return entry.uses
    return ()


def _accepting(accept: Callable[..., Any]) -> Callable[..., Any]:
    def accepting(self: Any) -> Any:
        connection, address = accept(self)
        _DETACHED.pop(connection.fileno(), None)  # the number of one that is closed; see `_looking`
        # Whoever has come from a guarded address has asked, and not been asked; so for what TLS makes of this one.
        if address and _STATE and _STATE[0].comes_from(address):
            _ACCEPTED.add((connection.getsockname(), address))
        leads_to(connection, address, ())
        return connection, address

    return accepting


def _helping(helper: Callable[..., Any]) -> Callable[..., Any]:
    async def helping(self: Any, wait: Any, function: Any, *args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        tell(self._sock)
        return await helper(self, wait, function, *args, **kwargs)

    return helping


def _taking(init: Callable[..., None]) -> Callable[..., None]:
    def __init__(self: Any, sock: Any) -> None:  # noqa: N807 - it stands in the place of one
        entry = OPEN.get(id(sock))
        if entry is not None:  # trio takes no subclass; it is told by the helper
            sock.__class__ = entry.plain
        init(self, sock)

    return __init__
