"""Marks of single sets of values in ``parametrize``."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import libcst as cst

from imbue.resource_guards.fix.edits import EditError
from imbue.resource_guards.fix.names import MARK
from imbue.resource_guards.fix.names import PARAM
from imbue.resource_guards.fix.names import Names
from imbue.resource_guards.fix.names import is_made_param
from imbue.resource_guards.fix.names import path_of
from imbue.resource_guards.fix.names import spell_mark
from imbue.resource_guards.fix.names import spell_param
from imbue.resource_guards.fix.pytestmark import marks_in
from imbue.resource_guards.fix.pytestmark import with_mark
from imbue.resource_guards.fix.pytestmark import without_mark
from imbue.resource_guards.fix.rows import Row
from imbue.resource_guards.fix.rows import appended
from imbue.resource_guards.fix.rows import removed
from imbue.resource_guards.fix.rows import row_of
from imbue.resource_guards.fix.rows import with_row
from imbue.resource_guards.messages.reasons import MARKS_UNREADABLE
from imbue.resource_guards.messages.reasons import NO_SUCH_VALUES
from imbue.resource_guards.messages.reasons import NOT_THERE
from imbue.resource_guards.messages.reasons import VALUE_MADE_ELSEWHERE
from imbue.resource_guards.messages.reasons import VALUES_STARRED
from imbue.resource_guards.messages.reasons import VALUES_UNREADABLE

_CALL = "()"
_PARAMETRIZE = MARK + "parametrize" + _CALL


@dataclass(frozen=True, slots=True)
class Parametrize:
    """A call of ``pytest.mark.parametrize``.

    Args:
        call: The call.
        argnames: The names that it gives values to.
        is_one: Each of its values is for the one name, and not a tuple of values.
    """

    call: cst.Call
    argnames: tuple[str, ...]
    is_one: bool


@dataclass(frozen=True, slots=True)
class ChangedCall:
    """A new node, and whether it needs an ``import pytest`` that is not there yet."""

    node: cst.Call
    needs_import: bool = False


def find_parametrize(
    expressions: Iterable[cst.BaseExpression], argnames: tuple[str, ...], names: Names
) -> Parametrize | None:
    """The call among these expressions that gives values to these names."""
    for expression in expressions:
        if isinstance(expression, cst.Call) and path_of(expression, names.meanings) == _PARAMETRIZE:
            found = _argnames(expression)
            if found is not None and found.argnames == argnames:
                return found
    return None


def add_param_mark(found: Parametrize, index: int, mark: str, names: Names) -> ChangedCall:
    """The call with the mark at one of its sets of values.

    Raises:
        EditError: Its values are not written so that this can be done.
    """
    values, row = _values(found, index)
    old = row.items[index]
    spelled = spell_mark(mark, names)
    if _is_param(old, names):
        call, needs_import = _with_marks(_call(old), mark, spelled.expression, names), False
    else:
        param = spell_param(names)
        call = _wrapped(found, old, param.expression, names)
        keyword = _keyword(spelled.expression)
        call = with_row(call, appended(row_of(call), keyword))
        needs_import = param.needs_import
    # A mark that was there already needs none.
    needs_import = needs_import or (spelled.needs_import and call is not old.value)
    return ChangedCall(_with_item(found.call, values, row, index, call), needs_import)


def remove_param_mark(found: Parametrize, index: int, mark: str, names: Names) -> ChangedCall:
    """The call without the mark at one of its sets of values.

    Raises:
        EditError: It is not there, or the values are not written so that this can be done.
    """
    values, row = _values(found, index)
    if not _is_param(row.items[index], names):
        raise EditError(NOT_THERE)
    call = _call(row.items[index])
    number = _marks_argument(call)
    if number is None or not _count(call.args[number].value, mark, names):
        raise EditError(NOT_THERE)
    rest = without_mark(call.args[number].value, mark, names)
    if rest is None:
        call = with_row(call, removed(row_of(call), number))
    else:
        call = _with_argument(call, number, rest)
    return ChangedCall(_with_item(found.call, values, row, index, call))


def _argnames(call: cst.Call) -> Parametrize | None:
    number = _argument(call, 0, "argnames")
    node = call.args[number].value if number is not None else None
    text = _text(node)
    if text is not None:
        names = tuple(name.strip() for name in text.split(",") if name.strip())
        return Parametrize(call, names, len(names) == 1)
    if isinstance(node, (cst.List, cst.Tuple)):
        texts = [_text(element.value) for element in node.elements]
        return Parametrize(call, tuple(text for text in texts if text is not None), is_one=False)
    return None


def _text(node: cst.BaseExpression | None) -> str | None:
    if isinstance(node, (cst.SimpleString, cst.ConcatenatedString)):
        text = node.evaluated_value
        return text if isinstance(text, str) else None
    return None


def _argument(call: cst.Call, position: int, keyword: str) -> int | None:
    """The index of an argument that is given by position or by keyword."""
    for index, arg in enumerate(call.args):
        if arg.keyword is not None and arg.keyword.value == keyword:
            return index
        if index == position and arg.keyword is None and not arg.star:
            return index
        if arg.star == "*":
            return None
    return None


def _values(found: Parametrize, index: int) -> tuple[cst.List | cst.Tuple, Row]:
    number = _argument(found.call, 1, "argvalues")
    values = found.call.args[number].value if number is not None else None
    if not isinstance(values, (cst.List, cst.Tuple)):
        raise EditError(VALUES_UNREADABLE)
    if any(isinstance(element, cst.StarredElement) for element in values.elements[: index + 1]):
        raise EditError(VALUES_STARRED)
    if not 0 <= index < len(values.elements):
        raise EditError(NO_SUCH_VALUES)
    return values, row_of(values)


def _is_param(item: cst.BaseElement | cst.Arg, names: Names) -> bool:
    is_call = isinstance(item.value, cst.Call)
    return is_call and path_of(item.value, names.meanings) == PARAM + _CALL


def _call(item: cst.BaseElement | cst.Arg) -> cst.Call:
    return cst.ensure_type(item.value, cst.Call)


def _with_marks(
    call: cst.Call, mark: str, expression: cst.BaseExpression, names: Names
) -> cst.Call:
    number = _marks_argument(call)
    if number is None:
        return with_row(call, appended(row_of(call), _keyword(expression)))
    value = call.args[number].value
    if _count(value, mark, names):
        return call
    return _with_argument(call, number, with_mark(value, expression))


def _count(value: cst.BaseExpression, mark: str, names: Names) -> int:
    try:
        return marks_in(value, mark, names)
    except EditError as error:
        raise EditError(MARKS_UNREADABLE) from error


def _marks_argument(call: cst.Call) -> int | None:
    for index, arg in enumerate(call.args):
        if arg.star == "**":
            raise EditError(MARKS_UNREADABLE)
        if arg.keyword is not None and arg.keyword.value == "marks":
            return index
    return None


def _with_argument(call: cst.Call, number: int, value: cst.BaseExpression) -> cst.Call:
    arg = call.args[number].with_changes(value=value)
    return call.with_changes(args=[*call.args[:number], arg, *call.args[number + 1 :]])


def _keyword(expression: cst.BaseExpression) -> cst.Arg:
    tight = cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace(""))
    return cst.Arg(expression, cst.Name("marks"), equal=tight)


def _wrapped(
    found: Parametrize, old: cst.BaseElement | cst.Arg, param: cst.BaseExpression, names: Names
) -> cst.Call:
    """A call of ``pytest.param`` with what stands there."""
    value = old.value
    if is_made_param(value, names) or _looks_like_param(value):
        raise EditError(VALUE_MADE_ELSEWHERE)
    call = cst.Call(param)
    if found.is_one:
        return call.with_changes(args=[cst.Arg(value)])
    if not isinstance(value, (cst.List, cst.Tuple)):
        return call.with_changes(args=[cst.Arg(_starrable(value), star="*")])
    row = row_of(value)
    args = [
        cst.Arg(element.value, star="*" if isinstance(element, cst.StarredElement) else "")
        for element in value.elements
    ]
    commas = row.commas
    # `(1,)` needs its comma as a tuple and not as arguments.
    if len(commas) == len(args) == 1 and isinstance(row.closing, cst.SimpleWhitespace):
        commas = ()
    return with_row(call, Row(tuple(args), row.opening, commas, row.closing))


def _starrable(value: cst.BaseExpression) -> cst.BaseExpression:
    # `*a := b` is no argument.
    if isinstance(value, cst.NamedExpr) and not value.lpar:
        return value.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])
    return value


def _looks_like_param(value: cst.BaseExpression) -> bool:
    """Whether it is a call of something that by its name returns what ``pytest.param`` does."""
    function = value.func if isinstance(value, cst.Call) else None
    name = function.attr if isinstance(function, cst.Attribute) else function
    return isinstance(name, cst.Name) and "param" in name.value.lower()


def _with_item(
    parametrize: cst.Call,
    values: cst.List | cst.Tuple,
    row: Row,
    index: int,
    call: cst.Call,
) -> cst.Call:
    item = row.items[index].with_changes(value=call)
    items = (*row.items[:index], item, *row.items[index + 1 :])
    new = with_row(values, Row(items, row.opening, row.commas, row.closing))
    args = [arg.with_changes(value=new) if arg.value is values else arg for arg in parametrize.args]
    return parametrize.with_changes(args=args)
