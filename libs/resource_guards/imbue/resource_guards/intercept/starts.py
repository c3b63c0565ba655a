"""Stand before every way in which Python starts a program, see what would run, and choose what does.

All of `subprocess`, asyncio and `multiprocessing` ends in ``_posixsubprocess.fork_exec``, and all that
`os` offers in the five functions of :data:`FUNCTIONS`. They are replaced while something is watched, in the
modules that have them, so that a module which is loaded anew, or copied (eventlet), gets ours as well. Where
somebody holds one of them from before (``from os import system``), the audit event (PEP 578) of the function
itself shows the start; for that alone there is an audit hook, since a hook costs each test 2 % of an empty
one whatever it does (docs/decisions/0018).

A program that leads to one of our shims need not go there: what the shim would find out is known here.
So it is given its real path, or that of a program which only refuses.

Imports nothing but the standard library's smallest parts, since child Pythons load it at start.
"""

from __future__ import annotations

import gc
import os
import sys

from imbue.resource_guards import system
from imbue.resource_guards.environment import ENVIRONMENT
from imbue.resource_guards.environment import raw_environment
from imbue.resource_guards.intercept import audit
from imbue.resource_guards.intercept.replacement import Replacement
from imbue.resource_guards.scope.entry import VARIABLE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterable
    from collections.abc import Sequence
    from types import ModuleType
    from typing import Any
    from typing import Final
    from typing import Protocol

    class Watcher(Protocol):
        """Who is asked about each start."""

        def before(self) -> None:
            """Something is about to start."""

        def named(self, value: str) -> str:
            """A value of our variable that names the scope that the calling code acts for."""

        def choose(self, start: Start) -> Start:
            """What is to be started in its place; most often the same."""


class Start:
    """A program that is about to start.

    Args:
        candidates: The paths that are tried, in their order.
        arguments: Its command line.
        cwd: Where it starts, if that is elsewhere.
        replaces: It runs in place of this process.
        is_open: Something else can be started in its place.
    """

    __slots__ = ("arguments", "candidates", "cwd", "is_open", "replaces")

    def __init__(
        self,
        candidates: Iterable[str],
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

    def instead(self, program: str, arguments: list[str] | None = None) -> Start:
        """The same with another program, or command line."""
        arguments = self.arguments if arguments is None else arguments
        return Start((program,), arguments, self.cwd, replaces=self.replaces)


WATCHERS: Final[list[Watcher]] = []
"""Those that are asked: one for each session that guards this process, innermost last."""

NAMES: Final = ("posix_spawn", "posix_spawnp", "execv", "execve", "system")
"""The functions of `os` that start a process, or become one; all others call one of these."""

_USUAL_HOLDERS: Final = ("_posixsubprocess", "subprocess")
_OCTETS: Final = VARIABLE.encode()
_CAPABILITIES: Final = ("supports_dir_fd", "supports_effective_ids", "supports_fd")
_REPLACEMENTS: Final[list[Replacement]] = []
_WITHIN: Final[list[int]] = []
"""The threads that are in one of our functions now, whose audit event is no news."""


def watch(watcher: Watcher) -> None:
    """Ask a watcher about each start from now on."""
    if not WATCHERS:
        _replace_functions()
    WATCHERS.append(watcher)


def unwatch(watcher: Watcher) -> None:
    """Ask it no more. A second call changes nothing."""
    if watcher in WATCHERS:
        WATCHERS.remove(watcher)
        if not WATCHERS:
            _put_back()


def is_held(name: str) -> bool:
    """Whether anyone but its modules holds a function of `os`, as far as references tell."""
    known = [vars(each).get(name) for each in _modules()].count(vars(os)[name])
    known += sum(vars(os)[name] in getattr(os, each, ()) for each in _CAPABILITIES)
    return _references(vars(os)[name]) > known + _references(object())


def choose(start: Start) -> Start:
    """Ask about the start of a program by something else than the functions of `os`.

    Raises:
        ResourceGuardViolation: It may not be used.
    """
    __tracebackhide__ = True
    return _choose(start)


def begin(candidates: Iterable[Any], arguments: Sequence[Any], cwd: Any = None) -> Start | None:
    """The start that a call asks for; `None` where it asks for nothing that could be started."""
    return _begin(candidates, arguments, cwd) if WATCHERS else None


def named_environment(environment: Any) -> Any:
    """An environment for a process, in which our variable names the scope that starts it."""
    return _named_mapping(environment)


def replace_fork_exec(module: ModuleType) -> None:
    """Replace the function that `subprocess` starts everything with.

    Args:
        module: The module that has it, ``_posixsubprocess``.
    """
    function = module.fork_exec
    if function in [each.new for each in _REPLACEMENTS]:
        return
    ours = _WRAPPERS["fork_exec"](function)
    # Who has imported the name keeps it: `subprocess`, and copies that were made of it before.
    for holder in _holders(function):
        for name in [name for name, value in vars(holder).items() if value is function]:
            _replace(holder, name, ours)


def _holders(function: object) -> list[ModuleType]:
    """The modules that have a function; most often its own and `subprocess` alone."""
    modules = [sys.modules[name] for name in _USUAL_HOLDERS if name in sys.modules]
    modules = [each for each in modules if function in vars(each).values()]
    # All of the collector's objects are gone through only where somebody else has it.
    if _references(function) > len(modules) + _references(object()) + 1:
        spaces = [each for each in gc.get_referrers(function) if isinstance(each, dict)]
        loaded = [each for each in list(sys.modules.values()) if hasattr(each, "__dict__")]
        modules = [each for each in loaded if any(vars(each) is space for space in spaces)]
    return modules


def _replace_functions() -> None:
    names = [name for name in NAMES if hasattr(os, name)]
    if any(is_held(name) for name in names):
        audit.handle(_EVENTS)
    for name in names:
        old = getattr(os, name)
        new = _like(_WRAPPERS[name](old), old)
        for module in _modules():
            _replace(module, name, new)
        for each in _CAPABILITIES:
            if old in getattr(os, each, ()):
                getattr(os, each).add(new)
    if "_posixsubprocess" in sys.modules:
        replace_fork_exec(sys.modules["_posixsubprocess"])


def _put_back() -> None:
    audit.stop_handling(_EVENTS)
    ours = [each.new for each in _REPLACEMENTS]
    old = {id(each.new): each.old for each in _REPLACEMENTS}
    while _REPLACEMENTS:
        _REPLACEMENTS.pop().uninstall()
    for each in _CAPABILITIES:
        getattr(os, each).difference_update(ours)
    for module in list(sys.modules.values()):  # one that was loaded meanwhile, or a copy of one
        function = getattr(module, "__dict__", {}).get("_fork_exec")
        if id(function) in old:
            module.__dict__["_fork_exec"] = old[id(function)]


def _replace(owner: ModuleType, name: str, new: object) -> None:
    replacement = Replacement(owner, name, new)
    replacement.install()
    _REPLACEMENTS.append(replacement)


def _modules() -> list[ModuleType]:
    return [os, *filter(None, [sys.modules.get("posix")])]


def _references(function: object) -> int:
    return sys.getrefcount(function)


def _like(function: Any, old: Any) -> Any:
    # What `functools.update_wrapper` does, which takes long to import.
    for name in ("__module__", "__name__", "__qualname__", "__doc__"):
        setattr(function, name, getattr(old, name))
    function.__wrapped__ = old
    return function


def _choose(start: Start) -> Start:
    __tracebackhide__ = True
    for watcher in WATCHERS[::-1]:
        watcher.before()
    for watcher in WATCHERS[::-1]:
        start = watcher.choose(start)
    return start


def _begin(candidates: Iterable[Any], arguments: Sequence[Any], cwd: Any = None) -> Start | None:
    """The start that a call asks for; `None` where it asks for nothing that could be started."""
    try:
        words = [system.fsdecode(word) for word in arguments]
        where = None if cwd is None else system.fsdecode(cwd)
        return Start([system.fsdecode(each) for each in candidates], words, where)
    except (TypeError, ValueError):
        return None  # the caller gets its own error


def _named(value: bytes) -> bytes:
    text = system.fsdecode(value)
    for watcher in WATCHERS:
        text = watcher.named(text)
    return system.fsencode(text)


class _Named:
    """Has our variable in this process's environment name the scope while a process starts.

    Where the operating system keeps it, and not in `os.environ`, which tests compare with what it
    was. An environment without the variable is left alone, since it may have been emptied on purpose.
    """

    def __enter__(self) -> None:
        self._before = raw_environment().get(_OCTETS)
        if self._before is not None:
            system.putenv(_OCTETS, _named(self._before))
        _WITHIN.append(system.get_ident())

    def __exit__(self, *_: object) -> None:
        _WITHIN.remove(system.get_ident())
        if self._before is not None:
            system.putenv(_OCTETS, self._before)


def _named_mapping(environment: Any) -> Any:
    if environment is ENVIRONMENT:
        environment = dict(raw_environment())
    for key in (VARIABLE, _OCTETS):
        value = environment.get(key) if hasattr(environment, "get") else None
        if isinstance(value, str):
            return {**environment, key: system.fsdecode(_named(system.fsencode(value)))}
        if isinstance(value, bytes):
            return {**environment, key: _named(value)}
    return environment


def _fork_exec(original: Callable[..., int]) -> Callable[..., int]:
    head = _OCTETS + b"="

    def fork_exec(  # noqa: PLR0913, PLR0917 - as it is called
        args: Any,
        executable_list: Any,
        close_fds: Any,
        pass_fds: Any,
        cwd: Any,
        env: Any,
        *rest: Any,
    ) -> int:
        __tracebackhide__ = True
        start = _begin(executable_list, args, cwd) if WATCHERS else None
        if start is None:
            return original(args, executable_list, close_fds, pass_fds, cwd, env, *rest)
        chosen = _choose(start)
        if chosen is not start:
            executable_list = [system.fsencode(each) for each in chosen.candidates]
            if chosen.arguments is not start.arguments:
                args = chosen.arguments
        if env is not None:
            env = [
                head + _named(each[len(head) :]) if each.startswith(head) else each for each in env
            ]
            return original(args, executable_list, close_fds, pass_fds, cwd, env, *rest)
        with _Named():
            return original(args, executable_list, close_fds, pass_fds, cwd, env, *rest)

    return fork_exec


def _with_path(
    original: Callable[..., Any], *, replaces: bool, searches: bool = False
) -> Callable[..., Any]:
    """For a function that takes a path, a command line and perhaps an environment."""

    def function(*args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        is_readable = WATCHERS and 2 <= len(args) <= 3 and isinstance(args[1], (list, tuple))  # noqa: PLR2004
        start = _begin(_candidates(args[0], searches=searches), args[1]) if is_readable else None
        if start is None:
            return original(*args, **kwargs)
        start.replaces = replaces
        chosen = _choose(start)
        given = list(args)
        if chosen is not start:
            given[0] = chosen.candidates[0]
            if chosen.arguments is not start.arguments:
                given[1] = chosen.arguments
        if len(given) == 3:  # noqa: PLR2004
            given[2] = _named_mapping(given[2])
        with _Named():
            return original(*given, **kwargs)

    return function


def _candidates(program: Any, *, searches: bool) -> list[Any]:
    if isinstance(program, int):
        return [f"/dev/fd/{program}"]
    if searches and isinstance(program, (str, bytes)) and "/" not in system.fsdecode(program):
        # By this process's own PATH, whatever the child's is to be.
        path = system.fsdecode(raw_environment().get(b"PATH", _DEFAULT_PATH))
        return [f"{folder}/{system.fsdecode(program)}" for folder in path.split(":")]
    return [program]


def _with_shell(original: Callable[..., Any]) -> Callable[..., Any]:
    def function(command: Any) -> Any:
        __tracebackhide__ = True
        start = _begin(["/bin/sh"], ["/bin/sh", "-c", command]) if WATCHERS else None
        if start is None:
            return original(command)
        start.is_open = False
        _choose(start)
        with _Named():
            return original(command)

    return function


_DEFAULT_PATH: Final = b"/bin:/usr/bin"

_WRAPPERS: Final[dict[str, Callable[[Callable[..., Any]], Callable[..., Any]]]] = {
    "fork_exec": lambda original: _like(_fork_exec(original), original),
    "posix_spawn": lambda original: _with_path(original, replaces=False),
    "posix_spawnp": lambda original: _with_path(original, replaces=False, searches=True),
    "execv": lambda original: _with_path(original, replaces=True),
    "execve": lambda original: _with_path(original, replaces=True),
    "system": _with_shell,
}


def _seen_by_audit(program: Any, arguments: Any, *, replaces: bool) -> None:
    __tracebackhide__ = True
    start = None
    if system.get_ident() not in _WITHIN:
        start = _begin(_candidates(program, searches=True), arguments)
    if start is not None:
        start.replaces = replaces
        start.is_open = False
        _choose(start)


def _spawn_event(program: Any, arguments: Any, _environment: Any) -> None:
    __tracebackhide__ = True
    _seen_by_audit(program, arguments, replaces=False)


def _exec_event(program: Any, arguments: Any, _environment: Any) -> None:
    __tracebackhide__ = True
    _seen_by_audit(program, arguments, replaces=True)


def _system_event(command: Any) -> None:
    __tracebackhide__ = True
    _seen_by_audit("/bin/sh", ["/bin/sh", "-c", command], replaces=False)


_EVENTS: Final[dict[str, Callable[..., None]]] = {
    "os.posix_spawn": _spawn_event,
    "os.exec": _exec_event,
    "os.system": _system_event,
}
