"""Skip the tests of resources that are not available, before anything is set up for them, and say so."""

from __future__ import annotations

from collections import Counter
from typing import Any
from typing import Final

import pytest

from imbue.resource_guards.availability.prober import Prober
from imbue.resource_guards.declare.fixtures import declared_by_fixture
from imbue.resource_guards.declare.fixtures import declared_by_fixtures_of
from imbue.resource_guards.declare.markers import MarkReader
from imbue.resource_guards.declare.registry import Registry
from imbue.resource_guards.messages import availability as messages
from imbue.resource_guards.pytest_internals import have_failed
from imbue.resource_guards.pytest_internals import skipped_where_it_stands
from imbue.resource_guards.pytest_internals import skips_itself

_PROPERTY: Final = "resource not available"
"""The property of a test, and so of its reports, that says for which resource it was skipped, and why.

Whatever carries reports between processes carries these, and JUnit files show them.
"""

_FOUND: Final = "resource_guards_unavailable"
"""The attribute of what is raised that says the same."""

NAME: Final = "resource_guards_skipping"
"""Of the plugin."""


class Skipping:
    """Registered as a plugin where tests of resources that are not available are to be skipped.

    Under xdist workers skip, and the controller counts.

    Args:
        registry: What is guarded.
        prober: Finds out what is available.
    """

    def __init__(self, registry: Registry, prober: Prober) -> None:
        self._registry = registry
        self._prober = prober
        self._marks = MarkReader(registry)
        self._counts: Counter[tuple[str, str]] = Counter()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Skip a test that declares what is not available, itself or by the contract of a fixture."""
        __tracebackhide__ = True
        declared = self._marks.declared_by(item) | declared_by_fixtures_of(item)
        # A reason of the test's own says more, and it would be skipped with the resource too.
        if declared and not skips_itself(item):
            self._skip_without(declared)

    @pytest.hookimpl(tryfirst=True)
    def pytest_fixture_setup(
        self, fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest
    ) -> None:
        """Skip a test that asks for such a fixture only when it runs, by ``getfixturevalue``."""
        __tracebackhide__ = True
        declared = declared_by_fixture(fixturedef.func)
        if declared:
            try:
                self._skip_without(declared)
            except BaseException as skipped:
                have_failed(fixturedef, request, skipped)
                raise

    def _skip_without(self, declared: frozenset[str]) -> None:
        """Skip the running test if one of these resources is not available."""
        __tracebackhide__ = True
        found = [
            (each, reason)
            for each in self._registry
            if each.name in declared and (reason := self._prober.reason(each))
        ]
        if found:
            said = "; ".join(messages.unavailable(each.label, reason) for each, reason in found)
            skipped = skipped_where_it_stands(said)
            vars(skipped)[_FOUND] = [f"{each.name}: {reason}" for each, reason in found]
            raise skipped

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> None:
        """Let the report tell of it.

        Also of a test that has got a fixture which others share, and which keeps what its first set-up has raised.
        """
        if call.excinfo is not None:
            found = getattr(call.excinfo.value, _FOUND, ())
            item.user_properties += [(_PROPERTY, each) for each in found]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count it, here or in the controller."""
        if report.when != "teardown" and report.outcome == "skipped":
            self._counts.update(unavailable_in(report).items())

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """One line for each resource."""
        if not self._counts:
            return
        terminalreporter.write_sep("=", messages.SUMMARY_TITLE, yellow=True)
        labels = {each.name: each.label for each in self._registry}
        for (name, reason), count in sorted(self._counts.items()):
            label = labels.get(name, name)
            terminalreporter.write_line(messages.skipped_for(label, count, reason))


def unavailable_in(report: pytest.TestReport) -> dict[str, str]:
    """The resources for whose sake a report's test was skipped, by their marks, and why each was not available."""
    said = [str(value) for name, value in report.user_properties if name == _PROPERTY]
    return {mark: reason for mark, _, reason in (each.partition(": ") for each in said)}
