"""Text that others wrote (arguments, names of tests, JSON, what programs say), made safe to show.

All of it passes `shown` or `shown_lines` before it reaches a terminal, a test report or an annotation.
"""

from __future__ import annotations

import re
from typing import Final

_JOINERS: Final = "\u200c\u200d"
"""They print nothing and belong to words of many languages, and to emoji."""

# GitHub looks past spaces at the start of a line, and for the older form anywhere, as Azure does.
_COMMAND: Final = r"\A(\s*):(?=:)|#(?=#(?:vso)?\[)"


def shown(text: str, keep: str = "") -> str:
    r"""One line, in which control characters are escapes, and nothing is a command to a CI server.

    What `repr` would escape is escaped here: a line end, a tab, ESC, a character that turns the
    direction of writing, half of a surrogate pair.

    Args:
        text: The text.
        keep: Characters to keep.

    Examples:
        >>> shown("a\nb")
        'a\\nb'
        >>> shown("::error::it fails")
        '\\x3a:error::it fails'
    """
    if not text.isprintable():
        kept = _JOINERS + keep
        text = "".join(
            each if each.isprintable() or each in kept else _escape(each) for each in text
        )
    return re.sub(_COMMAND, _break, text) if "::" in text or "##" in text else text


def shown_lines(text: str) -> str:
    """The same of text whose lines are its own, such as a message of several sentences."""
    return "\n".join(map(shown, text.split("\n")))


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode()


def _break(found: re.Match[str]) -> str:
    spaces = found[1]
    return "\\x23" if spaces is None else f"{spaces}\\x3a"
