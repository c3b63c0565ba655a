"""Make plain data, as JSON and execnet carry it, of a dataclass by its types; the opposite of `reader`.

A field that `reader` calls optional is left out where nothing is in it. What is plain already is not copied:
`dataclasses.asdict` copies each list and name, which took more than half of what a report took.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from dataclasses import is_dataclass
from functools import cache
from typing import Annotated
from typing import Any
from typing import get_args
from typing import get_origin
from typing import get_type_hints

from imbue.resource_guards.report.reader import OPTIONAL
from imbue.resource_guards.report.reader import without_none

Write = Callable[[Any], Any]


def plain(value: Any) -> dict[str, Any]:
    """The plain data of a dataclass's instance."""
    kind: Any = type(value)
    write: Any = _writer(kind)  # of a dataclass it is never `None`
    data: dict[str, Any] = write(value)
    return data


@cache
def _writer(wanted: Any) -> Write | None:
    """The function that makes plain data of a value of a type; `None` if it is plain as it is."""
    wanted = without_none(wanted)
    origin = get_origin(wanted)
    if origin is Annotated:
        return _writer(get_args(wanted)[0])
    if origin is list:
        return _list(_writer(get_args(wanted)[0]))
    if origin is dict:
        return _dict(_writer(get_args(wanted)[1]))
    return _dataclass(wanted) if is_dataclass(wanted) else None


def _list(inner: Write | None) -> Write | None:
    return None if inner is None else lambda values: [inner(each) for each in values]


def _dict(inner: Write | None) -> Write | None:
    return (
        None if inner is None else lambda values: {key: inner(each) for key, each in values.items()}
    )


def _dataclass(wanted: Any) -> Write:
    hints = get_type_hints(wanted, include_extras=True)
    parts = [
        (each.name, _writer(hints[each.name]), bool(each.metadata.get(OPTIONAL)))
        for each in fields(wanted)
    ]

    def write(value: Any) -> dict[str, Any]:
        data = {}
        for name, part, is_optional in parts:
            each = getattr(value, name)
            if is_optional and _is_nothing(each):
                continue  # nearly always; it is also what older reports do not have
            data[name] = each if part is None or each is None else part(each)
        return data

    return write


def _is_nothing(value: object) -> bool:
    return not value and (
        value is None or type(value) not in (int, float)
    )  # 0 is a number of seconds
