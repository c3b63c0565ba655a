"""Marks: make pytest know those of the guarded resources, and read those of a test."""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Iterable

import pytest

from imbue.resource_guards.declare.registry import Registry
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


class MarkReader:
    """Reads which resources a test's marks declare.

    Tests that carry the same marks are given the same set object, so that comparing two is cheap.
    """

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._sets: dict[frozenset[str], frozenset[str]] = {}

    def declared_by(self, item: pytest.Item) -> frozenset[str]:
        """The resources whose marks the test has: its own, its class's and its module's."""
        declared = frozenset(
            mark.name for mark in item.iter_markers() if mark.name in self._registry
        )
        return self._sets.setdefault(declared, declared)
