"""See connections to addresses: when they are opened, and when something is sent to or received from them.

The calls of ``connect``, and of ``sendto`` and ``sendmsg`` with an address of their own, are seen by
`socket_calls.py`. What goes over a connection that is open already is seen by `open_sockets.py`. A connection that
is opened by other code than Python's ``socket`` (uvloop, an extension module) is seen by neither; for some of that
there is `past_sockets.py`.

Imports nothing but the standard library's smallest parts, since child Pythons load it at start.
"""

from __future__ import annotations

from imbue.resource_guards.guard import CONNECTION
from imbue.resource_guards.guard import TRANSFER
from imbue.resource_guards.intercept import open_sockets
from imbue.resource_guards.intercept.socket_calls import SocketCalls

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Sequence
    from types import ModuleType
    from typing import Any
    from typing import Final

    from imbue.resource_guards.guard import Layer
    from imbue.resource_guards.intercept.import_hook import ImportHook
    from imbue.resource_guards.intercept.open_sockets import Use

CONNECTION_WATCHERS: Final[list[ConnectionWatcher]] = []
"""Those that are told of connections."""

PAST_SOCKETS: Final = (
    "uvloop",
    "zmq.sugar.socket",
    "psycopg2",
    "psycopg.connection",
    "psycopg.connection_async",
    "pycurl",
)
"""The modules of the table in `past_sockets.py`."""

_FOLLOWED: Final[list[Callable[[], None]]] = []
"""What is to be called at the end, where one of them was imported."""


class ConnectionWatcher:
    """Tells of what goes to and comes from the addresses of one resource.

    Args:
        is_use: Whether an address, as it is given to ``socket.connect``, is the resource's.
        saw: Told of each use, before it happens: what it is, and which layer has seen it. Whether further
            ones on the same behalf need not be told of; what it raises stops it.
        current: Tells for whom the calling code runs; what goes over a connection is told once for each
            of these objects. By default each time.
        perhaps: Called where something has come over a connection, and nobody knows for whom.
    """

    def __init__(
        self,
        is_use: Callable[[Any], bool],
        saw: Callable[[str, Layer], bool],
        current: Callable[[], object] = object,
        perhaps: Callable[[], object] = object,
    ) -> None:
        self.is_use = is_use
        self._saw = saw
        self._current = current
        self._perhaps = perhaps

    def watch(self, hook: ImportHook) -> None:
        """Begin to be told.

        Args:
            hook: Tells when ``socket`` is imported, and what has sockets of its own.
        """
        CONNECTION_WATCHERS.append(self)
        _CALLS.watch(hook)
        open_sockets.watch(hook, _uses_of, _comes_from)
        for name in PAST_SOCKETS:
            hook.when_imported(name, _following(name))

    def unwatch(self) -> None:
        """End it. A second call changes nothing."""
        if self in CONNECTION_WATCHERS:
            CONNECTION_WATCHERS.remove(self)
            if not CONNECTION_WATCHERS:
                _CALLS.unwatch()
                open_sockets.unwatch()
                while _FOLLOWED:
                    _FOLLOWED.pop()()

    def comes_from(self, address: Any) -> bool:
        """Whether a connection that has come from an address would be a use, if it led there."""
        return self.is_use(address)

    def connects(self, address: Any) -> None:
        """A connection is about to be opened."""
        __tracebackhide__ = True
        self._saw(f"connection to {written(address)}", CONNECTION)

    def transfer(self, address: Any) -> Use:
        """What is to be called when something is about to be sent to, or received from, an address."""
        saw, current, what = self._saw, self._current, f"data to or from {written(address)}"
        is_use = self.is_use
        told_for: object = None

        def transfer() -> None:
            nonlocal told_for
            __tracebackhide__ = True
            if told_for is not current() and saw(what, TRANSFER):
                told_for = current()  # another, if a mark was read meanwhile

        transfer.is_use = is_use  # type: ignore[attr-defined] # a function has no place for it, and is faster
        transfer.perhaps = self._perhaps  # type: ignore[attr-defined]
        return transfer  # type: ignore[return-value]


def written(address: Any) -> str:
    """An address as a message has it."""
    if isinstance(address, (bytes, str)):
        path = address.decode(errors="replace") if isinstance(address, bytes) else address
        return path.replace("\0", "@")  # as the system's tools show an abstract one
    if isinstance(address, tuple):
        return ":".join(map(str, address[:2]))
    return str(address)


def _watchers_of(address: Any) -> list[ConnectionWatcher]:
    return [each for each in CONNECTION_WATCHERS[::-1] if each.is_use(address)]


def _uses_of(address: Any) -> list[Use]:
    """What is to be called with each transfer over a connection to an address."""
    return [each.transfer(address) for each in _watchers_of(address)]


def _comes_from(address: Any) -> bool:
    return any(each.comes_from(address) for each in CONNECTION_WATCHERS[:])


def _opens(address: Any) -> Sequence[Callable[[Any], bool]]:
    """A connection is about to be opened past `socket`; whose address it is, of those who ask for theirs."""
    __tracebackhide__ = True
    watchers = _watchers_of(address)
    for watcher in watchers:
        watcher.connects(address)
    return [each.is_use for each in watchers]


def _following(name: str) -> Callable[[ModuleType], None]:
    def follow(module: ModuleType) -> None:
        from imbue.resource_guards.intercept import past_sockets  # an import is being run anyway

        if past_sockets.unwatch not in _FOLLOWED:
            _FOLLOWED.append(past_sockets.unwatch)
        past_sockets.follow(name, _opens, _uses_of, module)

    return follow


def connects(socket: Any, address: Any) -> None:
    """A socket is about to be connected."""
    __tracebackhide__ = True
    watchers = _watchers_of(address)
    for watcher in watchers:
        watcher.connects(address)
    open_sockets.leads_to(socket, address, [each.transfer(address) for each in watchers])


def sends_to(_socket: object, address: Any) -> None:
    """A socket is about to send something to an address of its own, or to where it leads."""
    __tracebackhide__ = True
    if address is not None:  # `sendmsg` on a connection has none
        for watcher in _watchers_of(address):
            watcher.transfer(address)()


_CALLS: Final = SocketCalls(
    {"socket.connect": connects, "socket.sendto": sends_to, "socket.sendmsg": sends_to}
)
