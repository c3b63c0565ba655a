"""In a controller of workers: tests whose verdict was not known when their worker had run them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from imbue.resource_guards.messages import trust as messages
from imbue.resource_guards.report.findings import IS_OPEN


class OpenVerdicts:
    """Registered where xdist runs the tests, since a worker that crashes gives no more verdicts.

    Args:
        complain: Told, in one line, of verdicts that are lost.
    """

    def __init__(self, complain: Callable[[str], None]) -> None:
        self._complain = complain
        self._waiting: dict[Any, list[str]] = {}

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count a test that waits, and take that out of its report, as others may store it."""
        if vars(report).pop(IS_OPEN, False):
            self._waiting.setdefault(getattr(report, "node", None), []).append(report.nodeid)

    def ended(self, node: Any, *, crashed: bool) -> None:
        """A worker has ended: with all its verdicts, or without those that waited."""
        lost = self._waiting.pop(node, [])
        if lost and crashed:
            self._complain(messages.verdicts_lost(node.gateway.id, len(lost), lost[0]))
