"""A program that is about to start: who is asked about it, and what is started in its place.

`intercept/start_functions.py` stands before Python's own functions, `intercept/uvloop_starts.py` before those
of uvloop. A program that leads to one of our shims need not go there: what the shim would find out is known
here. So it is given its real path, or that of a program which only refuses.

Imports nothing but the standard library's smallest parts, since child Pythons load it at start.
"""

from __future__ import annotations

from _thread import _local

from imbue.resource_guards import system
from imbue.resource_guards.environment import ENVIRONMENT
from imbue.resource_guards.environment import raw_environment
from imbue.resource_guards.system import STARTS
from imbue.resource_guards.wire.variable import SCOPE_VARIABLE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Sequence
    from typing import Any
    from typing import Final
    from typing import Protocol

    class Watcher(Protocol):
        """Who is asked about each start."""

        def before(self, arguments: Sequence[str]) -> str | None:
            """Something is about to start, by a command line; gives where in the user's code, if it has looked."""

        def with_scope(self, value: str) -> str:
            """A value of our variable that names the scope that the calling code acts for."""

        def choose(self, start: Start) -> Start:
            """What is to be started in its place; most often the same."""


class Start:
    """A program that is about to start.

    Args:
        candidates: The paths that are tried, in their order; as octets where they were given so.
        arguments: Its command line.
        cwd: Where it starts, if that is elsewhere.
        replaces: It runs in place of this process.
        is_open: Something else can be started in its place.

    Attributes:
        environment: Its variables, as they were given; `None` if they are this process's.
        takes_line: If it is a shell that is given a line, another line can be given to it.
        absent: How many of the first paths lead nowhere, where one behind them can be run.
        where: ``file:line`` in the user's code; empty where nobody has looked.
    """

    __slots__ = (
        "absent",
        "arguments",
        "candidates",
        "cwd",
        "environment",
        "is_open",
        "replaces",
        "takes_line",
        "where",
    )

    def __init__(
        self,
        candidates: Iterable[str | bytes],
        arguments: list[str],
        cwd: str | None = None,
        *,
        replaces: bool = False,
        is_open: bool = True,
    ) -> None:
        self.candidates = tuple(candidates)
        self.arguments = arguments
        self.cwd = cwd
        self.replaces = replaces
        self.is_open = is_open
        self.environment: Any = None
        self.takes_line = True
        self.absent = 0
        self.where = ""

    def instead(self, program: str, arguments: list[str] | None = None) -> Start:
        """The same with another program, or command line."""
        arguments = self.arguments if arguments is None else arguments
        start = Start((program,), arguments, self.cwd, replaces=self.replaces, is_open=self.is_open)
        start.environment, start.takes_line = self.environment, self.takes_line
        start.where = self.where
        return start


WATCHERS: Final[list[Watcher]] = []
"""Those that are asked: one for each session that guards this process, innermost last."""

_WITHIN: Final = _local()
"""For each thread how many starts it is within, whose audit event is no news."""

OCTETS: Final = SCOPE_VARIABLE.encode()


def begin(
    candidates: Iterable[Any], arguments: Sequence[Any], cwd: Any = None, environment: Any = None
) -> Start | None:
    """The start that a call asks for; `None` where nobody watches, or nothing could be started."""
    if not WATCHERS:
        return None
    try:
        words = [system.fsdecode(word) for word in arguments]
        where = None if cwd is None else system.fsdecode(cwd)
        # Most are looked at and not found: only what is needed as a text becomes one.
        paths = [each if type(each) is bytes else system.fsdecode(each) for each in candidates]
        start = Start(paths, words, where)
    except (TypeError, ValueError):
        return None  # the caller gets its own error
    start.environment = environment
    return start


def choose(start: Start) -> Start:
    """Ask about a start; returns what is to be started.

    Raises:
        ResourceGuardViolation: It may not be used.
    """
    __tracebackhide__ = True
    watchers = WATCHERS[::-1]
    for watcher in watchers:
        start.where = watcher.before(start.arguments) or start.where
    for watcher in watchers:
        start = watcher.choose(start)
    return start


def with_scope(value: bytes) -> bytes:
    """A value of our variable that names the scope which the calling code acts for."""
    text = system.fsdecode(value)
    for watcher in WATCHERS:
        text = watcher.with_scope(text)
    return system.fsencode(text)


def is_within() -> bool:
    """Whether this thread starts something now that has been asked about."""
    return getattr(_WITHIN, "starts", 0) > 0


class Within:
    """Has the audit event of a start by this thread be no news, while it is called."""

    def __enter__(self) -> None:
        _WITHIN.starts = getattr(_WITHIN, "starts", 0) + 1

    def __exit__(self, *_: object) -> None:
        _WITHIN.starts -= 1


class NamingScope:
    """Has our variable in this process's environment name the scope while a process starts.

    Where the operating system keeps it, and not in `os.environ`, which tests compare with what it
    was. An environment without the variable is left alone, since it may have been emptied on purpose.
    Other threads that start something wait until the process is there: it would get their scope.

    Args:
        returns_late: The call returns when the process ends, as that of `os.system` does; nobody waits for it.
    """

    def __init__(self, *, returns_late: bool = False) -> None:
        self._before = raw_environment().get(OCTETS)
        self._returns_late = returns_late

    def __enter__(self) -> None:
        if self._before is not None:
            value = with_scope(self._before)
            lock = self._lock = STARTS.now
            lock.acquire()
            try:
                system.putenv(OCTETS, value)
            except BaseException:  # that of a signal's handler, too: `__exit__` is not called then
                lock.release()
                raise
            if self._returns_late:
                lock.release()

    def __exit__(self, *_: object) -> None:
        if self._before is None:
            return
        if self._returns_late:
            with STARTS.now:
                system.putenv(OCTETS, self._before)
            return
        try:
            system.putenv(OCTETS, self._before)
        finally:
            self._lock.release()


def named_environment(environment: Any) -> Any:
    """An environment for a process, in which our variable names the scope that starts it."""
    if environment is ENVIRONMENT:
        environment = dict(raw_environment())
    for key in (SCOPE_VARIABLE, OCTETS):
        try:
            value = environment.get(key)
        except AttributeError:
            return environment  # the caller gets its own error
        if isinstance(value, str):
            return {**environment, key: system.fsdecode(with_scope(system.fsencode(value)))}
        if isinstance(value, bytes):
            return {**environment, key: with_scope(value)}
    return environment
