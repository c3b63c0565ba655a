"""How long fixtures that count for themselves took, as reports have it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import field
from dataclasses import replace
from typing import Annotated
from typing import Any

from imbue.resource_guards.report.evidence import Count
from imbue.resource_guards.report.evidence import Marks
from imbue.resource_guards.report.evidence import Seconds
from imbue.resource_guards.report.reader import OPTIONAL
from imbue.resource_guards.report.reader import Matching
from imbue.resource_guards.report.writer import plain

Where = Annotated[str, Matching(r"[\s\S]+", "a node id")]


@dataclass(slots=True)
class FixtureSeconds:
    """How long a fixture that has used a resource took; one with a scope of its own.

    Args:
        name: Its name.
        resources: What it has used.
        times: How often it was set up.
        setup: How many seconds all its set-ups took.
        teardown: How many seconds all its tear-downs took.
        where: The node id of the file, folder or class whose tests can use it; empty for all.
    """

    name: str
    resources: Marks
    times: Count
    setup: Seconds
    teardown: Seconds
    where: Where = field(default="", metadata={OPTIONAL: True})

    def to_data(self) -> dict[str, Any]:
        """Plain data."""
        return plain(self)

    @property
    def seconds(self) -> float:
        """How long it took in all."""
        return self.setup + self.teardown


class FixtureTable:
    """What fixtures of several processes or runs took, added up by place, name and resources."""

    def __init__(self, *fixtures: FixtureSeconds) -> None:
        self._found: dict[tuple[str, str, tuple[str, ...]], FixtureSeconds] = {}
        for each in fixtures:
            self.add(each)

    def __iter__(self) -> Iterator[FixtureSeconds]:
        return (each for _, each in sorted(self._found.items()))

    def add(self, fixture: FixtureSeconds) -> None:
        """Add one."""
        key = fixture.name, fixture.where, tuple(fixture.resources)
        known = self._found.get(key)
        if known is None:
            self._found[key] = replace(fixture)
        else:
            known.times += fixture.times
            known.setup += fixture.setup
            known.teardown += fixture.teardown
