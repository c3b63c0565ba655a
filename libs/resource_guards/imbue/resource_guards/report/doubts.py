"""For each resource, of which tests it cannot be known whether they use it, and why."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping

from imbue.resource_guards.messages import report as messages
from imbue.resource_guards.model import Doubt


class Doubts:
    """Those of a session; a worker sends them to its controller."""

    def __init__(self) -> None:
        self._tests: dict[str, set[str]] = {}
        self._reasons: dict[str, dict[Doubt, None]] = {}

    def add(self, nodeid: str, doubts: Mapping[str, Iterable[Doubt]]) -> None:
        """Keep those of a test; once, however often it is judged."""
        for resource, reasons in doubts.items():
            self._tests.setdefault(resource, set()).add(nodeid)
            self._reasons.setdefault(resource, {}).update(dict.fromkeys(reasons))

    def lines(self) -> Iterator[str]:
        """One line for each resource."""
        for resource, tests in self._tests.items():
            yield messages.cannot_be_known(resource, len(tests), tuple(self._reasons[resource]))

    def to_data(self) -> list[list[object]]:
        """Plain data that execnet can send."""
        return [
            [resource, sorted(tests), [[*each] for each in self._reasons[resource]]]
            for resource, tests in self._tests.items()
        ]

    def merge(self, data: Iterable[tuple[str, list[str], list[tuple[str, list[str]]]]]) -> None:
        """Take over a worker's."""
        for resource, tests, reasons in data:
            doubts = [Doubt(library, tuple(targets)) for library, targets in reasons]
            for nodeid in tests:
                self.add(nodeid, {resource: doubts})
