"""Note why a run is not the whole suite, where records are kept."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from imbue.resource_guards.pytest_internals import crash_of
from imbue.resource_guards.report.gaps import ALL
from imbue.resource_guards.report.gaps import Gap


class Interruptions:
    """Registered as a plugin beside the recorder.

    Args:
        is_controller: Workers of xdist collect in its place.
    """

    def __init__(self, *, is_controller: bool) -> None:
        self._is_controller = is_controller
        self._is_collected = False
        self._uncollected: list[Gap] = []
        self._ends: dict[str, None] = {}

    def all(self, stopped: str) -> list[Gap]:
        """Why the run is not the whole suite; nothing if it is.

        Args:
            stopped: Why the guards have stopped it before its first test; empty if they have not.
        """
        where = None if self._is_collected else ALL
        ends = dict.fromkeys([*self._ends, *filter(None, [stopped])])
        return [*self._uncollected, *(Gap(reason, where) for reason in ends)]

    def to_data(self) -> dict[str, Any]:
        """For the controller."""
        return {"ends": list(self._ends), "is_collected": self._is_collected}

    def merge(self, data: dict[str, Any]) -> None:
        """Take over a worker's; what it could not collect its reports have told."""
        self._is_collected |= data["is_collected"]
        self._end(data["ends"])

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Note what could not be collected."""
        if report.failed:
            reason = _line_of(crash_of(report.longrepr).removeprefix("E "))
            gap = Gap(reason or report.outcome, report.nodeid or ALL)
            if gap not in self._uncollected:
                self._uncollected.append(gap)

    @pytest.hookimpl(wrapper=True)
    def pytest_collection(self) -> Any:
        """Note that it came to its end."""
        result = yield
        self._is_collected = not self._is_controller
        return result

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Note what has ended the run: a person, `pytest.exit`, or errors of collection."""
        said = _line_of(str(excinfo.value))
        self._end([f"{excinfo.typename}: {said}" if said else excinfo.typename])

    def pytest_internalerror(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Note the same of an error."""
        self.pytest_keyboard_interrupt(excinfo)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Note what has ended it that is no exception of anybody's: ``--maxfail``."""
        if session.shouldfail:
            self._end([str(session.shouldfail)])

    def _end(self, reasons: Iterable[str]) -> None:
        self._ends.update(dict.fromkeys(reasons))


def _line_of(text: str) -> str:
    """The first line of a text that says something."""
    return next(filter(None, map(str.strip, text.splitlines())), "")
