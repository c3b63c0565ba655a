"""The guard session: all that one pytest process has to do with resource guards."""

from __future__ import annotations

import time
from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING
from typing import Final

import pytest

from imbue.resource_guards.declare.pending import PENDING
from imbue.resource_guards.declare.policy import Policy
from imbue.resource_guards.declare.policy import read_policy
from imbue.resource_guards.errors import ResourceGuardMisconfiguration
from imbue.resource_guards.kinds import Mode

if TYPE_CHECKING:
    from imbue.resource_guards.declare.registry import Registry
    from imbue.resource_guards.enforcement import Enforcement
    from imbue.resource_guards.lifecycle.collection import Collection
    from imbue.resource_guards.lifecycle.tests import Lifecycle
    from imbue.resource_guards.model import Resource
    from imbue.resource_guards.report.findings import Findings
    from imbue.resource_guards.report.open_verdicts import OpenVerdicts
    from imbue.resource_guards.report.recorder import Recorder

SESSIONS: Final[list[GuardSession]] = []
"""The sessions of this process, innermost last: a test may run pytest in its own process."""


class GuardSession:
    """One pytest session, from the loading of plugins to the end of the run.

    It is made for every pytest process, and is inert until a guard is registered: what only a
    session with guards needs is imported where it is needed, since that takes longer than all else.
    """

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.began = time.time_ns()
        self.policy = Policy(Mode.ENFORCE)
        self.recorder: Recorder | None = None
        self.waiting: OpenVerdicts | None = None
        self.is_blocked = False
        self.is_finishing = False
        self.skip_names: set[str] = set()
        self._is_configuring = False
        self._is_configured = False
        self._pytest_session: pytest.Session | None = None
        self._enforcement: Enforcement | None = None
        self._lifecycle: Lifecycle | None = None
        self._collection: Collection | None = None
        self._is_judging = False
        self._is_collected = False
        self._is_first = not SESSIONS
        if self._is_first and PENDING:
            self.registry  # noqa: B018 - takes over what is there
        SESSIONS.append(self)

    @cached_property
    def registry(self) -> Registry:
        """What is guarded."""
        from imbue.resource_guards.declare.registry import Registry

        registry = Registry()
        if self._is_first and PENDING:
            registry.take_all_from(PENDING.pop())
        if self._is_configuring:
            registry.listen(self._registered)
        return registry

    @cached_property
    def findings(self) -> Findings:
        """What is to be told beside the tests' own reports."""
        from imbue.resource_guards.report.findings import Findings

        return Findings()

    @property
    def has_guards(self) -> bool:
        """Whether any guard is registered."""
        return "registry" in vars(self) and bool(self.registry.names)

    @property
    def has_findings(self) -> bool:
        """Whether there may be any findings."""
        return "findings" in vars(self)

    @property
    def is_controller(self) -> bool:
        """Whether xdist runs this session's tests in other processes."""
        return self.config.pluginmanager.hasplugin("dsession")

    @property
    def is_running(self) -> bool:
        """Whether guards are installed."""
        return self._enforcement is not None

    def configure(self) -> None:
        """Collect the guards.

        Raises:
            ResourceGuardMisconfiguration: A plugin or conftest registers one wrongly, or a setting
                cannot be read.
        """
        if not self.is_blocked:
            self.policy = read_policy(self.config)
        self._is_configuring = True
        if "registry" in vars(self):
            self.registry.listen(self._registered)
        names = () if self.is_blocked else self.config.getini("resource_guards")
        if names:
            from imbue.resource_guards.declare.named import register_named

            register_named(names, self.registry)
        self.collect()

    def collect(self) -> None:
        """Collect the guards of hooks, when the first plugin or conftest is there that has one.

        Raises:
            ResourceGuardMisconfiguration: One registers a guard wrongly.
        """
        hook = self.config.hook.pytest_register_resource_guards
        if self._is_collected or not self._is_configuring or not hook.get_hookimpls():
            return
        self._is_collected = True
        from imbue.resource_guards.declare.from_hooks import collect_from_hooks

        collect_from_hooks(self.config, self.registry)

    def others_have_come(self) -> None:
        """A plugin or conftest was registered, and may have guards, or wrap what tests report."""
        self.collect()
        if self._lifecycle is not None:
            self._lifecycle.look_last()

    def add_markers(self) -> None:
        """Make the marks known to pytest that no conftest has described."""
        self._is_configured = True
        if self.has_guards:
            self._add_marker_lines(self.registry)

    def _add_marker_lines(self, resources: Iterable[Resource]) -> None:
        from imbue.resource_guards.declare.markers import add_marker_lines

        add_marker_lines(self.config, resources, skip_names=self.skip_names)

    def start(self, pytest_session: pytest.Session) -> None:
        """Install the guards, if there are any. A second call changes nothing.

        Raises:
            ResourceGuardMisconfiguration: One cannot be installed; then none is.
        """
        self._pytest_session = pytest_session
        if self.is_running or self.is_blocked or self.policy.mode is Mode.OFF:
            return
        self._record()
        if not self.has_guards:
            return
        from imbue.resource_guards.enforcement import Enforcement
        from imbue.resource_guards.weakly import unless_gone

        tell_missing, native = self.findings.add_missing_target, self.policy.is_native
        complain = unless_gone(self.complain)
        enforcement = Enforcement(self.registry, tell_missing, complain, native=native)
        if self.is_controller:
            enforcement.stop()  # it was built to find errors once, and before there are workers
            return
        self._enforcement = enforcement
        if self._is_judging:
            self.judge()
        else:
            from imbue.resource_guards.lifecycle.collection import Collection

            self._collection = Collection(enforcement, self.registry.names)

    def _record(self) -> None:
        if self.recorder is None and self.policy.records:
            from imbue.resource_guards.report.recorder import start_recording

            run = self.config, self.registry, self.findings, self.began
            self.recorder = start_recording(*run)

    def judge(self) -> None:
        """Begin to follow tests.

        Not before all conftests are loaded: how tests are followed depends on what others wrap.

        Raises:
            ResourceGuardMisconfiguration: A setting or fixture names what nobody has registered.
        """
        self._is_judging = True
        self._end_collection()
        if not self.has_guards and not self.policy.needs_guards:
            return
        try:
            self.policy.check(self.registry, is_complete=not self.is_controller)
            self._check_contracts()
        except ResourceGuardMisconfiguration as error:
            if not hasattr(self.config, "workerinput"):
                raise
            self.complain(str(error))  # a worker's exception would be an internal error
        if self._enforcement is not None and self._lifecycle is None:
            from imbue.resource_guards.lifecycle.registration import start_lifecycle

            self._lifecycle = start_lifecycle(self, self._enforcement)

    def _check_contracts(self) -> None:
        from imbue.resource_guards.declare.fixtures import check_contracts

        if self.is_running and self._pytest_session is not None:
            check_contracts(self._pytest_session.items, self.registry)

    def _end_collection(self) -> None:
        if self._collection is not None:
            collection, self._collection = self._collection, None
            for use in collection.end():
                self.findings.add_collected(use)

    def complain(self, problem: str) -> None:
        """Fail the run, and end it soon: it can no longer be trusted."""
        from imbue.resource_guards.messages import trust as messages
        from imbue.resource_guards.messages.foreign import shown

        problem = shown(problem)
        self.findings.add_problem(problem)
        if self._pytest_session is not None:
            self._pytest_session.shouldfail = messages.run_untrustworthy(problem)

    def give_up(self, problem: str) -> None:
        """Judge nothing any more, since verdicts would be wrong, and fail the run."""
        self.complain(problem)
        if self._lifecycle is not None and self._enforcement is not None:
            from imbue.resource_guards.lifecycle.registration import stop_lifecycle

            stop_lifecycle(self, self._lifecycle)
            self._lifecycle = None
            self._enforcement.slot.leave()

    def finish(self, pytest_session: pytest.Session) -> None:
        """Judge what is left, take the guards out, and settle the run's exit code."""
        if self._lifecycle is not None:
            self._lifecycle.finish()
        self.stop()
        if not self.has_guards and not self.has_findings and self.recorder is None:
            return
        if hasattr(self.config, "workeroutput"):
            from imbue.resource_guards.exchange import hand_in

            hand_in(self, self.config.workeroutput)
            return
        if self.recorder is not None:
            from imbue.resource_guards.conclusion import conclude

            conclude(self.config, self.recorder, self.findings)
        if pytest_session.exitstatus == pytest.ExitCode.OK and (
            self.findings.problems or pytest_session.testsfailed
        ):
            pytest_session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def stop(self) -> None:
        """Take the guards out. A second call changes nothing."""
        self._end_collection()
        if self._lifecycle is not None:
            from imbue.resource_guards.lifecycle.registration import stop_lifecycle

            stop_lifecycle(self, self._lifecycle)
            self._lifecycle = None
        if self._enforcement is not None:
            enforcement, self._enforcement = self._enforcement, None
            enforcement.stop()
            for late in enforcement.ledger.late:
                self.findings.add_late_use(late, enforcement.gatekeeper.labels)

    def close(self) -> None:
        """End of the session, however it comes."""
        self.stop()
        if self in SESSIONS:
            SESSIONS.remove(self)
        if not self.has_guards and self.recorder is None:
            return
        from imbue.resource_guards.pytest_internals import forget_plugins

        forget_plugins(self.config, __name__.rpartition(".")[0])
        self.registry.listen(None)  # pluggy keeps it, for conftests that are still to come

    def _registered(self, resource: Resource) -> None:
        if self._is_configured:
            self._add_marker_lines([resource])
        if self._enforcement is not None:
            self._enforcement.add(resource)
            if self._collection is not None:
                self._collection.allow(resource.name)
        elif self._pytest_session is not None and not self.is_finishing:
            self.start(self._pytest_session)  # the first of all, from a conftest collection found
