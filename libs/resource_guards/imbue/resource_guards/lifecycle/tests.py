"""The hooks of a session that guards: follow each test from set-up to tear-down and judge it."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING
from typing import Any
from typing import Final

import pytest

from imbue.resource_guards import pytest_internals
from imbue.resource_guards.declare.markers import MarkReader
from imbue.resource_guards.declare.markers import optional_for
from imbue.resource_guards.declare.policy import DIRECTIONS
from imbue.resource_guards.judge.verdict import verdict
from imbue.resource_guards.kinds import Direction
from imbue.resource_guards.lifecycle.accounts import TestAccount
from imbue.resource_guards.lifecycle.fixtures import FixtureScopes
from imbue.resource_guards.lifecycle.overlap import Overlap
from imbue.resource_guards.model import Violation
from imbue.resource_guards.report.findings import IS_OPEN
from imbue.resource_guards.report.outcome import late_report
from imbue.resource_guards.report.outcome import name_resources
from imbue.resource_guards.report.outcome import own_outcome
from imbue.resource_guards.report.outcome import tell
from imbue.resource_guards.report.outcome import warn
from imbue.resource_guards.report.told import told_of
from imbue.resource_guards.run import Run
from imbue.resource_guards.scope.scope import Scope

if TYPE_CHECKING:
    from imbue.resource_guards.enforcement import Enforcement
    from imbue.resource_guards.lifecycle.last_look import LastLook

NAME: Final = "resource_guards_lifecycle"


class Lifecycle:
    """Registered as a plugin while guards are installed, and at no other time.

    Args:
        run: The run.
        enforcement: What sees uses.

    Attributes:
        running: The account of the test that is running, if one is.
        reports: Told of each report that was judged, where others may change it afterwards.
        overlap: Finds out that tests overlap.
        fixtures: Follows the fixtures; a plugin of its own.
    """

    # Pluggy looks at the names of each plugin by `dir`. To look up an attribute takes several times as long for
    # CPython 3.11 and 3.12 from then on, where an object has a dictionary for them.
    __slots__ = (
        *("enforcement", "fixtures", "overlap", "reports", "run", "running"),
        *("_book", "_journal", "_labels", "_ledger", "_marks", "_policy", "_recorder", "_registry"),
        *("_is_strict", "_is_worker", "_records", "_shims", "_slot"),
    )

    def __init__(self, run: Run, enforcement: Enforcement) -> None:
        self.enforcement = enforcement
        self.run = run
        self._slot = enforcement.slot
        self._ledger = enforcement.ledger
        self._journal = enforcement.journal
        self._book = enforcement.book
        self._shims = enforcement.shims
        self._labels = enforcement.gatekeeper.labels
        self._registry = run.registry
        self._policy = run.policy
        self._is_strict = run.policy.is_strict
        self._marks = MarkReader(run.registry)
        self.fixtures = FixtureScopes(
            run.registry,
            self._marks,
            run.policy,
            enforcement,
            lambda: self.running,
            run.recorder.times if run.recorder is not None else None,
            only_plans=run.config.getoption("setupplan", default=False),
        )
        self.running: TestAccount | None = None
        self._recorder = run.recorder
        self._records = run.recorder is not None
        self._is_worker = run.is_worker
        self.reports: LastLook | None = None
        self.overlap = Overlap(run)
        enforcement.gatekeeper.refresh = self.refresh

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Any:
        """Open the test's scope; a new one for each attempt, when a plugin runs a test again."""
        declared = allowed = self._marks.declared_by(item)
        if not self._is_strict:
            allowed = self._policy.allowance(declared, self._registry)
        scope = self._ledger.open(item, allowed)
        self.running = TestAccount(item, scope, declared)
        self._shims.put_on_path()
        self._slot.enter(scope)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(  # noqa: C901, PLR0912 - a function of its own costs each test a call
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Judge a phase, when pytest has made its report and before other plugins read it.

        Each test comes here three times, so nothing is asked, and no function called, that is not needed.
        """
        report = yield
        account = self.running
        if account is None or account.item is not item:
            self._reported_out_of_turn(item)
            return report
        phase = call.when
        scope = account.scope
        try:
            # Once a test that has started something, the journal is looked at closely; else for its size alone.
            if (scope.has_started and phase != "teardown") or (
                phase != "setup" and self._journal.size() != self._journal.read
            ):
                self.enforcement.read_journal()
        except OSError:  # the test has closed the descriptor; this opens it anew
            self.enforcement.read_journal()
        if phase == "call":
            if self._marks.declared_by(item) is not account.declared:
                self.refresh(scope)
            # Who wraps reports may run the test again, with another request.
            if self.reports is not None:
                self.fixtures.note_got(account)
        elif phase == "teardown":
            if scope.has_started:
                self.enforcement.note_left_running(scope)
            self._ledger.close(scope)
            self._slot.clear()
            self.running = None
            self.fixtures.note_got(account)
            if account.fixtures and account.wait() and self._is_worker:
                setattr(report, IS_OPEN, True)
        if account.declared or scope.used or self._records:
            self.fixtures.note_got(account)
            self._judge(account, report, call)
        elif self.fixtures.matters.is_up:
            self.fixtures.note_got(account)
            for fixture in account.fixtures:  # as `is_plain` asks, without a call
                if fixture.requested or fixture.scope.used or fixture.declared is not None:
                    self._judge(account, report, call)
                    break
        if phase == "teardown" and self.fixtures.finished:
            self._decide()
        return report

    def _reported_out_of_turn(self, item: pytest.Item) -> None:
        if self._ledger.is_open(item):  # it has begun, and another has taken its place
            self.overlap.found(item.nodeid, self._ledger.last_owner)

    def _judge(
        self, account: TestAccount, report: pytest.TestReport, call: pytest.CallInfo[None]
    ) -> None:
        if self._book.has_raised_in_fork:
            self._book.end_fork()
        if self.overlap.look_around(account.item):
            return
        is_end = call.when == "teardown"
        before = account.outcome
        violations: list[Violation] = []
        if self._recorder is not None:
            account.outcome = own_outcome(before, report)
        if not is_end:
            self._follow(account, report)
        # Set up without using anything, a test has shown nothing yet.
        shows = call.when != "setup" or account.scope.used or account.fixtures
        if shows and not account.is_plain:
            violations = self._to_fail(account, finished=is_end or not account.has_teardown)
            if account.told and (violations or report.outcome == "failed"):
                tell(report, call, account, violations, self._labels)
            if is_end:
                self._conclude(account, report)
        if self.reports is not None:
            self.reports.keep(call, account, before, violations, report.longrepr)
        elif is_end and self._recorder is not None:
            self._recorder.attach(report, account)

    def _conclude(self, account: TestAccount, report: pytest.TestReport) -> None:
        name_resources(report, account.used())
        if account.is_finished:
            self._note(account)

    def look_last(self) -> None:
        """Make sure that what others do to reports hides nothing; to be called when there are more of them."""
        config = self.run.config
        caller = config.hook.pytest_runtest_makereport
        others = pytest_internals.third_party_wrappers(caller, self)
        if all(each.plugin is self.reports for each in others):
            return  # the common case: one wrapper is enough, and costs less than two
        if self.reports is None:
            from imbue.resource_guards.lifecycle.last_look import LastLook  # for few

            self.reports = LastLook(self._recorder, self._labels)
        elif pytest_internals.is_outermost(caller, self.reports):
            return
        else:
            config.pluginmanager.unregister(self.reports)
        config.pluginmanager.register(self.reports)

    def refresh(self, scope: Scope) -> None:
        """Read the running test's marks again, since it or a fixture may have added one."""
        account = self.running
        if account is not None and account.scope is scope:
            declared = self._marks.declared_by(account.item)
            if declared is not account.declared:
                account.declared = declared
                scope.allowed = self._policy.allowance(declared, self._registry)
                if self._slot.running is scope:
                    self._slot.allow_anew(scope)

    def _follow(self, account: TestAccount, report: pytest.TestReport) -> None:
        self.refresh(account.scope)
        if report.when == "call":
            # Also one that was expected to fail: its body ran to the end.
            account.passed = report.outcome == "passed"
            # Reports of subtests are made within the body, and look like reports of its end.
            account.has_teardown |= pytest_internals.may_have_subtests(
                account.item
            ) or pytest_internals.has_own_finalizers(account.item)

    def _decide(self) -> None:
        """Judge the tests that waited for a fixture which has been torn down by now."""
        for account in self.fixtures.no_longer_awaited(all_of_them=self._records):
            if account.wait():
                continue
            if not account.is_plain:
                violations = self._to_fail(account, finished=True)
                if violations:
                    from imbue.resource_guards.exchange import send  # for few

                    report = late_report(account.item, violations, self._labels)
                    send(self.run, account.item, report)
                self._note(account)
            if self._recorder is not None:
                self._recorder.add_late(account)

    def _to_fail(self, account: TestAccount, *, finished: bool) -> list[Violation]:
        """The new violations that fail the test; of the others it warns, or keeps silent."""
        if account.is_in_order:
            return []
        failing = []
        violations = self._verdict(account, finished=finished)
        if any(not each.uses for each in violations) and not self.enforcement.is_healthy():
            # Some use was lost, and may be the one that is missed here; the run fails for it.
            violations = [each for each in violations if each.uses]
        for found in account.untold(violations):
            label = self._labels.get(found.resource, "")
            if self._policy.enforces(DIRECTIONS[found.kind], found.resource, label):
                from imbue.resource_guards.report.advice import placed  # only where needed

                failing.append(placed(account.item, found, self.run.config.rootpath))
            elif not self._policy.learns:
                warn(account.item, found, self._labels)
                self.run.findings.add_warning(told_of(account.item, found, self._labels))
        return failing

    def _verdict(self, account: TestAccount, *, finished: bool) -> list[Violation]:
        """What is wrong with a test; nothing superfluous where that cannot be known."""
        facts = account.facts(finished=finished)
        found = verdict(facts)
        unused = {each.resource for each in found if DIRECTIONS[each.kind] is Direction.SUPERFLUOUS}
        if not unused:
            return found
        optional = optional_for(account.item, unused)
        if optional:
            facts = facts._replace(optional=optional)
            found = verdict(facts)
        from imbue.resource_guards.lifecycle.doubts import doubts_of  # only where needed

        resources = [each for each in self._registry if each.name in unused]
        doubts = doubts_of(account, resources, self.enforcement.perhaps, self.enforcement.named)
        if not doubts:
            return found
        self.run.findings.doubts.add(account.item.nodeid, doubts)
        account.doubts = doubts
        return verdict(facts._replace(unsure=frozenset(doubts)))

    def _note(self, account: TestAccount) -> None:
        """A test is done, and all that it depends on: nothing more can be seen of it."""
        if self._policy.learns:
            return  # the fix tells which parameters need a mark
        self.run.findings.parameters.add(
            account.item, account.declared, account.used(), account.wrong()
        )

    def finish(self) -> None:
        """Judge the rest, when pytest has torn down what a run that ended early has left."""
        self.enforcement.read_journal()
        self._decide()
