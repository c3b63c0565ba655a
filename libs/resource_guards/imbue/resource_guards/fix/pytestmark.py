"""Marks in ``pytestmark``, of a module or a class."""

from __future__ import annotations

from dataclasses import dataclass

import libcst as cst

from imbue.resource_guards.fix.decorators import lines_of
from imbue.resource_guards.fix.edits import EditError
from imbue.resource_guards.fix.layout import deleted
from imbue.resource_guards.fix.names import Names
from imbue.resource_guards.fix.names import mark_of
from imbue.resource_guards.fix.outline import SmallLine
from imbue.resource_guards.fix.outline import Statement
from imbue.resource_guards.fix.outline import small_statements
from imbue.resource_guards.fix.outline import statements
from imbue.resource_guards.fix.outline import swapped
from imbue.resource_guards.fix.rows import appended
from imbue.resource_guards.fix.rows import comments_in
from imbue.resource_guards.fix.rows import removed
from imbue.resource_guards.fix.rows import row_of
from imbue.resource_guards.fix.rows import with_row
from imbue.resource_guards.messages.reasons import NOT_THERE
from imbue.resource_guards.messages.reasons import PYTESTMARK_NESTED
from imbue.resource_guards.messages.reasons import PYTESTMARK_SCATTERED
from imbue.resource_guards.messages.reasons import PYTESTMARK_UNREADABLE

Assignment = cst.Assign | cst.AnnAssign


@dataclass(frozen=True, slots=True)
class Assigned:
    """The assignment to ``pytestmark``.

    Args:
        line: The line that it stands on.
        small: The assignment.
        value: What is assigned.
    """

    line: SmallLine
    small: Assignment
    value: cst.BaseExpression


def find_pytestmark(body: tuple[Statement, ...]) -> Assigned | None:
    """The assignment to ``pytestmark`` in this scope, if any.

    Raises:
        EditError: It gets its value in another way, or in several places.
    """
    found: list[tuple[Assigned, bool]] = []
    for statement, nested in statements(body):
        for small in small_statements(statement):
            if _is_change(small):
                raise EditError(PYTESTMARK_SCATTERED)
            value = _assigned_value(small)
            if value is None and _binds(small):
                raise EditError(PYTESTMARK_UNREADABLE)
            if value is not None and isinstance(small, Assignment):
                line = statement
                assert isinstance(line, SmallLine)  # noqa: S101 - it has small statements
                found.append((Assigned(line, small, value), nested))
    if len(found) > 1:
        raise EditError(PYTESTMARK_SCATTERED)
    if found and found[0][1]:
        raise EditError(PYTESTMARK_NESTED)
    return found[0][0] if found else None


def marks_in(value: cst.BaseExpression, mark: str, names: Names) -> int:
    """How often a mark stands in a value that is a mark, or a list or tuple of marks.

    Raises:
        EditError: The value is something else.
    """
    if isinstance(value, (cst.List, cst.Tuple)):
        return sum(mark_of(element.value, names) == mark for element in value.elements)
    own = mark_of(value, names)
    if not own:
        raise EditError(PYTESTMARK_UNREADABLE)
    return int(own == mark)


def with_mark(value: cst.BaseExpression, new: cst.BaseExpression) -> cst.BaseExpression:
    """The value with one more mark."""
    if isinstance(value, (cst.List, cst.Tuple)):
        return with_row(value, appended(row_of(value), cst.Element(new)))
    return cst.List([cst.Element(value), cst.Element(new)])


def without_mark(value: cst.BaseExpression, mark: str, names: Names) -> cst.List | cst.Tuple | None:
    """The value without that mark; `None` if nothing remains."""
    if not isinstance(value, (cst.List, cst.Tuple)):
        return None
    for index in reversed(range(len(value.elements))):
        if mark_of(value.elements[index].value, names) == mark:
            value = with_row(value, removed(row_of(value), index))
    return value if value.elements else None


def with_value(module: cst.Module, assigned: Assigned, value: cst.BaseExpression) -> cst.Module:
    """The module with another value for ``pytestmark``."""
    return _exchange_small(module, assigned, [assigned.small.with_changes(value=value)])


def without_pytestmark(
    module: cst.Module, assigned: Assigned, mark: str, names: Names
) -> cst.Module:
    """The module without that mark in ``pytestmark``.

    Raises:
        EditError: It is not there.
    """
    if not marks_in(assigned.value, mark, names):
        raise EditError(NOT_THERE)
    rest = without_mark(assigned.value, mark, names)
    if rest is not None:
        return with_value(module, assigned, rest)
    line = assigned.line
    if len(line.body) == 1 and isinstance(line, cst.SimpleStatementLine):
        return deleted(module, line, lines_of(comments_in(assigned.small)))
    return _exchange_small(module, assigned, [])


def _exchange_small(module: cst.Module, assigned: Assigned, new: list[Assignment]) -> cst.Module:
    line = assigned.line
    smalls: list[cst.BaseSmallStatement] = []
    for small in line.body:
        smalls += new if small is assigned.small else [small]
    smalls = smalls or [cst.Pass()]
    if not new:
        smalls[-1] = smalls[-1].with_changes(semicolon=line.body[-1].semicolon)
    changed = line.with_changes(body=smalls)
    if not new and isinstance(changed, cst.SimpleStatementLine):
        lines = [*changed.leading_lines, *lines_of(comments_in(assigned.small))]
        changed = changed.with_changes(leading_lines=lines)
    return swapped(module, line, changed)


def _assigned_value(small: cst.BaseSmallStatement) -> cst.BaseExpression | None:
    if isinstance(small, cst.Assign) and len(small.targets) == 1:
        target: cst.BaseExpression = small.targets[0].target
    elif isinstance(small, cst.AnnAssign):
        target = small.target
    else:
        return None
    return small.value if _is_pytestmark(target) else None


def _is_pytestmark(node: cst.CSTNode | None) -> bool:
    return isinstance(node, cst.Name) and node.value == "pytestmark"


def _is_change(small: cst.BaseSmallStatement) -> bool:
    """Whether it changes a value: ``pytestmark += ...``, ``pytestmark.append(...)``, ``del``."""
    if isinstance(small, (cst.AugAssign, cst.Del)):
        return _is_pytestmark(small.target)
    call = small.value if isinstance(small, cst.Expr) else None
    function = call.func if isinstance(call, cst.Call) else None
    return isinstance(function, cst.Attribute) and _is_pytestmark(function.value)


def _binds(small: cst.BaseSmallStatement) -> bool:
    """Whether it gives the name a value in a way that cannot be read."""
    if isinstance(small, cst.Assign):
        nodes: list[cst.CSTNode] = [target.target for target in small.targets]
        for node in list(nodes):
            if isinstance(node, (cst.Tuple, cst.List)):
                nodes += [element.value for element in node.elements]
        return any(map(_is_pytestmark, nodes))
    if isinstance(small, cst.ImportFrom) and not isinstance(small.names, cst.ImportStar):
        return any(
            (alias.evaluated_alias or alias.evaluated_name) == "pytestmark" for alias in small.names
        )
    return False
