"""What a test's record has of the fixtures that it depends on: their contracts, and what they did for others."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Iterator
from typing import Any
from typing import Protocol

import pytest

from imbue.resource_guards import pytest_internals
from imbue.resource_guards.declare.fixtures import contracts_of
from imbue.resource_guards.report.evidence import Contract
from imbue.resource_guards.report.evidence import Source


class ScopeOfFixture(Protocol):
    """What is needed of a fixture's scope."""

    @property
    def used(self) -> Collection[str]:
        """The resources that were used in it."""


class AccountOfFixture(Protocol):
    """What a record needs of the account that the lifecycle keeps of a fixture."""

    fixturedef: pytest.FixtureDef[Any]
    declared: frozenset[str] | None
    finished: bool
    failed: bool

    @property
    def scope(self) -> ScopeOfFixture:
        """What its set-up and tear-down are charged to."""


def of_accounts(
    fixtures: Iterable[AccountOfFixture], relative: Callable[[str], str]
) -> Iterator[Contract]:
    """The contracts of fixtures that were set up for a test.

    Args:
        fixtures: Their accounts.
        relative: Makes a path as reports have it.
    """
    for each in fixtures:
        source = source_of(each.fixturedef, relative) if each.declared is not None else None
        if source is not None and each.declared is not None:
            is_whole = each.finished and not each.failed
            yield Contract(source, sorted(each.declared), sorted(each.scope.used), is_whole)


def of_untried(item: pytest.Item, relative: Callable[[str], str]) -> Iterator[Contract]:
    """The contracts of the fixtures that a test names, of which it has set up none.

    Args:
        item: The test.
        relative: Makes a path as reports have it.
    """
    for fixturedef, declared in contracts_of(item):
        source = source_of(fixturedef, relative)
        if source is not None:
            yield Contract(source, sorted(declared), [], whole=False)


def shared_uses(item: pytest.Item, fixtures: Iterable[AccountOfFixture]) -> dict[str, list[str]]:
    """For each resource that a fixture of a whole class or module has used, the node ids of these.

    Args:
        item: A test.
        fixtures: The accounts of its fixtures.
    """
    found: dict[str, list[str]] = {}
    for each in fixtures:
        node = pytest_internals.all_depend_on(item, each.fixturedef) if each.scope.used else ""
        if node:
            for resource in sorted(each.scope.used):
                found.setdefault(resource, []).append(node)
    return found


def source_of(fixturedef: pytest.FixtureDef[Any], relative: Callable[[str], str]) -> Source | None:
    """Where a fixture's function is defined, if it is in a file."""
    function = inspect.unwrap(fixturedef.func)
    code = getattr(function, "__code__", None)
    if code is None or code.co_filename.startswith("<"):
        return None
    return Source(relative(code.co_filename), code.co_firstlineno, function.__qualname__)
