"""Skip the tests of resources that are not available, before anything is set up for them, and say so."""

from __future__ import annotations

from collections import Counter
from typing import Final

import pytest

from imbue.resource_guards.availability.prober import Prober
from imbue.resource_guards.declare.fixtures import declared_by_fixtures_of
from imbue.resource_guards.declare.markers import MarkReader
from imbue.resource_guards.declare.registry import Registry
from imbue.resource_guards.messages import availability as messages
from imbue.resource_guards.pytest_internals import skipped_where_it_stands
from imbue.resource_guards.pytest_internals import skips_itself

_PROPERTY: Final = "resource not available"
"""The property of a test, and so of its reports, that says for which resource it was skipped, and why.

Whatever carries reports between processes carries these, and JUnit files show them.
"""

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
        if not declared or skips_itself(item):
            return
        found = [
            (each, reason)
            for each in self._registry
            if each.name in declared and (reason := self._prober.reason(each))
        ]
        if found:
            item.user_properties += [
                (_PROPERTY, f"{each.name}: {reason}") for each, reason in found
            ]
            said = "; ".join(messages.unavailable(each.label, reason) for each, reason in found)
            raise skipped_where_it_stands(said)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count it, here or in the controller."""
        if report.when == "setup" and report.outcome == "skipped":
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
