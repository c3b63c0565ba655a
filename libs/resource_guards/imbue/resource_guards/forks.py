"""How a fork that a test has made of pytest's process ends, where an exception of ours would unwind it.

Nobody knows what such a fork has: its descriptors may be closed or reused, and the stack above it is a
second pytest, which would go on with tear-downs and tests.

Imports nothing but the standard library's smallest parts, since child Pythons load it at start.
"""

from __future__ import annotations

import os

from imbue.resource_guards import system

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType
    from typing import Final
    from typing import NoReturn

BLOCKED: Final = 127
"""The exit code of what is ended because it was blocked: a shell's, for a program that is not there."""

_RUN_TESTS: Final = ("unittest.case", "unittest.async_case", "doctest")
"""The modules, beside pytest's own, that run tests: what comes back to them goes on as a second run.

Not all of `unittest`, since `unittest.mock` stands between any two functions, and not pluggy, which runs
the hooks of other applications as well.
"""

_STANDARD_ERROR: Final = 2
_AT_FORK: Final[list[tuple[int, int]]] = []
"""Device and inode of standard error as this process got it when it was forked, if it was."""


def _note_standard_error() -> None:
    try:
        stat = system.fstat(_STANDARD_ERROR)
    except OSError:
        return
    _AT_FORK[:] = [(stat.st_dev, stat.st_ino)]


if system.HAS_POSIX:
    os.register_at_fork(after_in_child=_note_standard_error)


def say(text: str) -> None:
    """Say something on standard error, if that is open."""
    try:  # noqa: SIM105 - child Pythons load this, and not `contextlib`
        system.write(_STANDARD_ERROR, f"resource guards: {text}\n".encode(errors="replace"))
    except OSError:  # it has closed it
        pass


def end_process(text: str) -> NoReturn:
    """End this process at once, and say why on standard error."""
    say(text)
    system.exit_at_once(BLOCKED)


def end_fork(text: str) -> NoReturn:
    """End this fork at once, and say why where a program says it.

    Not where that is another file than when it was forked: a fork that has closed everything, and opens
    a file of the user's own, gets it under the lowest number that is free.
    """
    try:
        stat = system.fstat(_STANDARD_ERROR)
    except OSError:  # it has closed it
        system.exit_at_once(BLOCKED)
    if (stat.st_dev, stat.st_ino) in _AT_FORK:
        end_process(text)
    system.exit_at_once(BLOCKED)


def end_if_it_comes_back(frame: FrameType | None, text: str) -> None:
    """Have this fork ended as soon as it comes back to what runs tests, in whatever way.

    Until then it goes on as any code after an exception: it may catch it, and clean up. What runs tests
    would take it for the test's, and tear down in two processes what is there once.

    Args:
        frame: The innermost frame that an exception is about to leave.
        text: What is said then.
    """
    runner = _what_runs_tests(frame)
    if runner is None:
        return  # a thread, or a greenlet, ends with it

    def has_come_back(*_: object) -> NoReturn:
        end_fork(text)

    # Tracing begins at the next event of a frame only if the thread is traced. To look for a handler in
    # the stack beforehand was tried: one that does not match, and `with`, look like one that does.
    runner.f_trace = has_come_back
    system.settrace(_trace_nothing)


def _trace_nothing(*_: object) -> None:
    """Frames that begin from now on are not followed."""


def _what_runs_tests(frame: FrameType | None) -> FrameType | None:
    while frame is not None:
        name = frame.f_globals.get("__name__", "")
        if name.startswith("_pytest.") or name in _RUN_TESTS:
            return frame
        frame = frame.f_back
    return None
