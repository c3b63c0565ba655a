"""Do one edit in a parsed file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import libcst as cst

from imbue.resource_guards.fix.contract_edits import with_contract_edit
from imbue.resource_guards.fix.decorators import has_decorator
from imbue.resource_guards.fix.decorators import with_decorator
from imbue.resource_guards.fix.decorators import with_exchanged
from imbue.resource_guards.fix.decorators import without_decorator
from imbue.resource_guards.fix.edits import Action
from imbue.resource_guards.fix.edits import Edit
from imbue.resource_guards.fix.edits import EditError
from imbue.resource_guards.fix.edits import Place
from imbue.resource_guards.fix.edits import PlaceKind
from imbue.resource_guards.fix.imports import IsOwn
from imbue.resource_guards.fix.imports import with_import
from imbue.resource_guards.fix.layout import after_imports
from imbue.resource_guards.fix.layout import with_pytestmark
from imbue.resource_guards.fix.names import Names
from imbue.resource_guards.fix.names import names_at
from imbue.resource_guards.fix.names import spell_mark
from imbue.resource_guards.fix.outline import Found
from imbue.resource_guards.fix.outline import Statement
from imbue.resource_guards.fix.outline import contents
from imbue.resource_guards.fix.outline import find
from imbue.resource_guards.fix.outline import statements
from imbue.resource_guards.fix.outline import swapped
from imbue.resource_guards.fix.params import ChangedCall
from imbue.resource_guards.fix.params import Parametrize
from imbue.resource_guards.fix.params import add_param_mark
from imbue.resource_guards.fix.params import find_parametrize
from imbue.resource_guards.fix.params import remove_param_mark
from imbue.resource_guards.fix.pytestmark import Assigned
from imbue.resource_guards.fix.pytestmark import find_pytestmark
from imbue.resource_guards.fix.pytestmark import marks_in
from imbue.resource_guards.fix.pytestmark import with_mark
from imbue.resource_guards.fix.pytestmark import with_value
from imbue.resource_guards.fix.pytestmark import without_pytestmark
from imbue.resource_guards.messages.reasons import NO_PARAMETRIZE
from imbue.resource_guards.messages.reasons import NOT_THERE


@dataclass(frozen=True, slots=True)
class Marked:
    """The value of ``pytestmark`` of a module or class, and the names where it stands."""

    assigned: Assigned
    names: Names


@dataclass(frozen=True, slots=True)
class Swap:
    """A statement to exchange for another, which may need an ``import pytest``."""

    old: Statement
    new: Statement
    needs_import: bool


def with_edit(module: cst.Module, edit: Edit, is_own: IsOwn) -> cst.Module:
    """The module with this edit done; the same module if there is nothing to do.

    Args:
        module: The file.
        edit: The edit.
        is_own: Tells which modules are the project's own.

    Raises:
        EditError: It cannot be done.
    """
    place, mark = edit.place, edit.mark
    is_add = edit.action is Action.ADD
    if place.kind is PlaceKind.MODULE:
        return _add_to_module(module, mark, is_own) if is_add else _remove_from_module(module, mark)
    if place.kind is PlaceKind.FIXTURE:
        return with_contract_edit(module, edit)
    if place.kind is PlaceKind.PARAM:
        return _change_param(module, edit, is_own)
    if is_add:
        return _add_decorator(module, place, mark, is_own)
    return _remove_from_definition(module, place, mark)


def _add_to_module(module: cst.Module, mark: str, is_own: IsOwn) -> cst.Module:
    marked = _of_module(module)
    if marked is None:
        index = after_imports(module)
        before = module.body[index] if index < len(module.body) else None
        spelled = spell_mark(mark, names_at(module, before))
        if spelled.needs_import:
            module = with_import(module, index, is_own)
            index = after_imports(module)
        return with_pytestmark(module, index, spelled.expression)
    value = marked.assigned.value
    if marks_in(value, mark, marked.names):
        return module
    spelled = spell_mark(mark, marked.names)
    changed = with_value(module, marked.assigned, with_mark(value, spelled.expression))
    return _imported(
        module, changed, [marked.assigned.line] if spelled.needs_import else [], is_own
    )


def _remove_from_module(module: cst.Module, mark: str) -> cst.Module:
    marked = _of_module(module)
    if marked is None:
        raise EditError(NOT_THERE)
    return without_pytestmark(module, marked.assigned, mark, marked.names)


def _add_decorator(module: cst.Module, place: Place, mark: str, is_own: IsOwn) -> cst.Module:
    changed, importers = module, []
    for found in _definitions(module, place):
        names = _names_of(module, found)
        if has_decorator(found.node, mark, names) or _body_has(module, found, mark):
            continue
        spelled = spell_mark(mark, names)
        new = with_decorator(found.node, spelled.expression, names)
        changed = swapped(changed, found.node, new, found.top)
        importers += [found.top] if spelled.needs_import else []
    return _imported(module, changed, importers, is_own)


def _remove_from_definition(module: cst.Module, place: Place, mark: str) -> cst.Module:
    changed, reason = module, NOT_THERE
    for found in _definitions(module, place):
        names = _names_of(module, found)
        if has_decorator(found.node, mark, names):
            new = without_decorator(found.node, mark, names)
            changed = swapped(changed, found.node, new, found.top)
        try:
            marked = _of_class(module, found)
            if marked is not None and marks_in(marked.assigned.value, mark, marked.names):
                changed = without_pytestmark(changed, marked.assigned, mark, marked.names)
        except EditError as error:
            # Then it may have been a decorator.
            reason = str(error)
    if changed is module:
        raise EditError(reason)
    return changed


def _change_param(module: cst.Module, edit: Edit, is_own: IsOwn) -> cst.Module:
    if not edit.place.qualname:
        marked = _of_module(module)
        changes = [_param_in_pytestmark(marked, edit)]
        importers: list[Statement] = [marked.assigned.line] if marked else []
    else:
        founds = _definitions(module, edit.place)
        changes = [_param_of_definition(module, found, edit) for found in founds]
        importers = [found.top for found in founds]
    reasons = [change for change in changes if isinstance(change, EditError)]
    # A removal is done where the mark is; it need not be in each of several alternatives.
    optional = edit.action is Action.REMOVE and len(reasons) < len(changes)
    for reason in reasons:
        if not optional or str(reason) != NOT_THERE:
            raise reason
    changed, waiting = module, []
    for change, importer in zip(changes, importers, strict=True):
        if not isinstance(change, EditError):
            changed = swapped(changed, change.old, change.new)
            waiting += [importer] if change.needs_import else []
    return _imported(module, changed, waiting, is_own)


def _param_of_definition(module: cst.Module, found: Found, edit: Edit) -> Swap | EditError:
    names = _names_of(module, found)
    written = [decorator.decorator for decorator in found.node.decorators]
    parametrize = find_parametrize(written, edit.place.argnames, names)
    try:
        if parametrize is None:
            return _param_in_pytestmark(_of_class(module, found), edit)
        changed = _with_param(parametrize, edit, names)
    except EditError as error:
        return error
    node = with_exchanged(found.node, parametrize.call, changed.node)
    return Swap(found.node, node, changed.needs_import)


def _param_in_pytestmark(marked: Marked | None, edit: Edit) -> Swap | EditError:
    if marked is None:
        return EditError(NO_PARAMETRIZE)
    value, line = marked.assigned.value, marked.assigned.line
    values = (
        [element.value for element in value.elements]
        if isinstance(value, (cst.List, cst.Tuple))
        else [value]
    )
    parametrize = find_parametrize(values, edit.place.argnames, marked.names)
    if parametrize is None:
        return EditError(NO_PARAMETRIZE)
    try:
        changed = _with_param(parametrize, edit, marked.names)
    except EditError as error:
        return error
    new = line.deep_replace(parametrize.call, changed.node)
    return Swap(line, cst.ensure_type(new, type(line)), changed.needs_import)


def _with_param(parametrize: Parametrize, edit: Edit, names: Names) -> ChangedCall:
    change = add_param_mark if edit.action is Action.ADD else remove_param_mark
    return change(parametrize, edit.place.index, edit.mark, names)


def _definitions(module: cst.Module, place: Place) -> tuple[Found, ...]:
    kind = place.kind
    if kind is PlaceKind.FUNCTION:
        return find(module, place.qualname, cst.FunctionDef)
    if kind is PlaceKind.CLASS:
        return find(module, place.qualname, cst.ClassDef)
    return find(module, place.qualname, cst.FunctionDef, cst.ClassDef)


def _names_of(module: cst.Module, found: Found) -> Names:
    return names_at(module, found.top, found.owner, found.node)


def _of_module(module: cst.Module) -> Marked | None:
    assigned = find_pytestmark(contents(module))
    return Marked(assigned, names_at(module, assigned.line)) if assigned else None


def _of_class(module: cst.Module, found: Found) -> Marked | None:
    if not isinstance(found.node, cst.ClassDef):
        return None
    assigned = find_pytestmark(contents(found.node.body))
    if assigned is None:
        return None
    return Marked(assigned, names_at(module, found.top, found.node, assigned.line))


def _body_has(module: cst.Module, found: Found, mark: str) -> bool:
    try:
        marked = _of_class(module, found)
        return marked is not None and marks_in(marked.assigned.value, mark, marked.names) > 0
    except EditError:
        # What is not known to be there is added.
        return False


def _imported(
    module: cst.Module, changed: cst.Module, importers: Sequence[Statement], is_own: IsOwn
) -> cst.Module:
    """The changed module, with ``import pytest`` above those statements of the module before."""
    if not importers:
        return changed
    indexes = [
        index
        for index, statement in enumerate(module.body)
        for inner, _ in statements([statement])
        if any(inner is importer for importer in importers)
    ]
    return with_import(changed, min(indexes), is_own)
