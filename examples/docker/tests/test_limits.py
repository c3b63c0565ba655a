"""Limits are read from text, which takes no engine."""

from __future__ import annotations

import pytest
from boxed.limits import parse_size


@pytest.mark.parametrize(
    ("text", "size"), [("512", 512), ("8k", 8192), ("64M", 67108864), ("1g", 1073741824)]
)
def test_parse_size(text: str, size: int) -> None:
    """Units are powers of 1024, in either case."""
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "m", "-1", "64 megabytes"])
def test_no_size(text: str) -> None:
    """The message says what can be written."""
    with pytest.raises(ValueError, match="write 512k, 64m or 1g"):
        parse_size(text)
