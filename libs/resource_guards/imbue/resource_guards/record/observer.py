"""The one place through which every use that this process sees goes: note it, and stop it."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable
from collections.abc import MutableMapping
from collections.abc import Sequence
from typing import Any
from typing import Final

from imbue.resource_guards.callsite import call_site
from imbue.resource_guards.errors import ResourceGuardViolation
from imbue.resource_guards.intercept.binaries import Binary
from imbue.resource_guards.kinds import Layer
from imbue.resource_guards.messages import violations as messages
from imbue.resource_guards.model import Use
from imbue.resource_guards.record.journal import Journal
from imbue.resource_guards.record.ledger import Ledger
from imbue.resource_guards.record.line import LONGEST
from imbue.resource_guards.scope.scope import Scope
from imbue.resource_guards.scope.slot import ScopeSlot

Refresh = Callable[[Scope], None]

NOT_FOUND: Final = 127
"""The exit code of a blocked program: a shell's, for one that is not there."""


class Observer:
    """Notes uses of one session's resources.

    Args:
        slot: Where the current scope is read.
        ledger: Where uses in this process are kept.
        journal: Where a child forked from this process writes what it sees, since what it keeps
            in memory dies with it.
        read_journal: Books what other processes have seen so far.

    Attributes:
        labels: For each resource, the name to call it by.
        names: For each name of a resource, of these two kinds, the first.
        refresh: Reads the marks of a scope's test again, which a test may add while it runs.
    """

    def __init__(
        self,
        slot: ScopeSlot,
        ledger: Ledger,
        journal: Journal,
        read_journal: Callable[[], None],
    ) -> None:
        self.labels: dict[str, str] = {}
        self.names: dict[str, str] = {}
        self.refresh: Refresh | None = None
        self._slot = slot
        self._ledger = ledger
        self._journal = journal
        self._read_journal = read_journal
        self._pid = os.getpid()

    def call(self, resource: str, label: str) -> None:
        """Call a resource by a label from now on."""
        self.labels[resource] = label
        self.names.setdefault(label, resource)
        self.names[resource] = resource

    def saw_sdk_call(self, resource: str, what: str, *_: object, **__: object) -> None:
        """:meth:`enforce`, told the arguments of the call as well."""
        __tracebackhide__ = True
        self.enforce(resource, what)

    def enforce(self, resource: str, what: str) -> None:
        """Note a call of an SDK on behalf of the current scope, and stop it if it is not allowed.

        Raises:
            ResourceGuardViolation: The scope may not use the resource.
        """
        __tracebackhide__ = True
        scope = self._slot.current()
        if scope is None or (resource in scope.used and resource in scope.allowed):
            return
        self._saw_call(scope, resource, Layer.SDK, what)

    def saw_connection(self, resource: str, what: str) -> None:
        """The same for a connection that is about to be opened.

        Raises:
            ResourceGuardViolation: The scope may not use the resource.
        """
        __tracebackhide__ = True
        scope = self._slot.current()
        if scope is None or (resource in scope.used and resource in scope.allowed):
            return
        self._saw_call(scope, resource, Layer.CONNECTION, what)

    def _saw_call(self, scope: Scope, resource: str, layer: Layer, what: str) -> None:
        __tracebackhide__ = True
        use = self._note(scope, resource, layer, what)
        if not use.allowed:
            text = self._text(resource, use, scope)
            raise ResourceGuardViolation(text, resource)

    def saw_spawn(self, binary: Binary, arguments: Sequence[str], replaces: bool) -> None:  # noqa: FBT001
        """Note that a binary is started past its shim, and stop it if it is not allowed.

        Args:
            binary: What would run.
            arguments: Its command line.
            replaces: It would run in place of this process.

        Raises:
            ResourceGuardViolation: The scope may not use the resource.
        """
        __tracebackhide__ = True
        scope = self._slot.current()
        if scope is None:
            return
        what = " ".join(shlex.quote(word[:LONGEST]) for word in arguments[:LONGEST])
        use = self._note(scope, binary.resource, Layer.SPAWN, what)
        if use.allowed:
            return
        text = self._text(binary.resource, use, scope)
        if replaces and os.getpid() != self._pid:
            # A fork on its way to exec. An exception would unwind a second copy of pytest; this
            # is how the same ends when a shim blocks it.
            os.write(2, f"resource guards: {text}\n".encode(errors="replace"))
            os._exit(NOT_FOUND)
        raise ResourceGuardViolation(text, binary.resource)

    def _text(self, resource: str, use: Use, scope: Scope) -> str:
        label = self.labels[resource]
        return messages.blocked(label, use, scope.owner, is_fixture=scope.is_of_fixture)

    def before_spawn(self, environment: MutableMapping[Any, Any] | None) -> None:
        """Remember the place from which a process is about to be started, and for whom.

        A shim cannot know the place, so uses that it notes get it from the scope; what earlier
        processes noted is booked first, with the place of its own. The environment that the
        process gets is made to name the scope.
        """
        scope = self._slot.current()
        if scope is not None and os.getpid() == self._pid:
            if self._slot.is_main_thread:  # it alone reads the journal
                self._read_journal()
            scope.started_at = call_site()
            scope.has_started = True
            if self.refresh is not None:
                self.refresh(scope)
        self._slot.name(environment)

    def _note(self, scope: Scope, resource: str, layer: Layer, what: str) -> Use:
        if resource not in scope.allowed and self.refresh is not None:
            self.refresh(scope)
        use = Use(resource, resource in scope.allowed, layer, what, call_site(), os.getpid())
        if use.pid == self._pid:
            self._ledger.note(scope, use)
        else:
            self._journal.append(scope.id, use)
            scope.note_resource(resource)
        return use


ACTIVE: Final[list[Observer]] = []
"""The observers of the sessions that guard this process now: more than one in a nested run."""
