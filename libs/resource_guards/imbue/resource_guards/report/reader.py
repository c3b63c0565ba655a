"""Read plain data, as JSON has it, by the types of a dataclass: all of it fits, or the place is named that does not.

A field's type is what its data must be: ``str``, ``int``, ``float``, ``bool``, ``list[...]``, ``dict[str, ...]``,
``... | None``, or another dataclass. What a type alone does not say is an `Annotated` with checks.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from collections.abc import Iterable
from dataclasses import fields
from dataclasses import is_dataclass
from functools import cache
from functools import reduce
from sys import intern
from types import NoneType
from types import UnionType
from typing import Annotated
from typing import Any
from typing import Final
from typing import Protocol
from typing import Union
from typing import get_args
from typing import get_origin
from typing import get_type_hints

from imbue.resource_guards.messages import report as messages

_LONGEST_SHOWN: Final = 40


class MisfitError(ValueError):
    """Data that is not of the type that it should be.

    Attributes:
        expected: What should be there.
        found: What is there.
        place: Where that is, ``tests[3].outcome``.
    """

    def __init__(self, expected: str, found: str) -> None:
        super().__init__(expected)
        self.expected = expected
        self.found = found
        self.place = ""

    def within(self, part: str) -> None:
        """Note what the place is a part of: ``.outcome``, ``[3]``."""
        self.place = part + self.place

    def __str__(self) -> str:
        """One sentence."""
        return messages.misfit(self.place.removeprefix("."), self.expected, self.found)


class Check(Protocol):
    """What an `Annotated` type has beside the type."""

    @property
    def expected(self) -> str:
        """What passes, in words."""

    @property
    def passes(self) -> Callable[[Any], object]:
        """Tells, by what is true or false, whether a value of the type may stay."""


class OneOf:
    """One of some values."""

    def __init__(self, *values: object) -> None:
        self.expected = messages.one_of(values)
        self.passes: Callable[[Any], object] = frozenset(values).__contains__


class AtLeast:
    """No smaller number."""

    def __init__(self, least: int) -> None:
        self.expected = messages.number_from(least)
        self.passes: Callable[[Any], object] = least.__le__


class Between:
    """A number from one to another; no infinite one, and none that is not a number."""

    def __init__(self, least: int, most: int) -> None:
        self.expected = messages.number_between(least, most)
        self._least = least
        self._most = most

    def passes(self, value: float) -> bool:
        """Whether it is one."""
        return self._least <= value <= self._most


class Matching:
    """Text of some form, by a regular expression for all of it."""

    def __init__(self, pattern: str, expected: str) -> None:
        self.expected = expected
        self.passes: Callable[[Any], object] = re.compile(pattern, re.DOTALL).fullmatch


class NotEmpty:
    """At least one key."""

    expected = messages.NOT_EMPTY
    passes = len


Read = Callable[[Any], Any]

OPTIONAL: Final = "optional"
"""What a field has in its metadata whose key may be missing. It is never null: what is unknown is left out."""

_UNIONS: Final = (UnionType, Union)


@cache
def reader(wanted: Any) -> Read:
    """The function that makes a value of a type out of data, or raises `MisfitError`.

    Example:
        >>> reader(dict[str, list[int]])({"a": [1, "2"]})
        Traceback (most recent call last):
            ...
        imbue.resource_guards.report.reader.MisfitError: ['a'][1] is not a whole number, but '2'
    """
    origin = get_origin(wanted)
    arguments = get_args(wanted)
    if origin is Annotated:
        return reduce(_checked, wanted.__metadata__, reader(arguments[0]))
    if origin in _UNIONS:
        return _optional(reader(without_none(wanted)))
    if origin is list:
        return _list(reader(arguments[0]))
    if origin is dict:
        return _dict(reader(arguments[0]), reader(arguments[1]))
    if wanted is float:
        return _number
    return _dataclass(wanted) if is_dataclass(wanted) else _plain(wanted)


def without_none(wanted: Any) -> Any:
    """The one type that a type with ``| None`` has beside it; another as it is."""
    if get_origin(wanted) not in _UNIONS:
        return wanted
    (inner,) = (each for each in get_args(wanted) if each is not NoneType)
    return inner


def _number(data: Any) -> Any:
    if type(data) not in (int, float):  # JSON writes 1.0 as 1, too
        raise _misfit(float, data)
    return data


def _plain(wanted: Any) -> Read:
    def read(data: Any) -> Any:
        if type(data) is not wanted:  # `True` is an `int`, too
            raise _misfit(wanted, data)
        return data

    return read


def _checked(inner: Read, check: Check) -> Read:
    passes = check.passes  # looked up once: there are millions of values

    def read(data: Any) -> Any:
        value = inner(data)
        if passes(value):
            return value
        raise MisfitError(check.expected, _shown(data))

    return read


def _optional(inner: Read) -> Read:
    def read(data: Any) -> Any:
        return None if data is None else inner(data)

    return read


def _list(inner: Read) -> Read:
    def read(data: Any) -> Any:
        if type(data) is not list:
            raise _misfit(list, data)
        values: list[Any] = []
        try:
            for each in data:
                values.append(inner(each))  # noqa: PERF401 - its length tells where one does not fit
        except MisfitError as misfit:
            misfit.within(f"[{len(values)}]")
            raise
        return values

    return read


def _dict(of_key: Read, of_value: Read) -> Read:
    def read(data: Any) -> Any:
        if type(data) is not dict:
            raise _misfit(dict, data)
        values = {}
        key = None
        try:
            for key, each in data.items():
                values[intern(of_key(key))] = of_value(each)  # they are names, and few
        except MisfitError as misfit:
            misfit.within(f"[{_shown(key)}]")
            raise
        return values

    return read


def _dataclass(wanted: Any) -> Read:
    hints = get_type_hints(wanted, include_extras=True)
    optional = {each.name for each in fields(wanted) if each.metadata.get(OPTIONAL)}
    types = {name: without_none(hint) if name in optional else hint for name, hint in hints.items()}
    parts = [(each.name, reader(types[each.name])) for each in fields(wanted)]
    names = {name for name, _ in parts}
    needed = names - optional

    def read(data: Any) -> Any:
        if type(data) is not dict:
            raise _misfit(dict, data)
        if not needed <= data.keys() <= names:
            raise _other_keys(names, needed, data.keys())
        values = {}
        for name, part in parts:
            if name in data:
                try:
                    values[name] = part(data[name])
                except MisfitError as misfit:
                    misfit.within(f".{name}")
                    raise
        return wanted(**values)

    return read


def _other_keys(names: set[str], needed: set[str], found: Iterable[str]) -> MisfitError:
    missing = sorted(needed.difference(found))
    if missing:
        return MisfitError(*messages.key_missing(missing[0]))
    unknown = next(each for each in found if each not in names)
    return MisfitError(*messages.key_unknown(_shown(unknown)))


def _misfit(wanted: Any, data: Any) -> MisfitError:
    return MisfitError(messages.DATA[wanted], _shown(data))


def _shown(data: Any) -> str:
    if isinstance(data, (list, dict)):
        return messages.DATA[type(data)]
    try:
        text = repr(data)
    except ValueError:  # a number of more digits than Python writes out
        return messages.LARGE_NUMBER
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}..."
