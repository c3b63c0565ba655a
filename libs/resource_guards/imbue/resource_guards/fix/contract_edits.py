"""Names in the ``@fixture_uses_resources`` of a fixture."""

from __future__ import annotations

from collections.abc import Iterable

import libcst as cst
from libcst import matchers

from imbue.resource_guards.fix.decorators import with_exchanged
from imbue.resource_guards.fix.decorators import without_decorators
from imbue.resource_guards.fix.edits import Action
from imbue.resource_guards.fix.edits import Edit
from imbue.resource_guards.fix.edits import EditError
from imbue.resource_guards.fix.imports import without_unused_import
from imbue.resource_guards.fix.outline import Definition
from imbue.resource_guards.fix.outline import contents
from imbue.resource_guards.fix.outline import find
from imbue.resource_guards.fix.outline import small_statements
from imbue.resource_guards.fix.outline import statements
from imbue.resource_guards.fix.outline import swapped
from imbue.resource_guards.fix.rows import appended
from imbue.resource_guards.fix.rows import removed
from imbue.resource_guards.fix.rows import row_of
from imbue.resource_guards.fix.rows import with_row
from imbue.resource_guards.messages.reasons import CONTRACT_UNREADABLE
from imbue.resource_guards.messages.reasons import NAME_NOT_THERE
from imbue.resource_guards.messages.reasons import NO_CONTRACT

_NAME = "fixture_uses_resources"


def with_contract_edit(module: cst.Module, edit: Edit) -> cst.Module:
    """The module with a name added to a fixture's contract, or removed from it.

    Raises:
        EditError: It cannot be done.
    """
    aliases = _aliases(module)
    changed, unused, has_contract = module, [], False
    for found in find(module, edit.place.qualname, cst.FunctionDef):
        call = _contract(found.node, aliases)
        if call is None:
            continue
        has_contract = True
        new = (
            _with_name(call, edit.mark) if edit.action is Action.ADD else _without(call, edit.mark)
        )
        if new.args:
            node = with_exchanged(found.node, call, new)
        else:
            node = _without_contract(found.node, call)
            unused.append(call.func)
        changed = swapped(changed, found.node, node)
    if not has_contract:
        raise EditError(NO_CONTRACT)
    for function in unused:
        changed = without_unused_import(changed, function)
    return changed


def _aliases(module: cst.Module) -> set[str]:
    """The names that the decorator was imported by."""
    return {
        alias.evaluated_alias or alias.evaluated_name
        for statement, _ in statements(contents(module))
        for small in small_statements(statement)
        if isinstance(small, cst.ImportFrom) and not isinstance(small.names, cst.ImportStar)
        for alias in small.names
        if alias.evaluated_name == _NAME
    }


def _contract(node: Definition, aliases: set[str]) -> cst.Call | None:
    for decorator in node.decorators:
        call = decorator.decorator
        if not isinstance(call, cst.Call):
            continue
        function = call.func
        if isinstance(function, cst.Attribute) and function.attr.value == _NAME:
            return call
        if isinstance(function, cst.Name) and function.value in aliases:
            return call
    return None


def _with_name(call: cst.Call, name: str) -> cst.Call:
    texts = [_text(argument) for argument in call.args]
    if name in texts:
        return call
    if None in texts:
        raise EditError(CONTRACT_UNREADABLE)
    quote = _quote(call.args)
    return with_row(
        call, appended(row_of(call), cst.Arg(cst.SimpleString(f"{quote}{name}{quote}")))
    )


def _without(call: cst.Call, name: str) -> cst.Call:
    texts = [_text(argument) for argument in call.args]
    if name not in texts:
        raise EditError(CONTRACT_UNREADABLE if None in texts else NAME_NOT_THERE)
    for index in reversed(range(len(texts))):
        if texts[index] == name:
            call = with_row(call, removed(row_of(call), index))
    return call


def _without_contract(node: Definition, call: cst.Call) -> Definition:
    return without_decorators(node, lambda each: each is call)


def _text(argument: cst.Arg) -> str | None:
    value = argument.value
    if argument.star or argument.keyword or not isinstance(value, cst.SimpleString):
        return None
    text = value.evaluated_value
    return text if isinstance(text, str) else None


def _quote(arguments: Iterable[cst.Arg]) -> str:
    for argument in arguments:
        if matchers.matches(argument.value, matchers.SimpleString()):
            quote: str = cst.ensure_type(argument.value, cst.SimpleString).quote
            return quote if len(quote) == 1 else '"'
    return '"'
