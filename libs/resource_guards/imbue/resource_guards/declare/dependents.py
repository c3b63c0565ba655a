"""Which resources the tests that depend on a fixture declare."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from imbue.resource_guards.declare.markers import MarkReader
from imbue.resource_guards.pytest_internals import static_fixtures


class Dependents:
    """The marks of the collected tests, by the fixtures that they depend on.

    A fixture that several tests share is set up for whichever comes first. It may then use what
    any of them declares, so that the outcome does not hang on which one that is.
    """

    def __init__(self, items: Sequence[pytest.Item], marks: MarkReader) -> None:
        self._declared: dict[pytest.FixtureDef[Any], frozenset[str]] = {}
        self._by_any: frozenset[str] = frozenset()
        for item in items:
            declared = marks.declared_by(item)
            self._by_any |= declared
            for chain in static_fixtures(item):
                for fixturedef in chain:
                    self._declared[fixturedef] = declared | self._declared.get(
                        fixturedef, frozenset()
                    )

    def declare(
        self, fixturedef: pytest.FixtureDef[Any], requester: pytest.Item | None
    ) -> frozenset[str]:
        """What the fixture may use, as the tests that depend on it declare.

        Args:
            fixturedef: A fixture that declares nothing itself.
            requester: The test that it is set up for. If it asks for the fixture only now, by
                ``getfixturevalue``, any other test may do so too, and the marks of all count.
        """
        if requester is not None:
            for chain in static_fixtures(requester):
                if fixturedef in chain:
                    return self._declared.get(fixturedef, frozenset())
        return self._by_any
