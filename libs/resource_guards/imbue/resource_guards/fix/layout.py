"""Whole statements that come into a file or leave it, with the blank lines and comments there."""

from __future__ import annotations

import re
from collections.abc import Sequence

import libcst as cst

from imbue.resource_guards.fix.outline import IMPORTS
from imbue.resource_guards.fix.outline import Block
from imbue.resource_guards.fix.outline import branches
from imbue.resource_guards.fix.outline import is_for_types
from imbue.resource_guards.fix.outline import rebuild
from imbue.resource_guards.fix.outline import small_statements

_ABOUT_THE_FILE = re.compile(r"#!|#.*coding[=:]")

Lines = Sequence[cst.EmptyLine]


def with_pytestmark(module: cst.Module, index: int, value: cst.BaseExpression) -> cst.Module:
    """The module with a new ``pytestmark`` at that index."""
    target = cst.AssignTarget(cst.Name("pytestmark"))
    return inserted(module, index, cst.SimpleStatementLine([cst.Assign([target], value)]))


def after_imports(module: cst.Module) -> int:
    """The index behind the imports, and behind conditions that begin with imports there."""
    index = after_preamble(module)
    for number in range(index, len(module.body)):
        if _imports(module, number):
            index = number + 1
    while index < len(module.body) and _begins_with_import(module.body[index]):
        index += 1
    return index


def inserted(module: cst.Module, index: int, line: cst.SimpleStatementLine) -> cst.Module:
    """The module with one more statement, which has blank lines around it."""
    header, body, footer = module.header, list(module.body), module.footer
    if index:
        line = line.with_changes(leading_lines=[blank_line()])
    elif body:
        header, moved = _split_header([*header, *leading(body[0])])
        body[0] = body[0].with_changes(leading_lines=moved)
        if header and header[-1].comment is None:
            blank, _ = split_blank(header[::-1])
            header = header[: len(header) - len(blank)]
            line = line.with_changes(leading_lines=blank)
    if index < len(body):
        following = body[index]
        wanted = 2 if isinstance(following, (cst.FunctionDef, cst.ClassDef)) else 1
        blank, rest = split_blank(leading(following))
        blank = [*blank, *(blank_line() for _ in range(wanted - len(blank)))]
        body[index] = following.with_changes(leading_lines=[*blank, *rest])
    elif footer and footer[0].comment is not None:
        footer = [blank_line(), *footer]
    body.insert(index, line)
    return module.with_changes(header=header, body=body, footer=footer)


def deleted(module: cst.Module, line: cst.SimpleStatementLine, comments: Lines) -> cst.Module:
    """The module without a statement, and with its comments.

    Where it stood between two groups of blank lines, the longer one remains.
    """

    def without(block: Block, index: int) -> Block:
        body = list(block.body)
        if len(body) == 1 and isinstance(block, cst.IndentedBlock):
            lines = [*line.leading_lines, *comments]
            body[0] = line.with_changes(leading_lines=lines, body=[cst.Pass()])
            return block.with_changes(body=body)
        trailing = line.trailing_whitespace.comment
        left = [*line.leading_lines, *comments]
        left += [cst.EmptyLine(comment=trailing)] if trailing is not None else []
        del body[index]
        if index == len(body):
            return block.with_changes(body=body, footer=_joined(left, block.footer))
        following = body[index]
        lines = _joined(left, leading(following))
        if index == 0 and isinstance(block, cst.IndentedBlock) and not _has_text(left):
            lines = [*left, *split_blank(leading(following))[1]]
        body[index] = following.with_changes(leading_lines=lines)
        return block.with_changes(body=body)

    return rebuild(module, line, without)


def _has_text(lines: Lines) -> bool:
    return any(line.comment is not None for line in lines)


def _joined(left: Lines, right: Lines) -> list[cst.EmptyLine]:
    turned, rest = split_blank(list(left)[::-1])
    blank, following = split_blank(right)
    # At the end of a block nothing follows: blank lines alone are of no use there.
    longer = turned if len(turned) > len(blank) and (rest or following or blank) else blank
    return [*rest[::-1], *longer, *following]


def after_preamble(module: cst.Module) -> int:
    """The index behind the docstring and the imports from ``__future__``."""
    index = 0
    for number, statement in enumerate(module.body):
        for small in small_statements(statement):
            is_future = (
                isinstance(small, cst.ImportFrom)
                and isinstance(small.module, cst.Name)
                and small.module.value == "__future__"
            )
            is_text = number == 0 and isinstance(small, cst.Expr)
            if is_future or (is_text and _is_text(small)):
                index = number + 1
    return index


def _is_text(small: cst.BaseSmallStatement) -> bool:
    return isinstance(small, cst.Expr) and isinstance(
        small.value, (cst.SimpleString, cst.ConcatenatedString)
    )


def _imports(module: cst.Module, index: int) -> bool:
    return any(isinstance(small, IMPORTS) for small in small_statements(module.body[index]))


def _begins_with_import(statement: cst.CSTNode) -> bool:
    if isinstance(statement, cst.If) and is_for_types(statement.test):
        # Its imports are not names at run time, yet it belongs to the imports.
        lines = statement.body.body
    elif isinstance(statement, (cst.If, cst.Try)):
        lines = next(iter(branches(statement)), ())  # type: ignore[assignment] # as above
    else:
        return False
    smalls = small_statements(lines[0]) if lines else ()  # type: ignore[arg-type]
    return any(isinstance(small, IMPORTS) for small in smalls)


def leading(statement: cst.CSTNode) -> list[cst.EmptyLine]:
    """The lines above a statement that belong to it."""
    return list(getattr(statement, "leading_lines", ()))


def blank_line() -> cst.EmptyLine:
    """An empty line."""
    return cst.EmptyLine(indent=False)


def split_blank(lines: Lines) -> tuple[list[cst.EmptyLine], list[cst.EmptyLine]]:
    """The blank lines at the beginning, and the rest."""
    count = 0
    while count < len(lines) and lines[count].comment is None:
        count += 1
    return list(lines[:count]), list(lines[count:])


def _split_header(lines: Lines) -> tuple[list[cst.EmptyLine], list[cst.EmptyLine]]:
    """The lines about the file, and those that belong to its first statement."""
    count = 0
    for index, line in enumerate(lines):
        is_about_file = line.comment is not None and _ABOUT_THE_FILE.match(line.comment.value)
        if line.comment is None or (index < 2 and is_about_file):  # noqa: PLR2004 - PEP 263
            count = index + 1
    return list(lines[:count]), list(lines[count:])
