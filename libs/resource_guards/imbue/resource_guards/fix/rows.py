"""Items between brackets: add one at the end, take one out, and lose no comment.

libcst keeps the white space between items in several kinds of nodes. A row has it in one form,
so that lists, tuples and arguments are changed in one way.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import replace
from typing import TypeAlias
from typing import TypeVar

import libcst as cst
from libcst import matchers

Space: TypeAlias = cst.BaseParenthesizableWhitespace
Item: TypeAlias = cst.BaseElement | cst.Arg
RowT = TypeVar("RowT", bound=cst.List | cst.Tuple | cst.Call)

_NONE = cst.SimpleWhitespace("")
_ONE = cst.SimpleWhitespace(" ")


@dataclass(frozen=True, slots=True)
class Row:
    """Items and what stands between them.

    Args:
        items: The items; what they say of their commas does not count.
        opening: The white space before the first item.
        commas: The comma after each item, with white space; the last item may have none.
        closing: The white space after the last item and its comma.
    """

    items: tuple[Item, ...]
    opening: Space
    commas: tuple[cst.Comma, ...]
    closing: Space


def row_of(node: cst.List | cst.Tuple | cst.Call) -> Row:
    """The items of a list or tuple, or the arguments of a call, as a row."""
    if isinstance(node, cst.Call):
        items: Sequence[Item] = node.args
        opening: Space = node.whitespace_before_args
        closing: Space = node.args[-1].whitespace_after_arg if node.args else _NONE
    elif isinstance(node, cst.List):
        items = node.elements
        opening = node.lbracket.whitespace_after
        closing = node.rbracket.whitespace_before
    else:
        items = node.elements
        opening = node.lpar[-1].whitespace_after if node.lpar else _NONE
        closing = node.rpar[0].whitespace_before if node.rpar else _NONE
    # Items that were put there by hand leave the comma between them to libcst.
    commas = [
        item.comma if isinstance(item.comma, cst.Comma) else cst.Comma(whitespace_after=_ONE)
        for number, item in enumerate(items, 1)
        if isinstance(item.comma, cst.Comma) or number < len(items)
    ]
    if items and len(commas) == len(items):
        if isinstance(node, cst.Call):
            closing = commas[-1].whitespace_after
        commas[-1] = commas[-1].with_changes(whitespace_after=_NONE)
    return Row(tuple(items), opening, tuple(commas), closing)


def with_row(node: RowT, row: Row) -> RowT:
    """The node with the row for its items or arguments."""
    bare: list[cst.Comma | cst.MaybeSentinel] = [*row.commas]
    bare += [cst.MaybeSentinel.DEFAULT] * (len(row.items) - len(bare))
    # Without its comma, `(x,)` would be `(x)`, and no tuple.
    if isinstance(node, cst.Tuple) and len(bare) == 1:
        bare = [row.commas[0] if row.commas else cst.Comma()]
    items = [item.with_changes(comma=comma) for item, comma in zip(row.items, bare, strict=True)]
    if isinstance(node, cst.Call):
        return node.with_changes(**_arguments(row, items))
    if isinstance(node, cst.List):
        return node.with_changes(
            elements=items,
            lbracket=node.lbracket.with_changes(whitespace_after=row.opening),
            rbracket=node.rbracket.with_changes(whitespace_before=row.closing),
        )
    lpar, rpar = list(node.lpar), list(node.rpar)
    spaces = [row.opening, row.closing, *(comma.whitespace_after for comma in row.commas)]
    # A tuple without brackets cannot be empty, nor go on in another line.
    if not lpar and (not items or any(_is_broken(space) for space in spaces)):
        lpar, rpar = [cst.LeftParen()], [cst.RightParen()]
    if lpar:
        lpar[-1] = lpar[-1].with_changes(whitespace_after=row.opening)
        rpar[0] = rpar[0].with_changes(whitespace_before=row.closing)
    return node.with_changes(elements=items, lpar=lpar, rpar=rpar)


def appended(row: Row, item: Item) -> Row:
    """The row with one more item, laid out as the items before it."""
    count = len(row.items)
    if not count:
        return replace(row, items=(item,), commas=())
    gap, closing = _gap_at_end(row)
    trailing = len(row.commas) == count
    last = row.commas[-1] if trailing else cst.Comma()
    commas = [*row.commas[: count - 1], last.with_changes(whitespace_after=gap)]
    if trailing and (count > 1 or _is_broken(closing)):
        commas.append(cst.Comma())
    return Row((*row.items, item), row.opening, tuple(commas), closing)


def removed(row: Row, index: int) -> Row:
    """The row without one of its items; comments at and in that item stay."""
    last = len(row.items) - 1
    comments = comments_in(row.items[index].with_changes(comma=cst.MaybeSentinel.DEFAULT))
    if isinstance(row.items[index], cst.Arg) and index == last:
        # Its white space is also the row's closing white space.
        bare = row.items[index].with_changes(
            comma=cst.MaybeSentinel.DEFAULT, whitespace_after_arg=_NONE
        )
        comments = comments_in(bare)
    before = row.opening if index == 0 else row.commas[index - 1].whitespace_after
    after = row.closing if index == last else row.commas[index].whitespace_after
    own = [
        *row.commas[index : index + 1],
        *(row.commas[index - 1 : index] if index == last else ()),
    ]
    comments += [found for comma in own for found in comments_in(comma.whitespace_before)]
    joined = _joined(before, after, index == 0, index == last)
    space = _with_comments(joined, comments, before)
    items = row.items[:index] + row.items[index + 1 :]
    commas = list(row.commas)
    if not items:
        return Row((), space, (), _NONE)
    if index == last:
        trailing = len(commas) == len(row.items)
        return Row(items, row.opening, tuple(commas[: last - 1] + [cst.Comma()] * trailing), space)
    del commas[index]
    if index == 0:
        return Row(items, space, tuple(commas), row.closing)
    commas[index - 1] = commas[index - 1].with_changes(whitespace_after=space)
    return Row(items, row.opening, tuple(commas), row.closing)


def comments_in(node: cst.CSTNode) -> list[cst.Comment]:
    """All the comments in a node, in their order."""
    found = matchers.findall(node, matchers.Comment())
    return [comment for comment in found if isinstance(comment, cst.Comment)]


def _arguments(row: Row, items: list[Item]) -> dict[str, object]:
    if not items:
        opening = row.opening if _is_broken(row.opening) else _NONE
        return {"args": (), "whitespace_before_args": opening}
    # What was the last argument before has white space that now belongs to a comma.
    args = [item.with_changes(whitespace_after_arg=_NONE) for item in items]
    comma = args[-1].comma
    if isinstance(comma, cst.Comma):
        comma = comma.with_changes(whitespace_after=row.closing)
        args[-1] = args[-1].with_changes(comma=comma)
    else:
        args[-1] = args[-1].with_changes(whitespace_after_arg=row.closing)
    return {"args": args, "whitespace_before_args": row.opening}


def _is_broken(space: Space) -> bool:
    return isinstance(space, cst.ParenthesizedWhitespace)


def _gap_at_end(row: Row) -> tuple[Space, Space]:
    """The white space before an item to come at the end, and that after it."""
    befores = [row.opening, *(comma.whitespace_after for comma in row.commas[: len(row.items) - 1])]
    closing = row.closing
    if not isinstance(closing, cst.ParenthesizedWhitespace):
        return _ONE, closing
    if not _is_broken(befores[-1]) and not comments_in(closing):
        return _ONE, closing
    model = closing
    for before in befores:
        if isinstance(before, cst.ParenthesizedWhitespace):
            model = before
    gap = closing.with_changes(indent=model.indent, last_line=model.last_line)
    plain = cst.TrailingWhitespace(newline=closing.first_line.newline)
    return gap, closing.with_changes(first_line=plain, empty_lines=())


def _joined(before: Space, after: Space, is_first: bool, is_last: bool) -> Space:  # noqa: FBT001
    """One white space for the two around an item that goes, with the comments of both."""
    if not isinstance(after, cst.ParenthesizedWhitespace):
        return after if is_last and not is_first and not comments_in(before) else before
    if not isinstance(before, cst.ParenthesizedWhitespace):
        return before if is_first and not is_last and not comments_in(after) else after
    lines = list(before.empty_lines)
    if after.first_line.comment is not None:
        lines.append(_line(after.first_line.comment, before, after.first_line.newline))
    return before.with_changes(
        empty_lines=[*lines, *after.empty_lines], indent=after.indent, last_line=after.last_line
    )


def _with_comments(space: Space, comments: Iterable[cst.Comment], before: Space) -> Space:
    waiting = list(comments)
    if not waiting:
        return space
    if not isinstance(space, cst.ParenthesizedWhitespace):
        first = cst.TrailingWhitespace(cst.SimpleWhitespace("  "), waiting.pop(0))
        indent = cst.SimpleWhitespace("    ")
        space = cst.ParenthesizedWhitespace(first, indent=True, last_line=indent)
    model = before if isinstance(before, cst.ParenthesizedWhitespace) else space
    lines = [_line(comment, model, cst.Newline()) for comment in waiting]
    return space.with_changes(empty_lines=[*space.empty_lines, *lines])


def _line(
    comment: cst.Comment, space: cst.ParenthesizedWhitespace, newline: cst.Newline
) -> cst.EmptyLine:
    return cst.EmptyLine(space.indent, space.last_line, comment, newline)
