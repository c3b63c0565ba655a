"""What a session is made of and must not be kept by, when it has ended."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING
from weakref import WeakMethod

if TYPE_CHECKING:
    import pytest


class Parts:
    """The plugins that are parts of a session.

    Args:
        manager: Where they are registered.
    """

    def __init__(self, manager: pytest.PytestPluginManager) -> None:
        self._manager = manager
        self._plugins: list[object] = []

    def register(self, plugin: object, name: str | None = None) -> None:
        """Register one."""
        self._plugins.append(plugin)
        self._manager.register(plugin, name)

    def release(self) -> None:
        """Let go of what they have: pluggy remembers all that were ever registered.

        It does so for hooks that are called again for each new plugin.
        """
        for plugin in self._plugins:
            vars(plugin).clear()
        self._plugins.clear()


def unless_gone(method: Callable[[str], None]) -> Callable[[str], None]:
    """A function that calls a method while its object is there, and does not keep it.

    The frames of a traceback that somebody keeps (`sys.last_value`) lead to what is given this.
    """
    known = WeakMethod(method)

    def call(problem: str) -> None:
        there = known()
        if there is not None:
            there(problem)

    return call
