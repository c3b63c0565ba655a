"""Which of the reports of violations the terminal shows in full: enough to see what is wrong, and no more.

All others stand in pytest's short summary with their line, and in the grouped summary with their number.
"""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Sequence
from typing import Any
from typing import Final

from imbue.resource_guards.messages import violations as messages
from imbue.resource_guards.pytest_internals import with_lines
from imbue.resource_guards.report.parameters import parted
from imbue.resource_guards.report.told import is_alone
from imbue.resource_guards.report.told import told_in

MOST: Final = 10
"""How many reports of one kind and resource are shown in full."""


class Brevity:
    """Chooses reports of one run.

    Args:
        most: How many are shown of each kind of violation and resource.
        mixed: The tests of which only some parameters need a mark, which is told elsewhere.

    Attributes:
        left_out: How many reports were not chosen; those that a chosen one names are not counted.
    """

    def __init__(self, most: int, mixed: Collection[str] = ()) -> None:
        self.left_out = 0
        self._most = most
        self._mixed = frozenset(mixed)
        self._counts: Counter[object] = Counter()

    def chosen(self, reports: Iterable[Any]) -> list[Any]:
        """Those to show, in their order; of a parametrised test the first, which names the others.

        What has a failure of the test's own is always shown.
        """
        chosen: list[Any] = []
        first: dict[tuple[str, object], tuple[int, list[str]]] = {}
        for report in reports:
            if not is_alone(report):
                chosen.append(report)
                continue
            what = tuple((each.kind, each.resource) for each in told_in(report))
            test, parameters = parted(report.nodeid)
            if parameters is not None and (test, what) in first:
                first[test, what][1].append(parameters)
            elif self._counts[what] >= self._most:
                self.left_out += 1
            else:
                self._counts[what] += 1
                first[test, what] = len(chosen), []
                chosen.append(report)
        for (test, _), (at, others) in first.items():
            if others and test not in self._mixed:
                chosen[at] = _with_parameters(chosen[at], others)
        return chosen


def _with_parameters(report: Any, others: Sequence[str]) -> Any:
    most = messages.LINES * len(told_in(report))
    return _changed(report, most, messages.also_with(others))


def _changed(report: Any, most: int, *others: str) -> Any:
    shown = copy.copy(report)  # other plugins have the report itself
    shown.longrepr = with_lines(report.longrepr, most, *others)
    return shown


def in_lines(reports: Iterable[Any]) -> list[Any]:
    """Those that tell nothing else without their bodies: of each pytest then shows one line."""
    return [_changed(each, 0) if is_alone(each) else each for each in reports]
