"""The one place through which every use that this process sees goes: note it, and stop it."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence
from typing import Final
from typing import NoReturn

from imbue.resource_guards import system
from imbue.resource_guards.callsite import call_site
from imbue.resource_guards.errors import JournalError
from imbue.resource_guards.errors import ResourceGuardViolation
from imbue.resource_guards.intercept.binaries import Binary
from imbue.resource_guards.intercept.forks import end_fork
from imbue.resource_guards.intercept.forks import end_if_it_comes_back
from imbue.resource_guards.kinds import Layer
from imbue.resource_guards.messages import violations as messages
from imbue.resource_guards.model import Use
from imbue.resource_guards.record.command_line import written
from imbue.resource_guards.record.journal import Journal
from imbue.resource_guards.record.ledger import Ledger
from imbue.resource_guards.scope.scope import Scope
from imbue.resource_guards.scope.slot import ScopeSlot

Refresh = Callable[[Scope], None]


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
        has_raised_in_fork: This is a fork that a test has made of the session's process, and what it
            called was stopped: it must not come back to pytest.
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
        self.has_raised_in_fork = False

    def call(self, resource: str, label: str) -> None:
        """Call a resource by a label from now on."""
        self.labels[resource] = label
        self.names.setdefault(label, resource)
        self.names[resource] = resource

    def close(self) -> None:
        """End of the session: a traceback that somebody keeps leads here, and must not lead to it."""
        self.refresh = None

    def enforce(self, resource: str, what: str) -> None:
        """Note a call of an SDK on behalf of the current scope, and stop it if it is not allowed.

        Raises:
            ResourceGuardViolation: The scope may not use the resource.
        """
        __tracebackhide__ = True
        scope = self._slot.current()
        if scope is not None and not (resource in scope.used and resource in scope.allowed):
            self._saw_call(scope, resource, Layer.SDK, what)

    def saw_connection(self, resource: str, what: str) -> None:
        """The same for a connection that is about to be opened.

        Raises:
            ResourceGuardViolation: The scope may not use the resource.
        """
        __tracebackhide__ = True
        scope = self._slot.current()
        if scope is not None and not (resource in scope.used and resource in scope.allowed):
            self._saw_call(scope, resource, Layer.CONNECTION, what)

    def _saw_call(self, scope: Scope, resource: str, layer: Layer, what: str) -> None:
        __tracebackhide__ = True
        violation = self._note(scope, resource, layer, what)
        if violation is not None:
            self.stop(violation)

    def stop(self, violation: ResourceGuardViolation) -> NoReturn:
        """Stop what is about to be done; in a fork, so that it never comes back to pytest.

        Raises:
            ResourceGuardViolation: It.
        """
        __tracebackhide__ = True
        if self._ledger.is_in_fork():
            end_if_it_comes_back(system.getframe(), str(violation))
            self.has_raised_in_fork = True
        raise violation

    def saw_start(self, binary: Binary, arguments: Sequence[str]) -> ResourceGuardViolation | None:
        """Note that a guarded program is about to start.

        Args:
            binary: The program.
            arguments: Its command line.

        Returns:
            What is to be raised if the scope may not use it.
        """
        scope = self._slot.current()
        if scope is None:
            return None
        return self._note(scope, binary.resource, Layer.SPAWN, written(arguments))

    def before_start(self) -> None:
        """Remember the place from which a process is about to be started, and for whom.

        A shim cannot know the place, so uses that it notes get it from the scope; what earlier
        processes noted is booked first, with the place of its own.
        """
        scope = self._slot.current()
        if self._ledger.is_in_fork():
            return
        if scope is not None:
            if self._slot.is_main_thread and self._journal.may_have_news():  # it alone reads it
                self._read_journal()
            scope.started_at = call_site()
            scope.has_started = True
            if self.refresh is not None:
                self.refresh(scope)
        self._slot.before_start()

    def end_fork(self) -> None:
        """End this fork, which has come back to pytest with what was raised in it."""
        end_fork(messages.fork_came_back())

    def _note(
        self, scope: Scope, resource: str, layer: Layer, what: str
    ) -> ResourceGuardViolation | None:
        if resource not in scope.allowed and self.refresh is not None:
            self.refresh(scope)
        is_allowed = resource in scope.allowed
        use = Use(resource, is_allowed, layer, what, call_site(), system.getpid())
        if self._ledger.is_in_fork():
            try:
                if not self._journal.append(scope.id, use):
                    return None  # the session has ended, and guards nothing any more
            except JournalError as error:
                # Nothing that a fork raises is heard by anyone; the session finds the reason.
                end_fork(str(error))
            scope.note_resource(resource)
        else:
            self._ledger.note(scope, use)
        if is_allowed:
            return None
        label = self.labels[resource]
        text = messages.blocked(label, use, scope.owner, scope.kind)
        return ResourceGuardViolation(text, resource)


ACTIVE: Final[list[Observer]] = []
"""The observers of the sessions that guard this process now: more than one in a nested run."""
