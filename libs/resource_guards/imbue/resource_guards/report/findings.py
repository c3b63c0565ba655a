"""What a session has found beyond its tests' own reports; a worker sends it to its controller."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping
from typing import Any

from imbue.resource_guards import messages
from imbue.resource_guards.record.ledger import LateUse


class Findings:
    """Problems with the run, late uses, and reports that come after their tests'.

    Attributes:
        problems: What makes the run untrustworthy; one is enough to fail it.
        late_uses: One line for each use by what had outlived its test.
        reports: In a worker: serialized reports, for the controller to tell.
    """

    def __init__(self) -> None:
        self.problems: list[str] = []
        self.late_uses: list[str] = []
        self.reports: list[dict[str, Any]] = []

    def add_problem(self, problem: str) -> None:
        """Keep a problem, once."""
        if problem not in self.problems:
            self.problems.append(problem)

    def add_late_use(self, late: LateUse, labels: Mapping[str, str]) -> None:
        """Keep a late use. One that was blocked is a violation that no test's report can tell."""
        text = messages.late_use(
            late.owner, late.use, labels.get(late.use.resource, ""), may_use=late.may_use
        )
        if late.use.allowed:
            self.late_uses.append(text)
        else:
            self.add_problem(text)

    def to_data(self) -> dict[str, Any]:
        """Plain data that execnet can send."""
        return {
            "problems": self.problems,
            "late_uses": self.late_uses,
            "reports": self.reports,
        }

    def merge(self, data: Mapping[str, Any]) -> Iterable[dict[str, Any]]:
        """Take over a worker's findings; returns its serialized reports."""
        for problem in data["problems"]:
            self.add_problem(problem)
        self.late_uses += data["late_uses"]
        return list(data["reports"])
