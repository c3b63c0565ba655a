"""Register a session's lifecycle as a plugin, in the right place among others, and take it out again."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING

import pytest

from imbue.resource_guards import pytest_internals
from imbue.resource_guards.lifecycle.tests import NAME
from imbue.resource_guards.lifecycle.tests import Lifecycle

if TYPE_CHECKING:
    from imbue.resource_guards.enforcement import Enforcement
    from imbue.resource_guards.run import Run


class WrappingLifecycle(Lifecycle):
    """One that begins a test before what others wrap around its set-up, and so charges it to the test.

    A wrapper of a hook comes before all that are none, and takes longer.
    """

    __slots__ = ()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None, None, None]:
        """Open the test's scope."""
        super().pytest_runtest_setup(item)
        return (yield)


def start_lifecycle(run: Run, enforcement: Enforcement) -> Lifecycle:
    """Register the lifecycle of a run, whose plugins and conftests are all known by now."""
    hook, plugins = run.config.hook, run.config.pluginmanager
    wrapped = pytest_internals.third_party_wrappers(hook.pytest_runtest_setup, None)
    lifecycle = (WrappingLifecycle if wrapped else Lifecycle)(run, enforcement)
    plugins.register(lifecycle.overlap)  # first, so that it looks when the test's scope is open
    plugins.register(lifecycle.fixtures)
    plugins.register(lifecycle, NAME)
    pytest_internals.put_around_pytests_own(hook.pytest_runtest_makereport, lifecycle)
    lifecycle.look_last()
    return lifecycle


def stop_lifecycle(lifecycle: Lifecycle) -> None:
    """Take it out again."""
    plugins = lifecycle.run.config.pluginmanager
    for each in (lifecycle.overlap, lifecycle.reports, lifecycle.fixtures, lifecycle):
        if each is not None and plugins.is_registered(each):
            plugins.unregister(each)
