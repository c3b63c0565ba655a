"""What names mean at a place in a file, and how a mark is spelled there."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from typing import Any

import libcst as cst

from imbue.resource_guards.fix.edits import EditError
from imbue.resource_guards.fix.outline import DEFINITIONS
from imbue.resource_guards.fix.outline import IMPORTS
from imbue.resource_guards.fix.outline import Statement
from imbue.resource_guards.fix.outline import contents
from imbue.resource_guards.fix.outline import small_statements
from imbue.resource_guards.fix.outline import statements
from imbue.resource_guards.messages.reasons import PYTEST_IS_OTHER

MARK = "pytest.mark."
PARAM = "pytest.param"
_CALLED = "()"


@dataclass(frozen=True, slots=True)
class Names:
    """The names at one place.

    Args:
        meanings: For each name of the scope what it means: a path that begins with ``pytest``,
            with ``()`` at its end if it is a call's result, or nothing for anything else.
        bound: The names that have a value at this place, whatever was run before.
    """

    meanings: dict[str, str] = field(default_factory=dict)
    bound: dict[str, None] = field(default_factory=dict)

    def called(self, meaning: str) -> str | None:
        """A name that can be used here for what has this meaning."""
        names = [name for name in self.bound if self.meanings[name] == meaning]
        own = meaning.rpartition(".")[2]
        return own if own in names else names[0] if names else None


@dataclass(frozen=True, slots=True)
class Spelled:
    """An expression, and whether it needs an ``import pytest`` that is not there yet."""

    expression: cst.BaseExpression
    needs_import: bool = False


def names_at(
    module: cst.Module,
    before: Statement | None,
    owner: cst.ClassDef | None = None,
    inner: Statement | None = None,
) -> Names:
    """The names at a place.

    Args:
        module: The file.
        before: The statement at the level of the module that is or has the place; `None` for the
            end of the file.
        owner: The class whose body the place is in. Bodies around that one are not seen from it.
        inner: The statement of that body that is or has the place.
    """
    names = _scope(contents(module), before, {})
    if owner is None:
        return names
    own = _scope(contents(owner.body), inner, names.meanings)
    outer = {name: None for name in names.bound if name not in own.meanings}
    return Names(names.meanings | own.meanings, outer | own.bound)


def path_of(expression: cst.CSTNode, meanings: Mapping[str, str]) -> str:
    """The path from ``pytest`` that an expression means; nothing if it means something else."""
    if isinstance(expression, cst.Name):
        return meanings.get(expression.value, "")
    if isinstance(expression, cst.Attribute):
        base = path_of(expression.value, meanings)
        return f"{base}.{expression.attr.value}" if base else ""
    if isinstance(expression, cst.Call):
        base = path_of(expression.func, meanings)
        return base.removesuffix(_CALLED) + _CALLED if base else ""
    return ""


def mark_of(expression: cst.BaseExpression, names: Names) -> str:
    """The name of the mark that an expression is, with or without arguments, or nothing."""
    path = path_of(expression, names.meanings).removesuffix(_CALLED).removesuffix(".with_args")
    mark = path.removeprefix(MARK)
    return mark if mark != path and "." not in mark else ""


def is_made_param(expression: cst.BaseExpression, names: Names) -> bool:
    """Whether an expression is a name of what ``pytest.param`` has returned."""
    path = path_of(expression, names.meanings)
    return isinstance(expression, cst.Name) and path == PARAM + _CALLED


def spell_mark(mark: str, names: Names) -> Spelled:
    """The mark as this file writes it."""
    alias = names.called(MARK + mark)
    if alias is not None:
        return Spelled(cst.Name(alias))
    marks = names.called("pytest.mark")
    if names.called("pytest") is None and marks is not None:
        return Spelled(cst.Attribute(cst.Name(marks), cst.Name(mark)))
    pytest = _pytest(names)
    whole = cst.Attribute(pytest.expression, cst.Name("mark"))
    return Spelled(cst.Attribute(whole, cst.Name(mark)), pytest.needs_import)


def spell_param(names: Names) -> Spelled:
    """The function ``pytest.param`` as this file writes it."""
    param = names.called(PARAM)
    if names.called("pytest") is None and param is not None:
        return Spelled(cst.Name(param))
    pytest = _pytest(names)
    return Spelled(cst.Attribute(pytest.expression, cst.Name("param")), pytest.needs_import)


def _pytest(names: Names) -> Spelled:
    name = names.called("pytest")
    if name is None and names.meanings.get("pytest", "pytest") != "pytest":
        raise EditError(PYTEST_IS_OTHER)
    return Spelled(cst.Name(name or "pytest"), name is None)


def _scope(body: Iterable[Statement], before: Statement | None, outer: dict[str, str]) -> Names:
    """The names that a body binds. One with two meanings has none that can be relied on."""
    # Nearly all of a body are definitions, whose names mean nothing here; so they cost one look each.
    listed: list[Any] = list(body)
    names = Names({each.name.value: "" for each in listed if type(each) in DEFINITIONS})
    others = [each for each in listed if each is before or type(each) not in DEFINITIONS]
    reached = False
    for statement, nested in statements(others):
        reached = reached or statement is before
        if type(statement) in DEFINITIONS:
            defined: Any = statement
            names.meanings[defined.name.value] = ""
            continue
        for small in (statement, *small_statements(statement)):
            for name, meaning in _bindings(small, ChainMap(names.meanings, outer)):
                old = names.meanings.setdefault(name, meaning)
                # What pytestmark is may change; as an alias it is not relied on.
                if old != meaning or name == "pytestmark":
                    names.meanings[name] = ""
                # An import under a condition counts as done; an assignment does not.
                if not reached and (isinstance(small, IMPORTS) or not nested):
                    names.bound[name] = None
    return names


def _bindings(node: cst.CSTNode, meanings: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The names that a statement binds, without those in its body, and what they then mean."""
    if isinstance(node, IMPORTS):
        yield from _imported(node)
    elif isinstance(node, cst.Assign):
        for assigned in node.targets:
            yield from _targets(assigned.target, path_of(node.value, meanings))
    elif isinstance(node, cst.AnnAssign):
        if node.value is not None:
            yield from _targets(node.target, path_of(node.value, meanings))
    elif isinstance(node, (cst.AugAssign, cst.Del, cst.For)):
        yield from _targets(node.target, "")
    elif isinstance(node, cst.With):
        yield from _all_names([item.asname for item in node.items])
    elif isinstance(node, (cst.Try, cst.TryStar)):
        yield from _all_names([handler.name for handler in node.handlers])


def _imported(node: cst.Import | cst.ImportFrom) -> Iterator[tuple[str, str]]:
    if isinstance(node, cst.Import):
        for alias in node.names:
            name = alias.evaluated_alias or alias.evaluated_name.partition(".")[0]
            whole = alias.evaluated_name if alias.evaluated_alias else name
            yield name, "pytest" if whole == "pytest" else ""
    elif not isinstance(node.names, cst.ImportStar):
        module = node.module if not node.relative else None
        is_pytest = isinstance(module, cst.Name) and module.value == "pytest"
        for alias in node.names:
            name = alias.evaluated_alias or alias.evaluated_name
            yield name, f"pytest.{alias.evaluated_name}" if is_pytest else ""


def _targets(target: cst.CSTNode, meaning: str) -> Iterator[tuple[str, str]]:
    if isinstance(target, cst.Name):
        yield target.value, meaning
    elif isinstance(target, (cst.Tuple, cst.List)):
        for element in target.elements:
            yield from _targets(element.value, "")


def _all_names(bound: Sequence[cst.AsName | None]) -> Iterator[tuple[str, str]]:
    for name in bound:
        if name is not None:
            yield from _targets(name.name, "")
