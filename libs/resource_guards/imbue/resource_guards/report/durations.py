"""How long tests took, by the durations of pytest's reports."""

from __future__ import annotations

import pytest

from imbue.resource_guards.report.stopwatch import DIGITS


class Durations:
    """The seconds of each test, all its phases together; one that is run again took those of all attempts."""

    def __init__(self) -> None:
        self._phases: dict[str, dict[str, float]] = {}
        self._seconds: dict[str, float] = {}

    def note(self, report: pytest.TestReport, *, is_last: bool) -> None:
        """Note how long a phase took. Parts of it may be reported before: subtests.

        Args:
            report: The report.
            is_last: No other of this attempt comes.
        """
        nodeid, phase = report.nodeid, str(report.when)
        if phase == "setup":
            self._add_attempt(nodeid)
        phases = self._phases.setdefault(nodeid, {})
        phases[phase] = max(phases.get(phase, 0.0), report.duration)
        if is_last:
            self._add_attempt(nodeid)

    def of(self, nodeid: str) -> float | None:
        """The seconds of a test; `None` of one that has not run."""
        return self._seconds.get(nodeid)

    def _add_attempt(self, nodeid: str) -> None:
        phases = self._phases.pop(nodeid, None)
        if phases is not None:
            took = self._seconds.get(nodeid, 0.0) + sum(phases.values())
            self._seconds[nodeid] = round(took, DIGITS)
