"""Marks: make pytest know those of the guarded resources, and read those of a test."""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Iterable
from typing import Any
from typing import Final

import pytest

from imbue.resource_guards.declare.registry import Registry
from imbue.resource_guards.errors import ResourceGuardMisconfiguration
from imbue.resource_guards.messages import declare as messages
from imbue.resource_guards.model import Resource


def add_marker_lines(
    config: pytest.Config, resources: Iterable[Resource], *, skip_names: Collection[str] = ()
) -> None:
    """Register the marks that the project has not described itself, as ``--strict-markers`` asks."""
    known = {line.partition(":")[0].partition("(")[0].strip() for line in config.getini("markers")}
    for resource in resources:
        if resource.name not in known and resource.name not in skip_names:
            config.addinivalue_line("markers", messages.marker_line(resource))


OPTIONAL: Final = "optional"
"""The argument by which a mark says that the test uses the resource only at times."""


def check_arguments(items: Iterable[pytest.Item], registry: Registry) -> None:
    """Make sure that marks of guarded resources have no arguments but ``optional=True``.

    Raises:
        ResourceGuardMisconfiguration: One has.
    """
    seen: set[Node] = set()
    for item in items:
        node: Node = item
        while node is not None and node not in seen:
            if node is not item:  # hardly any test is here twice
                seen.add(node)
            for mark in node.own_markers:
                if (mark.args or mark.kwargs) and mark.name in registry and not _is_known(mark):
                    from imbue.resource_guards.messages import availability as say  # seldom

                    said = [*map(repr, mark.args)]
                    said += [f"{name}={value!r}" for name, value in mark.kwargs.items()]
                    raise ResourceGuardMisconfiguration(
                        say.mark_arguments(item.nodeid, mark.name, ", ".join(said))
                    )
            node = node.parent


def optional_for(item: pytest.Item, names: Iterable[str]) -> frozenset[str]:
    """Of some marks that a test has, those that say it uses the resource only at times; the closest counts."""
    return frozenset(name for name in names if _is_optional(item.get_closest_marker(name)))


def _is_known(mark: pytest.Mark) -> bool:
    return not mark.args and mark.kwargs.keys() == {OPTIONAL} and _is_optional(mark)


def _is_optional(mark: pytest.Mark | None) -> bool:
    return mark is not None and mark.kwargs.get(OPTIONAL) is True


Node = Any
"""What a test is in. Pytest 8.4 annotates it with a type that it does not export."""

_OfItem = tuple[pytest.Item | None, list[pytest.Mark], frozenset[str], frozenset[str]]
"""A test with the marks that it had, the resources that those around it declare, and those of all these."""


class MarkReader:
    """Reads which resources a test's marks declare.

    Tests that carry the same marks are given the same set object, so that comparing two is cheap.
    What the nodes around tests carry is kept, since thousands of tests have the same ones; it is read
    again when one of them has been given another mark.
    """

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._sets: dict[frozenset[str], frozenset[str]] = {}
        self._above: dict[Node | None, _Above] = {}
        self._revision = 0
        self._of_item: _OfItem = None, [], frozenset(), frozenset()
        self._last = self._above_of(None)

    def declared_by(self, item: pytest.Item) -> frozenset[str]:
        """The resources whose marks the test has: its own, its class's and its module's."""
        above = self._last
        if item.parent is not above.parent or self._revision != self._registry.revision:
            above = self._last = self._above_of(item.parent)
        try:  # as `_differ` compares them, without a call for each
            for node, seen in above.marks:
                if node.own_markers != seen:
                    self._read(above)
                    break
        except Exception:  # noqa: BLE001
            self._read(above)
        own = item.own_markers
        if not own:
            return above.declared
        # A test is asked for several times, and most often it has the marks that it had.
        of_item = self._of_item
        if of_item[0] is not item or _differ(of_item[1], own) or of_item[2] is not above.declared:
            declared = self._shared(above.declared | self._declared(own))
            of_item = self._of_item = item, [*own], above.declared, declared
        return of_item[3]

    def _read(self, above: _Above) -> None:
        above.marks = [(node, [*node.own_markers]) for node, _ in above.marks]
        above.declared = self._declared(mark for _, marks in above.marks for mark in marks)

    def _above_of(self, parent: Node | None) -> _Above:
        if self._revision != self._registry.revision:
            self._revision = self._registry.revision
            self._of_item = None, [], frozenset(), frozenset()
            self._above.clear()
        if parent not in self._above:
            self._above[parent] = _Above(parent)
            self._read(self._above[parent])
        return self._above[parent]

    def _declared(self, marks: Iterable[pytest.Mark]) -> frozenset[str]:
        return self._shared(frozenset(mark.name for mark in marks if mark.name in self._registry))

    def _shared(self, declared: frozenset[str]) -> frozenset[str]:
        return self._sets.setdefault(declared, declared)


def _differ(marks: list[pytest.Mark], others: list[pytest.Mark]) -> bool:
    # Nearly always they are the very same, which is cheap to tell.
    try:
        return marks != others
    except Exception:  # noqa: BLE001 - arguments of marks may be arrays, or whatever cannot be compared
        return True


class _Above:
    """What is known of the node that a test is in.

    Args:
        parent: The node.

    Attributes:
        marks: It and those around it, each with the marks that it had when they were read.
        declared: The resources whose marks they have.
    """

    def __init__(self, parent: Node | None) -> None:
        self.parent = parent
        around = parent.listchain() if parent else []
        self.marks: list[tuple[Node, list[pytest.Mark]]] = [(node, []) for node in around]
        self.declared: frozenset[str] = frozenset()
