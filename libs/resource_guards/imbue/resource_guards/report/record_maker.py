"""Make the record of a test, from what pytest and its account know of it."""

from __future__ import annotations

import inspect
import os
from collections.abc import Container
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from types import FunctionType
from typing import Any
from typing import Final
from typing import Protocol

import pytest

from imbue.resource_guards import pytest_internals
from imbue.resource_guards.model import Doubt
from imbue.resource_guards.model import Use
from imbue.resource_guards.model import Violation
from imbue.resource_guards.pytest_internals.parameters import ParameterSets
from imbue.resource_guards.report.evidence import Axis
from imbue.resource_guards.report.evidence import Declaration
from imbue.resource_guards.report.evidence import SeenUse
from imbue.resource_guards.report.evidence import Source
from imbue.resource_guards.report.evidence import TestRecord
from imbue.resource_guards.report.evidence import UsedResource
from imbue.resource_guards.report.fixture_records import AccountOfFixture
from imbue.resource_guards.report.fixture_records import of_accounts
from imbue.resource_guards.report.fixture_records import of_untried
from imbue.resource_guards.report.fixture_records import shared_uses
from imbue.resource_guards.report.interned import Interned

SHOWN_USES: Final = 5
"""How many uses of each resource a test's record has in full; all are counted."""


class AccountOfTest(Protocol):
    """What a record needs of the account that the lifecycle keeps of a test.

    Said here, so that a report knows nothing of how tests are followed.
    """

    @property
    def item(self) -> pytest.Item:
        """The test."""

    @property
    def attempt(self) -> int:
        """Which run of its test it is of."""

    @property
    def outcome(self) -> str:
        """Its own outcome, guards left aside."""

    @property
    def is_finished(self) -> bool:
        """Whether nothing is left to run that could use something on its behalf."""

    @property
    def doubts(self) -> Mapping[str, tuple[Doubt, ...]]:
        """Why it cannot be known that it did not use a resource, by the resource."""

    @property
    def told(self) -> Mapping[tuple[object, ...], Violation]:
        """The violations that reports have told."""

    def all_fixtures(self) -> Sequence[AccountOfFixture]:
        """The accounts of the fixtures that it depends on."""

    def all_uses(self) -> Iterator[tuple[str | None, Use]]:
        """Its uses, each with the name of the fixture that it came through, if any."""


class RecordMaker:
    """Makes records of one session's tests.

    It keeps what many tests have alike: their functions, classes, marks and uses are made once.

    Args:
        root: The root directory.
        names: The marks of the guarded resources; a registry may get more of them meanwhile.
    """

    def __init__(self, root: Path, names: Container[object]) -> None:
        self._root = str(root)
        self._names = names
        self._parameters = ParameterSets()
        self._known = Interned()
        self._functions: dict[object, Source] = {}
        self._class_sources: dict[type, Source | None] = {}
        self._classes_of: dict[object, list[Source]] = {}

    def of_item(
        self, item: pytest.Item, outcome: str = "not run", known: TestRecord | None = None
    ) -> TestRecord:
        """The record of a collected test.

        Args:
            item: The test.
            outcome: Its outcome.
            known: An earlier record of it: where it is does not change, and takes long to find out.
        """
        if known is None:
            record = TestRecord(
                item.nodeid,
                outcome,
                self.of_function(item),
                self.of_class(getattr(item, "cls", None)),
                self._of_classes(item),
            )
            if hasattr(item, "callspec"):
                self._add_parameters(item, record)
        else:
            record = TestRecord(
                item.nodeid,
                outcome,
                known.source,
                known.cls,
                known.classes,
                known.parameters,
                known.axes,
            )
        record.declared = [self._known.one(each) for each in self.declarations(item)]
        if not record.was_tried:
            record.contracts = list(of_untried(item, self.relative))
        return record

    def of_account(self, account: AccountOfTest, known: TestRecord | None = None) -> TestRecord:
        """The record of a test that has run; see `of_item`."""
        record = self.of_item(account.item, account.outcome, known)
        record.finished = account.is_finished
        fixtures = account.all_fixtures()
        record.contracts = list(of_accounts(fixtures, self.relative))
        record.shared = shared_uses(account.item, fixtures)
        own = os.getpid()
        for fixture, use in account.all_uses():
            record.blocked |= not use.allowed
            used = record.used.setdefault(use.resource, UsedResource())
            in_child = use.pid not in (0, own)
            used.count += 1
            used.add(use.layer.way)
            if in_child and not use.layer.is_process:
                used.add("child")
            self._keep(used, self._seen(use, fixture, in_child=in_child), use)
        for used in record.used.values():
            used.ways = self._known.ways(used.ways)
        record.unsure = {
            resource: [each.library for each in doubts]
            for resource, doubts in account.doubts.items()
        }
        for violation in account.told.values():
            record.violations.setdefault(violation.resource, []).append(violation.kind.value)
        return record

    def _keep(self, used: UsedResource, seen: SeenUse, use: Use) -> None:
        """Keep a use that has been counted, if it is one of the first."""
        del use
        if len(used.uses) < SHOWN_USES:
            used.uses.append(seen)

    def _seen(self, use: Use, fixture: str | None, *, in_child: bool) -> SeenUse:
        where = self.relative_place(use.where)
        return self._known.one(SeenUse(use.layer.way, use.what, where, in_child, fixture))

    def _add_parameters(self, item: Any, record: TestRecord) -> None:
        for node, mark in item.iter_markers_with_node("parametrize"):
            names, index = self._parameters.of(mark, item.callspec.params)
            source = None
            if node is item:
                source = record.source
            elif isinstance(node, pytest.Class):
                source = self.of_class(node.obj)
            record.axes.append(Axis(list(names), source))
            if index is not None:
                record.parameters.update(dict.fromkeys(names, index))

    def declarations(self, item: pytest.Item) -> Iterator[Declaration]:
        """The marks of guarded resources that a test carries, the closest first."""
        marks = [each for each in item.iter_markers_with_node() if each[1].name in self._names]
        if not marks:
            return
        function, on_function = self.of_function(item), _names_of(getattr(item, "obj", None))
        callspec = getattr(item, "callspec", None)
        of_parameters = {mark.name for mark in callspec.marks} if callspec else set()
        for node, mark in marks:
            name = mark.name
            if node is not item:
                found = self._on_node(node, name)
            elif name in on_function:
                found = Declaration(name, "function", function)
            elif name in of_parameters:
                found = Declaration(name, "param", function)
            else:
                found = Declaration(name, "other")
            yield replace(found, optional=True) if mark.kwargs.get("optional") is True else found

    def _on_node(self, node: Any, name: str) -> Declaration:
        if isinstance(node, pytest.Class):
            for base in node.obj.__mro__:
                if name in _names_of(base):
                    return Declaration(name, "class", self.of_class(base))
        elif isinstance(node, pytest.Module) and name in _names_of(node.obj):
            return Declaration(name, "module", Source(self.relative(str(node.path)), 1, ""))
        return Declaration(name, "other")

    def of_function(self, item: pytest.Item) -> Source | None:
        """The function of a test, where it has one."""
        if not isinstance(item, pytest.Function):
            return None
        given = item.function
        known = self._functions.get(given) if type(given) is FunctionType else None
        if known is not None:
            return known
        function = inspect.unwrap(given)
        code = getattr(function, "__code__", None)
        qualname = getattr(function, "__qualname__", "")
        if code is None or "<" in qualname or code.co_filename.startswith("<"):
            # A lambda; or made by a decorator that does not tell what it stands for, by other code, or from
            # text that is in no file: it is looked for by its name where it was collected.
            owner = self.of_class(pytest_internals.class_with(item))
            qualname = f"{owner.qualname}.{item.originalname}" if owner else item.originalname
            return Source(owner.path if owner else self.relative(str(item.path)), 0, qualname)
        source = Source(self.relative(code.co_filename), code.co_firstlineno, qualname)
        if type(given) is FunctionType:
            self._functions[given] = source
        return source

    def _of_classes(self, item: pytest.Item) -> list[Source]:
        parent = item.parent
        if parent not in self._classes_of:
            nodes = parent.listchain() if parent is not None else ()
            bases = [
                each
                for node in nodes
                if isinstance(node, pytest.Class)
                for each in node.obj.__mro__
            ]
            self._classes_of[parent] = [*filter(None, map(self.of_class, bases))]
        return self._classes_of[parent]

    def of_class(self, cls: type | None) -> Source | None:
        """A class, where it is known which file it is from."""
        if cls is None:
            return None
        if cls not in self._class_sources:
            self._class_sources[cls] = self._source_of_class(cls)
        return self._class_sources[cls]

    def _source_of_class(self, cls: type) -> Source | None:
        try:
            path = inspect.getfile(cls)
        except (OSError, TypeError):
            return None
        return Source(self.relative(path), 0, cls.__qualname__)

    def relative_place(self, where: str) -> str:
        """The same of a ``file:line``; an empty one stays so."""
        return _in_place(where, self._root)

    def relative(self, path: str) -> str:
        """A path as reports have it: below the root directory without that."""
        return _relative(path, self._root)


@lru_cache(maxsize=1024)
def _relative(path: str, root: str) -> str:
    below = path.startswith(root + os.sep)
    return Path(path[len(root) + 1 :] if below else path).as_posix()


@lru_cache(maxsize=64)
def _in_place(where: str, root: str) -> str:
    path, colon, line = where.rpartition(":")
    return f"{_relative(path, root)}{colon}{line}" if path else where


def _names_of(thing: object) -> set[str]:
    """The marks that stand on a function, class or module itself, and not on what it inherits."""
    function = getattr(thing, "__func__", thing)
    try:
        # `getattr` would find the marks of a base class, too.
        marks = vars(function).get("pytestmark", [])
    except TypeError:
        return set()
    listed = marks if isinstance(marks, (list, tuple)) else [marks]
    return {getattr(getattr(each, "mark", each), "name", "") for each in listed}
