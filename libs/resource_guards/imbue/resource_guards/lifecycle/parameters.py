"""A contract is for a fixture with all of its parameters: what it names, any of them may use."""

from __future__ import annotations

from collections.abc import Iterable
from math import prod
from typing import Any

import pytest

from imbue.resource_guards import pytest_internals


class Parameters:
    """What was found, in this session, of fixtures that have a contract and parameters."""

    def __init__(self) -> None:
        self._found: dict[pytest.FixtureDef[Any], _Found] = {}

    def current(self, fixturedef: pytest.FixtureDef[Any], item: pytest.Item) -> Parameter | None:
        """The parameters that a fixture is set up with for a test; `None` if it has none.

        Args:
            fixturedef: The fixture. The parameters of those that it depends on by name count as its own.
            item: The test.
        """
        parameters = pytest_internals.parameters_behind(item, fixturedef)
        if not parameters:
            return None
        found = self._found.setdefault(fixturedef, _Found())
        index = tuple(index for index, _ in parameters)
        return Parameter(index, prod(count for _, count in parameters), found)


class _Found:
    """What was found of one fixture.

    Attributes:
        tried: The parameters with which it was set up and torn down.
        used: What it used with any of them.
    """

    def __init__(self) -> None:
        self.tried: set[tuple[int, ...]] = set()
        self.used: set[str] = set()


class Parameter:
    """What a fixture is set up with.

    Args:
        index: Which of its parameters.
        count: How many there are; 0 if nobody can tell, since tests give them.
        found: What was found with all of them.
    """

    def __init__(self, index: tuple[int, ...], count: int, found: _Found) -> None:
        self._index = index
        self._count = count
        self._found = found

    def excused(
        self, declared: frozenset[str], used: Iterable[str], *, tried: bool
    ) -> frozenset[str]:
        """What the contract names that need not be used with this parameter.

        Args:
            declared: What it names.
            used: What was used with this one.
            tried: The fixture was set up and torn down with this one.
        """
        found = self._found
        found.used.update(used)
        if tried:
            found.tried.add(self._index)
        is_whole = 0 < self._count == len(found.tried)
        return declared.intersection(found.used) if is_whole else declared
