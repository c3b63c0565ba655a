"""Which tests of a module a run leaves out without a word: those that nobody has asked for by name.

``pytest test_it.py::test_one`` and ``--lf`` collect a module, and take from it what they want; no hook
says what they leave. A mark of the module covers that, too.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Iterator
from typing import Any

import pytest


class Unselected:
    """What collectors have found."""

    def __init__(self) -> None:
        self._items: dict[str, pytest.Item] = {}
        self._classes: list[pytest.Class] = []
        self._opened: set[pytest.Collector] = set()

    def note(
        self, collector: pytest.Collector, nodes: Iterable[pytest.Item | pytest.Collector]
    ) -> None:
        """Note what a collector has found.

        Args:
            collector: A module or class, or another.
            nodes: The tests and classes in it.
        """
        self._opened.add(collector)
        for node in nodes:
            if isinstance(node, pytest.Class):
                self._classes.append(node)
            elif isinstance(node, pytest.Item):
                self._items[node.nodeid] = node

    def items(self, known: set[str]) -> Iterator[pytest.Item]:
        """The tests that were collected, but for those that are known; then all is forgotten.

        Args:
            known: The node ids of the tests that are to run, and of those that were deselected.
        """
        for cls in self._classes:  # it grows meanwhile
            if cls not in self._opened:
                self.note(cls, _collected(cls))
        found, self._items, self._classes = self._items, {}, []
        self._opened.clear()
        yield from (item for nodeid, item in found.items() if nodeid not in known)


def _collected(cls: pytest.Class) -> list[Any]:
    """What a class has that pytest had no reason to look into."""
    try:
        return list(cls.collect())
    except Exception:  # noqa: BLE001 - a run that asks for it will fail with that
        return []
