"""What a session has found beyond its tests' own reports; a worker sends it to its controller."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping
from typing import TYPE_CHECKING
from typing import Any
from typing import Final

from imbue.resource_guards.messages import violations as messages
from imbue.resource_guards.model import Use
from imbue.resource_guards.record.ledger import LateUse
from imbue.resource_guards.report.parameters import ParameterTable
from imbue.resource_guards.report.told import Told
from imbue.resource_guards.scope.scope import COLLECTION

if TYPE_CHECKING:
    from imbue.resource_guards.report.doubts import Doubts

IS_OPEN: Final = "resource_guards_waits"
"""In a worker: the attribute of a tear-down report whose test still depends on a fixture that is set up."""


class Findings:
    """Problems with the run, late uses, and reports that come after their tests'.

    Attributes:
        problems: What makes the run untrustworthy; one is enough to fail it.
        stopped: Why the run ends before its first test, which pytest tells as a usage error.
        late_uses: One line for each use by what had outlived its test.
        missing_targets: One line for each optional target that an SDK does not have.
        collected: For each resource, what used it while tests were collected.
        warned: The violations that were only warned of.
        reports: In a worker: serialized reports, for the controller to tell.
        parameters: Which parameters of parametrised tests use what.
    """

    def __init__(self) -> None:
        self.problems: list[str] = []
        self.stopped = ""
        self.late_uses: list[str] = []
        self.missing_targets: list[str] = []
        self.collected: dict[str, list[str]] = {}
        self.warned: list[Told] = []
        self.reports: list[dict[str, Any]] = []
        self.parameters = ParameterTable()
        self._doubts: Doubts | None = None

    @property
    def doubts(self) -> Doubts:
        """Of which tests it cannot be known whether they use a resource."""
        if self._doubts is None:
            from imbue.resource_guards.report.doubts import Doubts  # only where needed

            self._doubts = Doubts()
        return self._doubts

    @property
    def lines(self) -> list[str]:
        """What is to be told beside the problems."""
        mixed = [messages.mixed_parameters(*each) for each in self.parameters.mixed()]
        collected = [messages.used_in_collection(*each) for each in self.collected.items()]
        doubts = list(self._doubts.lines()) if self._doubts is not None else []
        return [*self.missing_targets, *collected, *self.late_uses, *mixed, *doubts]

    @property
    def are_to_be_told(self) -> bool:
        """Whether there is anything that no test's report tells."""
        return bool(self.problems or self.lines or self.warned)

    def add_problem(self, problem: str) -> None:
        """Keep a problem, once."""
        if problem not in self.problems:
            self.problems.append(problem)

    def add_warning(self, told: Told) -> None:
        """Keep a violation that was only warned of."""
        self.warned.append(told)

    def add_collected(self, use: Use) -> None:
        """Keep what was used while tests were collected, once."""
        uses = self.collected.setdefault(use.resource, [])
        text = messages.use_and_place(use)
        if text not in uses:
            uses.append(text)

    def add_missing_target(self, text: str) -> None:
        """Keep the line of a missing target, once."""
        if text not in self.missing_targets:
            self.missing_targets.append(text)

    def add_late_use(self, late: LateUse, labels: Mapping[str, str]) -> None:
        """Keep a late use. One that its own test may not make is a violation that no test's report can tell."""
        is_fine = late.use.allowed and not late.is_others
        label = labels.get(late.use.resource, "")
        text = messages.late_use(late.owner, late.use, label, may_use=late.may_use, is_fine=is_fine)
        if late.owner == COLLECTION.name:
            self.add_collected(late.use)
        elif is_fine:
            self.late_uses.append(text)
        else:
            self.add_problem(text)

    def to_data(self) -> dict[str, Any]:
        """Plain data that execnet can send."""
        return {
            "problems": self.problems,
            "stopped": self.stopped,
            "late_uses": self.late_uses,
            "missing_targets": self.missing_targets,
            "collected": self.collected,
            "warned": [each.to_data() for each in self.warned],
            "reports": self.reports,
            "parameters": self.parameters.to_data(),
            "doubts": self.doubts.to_data(),
        }

    def merge(self, data: Mapping[str, Any]) -> Iterable[dict[str, Any]]:
        """Take over a worker's findings; returns its serialized reports."""
        for problem in data["problems"]:
            self.add_problem(problem)
        self.stopped = data["stopped"] or self.stopped
        self.late_uses += data["late_uses"]
        for resource, texts in data["collected"].items():
            uses = self.collected.setdefault(resource, [])
            uses += [text for text in texts if text not in uses]
        self.warned += map(Told.from_data, data["warned"])
        for text in data["missing_targets"]:
            self.add_missing_target(text)
        self.parameters.merge(data["parameters"])
        self.doubts.merge(data["doubts"])
        return list(data["reports"])
