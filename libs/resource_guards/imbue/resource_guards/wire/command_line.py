"""How a command line is written in a record: one line of bounded size, as a shell would read it."""

from __future__ import annotations

from collections.abc import Iterable
from shlex import quote

LONGEST_WORD = 200
LONGEST = 1000


def written(words: Iterable[str]) -> str:
    """A command line for people to read; long words by their size, and a long line cut off.

    The shims do the same (`intercept/shims.py`).

    Example:
        >>> written(["tool", "a b", "x" * 300])
        "tool 'a b' '<300 bytes>'"
    """
    text = ""
    for word in words:
        if len(text) > LONGEST:
            return f"{text} ..."
        shown = (
            word if len(word) <= LONGEST_WORD else f"<{len(word.encode(errors='replace'))} bytes>"
        )
        text = f"{text} {quote(shown)}" if text else quote(shown)
    return text
