"""How long the fixtures that count for themselves take, measured where records are kept and nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable
from dataclasses import replace
from time import perf_counter
from typing import Any
from typing import Final

from imbue.resource_guards.report.fixture_seconds import FixtureSeconds
from imbue.resource_guards.report.fixture_seconds import FixtureTable

DIGITS: Final = 6
"""Seconds are told to the microsecond."""


class Lap:
    """One set-up or tear-down, and how many seconds it has taken so far."""

    __slots__ = ("seconds",)

    def __init__(self) -> None:
        self.seconds = 0.0


class Stopwatch:
    """Measures laps. While one goes on within another, as by ``getfixturevalue``, only the inner one counts.

    Args:
        now: The clock, in seconds. By default it is bound when this is imported: a test may freeze time.
    """

    def __init__(self, now: Callable[[], float] = perf_counter) -> None:
        self._now = now
        self._laps: list[Lap] = []
        self._since = 0.0
        self._total = 0.0

    def begin(self) -> Lap:
        """Begin a lap."""
        self._advance()
        lap = Lap()
        self._laps.append(lap)
        return lap

    def end(self, lap: Lap) -> None:
        """End a lap. A second call changes nothing."""
        self._advance()
        if lap in self._laps:
            self._laps.remove(lap)

    def take(self) -> float:
        """How many seconds all laps have taken since the last call."""
        self._advance()
        total, self._total = self._total, 0.0
        return total

    def _advance(self) -> None:
        now = self._now()
        if self._laps:
            self._laps[-1].seconds += now - self._since
            self._total += now - self._since
        self._since = now


class FixtureTimes:
    """How long fixtures have taken in one process, or in several.

    Attributes:
        watch: Measures their set-ups and tear-downs.
    """

    def __init__(self) -> None:
        self.watch = Stopwatch()
        self._found = FixtureTable()

    def add(self, name: str, where: str, resources: Iterable[str], laps: Iterable[Lap]) -> None:
        """Note a fixture that has been torn down, if it has used anything.

        Args:
            name: Its name.
            where: The node id of what it is for.
            resources: What it has used.
            laps: Its set-up, and whatever came later.
        """
        used = sorted(resources)
        if used:
            setup, *later = (lap.seconds for lap in laps)  # a fixture ends after it has begun
            self._found.add(FixtureSeconds(name, used, 1, setup, sum(later), where))

    def all(self) -> list[FixtureSeconds]:
        """What is known of each, by name."""
        return [
            replace(each, setup=round(each.setup, DIGITS), teardown=round(each.teardown, DIGITS))
            for each in self._found
        ]

    def to_data(self) -> list[dict[str, Any]]:
        """For the controller."""
        return [each.to_data() for each in self.all()]

    def merge(self, data: Iterable[dict[str, Any]]) -> None:
        """Take over a worker's."""
        for each in data:
            self._found.add(FixtureSeconds(**each))
