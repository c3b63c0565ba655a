"""Which resources the tests that depend on a fixture declare."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from imbue.resource_guards import pytest_internals
from imbue.resource_guards.declare.markers import MarkReader

_NONE: frozenset[str] = frozenset()


class Dependents:
    """The marks of the collected tests, by the fixtures that they depend on.

    A fixture that several tests share is set up for whichever comes first. It may then use what
    any of them declares, so that the outcome does not hang on which one that is. A test may ask
    for a fixture while it runs; if it or a fixture of its own has the ``request`` to do so, its
    marks count for every fixture that it could ask for.
    """

    def __init__(self, items: Sequence[pytest.Item], marks: MarkReader) -> None:
        self._by_name: dict[pytest.FixtureDef[Any], frozenset[str]] = {}
        self._by_request: dict[str, frozenset[str]] = {}
        for item in items:
            declared = marks.declared_by(item)
            if declared:
                self._add(item, declared)

    def _add(self, item: pytest.Item, declared: frozenset[str]) -> None:
        may_ask = "request" in pytest_internals.argument_names(item)
        for chain in pytest_internals.static_fixtures(item):
            for fixturedef in chain:
                self._by_name[fixturedef] = declared | self._by_name.get(fixturedef, _NONE)
                may_ask |= pytest_internals.asks_for_the_request(fixturedef)
        if may_ask:
            for node in item.listchain():
                self._by_request[node.nodeid] = declared | self._by_request.get(node.nodeid, _NONE)

    def declare(self, fixturedef: pytest.FixtureDef[Any]) -> frozenset[str]:
        """What a fixture may use that declares nothing itself."""
        where = pytest_internals.is_visible_below(fixturedef)
        return self._by_name.get(fixturedef, _NONE) | self._by_request.get(where, _NONE)
