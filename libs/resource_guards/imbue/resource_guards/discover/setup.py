"""What a run that discovers watches: all starts and connections, and the calls that the catalogue knows."""

from __future__ import annotations

import os
from collections.abc import Collection
from collections.abc import Iterator
from collections.abc import Mapping
from importlib.metadata import entry_points
from typing import Any
from typing import Final

import pytest

from imbue.resource_guards.declare.entries import GROUP
from imbue.resource_guards.declare.entries import SHIPPED
from imbue.resource_guards.declare.entries import SUFFIX
from imbue.resource_guards.declare.entries import Entry
from imbue.resource_guards.declare.entries import find_entry
from imbue.resource_guards.declare.entries import read_entry
from imbue.resource_guards.declare.entries import shipped
from imbue.resource_guards.declare.entries import table_of
from imbue.resource_guards.declare.from_settings import ENTRY_POINT_GROUP
from imbue.resource_guards.declare.from_settings import register_entry_point
from imbue.resource_guards.declare.names import key_of
from imbue.resource_guards.declare.registry import Registry
from imbue.resource_guards.declare.tables import register_tables
from imbue.resource_guards.discover.observers import ADDRESSES
from imbue.resource_guards.discover.observers import PROGRAMS
from imbue.resource_guards.discover.observers import Connections
from imbue.resource_guards.discover.observers import Starts
from imbue.resource_guards.guards.program import Program

ADDED: Final[pytest.StashKey[set[str]]] = pytest.StashKey()
"""The names of the resources that discovery itself has registered."""

ENTRIES: Final[pytest.StashKey[list[Entry]]] = pytest.StashKey()
"""What the catalogue knows."""

READY: Final[pytest.StashKey[frozenset[str]]] = pytest.StashKey()
"""The names that mean something ready: entries of the catalogue, and guard packages."""

_TOO_WIDE: Final = ("network",)
"""Entries that take everything for one resource."""


def watch_all(config: pytest.Config, registry: Registry) -> None:
    """Register what discovery sees, beside what the project guards already.

    Args:
        config: pytest's.
        registry: Where it is registered.

    Raises:
        ResourceGuardMisconfiguration: A package's entry or function fails.
    """
    guarded = {each.label for each in registry}
    known = set(guarded)
    points = entry_points()  # once: to look through what is installed takes milliseconds
    of_guards = [*points.select(group=ENTRY_POINT_GROUP)]
    of_catalogue = {each.name for each in points.select(group=GROUP)}
    for point in of_guards:
        if point.name not in known:
            register_entry_point(point, registry)
            known.add(point.name)
    lists = [key_of(kind) for kind in registry.kinds.values()]
    tables: dict[str, Mapping[str, Any]] = {}
    config.stash[ENTRIES] = list(_entries(config, of_catalogue))
    ready = {*shipped(), *of_catalogue, *(each.name for each in of_guards)}
    config.stash[READY] = frozenset(ready)
    for entry in config.stash[ENTRIES]:
        table = {**table_of(entry, {}, lists)}
        # Each start is seen anyway, and a shim would cost one more.
        table.pop(key_of(Program), None)
        if entry.name not in known and not table.keys().isdisjoint(lists):
            tables[entry.name] = table
    register_tables(tables, registry)
    # Workers of xdist are children of the one that was started first.
    top = os.getppid() if hasattr(config, "workerinput") else os.getpid()
    registry.register_guard(PROGRAMS, Starts())
    registry.register_guard(ADDRESSES, Connections(top))
    config.stash[ADDED] = {each.label for each in registry} - guarded


def _entries(config: pytest.Config, of_packages: Collection[str]) -> Iterator[Entry]:
    """The entries of the catalogue that name one service or SDK.

    Raises:
        ResourceGuardMisconfiguration: A package has one that cannot be read.
    """
    for name in dict.fromkeys([*shipped(), *of_packages]):
        path = SHIPPED / f"{name}{SUFFIX}"
        if name in of_packages:
            path = find_entry(name, config.rootpath) or path
        if name not in _TOO_WIDE:
            yield read_entry(path)
