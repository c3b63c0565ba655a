"""What a worker of xdist and its controller tell each other about the guards of a run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING
from typing import Any

from imbue.resource_guards.kinds import Mode

if TYPE_CHECKING:
    import pytest

    from imbue.resource_guards.session import GuardSession


def send(session: GuardSession, item: pytest.Item, report: pytest.TestReport) -> None:
    """Give a report to pytest after the test's own; through the controller from a worker."""
    config = session.config
    if hasattr(config, "workerinput"):
        serialize = config.hook.pytest_report_to_serializable
        session.findings.reports.append(serialize(config=config, report=report))
    else:
        item.ihook.pytest_runtest_logreport(report=report)


def hand_in(session: GuardSession, output: dict[str, Any]) -> None:
    """In a worker, at its end: give the controller what was found."""
    data = session.findings.to_data()
    data["records"] = None if session.recorder is None else session.recorder.to_data()
    output["resource_guards"] = data


def receive(session: GuardSession, data: Mapping[str, Any]) -> None:
    """In the controller: take over what a worker has found."""
    reports = session.findings.merge(data)
    if session.recorder is not None:
        session.recorder.merge(data["records"])
    config = session.config
    for each in reports:
        report = config.hook.pytest_report_from_serializable(config=config, data=each)
        config.hook.pytest_runtest_logreport(report=report)


def follow_workers(session: GuardSession) -> None:
    """Remember which tests of workers wait for a verdict. A second call changes nothing."""
    if session.waiting is None and not session.is_blocked and session.policy.mode is not Mode.OFF:
        from imbue.resource_guards.report.open_verdicts import OpenVerdicts  # only with workers

        session.waiting = OpenVerdicts(session.findings.add_problem)
        session.config.pluginmanager.register(session.waiting)
