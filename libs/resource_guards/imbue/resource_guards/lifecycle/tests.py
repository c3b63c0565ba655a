"""The hooks of a session that guards: follow each test from set-up to tear-down and judge it."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from typing import TYPE_CHECKING
from typing import Any

import pytest

from imbue.resource_guards import pytest_internals
from imbue.resource_guards.declare.markers import MarkReader
from imbue.resource_guards.declare.policy import DIRECTIONS
from imbue.resource_guards.judge.verdict import verdict
from imbue.resource_guards.lifecycle.accounts import TestAccount
from imbue.resource_guards.lifecycle.fixtures import FixtureScopes
from imbue.resource_guards.model import Violation
from imbue.resource_guards.report.outcome import fail_report
from imbue.resource_guards.report.outcome import late_report
from imbue.resource_guards.report.outcome import name_resources
from imbue.resource_guards.report.outcome import own_outcome
from imbue.resource_guards.report.outcome import warn
from imbue.resource_guards.scope.scope import Scope

if TYPE_CHECKING:
    from imbue.resource_guards.enforcement import Enforcement
    from imbue.resource_guards.session import GuardSession

ACCOUNT = pytest.StashKey[TestAccount]()


class Lifecycle:
    """Registered as a plugin while guards are installed, and at no other time."""

    def __init__(self, session: GuardSession, enforcement: Enforcement) -> None:
        self.enforcement = enforcement
        self._session = session
        self._slot = enforcement.slot
        self._ledger = enforcement.ledger
        self._labels = enforcement.observer.labels
        self._registry = session.registry
        self._policy = session.policy
        self._marks = MarkReader(session.registry)
        self._fixtures = FixtureScopes(
            session.registry, self._marks, session.policy, enforcement, lambda: self._running
        )
        self._running: TestAccount | None = None
        self._recorder = session.recorder
        enforcement.observer.refresh = self.refresh

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None, None, None]:
        """Open the test's scope; a new one for each attempt, when a plugin runs a test again."""
        declared = self._marks.declared_by(item)
        allowed = self._policy.allowance(declared, self._registry)
        scope = self._ledger.open(item.nodeid, allowed)
        self._running = item.stash[ACCOUNT] = TestAccount(item, scope, declared)
        # Reports of subtests are made within the body, and look like reports of its end.
        self._running.has_teardown = pytest_internals.may_have_subtests(item)
        self.enforcement.put_on_path()
        self._slot.enter(scope)
        return (yield)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_fixture_setup(
        self, fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest
    ) -> Generator[None, object, object]:
        """Charge what a fixture does to that fixture."""
        return (yield from self._fixtures.set_up(fixturedef, request))

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Judge a phase, when all other plugins have had their say about its report."""
        report = yield
        account = item.stash.get(ACCOUNT, None)
        if account is None:
            return report
        self.enforcement.read_journal()
        if self._recorder is not None:
            account.outcome = own_outcome(account.outcome, report)
        if call.when == "teardown":
            self._close(account)
        else:
            self._follow(account, report)
        if not account.is_plain:
            finished = call.when == "teardown" or not account.has_teardown
            violations = self._to_fail(account, finished=finished)
            if violations:
                fail_report(report, item, call, violations, self._labels)
            if call.when == "teardown":
                name_resources(report, account.used())
                if account.is_finished:
                    self._note(account)
        if call.when == "teardown":
            if self._recorder is not None:
                self._recorder.attach(report, account)
            self._decide()
        return report

    def refresh(self, scope: Scope) -> None:
        """Read the running test's marks again, since it or a fixture may have added one."""
        account = self._running
        if account is not None and account.scope is scope:
            declared = self._marks.declared_by(account.item)
            if declared is not account.declared:
                account.declared = declared
                scope.allowed = self._policy.allowance(declared, self._registry)
                if self._slot.running is scope:
                    self._slot.enter(scope)

    def _follow(self, account: TestAccount, report: pytest.TestReport) -> None:
        self.refresh(account.scope)
        if report.when == "call":
            account.passed = report.outcome == "passed" and not hasattr(report, "wasxfail")
            account.has_teardown |= pytest_internals.has_own_finalizers(account.item)

    def _close(self, account: TestAccount) -> None:
        self.enforcement.leave(account.scope)
        self._ledger.close(account.scope)
        self._slot.enter(None)
        self._running = None
        del account.item.stash[ACCOUNT]
        account.wait()

    def _decide(self) -> None:
        """Judge the tests that waited for a fixture which has been torn down by now."""
        for account in self._fixtures.no_longer_awaited():
            if not account.wait():
                violations = self._to_fail(account, finished=True)
                if violations:
                    report = late_report(account.item, violations, self._labels)
                    self._session.send(account.item, report)
                self._note(account)
                if self._recorder is not None:
                    self._recorder.add_late(account)

    def _to_fail(self, account: TestAccount, *, finished: bool) -> list[Violation]:
        """The new violations that fail the test; of the others it warns, or keeps silent."""
        failing = []
        for found in account.untold(verdict(account.facts(finished=finished))):
            label = self._labels.get(found.resource, "")
            if self._policy.enforces(DIRECTIONS[found.kind], found.resource, label):
                failing.append(self._placed(account.item, found))
            elif not self._policy.learns:
                warn(account.item, self._placed(account.item, found), self._labels)
                self._session.findings.add_warning(found)
        return failing

    def _placed(self, item: pytest.Item, violation: Violation) -> Violation:
        from imbue.resource_guards.report.places import places_of  # only where needed

        places = places_of(item, violation, self._session.config.rootpath)
        return replace(violation, places=places)

    def _note(self, account: TestAccount) -> None:
        """A test is done, and all that it depends on: nothing more can be seen of it."""
        if self._policy.learns:
            return  # the fix tells which parameters need a mark
        self._session.findings.parameters.add(
            account.item, account.declared, account.used(), account.wrong()
        )

    def finish(self) -> None:
        """Judge the rest, when pytest has torn down what a run that ended early has left."""
        self.enforcement.read_journal()
        self._decide()
