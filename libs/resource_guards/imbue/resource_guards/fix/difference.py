"""The difference of two versions of a source file, byte for byte as ``patch`` needs it, and for people."""

from __future__ import annotations

import difflib
import io
import tokenize
from dataclasses import dataclass
from typing import Final

from imbue.resource_guards.messages.foreign import shown

_NO_END: Final = "\\ No newline at end of file"

_SPACES: Final = "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
_OF_SOURCE: Final = f"\t\f{_SPACES}"
"""What is usual in source and harmless on a terminal."""

_MARK: Final = "\ufeff"
"""What some editors begin a file with. It prints nothing, and whoever copies from a terminal loses it."""


@dataclass(frozen=True, slots=True)
class Difference:
    """How one file changes.

    Args:
        path: The file, as reports have it.
        encoding: How the file is encoded.
        lines: Those of a unified difference, without their ends; of bytes, as UTF-8 with "surrogateescape" has them.
    """

    path: str
    encoding: str
    lines: list[str]

    @classmethod
    def of(cls, path: str, before: bytes, after: bytes) -> Difference:
        """The difference of two versions of a file."""
        encoding, _ = tokenize.detect_encoding(io.BytesIO(before).readline)
        lines = []
        for line in difflib.unified_diff(_lines(before), _lines(after), f"a/{path}", f"b/{path}"):
            lines.append(line.removesuffix("\n"))
            if not line.endswith("\n"):
                lines.append(_NO_END)
        return cls(path, encoding.removesuffix("-sig"), lines)

    def for_people(self, *, is_terminal: bool) -> tuple[list[str], bool]:
        """Its lines, in which nothing controls a terminal, and whether they can be pasted: they are what they show.

        Args:
            is_terminal: They go to a terminal, which moves by the ends of lines that have two bytes.
        """
        found = []
        for line in self.lines:
            text = _bytes(line).decode(self.encoding, "replace")
            end = "\r" * (text.endswith("\r") and not is_terminal)
            keep = _OF_SOURCE + _MARK * (not is_terminal)
            found.append(shown(text.removesuffix("\r"), keep) + end)
        return found, [each.encode() for each in found] == [_bytes(each) for each in self.lines]


def _bytes(line: str) -> bytes:
    return line.encode("utf-8", "surrogateescape")


def _lines(source: bytes) -> list[str]:
    """The lines as programs count them that apply a difference: Python ends some elsewhere, too."""
    return io.StringIO(source.decode("utf-8", "surrogateescape"), newline="\n").readlines()
