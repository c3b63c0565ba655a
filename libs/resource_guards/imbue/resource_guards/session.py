"""The guard session: all that one pytest process has to do with resource guards."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING
from typing import Any
from typing import Final

import pytest

from imbue.resource_guards.declare.gathering import PENDING
from imbue.resource_guards.declare.gathering import Gathering
from imbue.resource_guards.declare.policy import Policy
from imbue.resource_guards.declare.policy import read_policy
from imbue.resource_guards.kinds import Mode
from imbue.resource_guards.kinds import Phase

if TYPE_CHECKING:
    from imbue.resource_guards.declare.registry import Registry
    from imbue.resource_guards.enforcement import Enforcement
    from imbue.resource_guards.lifecycle.collection import CollectionTime
    from imbue.resource_guards.lifecycle.tests import Lifecycle
    from imbue.resource_guards.model import Resource
    from imbue.resource_guards.report.findings import Findings
    from imbue.resource_guards.report.open_verdicts import OpenVerdicts
    from imbue.resource_guards.report.recorder import Recorder
    from imbue.resource_guards.run import Run
    from imbue.resource_guards.scope.slot import ScopeSlot

SESSIONS: Final[list[GuardSession]] = []
"""The sessions of this process, innermost last: a test may run pytest in its own process."""


class GuardSession:
    """One pytest session, from the loading of plugins to the end of the run.

    It is made for every pytest process, and is inert until a guard is registered: what only a
    session with guards needs is imported where it is needed, since that takes longer than all else.

    Args:
        config: pytest's.
        phase: Where it begins; a blocked one stays there.
    """

    def __init__(self, config: pytest.Config, phase: Phase = Phase.LOADING) -> None:
        self.config = config
        self.phase = phase
        self.policy = Policy(Mode.ENFORCE)
        self.recorder: Recorder | None = None
        self.open_verdicts: OpenVerdicts | None = None
        self._began = time.time_ns()
        self.gathering = Gathering(config)
        self._findings: Findings | None = None
        self._pytest_session: pytest.Session | None = None
        self._enforcement: Enforcement | None = None
        self._lifecycle: Lifecycle | None = None
        self._collection: CollectionTime | None = None
        if not SESSIONS and PENDING:
            self.registry.take_all_from(PENDING.pop())
        SESSIONS.append(self)

    @property
    def registry(self) -> Registry:
        """What is guarded."""
        return self.gathering.registry

    @property
    def findings(self) -> Findings:
        """What is to be told beside the tests' own reports."""
        if self._findings is None:
            from imbue.resource_guards.report.findings import Findings

            self._findings = Findings()
        return self._findings

    @property
    def run(self) -> Run:
        """What others need to know of it."""
        from imbue.resource_guards.run import Run

        return Run(
            self.config, self.registry, self.policy, self.findings, self.recorder, self.give_up
        )

    @property
    def has_guards(self) -> bool:
        """Whether any guard is registered."""
        return self.gathering.has_guards

    @property
    def has_findings(self) -> bool:
        """Whether there may be any findings."""
        return self._findings is not None

    @property
    def slot(self) -> ScopeSlot | None:
        """Where its scopes are; `None` while it does not guard."""
        return None if self._enforcement is None else self._enforcement.slot

    def configure(self) -> None:
        """Collect the guards.

        Raises:
            ResourceGuardMisconfiguration: A plugin or conftest registers one wrongly, or a setting
                cannot be read.
        """
        self.policy = read_policy(self.config)
        self.phase = Phase.CONFIGURING
        self.gathering.listen(self._registered)
        self.gathering.read_settings()

    def others_have_come(self) -> None:
        """A plugin or conftest was registered, and may have guards, or wrap what tests report.

        Raises:
            ResourceGuardMisconfiguration: It registers a guard wrongly.
        """
        if self.phase >= Phase.CONFIGURING:
            self.gathering.ask_hooks()
        if self._lifecycle is not None:
            self._lifecycle.look_last()

    def add_markers(self) -> None:
        """Make the marks known to pytest that no conftest has described."""
        self.phase = Phase.CONFIGURED
        if self.has_guards:
            self.gathering.add_marker_lines()

    def start(self, pytest_session: pytest.Session) -> None:
        """Install the guards, if there are any. A second call changes nothing.

        Raises:
            ResourceGuardMisconfiguration: One cannot be installed; then none is.
        """
        self._pytest_session = pytest_session
        is_off = self.phase is Phase.BLOCKED or self.policy.mode is Mode.OFF
        if is_off or self._enforcement is not None:
            return
        self._record()
        if not self.has_guards:
            return
        from imbue.resource_guards.enforcement import Enforcement
        from imbue.resource_guards.weakly import unless_gone

        tell, complain = self.findings.add_missing_target, unless_gone(self.complain)
        enforcement = Enforcement(self.registry, self.policy, tell, complain)
        if self.config.pluginmanager.hasplugin("dsession"):
            enforcement.stop()  # it was built to find errors once, and before xdist has workers
            return
        self._enforcement = enforcement
        if self.phase >= Phase.JUDGING:
            self.judge()
        else:
            from imbue.resource_guards.lifecycle.collection import CollectionTime

            self._collection = CollectionTime(enforcement, self.registry.names)

    def _record(self) -> None:
        if self.recorder is None and self.policy.records:
            if self.policy.discovers:
                from imbue.resource_guards.discover.recorder import start_recording
            else:
                from imbue.resource_guards.report.recorder import start_recording
            self.recorder = start_recording(self.config, self.registry, self.findings, self._began)

    def judge(self) -> None:
        """Begin to follow tests.

        Not before all conftests are loaded: how tests are followed depends on what others wrap.

        Raises:
            ResourceGuardMisconfiguration: A setting or fixture names what nobody has registered.
        """
        self.phase = max(self.phase, Phase.JUDGING)
        self._end_collection()
        if not hasattr(self.config, "workerinput"):
            self.check()
        if self._enforcement is not None and self._lifecycle is None:
            from imbue.resource_guards.lifecycle.registration import start_lifecycle

            self._lifecycle = start_lifecycle(self.run, self._enforcement)

    def check(self) -> None:
        """When all tests are collected, find out whether the run has to stop; then raise that, or leave a worker no tests."""
        if self._pytest_session is not None and (self.has_guards or self.policy.needs_guards):
            from imbue.resource_guards.beginning import begin

            begin(self._pytest_session, self.run, self.slot, self.gathering.check_names)

    def _end_collection(self) -> None:
        if self._collection is not None:
            collection, self._collection = self._collection, None
            collection.end(self.run)

    def complain(self, problem: str) -> None:
        """Fail the run, and end it soon: it can no longer be trusted."""
        from imbue.resource_guards.messages import trust as messages
        from imbue.resource_guards.messages.foreign import shown

        problem = shown(problem)
        self.findings.add_problem(problem)
        if self._pytest_session is not None:
            self._pytest_session.shouldfail = messages.RUN_UNTRUSTWORTHY

    def give_up(self, problem: str) -> None:
        """Judge nothing any more, since verdicts would be wrong, and fail the run."""
        self.complain(problem)
        if self._lifecycle is not None and self._enforcement is not None:
            from imbue.resource_guards.lifecycle.registration import stop_lifecycle

            stop_lifecycle(self._lifecycle)
            self._lifecycle = None
            self._enforcement.slot.clear()

    def follow_workers(self) -> None:
        """Remember which tests of workers wait for a verdict. A second call changes nothing."""
        if self.open_verdicts is None and self.policy.mode is not Mode.OFF:
            from imbue.resource_guards.report.open_verdicts import OpenVerdicts

            self.open_verdicts = OpenVerdicts(self.findings.add_problem)
            self.config.pluginmanager.register(self.open_verdicts)

    def worker_ended(self, node: Any) -> None:
        """Take over what an xdist worker has found; a crashed one has sent nothing.

        Raises:
            ResourceGuardMisconfiguration: It has found out that the run must not begin.
        """
        output = getattr(node, "workeroutput", None)
        if self.open_verdicts is not None:
            self.open_verdicts.ended(node, crashed=output is None)
        if (data := (output or {}).get("resource_guards")) is not None:
            from imbue.resource_guards.exchange import receive

            receive(self.run, data)

    def begin_to_finish(self) -> None:
        """Keep the guards in place while pytest tears down what an early end has left."""
        self.phase = Phase.FINISHING

    def finish(self, pytest_session: pytest.Session) -> None:
        """Judge what is left, take the guards out, and settle the run's exit code."""
        if self._lifecycle is not None:
            self._lifecycle.finish()
        self.stop()
        if not self.has_guards and not self.has_findings and self.recorder is None:
            return
        if hasattr(self.config, "workeroutput"):
            from imbue.resource_guards.exchange import hand_in

            hand_in(self.run, self.config.workeroutput)
            return
        fails = False
        if self.recorder is not None:
            from imbue.resource_guards.conclusion import conclude

            fails = conclude(self.config, self.recorder, self.findings)
        if pytest_session.exitstatus == pytest.ExitCode.OK and (
            fails or self.findings.problems or pytest_session.testsfailed
        ):
            pytest_session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def stop(self) -> None:
        """Take the guards out. A second call changes nothing."""
        self._end_collection()
        if self._lifecycle is not None:
            from imbue.resource_guards.lifecycle.registration import stop_lifecycle

            stop_lifecycle(self._lifecycle)
            self._lifecycle = None
        if self._enforcement is not None:
            enforcement, self._enforcement = self._enforcement, None
            enforcement.stop()
            enforcement.tell_rest(self.run)

    def close(self) -> None:
        """End of the session, however it comes."""
        self.stop()
        if self in SESSIONS:
            SESSIONS.remove(self)
        if not self.has_guards and self.recorder is None:
            return
        from imbue.resource_guards.pytest_internals import forget_plugins

        forget_plugins(self.config, __name__.rpartition(".")[0])
        self.gathering.listen(None)  # pluggy keeps it, for conftests that are still to come

    def _registered(self, resource: Resource) -> None:
        if self.phase >= Phase.CONFIGURED:
            self.gathering.add_marker_lines([resource])
        if self._enforcement is not None:
            self._enforcement.add(resource)
            if self._collection is not None:
                self._collection.allow(resource.name)
        elif self._pytest_session is not None and self.phase < Phase.FINISHING:
            self.start(self._pytest_session)  # the first of all, from a conftest collection found
