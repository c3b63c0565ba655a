"""Give fixtures scopes of their own, so that what they use is charged to them.

A fixture that several tests share has one, and one with a contract. Any other fixture belongs to
one test, and what it uses is that test's.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Generator
from collections.abc import Iterable
from typing import Any

import pytest

from imbue.resource_guards import pytest_internals
from imbue.resource_guards.declare.dependents import Dependents
from imbue.resource_guards.declare.fixtures import declared_by_fixture
from imbue.resource_guards.declare.fixtures import known_resources
from imbue.resource_guards.declare.markers import MarkReader
from imbue.resource_guards.declare.registry import Registry
from imbue.resource_guards.lifecycle.accounts import FixtureAccount
from imbue.resource_guards.lifecycle.accounts import TestAccount
from imbue.resource_guards.record.ledger import Ledger
from imbue.resource_guards.scope.scope import Scope
from imbue.resource_guards.scope.slot import ScopeSlot


class FixtureScopes:
    """The fixtures of a session that are set up now and have a scope of their own.

    Args:
        read_journal: Books what other processes have seen; called before each change of scope,
            since uses by processes that lost their scope are charged to the running one.
    """

    def __init__(
        self,
        registry: Registry,
        marks: MarkReader,
        slot: ScopeSlot,
        ledger: Ledger,
        read_journal: Callable[[], None],
    ) -> None:
        self._registry = registry
        self._marks = marks
        self._slot = slot
        self._ledger = ledger
        self._read_journal = read_journal
        self._accounts: dict[pytest.FixtureDef[Any], FixtureAccount] = {}
        self._dependents: Dependents | None = None
        self._finished: list[FixtureAccount] = []

    def accounts_of(self, item: pytest.Item) -> Iterable[FixtureAccount]:
        """The accounts of the fixtures that the test has depended on so far."""
        if not self._accounts:
            return
        for fixturedef in pytest_internals.active_fixtures(item):
            if fixturedef in self._accounts:
                yield self._accounts[fixturedef]
        # A fixture whose set-up failed is not active for those who then get the same error again.
        for chain in pytest_internals.static_fixtures(item):
            account = self._accounts.get(chain[-1])
            if account is not None and account.failed:
                yield account

    def no_longer_awaited(self) -> Iterable[TestAccount]:
        """The tests that waited for fixtures which have been torn down since the last call."""
        finished, self._finished = self._finished, []
        return [test for fixture in finished for test in fixture.awaiting]

    def set_up(
        self,
        fixturedef: pytest.FixtureDef[Any],
        request: pytest.FixtureRequest,
        running: TestAccount | None,
    ) -> Generator[None, object, object]:
        """Enclose the set-up of a fixture, and later its tear-down; a ``pytest_fixture_setup``.

        Args:
            fixturedef: The fixture.
            request: The request that it is set up for.
            running: The account of the test that is running, if one is.
        """
        if pytest_internals.is_pytests_own(fixturedef) or request.config.getoption(
            "setupplan", default=False
        ):
            return (yield)
        declared = declared_by_fixture(fixturedef.func)
        if declared is None and fixturedef.scope == "function":
            before = pytest_internals.finalizer_count(fixturedef)
            try:
                return (yield)
            finally:
                if running and pytest_internals.finalizer_count(fixturedef) > before:
                    running.has_teardown = True
        account = self._open(fixturedef, request, declared, running)
        return (yield from self._charge(fixturedef, account, running))

    def _open(
        self,
        fixturedef: pytest.FixtureDef[Any],
        request: pytest.FixtureRequest,
        declared: frozenset[str] | None,
        running: TestAccount | None,
    ) -> FixtureAccount:
        if declared is not None:
            allowed = known_resources(declared, self._registry, fixturedef.argname)
        else:
            if self._dependents is None:
                self._dependents = Dependents(request.session.items, self._marks)
            allowed = self._dependents.declare(fixturedef, running.item if running else None)
        scope = self._ledger.open(pytest_internals.display_name(fixturedef), allowed)
        account = self._accounts[fixturedef] = FixtureAccount(scope, declared)
        if running:
            running.depend_on(account)
        return account

    def _charge(
        self,
        fixturedef: pytest.FixtureDef[Any],
        account: FixtureAccount,
        running: TestAccount | None,
    ) -> Generator[None, object, object]:
        turn = _Turn(self._slot, account.scope, self._read_journal)

        def finish() -> None:
            turn.end()
            account.finished = True
            self._finished.append(account)
            self._ledger.close(account.scope)
            if self._accounts.get(fixturedef) is account:
                del self._accounts[fixturedef]

        # Finalizers run last in, first out: `finish` and, below, `turn.begin` enclose those that
        # the fixture adds itself, a generator's second half among them.
        fixturedef.addfinalizer(finish)
        before = pytest_internals.finalizer_count(fixturedef)
        turn.begin()
        try:
            return (yield)
        except BaseException:
            account.failed = True
            raise
        finally:
            turn.end()
            account.finished = pytest_internals.finalizer_count(fixturedef) == before
            if running and not account.finished:
                running.has_teardown = True
            fixturedef.addfinalizer(turn.begin)


class _Turn:
    """A stretch of time in which a scope runs in place of the one that ran before."""

    def __init__(self, slot: ScopeSlot, scope: Scope, read_journal: Callable[[], None]) -> None:
        self._slot = slot
        self._scope = scope
        self._before: Scope | None = None
        self._read_journal = read_journal

    def begin(self) -> None:
        self._read_journal()
        self._before = self._slot.running
        self._slot.enter(self._scope)

    def end(self) -> None:
        self._read_journal()
        self._slot.enter(self._before)
