"""Turns of fixtures: the stretches of time in which the scope of one runs, and how long they take."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from imbue.resource_guards.enforcement import Enforcement
    from imbue.resource_guards.report.stopwatch import FixtureTimes
    from imbue.resource_guards.report.stopwatch import Lap
    from imbue.resource_guards.scope.scope import Scope


class Turn:
    """A stretch of time in which a scope runs in place of the one that ran before.

    The journal is read at both ends, since what was used by processes that have lost their scope
    is charged to the running one.
    """

    def __init__(self, enforcement: Enforcement, scope: Scope) -> None:
        self._enforcement = enforcement
        self._scope = scope
        self._before: Scope | None = None

    def begin(self) -> None:
        """Let the scope run."""
        self._before = self._enforcement.slot.running
        self._enforcement.end_turn(self._before)
        self._enforcement.slot.enter(self._scope)

    def end(self) -> None:
        """Let the one before run again."""
        self._enforcement.end_turn(self._scope)
        self._enforcement.slot.enter(self._before)

    def was_last(self) -> None:
        """It will not begin again."""


class MeasuredTurn(Turn):
    """One of which each stretch is a lap, in a run that keeps records.

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
