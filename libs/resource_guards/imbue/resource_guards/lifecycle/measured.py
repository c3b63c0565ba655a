"""How long fixtures take, in a run that keeps records."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imbue.resource_guards.lifecycle.fixtures import Turn

if TYPE_CHECKING:
    from imbue.resource_guards.enforcement import Enforcement
    from imbue.resource_guards.report.stopwatch import FixtureTimes
    from imbue.resource_guards.report.stopwatch import Lap
    from imbue.resource_guards.scope.scope import Scope


class MeasuredTurn(Turn):
    """The turn of a fixture, of which each stretch is a lap.

    Args:
        enforcement: Its slot and journal.
        scope: The fixture's.
        times: Takes how long it took.
        where: The id of the node below which it can be asked for.
    """

    def __init__(
        self, enforcement: Enforcement, scope: Scope, times: FixtureTimes, where: str
    ) -> None:
        super().__init__(enforcement, scope)
        self._times = times
        self._where = where
        self._laps: list[Lap] = []

    def begin(self) -> None:
        """Let the scope run, and begin a lap."""
        super().begin()
        self._laps.append(self._times.watch.begin())

    def end(self) -> None:
        """End the lap, and let the scope before run again."""
        if self._laps:
            self._times.watch.end(self._laps[-1])
        super().end()

    def was_last(self) -> None:
        """Hand in what the laps took."""
        self._times.add(self._scope.owner, self._where, self._scope.used, self._laps)
