"""The one place through which every use that this process sees goes: note it, and stop it."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Final

from imbue.resource_guards import messages
from imbue.resource_guards.errors import ResourceGuardViolation
from imbue.resource_guards.model import Layer
from imbue.resource_guards.model import Use
from imbue.resource_guards.record.callsite import call_site
from imbue.resource_guards.record.journal import Journal
from imbue.resource_guards.scope.scope import Scope
from imbue.resource_guards.scope.slot import ScopeSlot

Refresh = Callable[[Scope], None]


class Observer:
    """Notes uses of one session's resources.

    Args:
        slot: Where the current scope is read.
        journal: Where a child forked from this process writes what it sees, since what it keeps
            in memory dies with it.

    Attributes:
        labels: For each resource, the name to call it by.
        refresh: Reads the marks of a scope's test again, which a test may add while it runs.
    """

    def __init__(self, slot: ScopeSlot, journal: Journal) -> None:
        self.labels: dict[str, str] = {}
        self.refresh: Refresh | None = None
        self._slot = slot
        self._journal = journal
        self._pid = os.getpid()

    def saw_sdk_call(self, resource: str, what: str) -> None:
        """Note a call of an SDK on behalf of the running scope, and stop it if it is not allowed.

        Raises:
            ResourceGuardViolation: The scope may not use the resource.
        """
        __tracebackhide__ = True
        scope = self._slot.running
        if scope is None:
            return
        if resource in scope.used and resource in scope.allowed:
            return
        if resource not in scope.allowed and self.refresh is not None:
            self.refresh(scope)
        allowed = resource in scope.allowed
        use = Use(resource, allowed, Layer.SDK, what, call_site(), os.getpid())
        self.note(scope, use)
        if not allowed:
            raise ResourceGuardViolation(messages.blocked(self.labels[resource], use, scope.owner))

    def note(self, scope: Scope, use: Use) -> None:
        """Keep a use where the verdict will find it."""
        if os.getpid() == self._pid:
            scope.note(use)
        else:
            self._journal.append(scope.id, use)


ACTIVE: Final[list[Observer]] = []
"""The observers of the sessions that guard this process now: more than one in a nested run."""
