"""Where pytest's own process records what it sees: on its scopes, or from a fork in the journal."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence
from typing import Final
from typing import NoReturn

from imbue.resource_guards import system
from imbue.resource_guards.callsite import call_site
from imbue.resource_guards.errors import JournalError
from imbue.resource_guards.errors import ResourceGuardViolation
from imbue.resource_guards.forks import end_fork
from imbue.resource_guards.forks import end_if_it_comes_back
from imbue.resource_guards.gatekeeper import Gatekeeper
from imbue.resource_guards.messages import violations as messages
from imbue.resource_guards.model import Use
from imbue.resource_guards.past_python import may_connect
from imbue.resource_guards.record.journal import Journal
from imbue.resource_guards.record.ledger import Ledger
from imbue.resource_guards.scope.scope import Scope
from imbue.resource_guards.scope.slot import ScopeSlot


class Book:
    """The sink of one session's gatekeeper in pytest's process and its forks.

    Args:
        slot: Where the current scope is read.
        ledger: Where uses in this process are kept.
        journal: Where a child forked from this process writes what it sees, since what it keeps
            in memory dies with it.
        read_journal: Books what other processes have seen so far.

    Attributes:
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
        self.has_raised_in_fork = False
        self.gatekeeper = Gatekeeper(slot.current, self)
        self._slot = slot
        self._ledger = ledger
        self._journal = journal
        self._read_journal = read_journal

    def record(self, scope: Scope, use: Use) -> bool:
        """Record a use; `False` if the session has ended, and guards nothing any more."""
        if not self._ledger.is_in_fork():
            is_others = use.allowed and use.resource not in scope.allowed
            self._ledger.note(scope, use, is_others=is_others)
            running = self._slot.running
            if is_others and running is not None:
                running.note(
                    use
                )  # which may well wait for it, so its mark cannot be called superfluous
            return True
        try:
            if not self._journal.append(scope.id, use):
                return False
        except JournalError as error:
            # Nothing that a fork raises is heard by anyone; the session finds the reason.
            end_fork(str(error))
        scope.note_resource(use.resource)
        return True

    def may_go_on(self, scope: Scope, resource: str) -> bool:
        """Whether a thread that a test has left running may connect since the test that runs now may.

        A pool that tests share may have been opened by one without the mark: that one has failed, and the
        run says what its threads do now.
        """
        running = self._slot.running
        return (
            running is not None
            and resource in running.allowed
            and not self._ledger.is_in_fork()
            and self._ledger.has_ended(scope)
        )

    def through(self) -> str:
        """No process stands between pytest's and itself."""
        return ""

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

    def end_fork(self) -> None:
        """End this fork, which has come back to pytest with what was raised in it."""
        end_fork(messages.FORK_CAME_BACK)

    def before_start(self, arguments: Sequence[str]) -> str:
        """Remember the place from which a process is about to be started, and for whom.

        A shim cannot know the place, so uses that it notes get it from the scope; what earlier
        processes noted is booked first, with the place of its own.

        Returns:
            The place; empty where it is of no use.
        """
        scope = self._slot.current()
        if self._ledger.is_in_fork():
            return ""
        if scope is None:
            self._slot.before_start()
            return ""
        if self._slot.is_main_thread and self._journal.may_have_news():  # it alone reads it
            self._read_journal()
        scope.started_at = call_site()
        scope.has_started = True
        if not scope.has_started_others and arguments:
            scope.has_started_others = may_connect(arguments[0])
        self.gatekeeper.read_anew(scope)
        return scope.started_at


ACTIVE: Final[list[Gatekeeper]] = []
"""The gatekeepers of the sessions that guard this process now: more than one in a nested run."""
