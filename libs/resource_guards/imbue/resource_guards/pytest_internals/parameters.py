"""Which of the sets of values of a ``parametrize`` mark a test has."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from collections.abc import Sequence
from collections.abc import Sized
from typing import Any
from typing import Final

import pytest

_NOTHING: Final = object()


class ParameterSets:
    """The sets of values of ``parametrize`` marks.

    Each mark is looked through once: of a thousand sets, which a thousand tests have, that took seconds.
    """

    def __init__(self) -> None:
        self._tables: dict[int, _Table] = {}

    def of(
        self, mark: pytest.Mark, params: Mapping[str, object]
    ) -> tuple[Sequence[str], int | None]:
        """The arguments of a mark, and which of its sets of values a test has.

        A test's `callspec.indices` do not tell it: they number the test's own sets, of all such marks
        together. So the set is found by its values, which are the very objects of the mark.

        Args:
            mark: The mark.
            params: The values that the test has, by their names.
        """
        table = self._tables.get(id(mark))
        if table is None:
            table = self._tables[id(mark)] = _Table(mark)
        return table.names, table.index_of(params)


class _Table:
    """The sets of one mark, by the numbers of their objects.

    Args:
        mark: The mark. It is kept, so that no other has its number.
    """

    def __init__(self, mark: pytest.Mark) -> None:
        self._mark = mark
        self.names = names_of(mark)
        values = _arguments_of(mark).get("argvalues", ())
        self._sets: Sequence[object] = values if isinstance(values, Sequence) else ()
        self._found: dict[tuple[int, ...], int | None] = {}
        for index, each in enumerate(self._sets):
            key = tuple(map(id, _values_of(each, self.names)))
            self._found[key] = None if key in self._found else index

    def index_of(self, params: Mapping[str, object]) -> int | None:
        """Which set these values are; `None` of none, or of several."""
        values = [params.get(name, _NOTHING) for name in self.names]
        index = self._found.get(tuple(map(id, values)))
        if index is None or index >= len(self._sets):
            return None
        # A row of an array makes its values anew, and another object may have the number by now.
        made = _values_of(self._sets[index], self.names)
        is_same = all(one is other for one, other in zip(values, made, strict=False))
        return index if is_same else None


def names_of(mark: pytest.Mark) -> Sequence[str]:
    """The arguments of a ``parametrize`` mark."""
    names = _arguments_of(mark).get("argnames", "")
    listed = names.split(",") if isinstance(names, str) else names
    return [name.strip() for name in listed if name.strip()]


def has_sets(mark: pytest.Mark) -> bool:
    """Whether a ``parametrize`` mark has several sets of values, or it is not known how many."""
    values = _arguments_of(mark).get("argvalues", ())
    return not isinstance(values, Sized) or len(values) > 1


def _arguments_of(mark: pytest.Mark) -> Mapping[str, Any]:
    # Bound as Python would: each may be given by position or by name.
    return inspect.signature(_parametrize).bind_partial(*mark.args, **mark.kwargs).arguments


def _parametrize(argnames: object, argvalues: object, *_: object, **__: object) -> None:
    """How the mark's arguments are called."""


def _values_of(each: Any, argnames: Sequence[str]) -> Sequence[object]:
    if isinstance(each, type(pytest.param())):
        return each.values
    return [each] if len(argnames) == 1 else each
