"""Note where connections lead, and which names are looked up; nothing is stopped.

Imports nothing but the standard library's smallest parts, since child Pythons load it.
"""

from __future__ import annotations

from imbue.resource_guards.discover.endpoints import Endpoints
from imbue.resource_guards.discover.endpoints import is_remote_name
from imbue.resource_guards.discover.observers import ADDRESSES
from imbue.resource_guards.guard import CONNECTION
from imbue.resource_guards.guard import LOOKUP
from imbue.resource_guards.intercept.connection_hook import ConnectionWatcher
from imbue.resource_guards.intercept.lookups import LookupWatcher

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from imbue.resource_guards.intercept.open_sockets import Use


class ConnectionObserver(ConnectionWatcher):
    """Notes where connections lead; a watcher as `intercept/connection_hook.py` has them.

    Args:
        process: What the process offers.
        top: The process whose children are the suite's own.
    """

    def __init__(self, process: Any, top: int) -> None:
        super().__init__(self.leads_anywhere, lambda _what, _layer: True, process.current)
        self._process = process
        self._endpoints = Endpoints(top)
        self._last: tuple[object, object, str] = (None, None, "")

    def leads_anywhere(self, address: Any) -> bool:
        """Whether an address leads anywhere."""
        return bool(self._described(address))

    def comes_from(self, address: Any) -> bool:
        """Whether an address is one: who listens at a client's port, which is another each time, need not be asked."""
        return bool(address)

    def is_name(self, name: str, port: int | None) -> bool:
        """Note a look-up of another host's name, so that it is known where it has led."""
        if not is_remote_name(name):
            return False
        self._process.note(ADDRESSES, f"{name.lower()}:{port or '*'}", LOOKUP)
        return True

    def connects(self, address: Any) -> None:
        """A connection is about to be opened."""
        self._process.note(ADDRESSES, self._described(address), CONNECTION)

    def transfer(self, address: Any) -> Use:
        """What is to be called when something is sent to, or received from, an address."""
        text, process = self._described(address), self._process
        told_for: object = None

        def transfer() -> None:
            nonlocal told_for
            current = process.current()
            if told_for is not current:
                told_for = current
                process.note(ADDRESSES, text, CONNECTION)

        transfer.is_use = self.is_use  # type: ignore[attr-defined] # as that of `ConnectionWatcher`
        transfer.perhaps = object  # type: ignore[attr-defined]
        return transfer  # type: ignore[return-value]

    def _described(self, address: Any) -> str:
        # Each connection asks several times; where it leads may be another by the next test.
        last, scope, text = self._last
        current = self._process.current()
        if last != address or scope is not current:
            text = self._endpoints.described(address)
            self._last = address, current, text
        return text


def watch(process: Any, top: int) -> tuple[ConnectionObserver, LookupWatcher]:
    """Begin to note them.

    Args:
        process: What the process offers.
        top: The process whose children are the suite's own.
    """
    connections = ConnectionObserver(process, top)
    connections.watch(process.import_hook)
    names = LookupWatcher(connections.is_name, lambda _what: None)
    names.watch(process.import_hook)
    return connections, names
