"""Stand before the functions by which Python starts programs, while something is watched.

All of `subprocess`, asyncio and `multiprocessing` ends in ``_posixsubprocess.fork_exec``, and all that
`os` offers in the five functions of :data:`NAMES`. They are replaced in the modules that have them, so that
a module which is loaded anew, or copied (eventlet), gets ours as well. Where somebody holds one of them
from before (``from os import system``), the audit event (PEP 578) of the function itself shows the start; for
that alone there is an audit hook, since a hook costs each test 2 % of an empty one whatever it does
(docs/decisions/0018).

Imports nothing but the standard library's smallest parts, since child Pythons load it at start.
"""

from __future__ import annotations

import gc
import os
import sys

from imbue.resource_guards import system
from imbue.resource_guards.environment import raw_environment
from imbue.resource_guards.intercept import audit
from imbue.resource_guards.intercept.replacement import Replacement
from imbue.resource_guards.intercept.starts import OCTETS
from imbue.resource_guards.intercept.starts import WATCHERS
from imbue.resource_guards.intercept.starts import WITHIN
from imbue.resource_guards.intercept.starts import Named
from imbue.resource_guards.intercept.starts import begin
from imbue.resource_guards.intercept.starts import choose
from imbue.resource_guards.intercept.starts import named
from imbue.resource_guards.intercept.starts import named_environment

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any
    from typing import Final

    from imbue.resource_guards.intercept.starts import Watcher

NAMES: Final = ("posix_spawn", "posix_spawnp", "execv", "execve", "system")
"""The functions of `os` that start a process, or become one; all others call one of these."""

_USUAL_HOLDERS: Final = ("_posixsubprocess", "subprocess")
_CAPABILITIES: Final = ("supports_dir_fd", "supports_effective_ids", "supports_fd")
_REPLACEMENTS: Final[list[Replacement]] = []


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


def _fork_exec(original: Callable[..., int]) -> Callable[..., int]:
    head = OCTETS + b"="

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
        start = begin(executable_list, args, cwd)
        if start is None:
            return original(args, executable_list, close_fds, pass_fds, cwd, env, *rest)
        chosen = choose(start)
        if chosen is not start:
            executable_list = [system.fsencode(each) for each in chosen.candidates]
            if chosen.arguments is not start.arguments:
                args = chosen.arguments
        if env is not None:
            env = [
                head + named(each[len(head) :]) if each.startswith(head) else each for each in env
            ]
            return original(args, executable_list, close_fds, pass_fds, cwd, env, *rest)
        with Named():
            return original(args, executable_list, close_fds, pass_fds, cwd, env, *rest)

    return fork_exec


def _with_path(
    original: Callable[..., Any], *, replaces: bool, searches: bool = False
) -> Callable[..., Any]:
    """For a function that takes a path, a command line and perhaps an environment."""

    def function(*args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        is_readable = 2 <= len(args) <= 3 and isinstance(args[1], (list, tuple))  # noqa: PLR2004
        start = begin(_candidates(args[0], searches=searches), args[1]) if is_readable else None
        if start is None:
            return original(*args, **kwargs)
        start.replaces = replaces
        chosen = choose(start)
        given = list(args)
        if chosen is not start:
            given[0] = chosen.candidates[0]
            if chosen.arguments is not start.arguments:
                given[1] = chosen.arguments
        if len(given) == 3:  # noqa: PLR2004
            given[2] = named_environment(given[2])
        with Named():
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
        start = begin(["/bin/sh"], ["/bin/sh", "-c", command])
        if start is None:
            return original(command)
        start.is_open = False
        choose(start)
        with Named():
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
    if system.get_ident() not in WITHIN:
        start = begin(_candidates(program, searches=True), arguments)
    if start is not None:
        start.replaces = replaces
        start.is_open = False
        choose(start)


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
