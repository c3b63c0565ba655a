"""The guard session: all that one pytest process has to do with resource guards."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from typing import Final

import pytest
from imbue.resource_guards import messages
from imbue.resource_guards.declare.markers import add_marker_lines
from imbue.resource_guards.declare.registry import Registry
from imbue.resource_guards.model import Resource
from imbue.resource_guards.report.findings import Findings

LIFECYCLE: Final = "resource_guards_lifecycle"

PENDING: Final = Registry()
"""What was registered when no session existed yet; the first session takes it over."""

SESSIONS: Final[list[GuardSession]] = []
"""The sessions of this process, innermost last: a test may run pytest in its own process."""


class GuardSession:
    """One pytest session, from the loading of plugins to the end of the run.

    It is made for every pytest process, and is inert until a guard is registered.
    """

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.registry = Registry()
        self.findings = Findings()
        self.is_finishing = False
        self._pytest_session: pytest.Session | None = None
        self._lifecycle: Any = None
        if not SESSIONS:
            self.registry.take_all_from(PENDING)
        SESSIONS.append(self)

    @property
    def is_controller(self) -> bool:
        """Whether xdist runs this session's tests in other processes."""
        return self.config.pluginmanager.hasplugin("dsession")

    @property
    def is_running(self) -> bool:
        """Whether guards are installed."""
        return self._lifecycle is not None

    def configure(self) -> None:
        """Collect the guards, and make their marks known to pytest.

        Raises:
            ResourceGuardMisconfiguration: A plugin or conftest registers one wrongly.
        """
        self.registry.listen(self._registered)
        self.config.hook.pytest_register_resource_guards.call_historic(
            kwargs={"registry": self.registry}
        )
        add_marker_lines(self.config, self.registry)

    def start(self, pytest_session: pytest.Session) -> None:
        """Install the guards, if there are any. A second call changes nothing.

        Raises:
            ResourceGuardMisconfiguration: One cannot be installed; then none is.
        """
        self._pytest_session = pytest_session
        if self.is_running or not self.registry.names:
            return
        # Not at the top: a session without guards imports none of it.
        from imbue.resource_guards.enforcement import Enforcement
        from imbue.resource_guards.lifecycle import Lifecycle

        native = self.config.getini("resource_guards_native")
        enforcement = Enforcement(self.registry, self.complain, native=native)
        if self.is_controller:
            enforcement.stop()  # it was built to find errors once, and before there are workers
            return
        self._lifecycle = Lifecycle(self, enforcement)
        self.config.pluginmanager.register(self._lifecycle, LIFECYCLE)

    def complain(self, problem: str) -> None:
        """Fail the run, and end it soon: it can no longer be trusted."""
        self.findings.add_problem(problem)
        if self._pytest_session is not None:
            self._pytest_session.shouldfail = messages.run_untrustworthy(problem)

    def send(self, item: pytest.Item, report: pytest.TestReport) -> None:
        """Give a report to pytest after the test's own; through the controller under xdist."""
        if hasattr(self.config, "workerinput"):
            serialize = self.config.hook.pytest_report_to_serializable
            self.findings.reports.append(serialize(config=self.config, report=report))
        else:
            item.ihook.pytest_runtest_logreport(report=report)

    def receive(self, data: Mapping[str, Any]) -> None:
        """Take over what a worker has found."""
        reports = self.findings.merge(data)
        for each in reports:
            report = self.config.hook.pytest_report_from_serializable(config=self.config, data=each)
            self.config.hook.pytest_runtest_logreport(report=report)

    def finish(self, pytest_session: pytest.Session) -> None:
        """Judge what is left, take the guards out, and settle the run's exit code."""
        if self._lifecycle is not None:
            self._lifecycle.finish()
        self.stop()
        if hasattr(self.config, "workeroutput"):
            self.config.workeroutput["resource_guards"] = self.findings.to_data()
        elif pytest_session.exitstatus == pytest.ExitCode.OK and (
            self.findings.problems or pytest_session.testsfailed
        ):
            pytest_session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def stop(self) -> None:
        """Take the guards out. A second call changes nothing."""
        if self._lifecycle is None:
            return
        lifecycle, self._lifecycle = self._lifecycle, None
        self.config.pluginmanager.unregister(lifecycle)
        enforcement = lifecycle.enforcement
        enforcement.stop()
        for late in enforcement.ledger.late:
            self.findings.add_late_use(late, enforcement.observer.labels)

    def close(self) -> None:
        """End of the session, however it comes."""
        self.stop()
        if self in SESSIONS:
            SESSIONS.remove(self)

    def _registered(self, resource: Resource) -> None:
        add_marker_lines(self.config, [resource])
        if self.is_running:
            self._lifecycle.enforcement.add(resource)
        elif self._pytest_session is not None and not self.is_finishing:
            self.start(self._pytest_session)  # the first of all, from a conftest collection found
