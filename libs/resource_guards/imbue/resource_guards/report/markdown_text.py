"""Text that others wrote, in Markdown as GitHub reads it: it stays what it is, and a table stays a table."""

from __future__ import annotations

import re
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
from itertools import accumulate
from typing import Final

from imbue.resource_guards.messages import markdown as messages
from imbue.resource_guards.messages.foreign import shown

LONGEST: Final = 300
"""The most characters of one cell, where a page may not be longer than others allow."""

_ACTIVE: Final = re.compile(r"[^\w\s.,;'\"/=?%()+-]|_")
"""What may mean something, in Markdown or in HTML."""

_NOT_IN_CODE: Final = re.compile(r"[`|\\]|^ | $")
"""What a table or a code span reads for itself."""


def code(text: str) -> str:
    r"""Text as code, for a cell of a table or within a line.

    Examples:
        >>> code("test_it.py::test_a[x]")
        '`test_it.py::test_a[x]`'
        >>> code("a|b")
        '<code>a&#124;b</code>'
    """
    text = shown(text)
    if _NOT_IN_CODE.search(text):
        return f"<code>{_escaped(text)}</code>"
    return f"`{text}`" if text else ""


def plain(text: str) -> str:
    """Text as it is, for a cell of a table or within a line."""
    return _escaped(shown(text))


def table(
    headings: Sequence[str], rows: Sequence[Sequence[object]], numbers: Iterable[int] = ()
) -> Iterator[str]:
    """The lines of a table, and an empty one.

    Args:
        headings: What stands in its first row.
        rows: The other rows, of Markdown.
        numbers: Which columns have numbers, from 0; they stand to the right.
    """
    right = set(numbers)
    yield _row(headings)
    yield _row("---:" if each in right else "---" for each in range(len(headings)))
    yield from map(_row, rows)
    yield ""


def table_up_to(
    headings: Sequence[str],
    rows: Sequence[Sequence[object]],
    most: int | None,
    room: int | None = None,
) -> Iterator[str]:
    """The same with a line that counts the rest, where there are more rows than are wanted, or more characters."""
    shown_rows = rows[: _fitting([_row(each) for each in rows[:most]], room)]
    yield from table(headings, shown_rows)
    if len(rows) > len(shown_rows):
        yield messages.and_more(len(rows) - len(shown_rows))
        yield ""


def lines_within(lines: Sequence[str], most: int, room: int) -> Iterator[str]:
    """The first lines, and one that counts the rest."""
    count = _fitting(lines[:most], room)
    yield from lines[:count]
    if len(lines) > count:
        yield ""
        yield messages.and_more(len(lines) - count)


def _fitting(lines: Sequence[str], room: int | None) -> int:
    """How many of the first lines have so many characters at most, with their ends; all without a number."""
    if room is None:
        return len(lines)
    return sum(total <= room for total in accumulate(len(each) + 1 for each in lines))


def shortened(text: str) -> str:
    """Text that is cut off where it is too long."""
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."


def _escaped(text: str) -> str:
    return _ACTIVE.sub(lambda found: f"&#{ord(found[0])};", text)


def _row(cells: Iterable[object]) -> str:
    return f"| {' | '.join(map(str, cells))} |"
