"""``import pytest`` where a maintainer would put it, and an import that nothing needs any more."""

from __future__ import annotations

import sys
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final
from typing import TypeAlias

import libcst as cst
from libcst import matchers

from imbue.resource_guards.fix.layout import after_preamble
from imbue.resource_guards.fix.layout import blank_line
from imbue.resource_guards.fix.layout import deleted
from imbue.resource_guards.fix.layout import inserted
from imbue.resource_guards.fix.layout import leading
from imbue.resource_guards.fix.layout import split_blank
from imbue.resource_guards.fix.outline import IMPORTS
from imbue.resource_guards.fix.outline import small_statements
from imbue.resource_guards.fix.outline import swapped

IsOwn: TypeAlias = Callable[[str], bool]
"""Tells of a module's name whether it is the project's own."""

_STANDARD, _THIRD, _OWN = 1, 2, 3
"""The sections of imports, in their order."""

Key: TypeAlias = tuple[bool, str]

_ORDERS: Final[tuple[Callable[[bool, str], Key], ...]] = (
    lambda is_from, name: (is_from, name),
    lambda _, name: (False, name),
    lambda is_from, name: (not is_from, name),
)
"""How imports are sorted within a section: ``import`` before ``from``, by the name alone, or ``from`` first."""


@dataclass(frozen=True, slots=True)
class _Import:
    """A statement that imports.

    Args:
        index: Its index in the module.
        section: Where it belongs.
        is_from: It is a ``from ... import``.
        name: The module, in small letters.
        begins_group: A blank line stands above it, and not for the sake of a comment.
    """

    index: int
    section: int
    is_from: bool
    name: str
    begins_group: bool


def with_import(module: cst.Module, limit: int, is_own: IsOwn) -> cst.Module:
    """The module with ``import pytest``, in its sorted place among the third-party imports.

    Args:
        module: The file.
        limit: The index of the statement that needs it.
        is_own: Tells which modules are the project's own.
    """
    first = after_preamble(module)
    line = cst.SimpleStatementLine([cst.Import([cst.ImportAlias(cst.Name("pytest"))])])
    block = _block(list(_imports(module, first, limit, is_own)))
    if not block:
        return inserted(module, first, line)
    order = _order(block)
    third = _first_group([each for each in block if each.section == _THIRD])
    if third:
        own = order(False, "pytest")  # noqa: FBT003 - it is no `from`
        later = [each for each in third if order(each.is_from, each.name) > own]
        index = later[0].index if later else third[-1].index + 1
        is_first = bool(later) and later[0] is third[0]
        is_alone = is_first and later[0].is_from and _parts_kinds(block)
        return _put(module, index, line, is_first=is_first, is_between=is_alone)
    before = [each.index for each in block if each.section <= _STANDARD]
    index = before[-1] + 1 if before else block[0].index
    has_after = any(each.index == index for each in block)
    return _put(module, index, line, is_first=True, has_section=True, is_between=has_after)


def without_unused_import(module: cst.Module, function: cst.BaseExpression) -> cst.Module:
    """The module without the import of a name, where nothing else needs it.

    Args:
        module: The file.
        function: An expression that is not there any more, and begins with the name.
    """
    root = function
    while isinstance(root, cst.Attribute):
        root = root.value
    if not isinstance(root, cst.Name):
        return module
    found = [
        (statement, small, alias)
        for statement in module.body
        for small in small_statements(statement)
        if isinstance(small, IMPORTS) and not isinstance(small.names, cst.ImportStar)
        for alias in small.names
        if _bound(alias) == root.value
    ]
    if len(found) != 1 or _is_used(module, root.value):
        return module
    statement, small, alias = found[0]
    if not isinstance(statement, cst.SimpleStatementLine) or len(statement.body) != 1:
        return module
    names = [each for each in small.names if each is not alias]  # type: ignore[union-attr]
    if not names:
        return deleted(module, statement, ())
    if small.names[-1] is alias:  # type: ignore[index]
        names[-1] = names[-1].with_changes(comma=alias.comma)
    return swapped(
        module, statement, statement.with_changes(body=[small.with_changes(names=names)])
    )


def _imports(module: cst.Module, first: int, limit: int, is_own: IsOwn) -> Iterator[_Import]:
    for index in range(first, min(limit + 1, len(module.body))):
        statement = module.body[index]
        smalls = small_statements(statement)
        small = smalls[0] if smalls else None
        if not isinstance(small, (cst.Import, cst.ImportFrom)):
            continue
        name = _name(small)
        blank, comments = split_blank(leading(statement))
        is_from = isinstance(small, cst.ImportFrom)
        yield _Import(
            index, _section(name, is_own), is_from, name.lower(), bool(blank) and not comments
        )


def _block(imports: Sequence[_Import]) -> list[_Import]:
    """The imports that stand together: the first such with one of a third party, or the first."""
    blocks: list[list[_Import]] = []
    for each in imports:
        if blocks and blocks[-1][-1].index == each.index - 1:
            blocks[-1].append(each)
        else:
            blocks.append([each])
    with_third = [block for block in blocks if any(each.section == _THIRD for each in block)]
    return (with_third or blocks or [[]])[0]


def _order(block: Sequence[_Import]) -> Callable[[bool, str], Key]:
    """The order that the imports are in."""
    for order in _ORDERS:
        keys = [(each.section, order(each.is_from, each.name)) for each in block]
        if keys == sorted(keys):
            return order
    return _ORDERS[0]


def _parts_kinds(block: Sequence[_Import]) -> bool:
    """Whether a blank line stands between ``import`` and ``from`` within a section."""
    return any(
        each.section == after.section and not each.is_from and after.is_from and after.begins_group
        for each, after in pairwise(block)
    )


def _first_group(imports: Sequence[_Import]) -> list[_Import]:
    """Those up to the first blank line between them."""
    group: list[_Import] = []
    for each in imports:
        if group and each.begins_group:
            break
        group.append(each)
    return group


def _put(  # noqa: PLR0913 - what there is to say
    module: cst.Module,
    index: int,
    line: cst.SimpleStatementLine,
    *,
    is_first: bool,
    has_section: bool = False,
    is_between: bool = False,
) -> cst.Module:
    """The module with an import before the statement at that index.

    Args:
        module: The file.
        index: The index.
        line: The import.
        is_first: It begins a section.
        has_section: It is all of its section.
        is_between: Another section follows, or another kind of imports.
    """
    body = list(module.body)
    if is_between or (is_first and not has_section):
        following = body[index]
        # The first statement's comments are the module's header, and stay above the new import.
        blank, rest = split_blank(leading(following)) if index else ([], leading(following))
        line = line.with_changes(leading_lines=blank)
        # Sorters of imports want a blank line above a comment, as above a section.
        gap = [blank_line()] if is_between or rest else []
        body[index] = following.with_changes(leading_lines=[*gap, *rest])
    if has_section and index and not leading(line):
        line = line.with_changes(leading_lines=[blank_line()])
    body.insert(index, line)
    return module.with_changes(body=body)


def _section(name: str, is_own: IsOwn) -> int:
    top = name.partition(".")[0]
    if not top:
        return _OWN + 1
    if top in sys.stdlib_module_names:
        return _STANDARD
    return _OWN if is_own(top) else _THIRD


def _name(small: cst.Import | cst.ImportFrom) -> str:
    """The module that a statement imports from; with a dot before it if that is relative."""
    if isinstance(small, cst.Import):
        return small.names[0].evaluated_name
    dots = "." * len(small.relative)
    return dots + (cst.Module([]).code_for_node(small.module) if small.module else "")


def _bound(alias: cst.ImportAlias) -> str:
    return alias.evaluated_alias or alias.evaluated_name.partition(".")[0]


def _is_used(module: cst.Module, name: str) -> bool:
    """Whether a name stands anywhere but in imports; in text, too, as in ``__all__``."""
    for statement in module.body:
        if any(isinstance(small, IMPORTS) for small in small_statements(statement)):
            continue
        if matchers.findall(statement, matchers.Name(name)):
            return True
        for text in matchers.findall(statement, matchers.SimpleString()):
            if cst.ensure_type(text, cst.SimpleString).evaluated_value == name:
                return True
    return False
