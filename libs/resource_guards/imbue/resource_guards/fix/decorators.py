"""Marks that are decorators."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Sequence

import libcst as cst

from imbue.resource_guards.fix.names import Names
from imbue.resource_guards.fix.names import mark_of
from imbue.resource_guards.fix.outline import Definition
from imbue.resource_guards.fix.rows import comments_in

_BINDERS = ("staticmethod", "classmethod")


def has_decorator(node: Definition, mark: str, names: Names) -> bool:
    """Whether the mark is one of the decorators."""
    return any(mark_of(decorator.decorator, names) == mark for decorator in node.decorators)


def with_decorator(node: Definition, mark: cst.BaseExpression, names: Names) -> Definition:
    """The definition with the mark behind the marks that it has, or else as its first decorator.

    It goes below ``@staticmethod`` and ``@classmethod``: what they make carries no mark that
    pytest would see.
    """
    index = 0
    for number, decorator in enumerate(node.decorators, 1):
        expression = decorator.decorator
        is_binder = isinstance(expression, cst.Name) and expression.value in _BINDERS
        if is_binder or mark_of(expression, names):
            index = number
    before, after = node.decorators[:index], node.decorators[index:]
    return node.with_changes(decorators=[*before, cst.Decorator(mark), *after])


def without_decorator(node: Definition, mark: str, names: Names) -> Definition:
    """The definition without that mark, however often it stands there."""
    return without_decorators(node, lambda each: mark_of(each, names) == mark)


def without_decorators(
    node: Definition, leaves: Callable[[cst.BaseExpression], bool]
) -> Definition:
    """The definition without some decorators; their comments stay, above what follows them.

    Args:
        node: The definition.
        leaves: Tells of a decorator's expression whether it goes.
    """
    kept: list[cst.Decorator] = []
    waiting: list[cst.EmptyLine] = []
    for decorator in node.decorators:
        if leaves(decorator.decorator):
            waiting += [*decorator.leading_lines, *comment_lines(decorator)]
        elif waiting:
            lines = [*waiting, *decorator.leading_lines]
            kept.append(decorator.with_changes(leading_lines=lines))
            waiting = []
        else:
            kept.append(decorator)
    above, below = list(node.leading_lines), [*waiting, *node.lines_after_decorators]
    if kept:
        # As libcst has it when it parses: lines above the first decorator are the definition's.
        above += kept[0].leading_lines
        kept[0] = kept[0].with_changes(leading_lines=())
    else:
        above, below = [*above, *below], []
    return node.with_changes(decorators=kept, leading_lines=above, lines_after_decorators=below)


def comment_lines(node: cst.Decorator | cst.CSTNode) -> list[cst.EmptyLine]:
    """A line for each comment in a node, but for those above a decorator."""
    bare = node.with_changes(leading_lines=()) if isinstance(node, cst.Decorator) else node
    return lines_of(comments_in(bare))


def lines_of(comments: Iterable[cst.Comment]) -> list[cst.EmptyLine]:
    """A line for each comment."""
    return [cst.EmptyLine(comment=comment) for comment in comments]


def with_exchanged(node: Definition, old: cst.CSTNode, new: cst.CSTNode) -> Definition:
    """The definition with an expression in a decorator exchanged for another."""
    decorators: Sequence[cst.Decorator] = [
        decorator.with_changes(decorator=new) if decorator.decorator is old else decorator
        for decorator in node.decorators
    ]
    return node.with_changes(decorators=decorators)
