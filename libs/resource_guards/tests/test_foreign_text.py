"""Text that others wrote, where people and CI servers read it."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import example
from hypothesis import given
from hypothesis import strategies as st

from imbue.resource_guards.messages.foreign import shown
from imbue.resource_guards.messages.foreign import shown_lines


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("plain text, äöü, 日本語", "plain text, äöü, 日本語"),
        ("a\nb\tc\rd", "a\\nb\\tc\\rd"),
        ("\x1b]0;title\x07", "\\x1b]0;title\\x07"),
        ("\x9b31m", "\\x9b31m"),
        ("\u202egnp.exe\u2066\u061c", "\\u202egnp.exe\\u2066\\u061c"),
        ("a\u2028b", "a\\u2028b"),
        ("\udcff", "\\udcff"),
        ("👩\u200d🔬", "👩\u200d🔬"),
        ("::error file=a::b", "\\x3a:error file=a::b"),
        ("  ::stop-commands::x", "  \\x3a:stop-commands::x"),
        ("test_it.py::test_a", "test_it.py::test_a"),
        ("a ##[error]b ##vso[task.x]", "a \\x23#[error]b \\x23#vso[task.x]"),
        ("## heading", "## heading"),
    ],
)
def test_what_is_shown(text: str, said: str) -> None:
    """Control characters are escapes, a CI command is none any more, and all else stays."""
    assert shown(text) == said


@given(st.text(st.characters(), max_size=50))
@example("\x85::error::")
@example("\n::error::")
def test_nothing_that_is_shown_controls_anything(text: str) -> None:
    """Whatever the text: one line, no controls, no command, and what was shown once stays so."""
    said = shown(text)

    assert len(said.splitlines()) <= 1
    assert not {unicodedata.category(each) for each in said} & {"Cc", "Cs", "Zl", "Zp"}
    assert not re.search(r"[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]", said)
    assert not said.strip().startswith("::")
    assert not re.search(r"##(vso)?\[", said)
    assert shown(said) == said


@given(st.lists(st.text(max_size=10), min_size=1))
def test_lines_stay_lines(lines: list[str]) -> None:
    """Of several lines each is shown by itself."""
    text = "\n".join(lines)

    assert shown_lines(text).split("\n") == [shown(each) for each in text.split("\n")]
