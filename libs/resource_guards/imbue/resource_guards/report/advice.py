"""What a violation's message says of the source: what is to be marked, and what carries a mark too many."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from imbue.resource_guards import pytest_internals
from imbue.resource_guards.kinds import ViolationKind
from imbue.resource_guards.messages import advice
from imbue.resource_guards.messages import violations as messages
from imbue.resource_guards.model import Violation
from imbue.resource_guards.pytest_internals.parameters import has_sets
from imbue.resource_guards.pytest_internals.parameters import names_of
from imbue.resource_guards.report.evidence import Declaration
from imbue.resource_guards.report.evidence import Source
from imbue.resource_guards.report.fixture_records import source_of
from imbue.resource_guards.report.places import line_of
from imbue.resource_guards.report.places import line_of_assignment
from imbue.resource_guards.report.places import line_of_definition
from imbue.resource_guards.report.places import read
from imbue.resource_guards.report.record_maker import RecordMaker

_DECLARATION = "fixture_uses_resources"


def placed(item: pytest.Item, violation: Violation, root: Path) -> Violation:
    """A violation with all that its message says of the source; paths are told relative to `root`."""
    maker = RecordMaker(root, [violation.resource])
    placed = violation._replace(
        uses=tuple(use._replace(where=maker.relative_place(use.where)) for use in violation.uses)
    )
    if violation.kind is ViolationKind.MISSING_MARK:
        known = _known_of(item, maker, root)
        return placed._replace(advice=advice.to_add(violation.resource, known))
    if violation.kind is ViolationKind.SUPERFLUOUS_MARK:
        carriers = [_carrier(each, root) for each in maker.declarations(item)]
        return placed._replace(places=tuple(dict.fromkeys(carriers)))
    return placed._replace(places=tuple(_fixtures(item, violation.fixture or "", maker)))


def _known_of(item: pytest.Item, maker: RecordMaker, root: Path) -> advice.Known:
    """What is known of a test that lacks a mark."""
    source = maker.of_function(item)
    if not isinstance(item, pytest.Function) or source is None:
        return advice.Known(is_function=False)
    text = "" if source.line else read(root / source.path)
    line = source.line or line_of_definition(text, source.qualname)
    assigned = 0 if line else line_of_assignment(text, source.qualname)
    heir = maker.of_class(item.cls) if pytest_internals.class_with(item) is not item.cls else None
    return advice.Known(
        place=_place(source, line or assigned),
        is_lambda=bool(assigned) and item.function.__name__ == "<lambda>",
        is_assigned=bool(assigned),
        heir=heir.qualname if heir else "",
        heirs_place=_place_of_class(heir, root) if heir else "",
        origins=tuple(dict.fromkeys(_origins(item, maker))),
    )


def _origins(item: Any, maker: RecordMaker) -> Iterator[str]:
    """Where the sets of parameters of a test are made; not where there is only one."""
    params = item.callspec.params if hasattr(item, "callspec") else {}
    by_hook = set(params)
    for mark in item.iter_markers("parametrize"):
        by_hook.difference_update(names_of(mark))
        if has_sets(mark):
            yield advice.PARAMETRIZE
    for *_, fixture in pytest_internals.static_fixtures(item):
        if fixture.params and fixture.argname in by_hook:
            by_hook.remove(fixture.argname)
            if len(fixture.params) > 1:
                source = source_of(fixture, maker.relative)
                place = _place(source, source.line) if source else ""
                yield advice.params_of_fixture(fixture.argname, place)
    if by_hook:
        yield advice.GENERATED


def _place_of_class(cls: Source, root: Path) -> str:
    return _place(cls, line_of_definition(read(root / cls.path), cls.qualname))


def _place(source: Source, line: int) -> str:
    return messages.place(source.path, line) if line else ""


def _carrier(declaration: Declaration, root: Path) -> str:
    source = declaration.source
    if source is None:
        return messages.carrier(declaration.level, "", "")
    text = read(root / source.path)
    line = line_of(text, declaration.level, source.qualname, declaration.resource, source.line)
    return messages.carrier(declaration.level, source.qualname, _place(source, line))


def _fixtures(item: pytest.Item, name: str, maker: RecordMaker) -> Iterator[str]:
    for chain in pytest_internals.static_fixtures(item):
        for fixture in chain:
            if pytest_internals.display_name(fixture) != name:
                continue
            function = inspect.unwrap(fixture.func)
            code = getattr(function, "__code__", None)
            if code is None:
                continue
            text = read(Path(code.co_filename))
            qualname = function.__qualname__
            line = line_of(text, "function", qualname, _DECLARATION, code.co_firstlineno)
            if line:
                yield messages.place(maker.relative(code.co_filename), line)
                return
