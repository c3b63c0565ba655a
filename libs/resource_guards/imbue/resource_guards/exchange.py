"""What a worker of xdist and its controller tell each other about the guards of a run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from imbue.resource_guards.errors import ResourceGuardMisconfiguration
from imbue.resource_guards.run import Run


def send(run: Run, item: pytest.Item, report: pytest.TestReport) -> None:
    """Give a report to pytest after the test's own; through the controller from a worker."""
    if run.is_worker:
        serialize = run.config.hook.pytest_report_to_serializable
        run.findings.reports.append(serialize(config=run.config, report=report))
    else:
        item.ihook.pytest_runtest_logreport(report=report)


def hand_in(run: Run, output: dict[str, Any]) -> None:
    """In a worker, at its end: give the controller what was found."""
    data = run.findings.to_data()
    data["records"] = None if run.recorder is None else run.recorder.to_data()
    output["resource_guards"] = data


def receive(run: Run, data: Mapping[str, Any]) -> None:
    """In the controller: take over what a worker has found.

    Raises:
        ResourceGuardMisconfiguration: The worker has found out that the run must not begin.
    """
    reports = run.findings.merge(data)
    if run.recorder is not None:
        run.recorder.merge(data["records"])
    hook = run.config.hook
    for each in reports:
        report = hook.pytest_report_from_serializable(config=run.config, data=each)
        hook.pytest_runtest_logreport(report=report)
    if run.findings.stopped:
        raise ResourceGuardMisconfiguration(run.findings.stopped)
