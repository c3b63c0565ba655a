"""How a fork that a test has made of pytest's process ends, where an exception of ours would unwind it.

Nobody knows what such a fork has: its descriptors may be closed or reused, and the stack above it is a
second pytest, which would go on with tear-downs and tests.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from types import CodeType
from types import FrameType
from typing import Final
from typing import NoReturn

from imbue.resource_guards import system

_RUNS_TESTS: Final = ("_pytest", "pluggy", "unittest")
"""The packages whose frames run tests: what comes back to them goes on as a second pytest."""

_STANDARD_ERROR: Final = 2
_AT_FORK: Final[list[tuple[int, int]]] = []
"""Device and inode of standard error as this process got it when it was forked, if it was."""


def _note_standard_error() -> None:
    with suppress(OSError):
        stat = system.fstat(_STANDARD_ERROR)
        _AT_FORK[:] = [(stat.st_dev, stat.st_ino)]


os.register_at_fork(after_in_child=_note_standard_error)


def end_fork(text: str, code: int) -> NoReturn:
    """End this process at once, and say why where a program says it.

    Not where that is another file than when it was forked: a fork that has closed everything, and opens
    a file of the user's own, gets it under the lowest number that is free.
    """
    with suppress(OSError):  # it has closed it
        stat = system.fstat(_STANDARD_ERROR)
        if (stat.st_dev, stat.st_ino) in _AT_FORK:
            system.write(_STANDARD_ERROR, f"resource guards: {text}\n".encode(errors="replace"))
    system.exit_at_once(code)


def may_be_caught(frame: FrameType | None) -> bool:
    """Whether an exception may end before it comes to what runs tests.

    Args:
        frame: The innermost frame that it would leave.
    """
    own = frame
    while frame is not None:
        package = frame.f_globals.get("__name__", "").partition(".")[0]
        if package in _RUNS_TESTS:
            return False
        if frame is not own and _has_handler(frame.f_code, frame.f_lasti):
            return True
        frame = frame.f_back
    return True  # a thread, or a greenlet, ends with it


def _has_handler(code: CodeType, instruction: int) -> bool:
    return any(start <= instruction < end for start, end in _handled(code.co_exceptiontable))


def _handled(table: bytes) -> Iterator[tuple[int, int]]:
    """The stretches of instructions that have a handler.

    The form of the table is CPython's, from 3.11 on: four numbers for each stretch, in units of two
    bytes (InternalDocs/exception_handling.md of its sources).
    """
    numbers = _numbers(table)
    for start in numbers:
        length = next(numbers)
        next(numbers), next(numbers)  # where the handler is, and its depth
        yield start * 2, (start + length) * 2


def _numbers(table: bytes) -> Iterator[int]:
    number = 0
    for octet in table:
        number = number << 6 | octet & 63
        if not octet & 64:
            yield number
            number = 0
