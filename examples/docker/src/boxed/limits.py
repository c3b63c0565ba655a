"""What a box may take, read from text."""

from __future__ import annotations

import re
from dataclasses import dataclass

UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}


@dataclass(frozen=True)
class Limits:
    """What a box may take.

    Args:
        memory: Bytes.
        processes: How many at a time.
    """

    memory: int = 64 << 20
    processes: int = 32


def parse_size(text: str) -> int:
    """The number of bytes that ``64m`` or ``1G`` stands for.

    Raises:
        ValueError: It stands for none.
    """
    match = re.fullmatch(r"(\d+)([kmg]?)", text.lower())
    if match is None:
        raise ValueError(f"{text!r} is no size; write 512k, 64m or 1g")
    return int(match[1]) * UNITS[match[2]]
