"""See every connection that this process opens, whichever library opens it.

CPython raises an audit event for ``socket.connect``. That is a second line, behind the guards of the
libraries that are known: a connection that is open already, and one that is opened by other code
than Python's ``socket`` (uvloop, an extension module), raises none.

Imports nothing but the standard library's smallest parts, since child Pythons load it at start.
"""

from __future__ import annotations

from imbue.resource_guards.intercept.audit import handle
from imbue.resource_guards.intercept.audit import stop_handling

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any
    from typing import Final

CONNECTION_WATCHERS: Final[list[ConnectionWatcher]] = []
"""Those that are told of connections."""


class ConnectionWatcher:
    """Tells of connections to one resource.

    Args:
        is_use: Whether an address, as it is given to ``socket.connect``, is the resource's.
        saw: Told of each; what it raises stops the connection.
    """

    def __init__(self, is_use: Callable[[Any], bool], saw: Callable[[str], None]) -> None:
        self._is_use = is_use
        self._saw = saw

    def watch(self) -> None:
        """Begin to be told."""
        if not CONNECTION_WATCHERS:
            handle(_EVENTS)
        CONNECTION_WATCHERS.append(self)

    def unwatch(self) -> None:
        """End it."""
        if self in CONNECTION_WATCHERS:
            CONNECTION_WATCHERS.remove(self)
            if not CONNECTION_WATCHERS:
                stop_handling(_EVENTS)

    def connects(self, address: Any) -> None:
        """A connection is about to be opened."""
        __tracebackhide__ = True
        if self._is_use(address):
            self._saw(f"connection to {_written(address)}")


def _written(address: Any) -> str:
    if isinstance(address, bytes):
        return address.decode(errors="replace")
    if isinstance(address, tuple):
        return ":".join(map(str, address[:2]))
    return str(address)


def _connect(_socket: object, address: Any) -> None:
    __tracebackhide__ = True
    for watcher in CONNECTION_WATCHERS[::-1]:
        watcher.connects(address)


_EVENTS: Final[dict[str, Callable[..., None]]] = {"socket.connect": _connect}
