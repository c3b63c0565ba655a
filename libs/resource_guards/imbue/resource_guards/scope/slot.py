"""Which scope is current in one session of this process."""

from __future__ import annotations

from imbue.resource_guards.scope.publish import Publisher
from imbue.resource_guards.scope.scope import Scope


class ScopeSlot:
    """The current scope of a session: a plain attribute, so that reading it costs nothing.

    It is policy, so it is not kept in `os.environ`: a test that clears its environment changes
    nothing for this process.
    """

    __slots__ = ("_publisher", "running")

    def __init__(self, publisher: Publisher) -> None:
        self._publisher = publisher
        self.running: Scope | None = None

    def enter(self, scope: Scope | None) -> None:
        """Make `scope`, or none, the running one, here and for child processes."""
        self.running = scope
        self._publisher.publish(scope)
