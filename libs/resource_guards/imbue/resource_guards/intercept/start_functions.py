"""Stand before the functions by which Python starts programs, while something is watched.

All of `subprocess`, asyncio and `multiprocessing` ends in ``_posixsubprocess.fork_exec``, and all that
`os` offers in the five functions of :data:`NAMES`. They are replaced in the modules that have them, and in each
``posix`` and ``_posixsubprocess`` that is imported anew, so that every copy of `os` and `subprocess` gets ours. Where somebody holds one of them
from before (``from os import system``), the audit event (PEP 578) of the function itself shows the start; for
that alone there is an audit hook, since a hook costs each test 2 % of an empty one whatever it does
(docs/decisions/0018).

Imports nothing but the standard library's smallest parts, since child Pythons load it at start.
"""

from __future__ import annotations

import os
import sys

from imbue.resource_guards import system
from imbue.resource_guards.environment import raw_environment
from imbue.resource_guards.intercept import audit
from imbue.resource_guards.intercept.module_functions import is_ours
from imbue.resource_guards.intercept.module_functions import like
from imbue.resource_guards.intercept.module_functions import namespaces_with
from imbue.resource_guards.intercept.module_functions import put_back
from imbue.resource_guards.intercept.module_functions import references
from imbue.resource_guards.intercept.module_functions import replace
from imbue.resource_guards.intercept.start_arguments import EXECV
from imbue.resource_guards.intercept.start_arguments import EXECVE
from imbue.resource_guards.intercept.start_arguments import SPAWN
from imbue.resource_guards.intercept.start_arguments import SYSTEM
from imbue.resource_guards.intercept.start_arguments import Takes
from imbue.resource_guards.intercept.start_arguments import finds_as_here
from imbue.resource_guards.intercept.starts import OCTETS
from imbue.resource_guards.intercept.starts import WATCHERS
from imbue.resource_guards.intercept.starts import NamingScope
from imbue.resource_guards.intercept.starts import Within
from imbue.resource_guards.intercept.starts import begin
from imbue.resource_guards.intercept.starts import choose
from imbue.resource_guards.intercept.starts import is_within
from imbue.resource_guards.intercept.starts import named_environment
from imbue.resource_guards.intercept.starts import with_scope

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any
    from typing import Final

    from imbue.resource_guards.intercept.import_hook import ImportHook
    from imbue.resource_guards.intercept.starts import Watcher

NAMES: Final = ("posix_spawn", "posix_spawnp", "execv", "execve", "system")
"""The functions of `os` that start a process, or become one; all others call one of these."""

_HOLDERS: Final = ("os", "posix", "subprocess", "_posixsubprocess")
_CAPABILITIES: Final = ("supports_dir_fd", "supports_effective_ids", "supports_fd")


def watch(watcher: Watcher, hook: ImportHook) -> None:
    """Ask a watcher about each start from now on.

    Args:
        watcher: Is asked.
        hook: Tells of a module that is imported anew, whose functions nobody has had before.
    """
    if not WATCHERS and system.HAS_POSIX:
        _replace_functions()
    WATCHERS.append(watcher)
    if not system.HAS_POSIX:
        from imbue.resource_guards.intercept import windows_starts

        windows_starts.replace_functions()
        return
    hook.when_imported("posix", replace_in_copy)  # from which each `os` has its own
    hook.when_imported("_posixsubprocess", replace_fork_exec)


def unwatch(watcher: Watcher) -> None:
    """Ask it no more. A second call changes nothing."""
    if watcher in WATCHERS:
        WATCHERS.remove(watcher)
        if not WATCHERS:
            audit.stop_handling(_EVENTS)
            put_back(_HOLDERS if system.HAS_POSIX else (*_HOLDERS, "nt", "_winapi"))


def is_held(name: str) -> bool:
    """Whether anyone but its modules holds a function of `os`, as far as references tell."""
    known = [vars(each).get(name) for each in _modules()].count(vars(os)[name])
    known += sum(vars(os)[name] in getattr(os, each, ()) for each in _CAPABILITIES)
    return references(vars(os)[name]) > known + references(object())


def replace_fork_exec(module: ModuleType) -> None:
    """Replace the function that `subprocess` starts everything with.

    Args:
        module: The module that has it, ``_posixsubprocess``.
    """
    function, nobodys = module.fork_exec, object()
    if WATCHERS and not is_ours(function):
        holders = _holders(function, nobodys, module)
        replace([_WRAPPERS["fork_exec"](function)], holders)


def replace_in_copy(module: ModuleType) -> None:
    """Replace the functions of a ``posix`` that has its own."""
    for name in NAMES:
        function = vars(module).get(name)
        if WATCHERS and function is not None and not is_ours(function):
            replace([_WRAPPERS[name](function)], [vars(module)])


def _holders(function: object, nobodys: object, module: ModuleType) -> list[dict[str, Any]]:
    """The namespaces of modules that have a function; most often its own and `subprocess` alone.

    Who has imported the name keeps it: copies of `subprocess` that were made before, too.
    """
    spaces = []
    for each in (module, sys.modules.get("subprocess")):
        if each is not None and function in vars(each).values():
            spaces.append(vars(each))  # noqa: PERF401 - whose variables would hold it as well
    # All modules and all of the collector's objects are gone through only where somebody else has it.
    if references(function) - references(nobodys) > len(spaces):
        known = {id(each): each for each in spaces}
        spaces += [each for each in namespaces_with(function) if id(each) not in known]
    return spaces


def _replace_functions() -> None:
    names = [name for name in NAMES if hasattr(os, name)]
    if any(is_held(name) for name in names):
        audit.handle(_EVENTS)
    news: list[Any] = [_WRAPPERS[name](getattr(os, name)) for name in names]
    for each in _CAPABILITIES:
        able: set[Any] = getattr(os, each, set())
        able.update([new for new in news if new.__wrapped__ in able])
    replace(news, [vars(each) for each in _modules()])


def _modules() -> list[ModuleType]:
    return [os, *filter(None, [sys.modules.get("posix")])]


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
        start = begin(executable_list, args, cwd, env)
        if start is None:
            return original(args, executable_list, close_fds, pass_fds, cwd, env, *rest)
        is_as_here = finds_as_here(rest)
        start.takes_line = is_as_here
        chosen = choose(start)
        if chosen is not start:
            paths = map(system.fsdecode, chosen.candidates)
            executable_list = [system.fsencode(each) for each in paths]
            if chosen.arguments is not start.arguments:
                args = chosen.arguments
        elif start.absent and is_as_here:
            executable_list = executable_list[start.absent :]
        if env is not None:
            size = len(head)
            env = [
                head + with_scope(each[size:]) if each.startswith(head) else each for each in env
            ]
        if env is not None:
            return original(args, executable_list, close_fds, pass_fds, cwd, env, *rest)
        # Not `Within`: it has no audit event, and what `preexec_fn` starts is news.
        with NamingScope():
            return original(args, executable_list, close_fds, pass_fds, cwd, env, *rest)

    return like(fork_exec, original)


def _with_path(
    original: Callable[..., Any], takes: Takes, *, replaces: bool, searches: bool = False
) -> Callable[..., Any]:
    """For a function that takes a path, a command line and perhaps an environment."""

    def function(*args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        given = takes.in_order(args, kwargs)
        start = None
        if given is not None and isinstance(given[1], (list, tuple)):
            environment = given[2] if len(given) > _WITHOUT_ENVIRONMENT else None
            paths = _candidates(given[0], searches=searches)
            start = begin(paths, given[1], environment=environment)
        if given is None or start is None:
            return original(*args, **kwargs)
        start.replaces = replaces
        chosen = choose(start)
        if chosen is not start:
            given[0] = chosen.candidates[0]
            if chosen.arguments is not start.arguments:
                given[1] = chosen.arguments
        rest = {} if takes.by_name else kwargs
        if given[-1] is None or len(given) == _WITHOUT_ENVIRONMENT:
            with Within(), NamingScope():
                return original(*given, **rest)
        given[-1] = named_environment(given[-1])
        with Within():
            return original(*given, **rest)

    return like(function, original)


def _candidates(program: Any, *, searches: bool) -> list[Any]:
    if isinstance(program, int):
        return [f"/dev/fd/{program}"]
    if searches:
        try:
            name = system.fsdecode(program)
        except TypeError:
            return [program]  # the caller gets its own error
        if "/" not in name:
            # By this process's own PATH, whatever the child's is to be.
            path = system.fsdecode(raw_environment().get(b"PATH", _DEFAULT_PATH))
            return [f"{folder}/{name}" for folder in path.split(":")]
    return [program]


def _with_shell(original: Callable[..., Any], takes: Takes) -> Callable[..., Any]:
    def function(*args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        given = takes.in_order(args, kwargs)
        start = None if given is None else begin(["/bin/sh"], ["/bin/sh", "-c", *given])
        if start is None:
            return original(*args, **kwargs)
        start.is_open = False
        chosen = choose(start)
        if chosen is not start:
            args, kwargs = (chosen.arguments[-1],), {}
        with Within(), NamingScope(returns_late=True):
            return original(*args, **kwargs)

    return like(function, original)


_DEFAULT_PATH: Final = b"/bin:/usr/bin"

_WITHOUT_ENVIRONMENT: Final = 2  # a path and a command line

_WRAPPERS: Final[dict[str, Callable[[Callable[..., Any]], Callable[..., Any]]]] = {
    "fork_exec": _fork_exec,
    "posix_spawn": lambda original: _with_path(original, SPAWN, replaces=False),
    "posix_spawnp": lambda original: _with_path(original, SPAWN, replaces=False, searches=True),
    "execv": lambda original: _with_path(original, EXECV, replaces=True),
    "execve": lambda original: _with_path(original, EXECVE, replaces=True),
    "system": lambda original: _with_shell(original, SYSTEM),
}


def _seen_by_audit(program: Any, arguments: Any, *, replaces: bool) -> None:
    __tracebackhide__ = True
    start = None
    if not is_within():
        start = begin(_candidates(program, searches=True), arguments)
    if start is not None:
        start.replaces = replaces
        start.is_open = start.takes_line = False
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
