"""Tests that overlap in one process, as plugins have it that run several at a time.

There is one running test, and whatever happens is charged to it; where there are several, each
verdict would be a guess. Two ways to notice it cost a test that runs alone nothing: a report of a
test that another has replaced as the running one, and an event loop around the tests.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import CodeType
from typing import Any

import pytest

from imbue.resource_guards import pytest_internals
from imbue.resource_guards.messages import trust as messages
from imbue.resource_guards.run import Run


class Overlap:
    """Finds out that tests overlap, and ends all judging then.

    Args:
        run: The run, which then fails.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self._tests: dict[CodeType, pytest.Item] = {}

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Look for an event loop around the first test; later ones are looked at when judged."""
        self._run.config.pluginmanager.unregister(self)
        self.look_around(item)

    def look_around(self, item: pytest.Item) -> bool:
        """Whether an event loop of this thread has run the test before its turn, or runs others."""
        asyncio = sys.modules.get("asyncio")
        try:
            loop = asyncio and asyncio.get_running_loop()
        except RuntimeError:
            return False  # nearly always
        if asyncio is None or loop is None:
            return False
        # A loop alone is no sign: there is one around a notebook, and in libraries with greenlets.
        tests = self._tests_of(item.session)
        others = (
            tests[code]
            for task in asyncio.all_tasks(loop)
            for code in _awaited(task.get_coro())
            if code in tests
        )
        other = next((each for each in others if each is not item), None)
        if other is None and "runtest" not in vars(item):
            return False
        self.found(item.nodeid, other.nodeid if other else "")
        return True

    def found(self, first: str, second: str) -> None:
        """Two tests overlap, or a test and others that are not known: nothing is judged any more."""
        plugins = pytest_internals.who_runs_tests(self._run.config)
        self._run.give_up(messages.tests_overlap(first, second, plugins))

    def _tests_of(self, session: pytest.Session) -> dict[CodeType, pytest.Item]:
        if not self._tests:  # many tests may run within a loop that is none of theirs
            for item in session.items:
                code = getattr(getattr(item, "function", None), "__code__", None)
                if code is not None:
                    self._tests[code] = item
        return self._tests


def _awaited(coroutine: Any) -> Iterator[CodeType]:
    """The code of a coroutine, and of those that it awaits."""
    while coroutine is not None:
        code = getattr(coroutine, "cr_code", None) or getattr(coroutine, "ag_code", None)
        if code is not None:
            yield code
        coroutine = getattr(coroutine, "cr_await", None) or getattr(coroutine, "ag_await", None)
