"""Give fixtures scopes of their own, so that what they use is charged to them.

A fixture that several tests share has one, and one with a contract. Any other fixture belongs to
one test, and what it uses is that test's.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from collections.abc import Generator
from collections.abc import Iterable
from collections.abc import Mapping
from typing import TYPE_CHECKING
from typing import Any
from typing import Final

import pytest

from imbue.resource_guards import pytest_internals
from imbue.resource_guards.declare.dependents import Dependents
from imbue.resource_guards.declare.fixtures import ONE_TESTS
from imbue.resource_guards.declare.fixtures import PYTESTS
from imbue.resource_guards.declare.fixtures import declared_by_fixture
from imbue.resource_guards.declare.fixtures import kind_of
from imbue.resource_guards.declare.fixtures import known_resources
from imbue.resource_guards.declare.markers import MarkReader
from imbue.resource_guards.declare.policy import Policy
from imbue.resource_guards.declare.registry import Registry
from imbue.resource_guards.errors import ResourceGuardMisconfiguration
from imbue.resource_guards.kinds import OwnerKind
from imbue.resource_guards.lifecycle.accounts import FixtureAccount
from imbue.resource_guards.lifecycle.accounts import TestAccount
from imbue.resource_guards.lifecycle.parameters import Parameters
from imbue.resource_guards.lifecycle.turns import MeasuredTurn
from imbue.resource_guards.lifecycle.turns import Turn
from imbue.resource_guards.scope.scope import Flag
from imbue.resource_guards.scope.scope import OwnerName

if TYPE_CHECKING:
    from imbue.resource_guards.enforcement import Enforcement
    from imbue.resource_guards.report.stopwatch import FixtureTimes

_Got = tuple[Mapping[str, pytest.FixtureDef[Any]], tuple[FixtureAccount, ...]]
"""What a test had got, by its name, and the accounts of those that have one."""

_NOTHING_GOT: Final[_Got] = {}, ()


class FixtureScopes:
    """The fixtures of a session that are set up now and have a scope of their own; a plugin beside the lifecycle.

    Args:
        registry: What is guarded.
        marks: Reads the marks of tests.
        policy: Tells what is let through that nobody has declared.
        enforcement: Its ledger, slot and journal.
        running: Tells the account of the test that is running, if one is.
        times: Takes how long they took, where records are kept.
        only_plans: None is set up (``--setup-plan``).

    Attributes:
        finished: Those that have been torn down and that no test has been told of.
        matters: Raised when one has used something, or has a contract. Until then there is nothing to judge of any.
    """

    __slots__ = (  # for the reason that `Lifecycle` has some
        *("finished", "matters", "_accounts", "_definitions", "_dependents", "_enforcement"),
        *("_kinds", "_ledger", "_marks", "_only_plans", "_parameters", "_policy", "_registry"),
        *("_last_got", "_running", "_tests_tell", "_times"),
    )

    def __init__(  # noqa: PLR0913, PLR0917 - what there is to know
        self,
        registry: Registry,
        marks: MarkReader,
        policy: Policy,
        enforcement: Enforcement,
        running: Callable[[], TestAccount | None],
        times: FixtureTimes | None,
        *,
        only_plans: bool = False,
    ) -> None:
        self._registry = registry
        self._marks = marks
        self._policy = policy
        self._enforcement = enforcement
        self._ledger = enforcement.ledger
        self._running = running
        self._times = times
        self._only_plans = only_plans
        self._accounts: dict[pytest.FixtureDef[Any], FixtureAccount] = {}
        self._parameters = Parameters()
        self._dependents: Dependents | None = None
        self._definitions: pytest_internals.Definitions | None = None
        self._tests_tell = False
        self._kinds: dict[pytest.FixtureDef[Any], str] = {}
        self._last_got = _NOTHING_GOT
        self.finished: list[FixtureAccount] = []
        self.matters = Flag()

    def no_longer_awaited(self, *, all_of_them: bool) -> Iterable[TestAccount]:
        """The tests that waited for fixtures which have been torn down since the last call, in their order.

        Args:
            all_of_them: Also those of which there is nothing to judge.
        """
        finished, self.finished = self.finished, []
        found = []
        for fixture in finished:
            found += fixture.awaiting
            if all_of_them or fixture.requested or not fixture.is_plain:
                found += fixture.awaiting_plain
        return sorted(found, key=lambda test: test.attempt)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_fixture_setup(
        self, fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest
    ) -> Generator[None, object, object]:
        """Charge what a fixture does to that fixture: enclose its set-up, and later its tear-down.

        Some tests come here ten times, so little is done for a fixture that belongs to one test.
        """
        __tracebackhide__ = True
        kind = self._kinds.get(fixturedef)
        if kind is None:
            kind = self._kinds[fixturedef] = kind_of(fixturedef)
        if self._only_plans or kind is PYTESTS:
            return (yield)
        running = self._running()
        if kind is ONE_TESTS:
            before, count = pytest_internals.finalizer_count(fixturedef), 0
            if running and (running.scope.has_started or running.scope.used):
                self._enforcement.read_journal()
                count = running.scope.count
            try:
                return (yield)
            finally:
                if running and (running.scope.has_started or running.scope.used):
                    self._enforcement.read_journal()
                    name = pytest_internals.display_name(fixturedef)
                    running.scope.came_through(name, count)
                if running and pytest_internals.finalizer_count(fixturedef) > before:
                    running.has_teardown = True
        try:
            account = self._open(fixturedef, request, running)
        except ResourceGuardMisconfiguration as error:
            pytest_internals.have_failed(fixturedef, request, error)
            raise
        return (yield from self._charge(fixturedef, request, account))

    def _open(
        self,
        fixturedef: pytest.FixtureDef[Any],
        request: pytest.FixtureRequest,
        running: TestAccount | None,
    ) -> FixtureAccount:
        __tracebackhide__ = True
        declared = declared_by_fixture(fixturedef.func)
        if declared is not None:
            allowed = known_resources(declared, self._registry, fixturedef.argname)
        else:
            if self._dependents is None:
                self._dependents = Dependents(request.session.items, self._marks)
            allowed = self._dependents.declare(fixturedef)
            if running:  # which may have been given a mark since it was collected
                allowed |= running.declared
        allowed = self._policy.allowance(allowed, self._registry)
        owner = OwnerName(pytest_internals.display_name(fixturedef), OwnerKind.FIXTURE)
        scope = self._ledger.open(owner, allowed, self.matters)
        if declared is not None:
            self.matters.is_up = True
        parameter = None
        if declared is not None and running is not None:
            parameter = self._parameters.current(fixturedef, running.item)
        account = FixtureAccount(fixturedef, scope, declared, parameter)
        self._accounts[fixturedef] = account
        self._last_got = _NOTHING_GOT
        return account

    def _charge(
        self,
        fixturedef: pytest.FixtureDef[Any],
        request: pytest.FixtureRequest,
        account: FixtureAccount,
    ) -> Generator[None, object, object]:
        __tracebackhide__ = True
        scope = account.scope
        turn = Turn(self._enforcement, scope)
        if self._times is not None:
            below = pytest_internals.is_visible_below(fixturedef)
            turn = MeasuredTurn(self._enforcement, scope, self._times, below)
        of_trio: Any = None

        def finish() -> None:
            turn.end()
            if (running := self._running()) is not None:
                self.note_got(running)
            if of_trio is not None:
                # pytest-trio runs none that the test does not get by an argument of its own or of another.
                was_run = of_trio.setup_done.is_set()
                account.failed = running is None or not running.passed or not was_run
            account.finished = True
            self.finished.append(account)
            self._ledger.close(scope)
            turn.was_last()
            if self._accounts.get(fixturedef) is account:
                del self._accounts[fixturedef]
                pytest_internals.leave_alone(fixturedef)

        # Finalizers run last in, first out: `finish` and, below, `turn.begin` enclose those that
        # the fixture adds itself, a generator's second half among them.
        fixturedef.addfinalizer(finish)
        before = pytest_internals.finalizer_count(fixturedef)
        self._depend(account, request)
        if not self._is_told(fixturedef, request):
            self._follow_requests(fixturedef)
        pytest_internals.tell_each_ask(request, lambda got: account.ask(self._accounts.get(got)))
        turn.begin()
        try:
            value = yield
        except BaseException:
            account.failed = True
            self._follow_requests(fixturedef)
            raise
        else:
            of_trio = value if _is_of_trio(value) else None
            return value
        finally:
            turn.end()
            account.finished = not (
                pytest_internals.finalizer_count(fixturedef) > before
                or pytest_internals.asks_for_the_request(fixturedef)
                or scope.has_started
                or of_trio is not None
            )
            pytest_internals.keep_last_finalizer(fixturedef, turn.begin)

    def _is_told(self, fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest) -> bool:
        """Whether tests tell themselves that they have got it, so that its requests need not be followed."""
        if self._definitions is None:
            self._definitions = pytest_internals.Definitions(request.session)
            self._tests_tell = pytest_internals.tell_what_they_got(request.session.items, request)
        names = (fixturedef.argname, *fixturedef.argnames)
        return self._tests_tell and not any(map(self._definitions.has_others, names))

    def _follow_requests(self, fixturedef: pytest.FixtureDef[Any]) -> None:
        def requested(request: pytest.FixtureRequest) -> None:
            again = self._accounts.get(fixturedef)  # another, if it has parameters
            if again is not None:
                self._depend(again, request)

        pytest_internals.tell_each_request(fixturedef, requested)

    def note_got(self, test: TestAccount) -> None:
        """Note which fixtures a test has got that have accounts."""
        if accounts := self._accounts:
            got = pytest_internals.got_by(test.item)
            last, noted = self._last_got  # most tests have got the same as the one before
            if last != got:
                noted = tuple([accounts[each] for each in got.values() if each in accounts])
                self._last_got = {**got}, noted
            test.note(noted)

    def _depend(self, account: FixtureAccount, request: pytest.FixtureRequest) -> None:
        """Note on whose behalf a fixture was requested: the running test's, and other fixtures'."""
        running = self._running()
        if running is not None and account not in running.fixtures:
            running.fixtures = (*running.fixtures, account)
        for requester in pytest_internals.requesters(request):
            other = self._accounts.get(requester)
            if other is not None:
                other.ask(account)


def _is_of_trio(value: object) -> bool:
    """Whether a value stands for a fixture of pytest-trio, which is set up and torn down while its test runs."""
    trio = sys.modules.get("pytest_trio.plugin")
    return trio is not None and isinstance(value, trio.TrioFixture)
