"""Which parameters of a parametrised test need a mark, told once for the whole test.

A test's own report knows of one set of parameters. That others need the mark which this one must
not have, or the other way round, shows when all have run, perhaps in several workers.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Iterator
from typing import Any

import pytest


def parted(nodeid: str) -> tuple[str, str | None]:
    """A test's id without its parameters, and those; read as pytest does, since a path may have brackets too."""
    path, separator, rest = nodeid.partition("::")
    name, bracket, parameters = rest.partition("[")
    return f"{path}{separator}{name}", parameters.removesuffix("]") if bracket else None


class Parameters:
    """What is known of one test's parameters and one resource.

    Attributes:
        users: The ids of those with which the test used the resource.
        count: How many sets of parameters were collected, once one of them has a violation.
    """

    def __init__(self) -> None:
        self.users: list[str] = []
        self.count = 0

    @property
    def is_mixed(self) -> bool:
        """Whether some need the mark and others must not have it, and not all is right yet."""
        return 0 < len(self.users) < self.count


class ParameterTable:
    """For each parametrised test that has used or declared a resource, its parameters."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, str], Parameters] = {}

    def add(
        self,
        item: pytest.Item,
        declared: Iterable[str],
        used: Iterable[str],
        wrong: Iterable[str],
    ) -> None:
        """Take down one run of a test.

        Args:
            item: The test.
            declared: The resources whose marks it has.
            used: Those that it used.
            wrong: Those of which the one or the other is a violation.
        """
        if not hasattr(item, "callspec"):
            return
        test, parameters = parted(item.nodeid)
        used = set(used)
        for resource in used.union(declared):
            row = self._rows.setdefault((test, resource), Parameters())
            if resource in used:
                row.users.append(parameters or "")
            # To count takes all items of the run: only where a violation is told, and once.
            if resource in wrong and not row.count:
                row.count = sum(each.nodeid.startswith(f"{test}[") for each in item.session.items)

    def mixed(self) -> Iterator[tuple[str, str, list[str]]]:
        """Of each test with violations that has both kinds: it, the resource, and who needs it."""
        for (test, resource), row in self._rows.items():
            if row.is_mixed:
                yield test, resource, row.users

    def to_data(self) -> list[Any]:
        """Plain data that execnet can send."""
        return [[*key, row.users, row.count] for key, row in self._rows.items()]

    def merge(self, data: Iterable[Any]) -> None:
        """Take over what a worker has taken down."""
        for test, resource, users, count in data:
            row = self._rows.setdefault((test, resource), Parameters())
            row.users += users
            row.count = max(row.count, count)
