"""See what asyncio does with sockets that lead to guarded addresses, where that is more than to call their methods.

A transport receives in the context of whoever has opened the connection, takes what its socket raises for the end
of the connection, and sends files by their descriptors.

Imports nothing but the standard library's smallest parts, since child Pythons load it too.
"""

from __future__ import annotations

from imbue.resource_guards.intercept.connection_hook import connects
from imbue.resource_guards.intercept.connection_hook import sends_to
from imbue.resource_guards.intercept.open_sockets import OPEN
from imbue.resource_guards.intercept.open_sockets import leads_to
from imbue.resource_guards.intercept.open_sockets import tell
from imbue.resource_guards.intercept.open_sockets import uses_over

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterator
    from types import ModuleType
    from typing import Any
    from typing import Final

    Methods = dict[str, Callable[..., Any]]


def instead(module: ModuleType) -> Iterator[tuple[type, Methods]]:
    """For each class of a module of asyncio what stands in the place of its methods."""
    for class_name, rows in _ROWS.items():
        cls = vars(module).get(class_name)
        if isinstance(cls, type) and cls.__module__ == module.__name__:
            methods = {
                name: way(vars(cls)[name]) for name, way in rows.items() if name in vars(cls)
            }
            yield cls, methods


def _arriving(read_ready: Callable[..., None]) -> Callable[..., None]:
    def _read_ready(self: Any) -> None:
        # Something has come. It is received in the context of whoever has opened the connection, and may be
        # for whoever runs the loop now.
        for use in uses_over(self._sock):
            use.perhaps()
        read_ready(self)

    return _read_ready


def _reading(read: Callable[..., Any]) -> Callable[..., Any]:
    # It returns the coroutine: to await it in another one takes longer than all else here, on each stream.
    def reading(self: Any, *args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        if OPEN:
            tell(_socket_of(self._transport))
        return read(self, *args, **kwargs)

    reading.__name__, reading.__qualname__ = read.__name__, read.__qualname__
    reading.__doc__ = read.__doc__
    return reading


def _socket_of(transport: Any) -> Any:
    """The socket of a transport, which that of TLS has below it."""
    protocol = getattr(transport, "_ssl_protocol", None)
    below = transport if protocol is None else getattr(protocol, "_transport", None)
    return getattr(below, "_sock", None)


def _writing(method: Callable[..., Any]) -> Callable[..., Any]:
    def writing(self: Any, *args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        if _ends_tls(self):
            leads_to(
                self._sock, None, ()
            )  # that it is closed is no use, and nothing else goes over it
        else:
            tell(_socket_of(self))
        return method(self, *args, **kwargs)

    return writing


def _ends_tls(transport: Any) -> bool:
    """Whether all that is left to write is that a connection of TLS ends."""
    state = getattr(getattr(transport, "_protocol", None), "_state", None)
    return getattr(state, "name", "") in ("FLUSHING", "SHUTDOWN")


def _sending(send: Callable[..., Any]) -> Callable[..., Any]:
    async def sending(self: Any, sock: Any, *args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        tell(sock)
        return await send(self, sock, *args, **kwargs)

    sending.__name__ = sending.__qualname__ = send.__name__
    return sending


def _opening(connect: Callable[..., Any]) -> Callable[..., Any]:
    def opening(self: Any, conn: Any, address: Any) -> Any:
        __tracebackhide__ = True
        connects(conn, address)
        return connect(self, conn, address)

    return opening


def _receiving(receive: Callable[..., Any]) -> Callable[..., Any]:
    def receiving(self: Any, conn: Any, *args: Any, **kwargs: Any) -> Any:
        for use in uses_over(conn):
            use.perhaps()
        return receive(self, conn, *args, **kwargs)

    return receiving


def _addressing(send: Callable[..., Any]) -> Callable[..., Any]:
    def addressing(self: Any, conn: Any, buf: Any, flags: int = 0, addr: Any = None) -> Any:
        __tracebackhide__ = True
        if addr is not None:
            sends_to(conn, addr)
        return send(self, conn, buf, flags, addr)

    return addressing


_WRITES: Final[dict[str, Callable[..., Any]]] = {
    "write": _writing,
    "writelines": _writing,
    "sendto": _writing,
}

_ROWS: Final[dict[str, dict[str, Callable[..., Any]]]] = {
    "_SelectorSocketTransport": {**_WRITES, "_read_ready": _arriving},
    "_SelectorDatagramTransport": {**_WRITES, "_read_ready": _arriving},
    "_SSLProtocolTransport": _WRITES,
    "StreamReader": {"read": _reading, "readexactly": _reading, "readuntil": _reading},
    "BaseEventLoop": {"sock_sendfile": _sending},
    # Windows, where a loop gives whole transfers to the system.
    "IocpProactor": {
        "connect": _opening,
        "sendto": _addressing,
        **dict.fromkeys(("recv", "recv_into", "recvfrom", "recvfrom_into"), _receiving),
    },
    "_ProactorBaseWritePipeTransport": _WRITES,
    "_ProactorDatagramTransport": _WRITES,
    "BaseProactorEventLoop": dict.fromkeys(
        ("sock_recv", "sock_recv_into", "sock_recvfrom", "sock_sendall", "sock_sendto"), _sending
    ),
}
"""For each class its methods, and what stands in the place of each."""
