"""See where uvloop's connections lead, which libuv opens: before they are, by what the call says, and by their peer then.

A host's name is looked up by libuv itself, so that its address is known when the connection is open.

Imports nothing but the standard library's smallest parts, since child Pythons load it at start.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterable
    from typing import Any


def connecting(
    old: Callable[..., Any],
    addresses: Callable[..., Iterable[Any]],
    lead: Callable[[Any], bool],
) -> Callable[..., Any]:
    """What stands in the place of a method that opens a connection and returns its transport.

    Args:
        old: That.
        addresses: Given the same arguments, the addresses.
        lead: Told of each; whether it is guarded. What it raises stops the call, or ends the connection.
    """

    async def connect(self: Any, *args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        is_known = any(lead(each) for each in addresses(*args, **kwargs))
        transport, protocol = await old(self, *args, **kwargs)
        peer = transport.get_extra_info("peername")
        if peer and not is_known:
            try:
                lead(peer)
            except BaseException:
                transport.abort()
                raise
        return transport, protocol

    connect.__name__ = connect.__qualname__ = old.__name__
    connect.__doc__ = old.__doc__
    return connect


def of_connection(
    _factory: Any, host: Any = None, port: Any = None, **kwargs: Any
) -> Iterable[Any]:
    """The address of ``create_connection``."""
    if kwargs.get("sock") is not None:
        yield from _peer_of(kwargs["sock"])
    elif host is not None:
        yield host, port


def of_unix(_factory: Any, path: Any = None, **kwargs: Any) -> Iterable[Any]:
    """The address of ``create_unix_connection``."""
    if kwargs.get("sock") is not None:
        yield from _peer_of(kwargs["sock"])
    elif path is not None:
        yield path


def of_datagrams(
    _factory: Any, local_addr: Any = None, remote_addr: Any = None, **kwargs: Any
) -> Iterable[Any]:
    """The address of ``create_datagram_endpoint``, where it is for one."""
    del local_addr
    if kwargs.get("sock") is not None:
        yield from _peer_of(kwargs["sock"])
    elif remote_addr is not None:
        yield remote_addr


def of_sock_connect(_loop: Any, _sock: Any, address: Any) -> Iterable[Any]:
    """The address of ``sock_connect``, which takes no transport."""
    yield address


def _peer_of(sock: Any) -> Iterable[Any]:
    try:
        peer = sock.getpeername()
    except OSError:  # it is not connected
        return
    if peer:
        yield peer
