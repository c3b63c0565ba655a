"""See the programs that uvloop starts, by system calls of its own, at the two methods of its loop.

They are given what is to run in their place, as in `intercept/starts.py`. Imports nothing but the standard
library's smallest parts, since child Pythons load it, though only where uvloop is.
"""

from __future__ import annotations

from imbue.resource_guards import system
from imbue.resource_guards.environment import ENVIRONMENT
from imbue.resource_guards.environment import raw_environment
from imbue.resource_guards.intercept import starts
from imbue.resource_guards.intercept.module_functions import like
from imbue.resource_guards.intercept.replacement import Replacement

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable
    from collections.abc import Callable
    from contextlib import ExitStack
    from types import ModuleType
    from typing import Any
    from typing import Final

    Method = Callable[..., Awaitable[Any]]

_OURS: Final = "_resource_guards"
_SHELL: Final = "/bin/sh"
_DEFAULT_PATH: Final = "/bin:/usr/bin"


def watch(undo: ExitStack | None, module: ModuleType) -> None:
    """Replace the methods.

    Args:
        undo: Puts them back; without it that is never done.
        module: The module `uvloop`.
    """
    loop: Any = vars(module)["Loop"]
    if hasattr(loop.subprocess_exec, _OURS):  # of another session around this code
        return
    replacements = [
        Replacement(loop, "subprocess_exec", _exec(loop.subprocess_exec)),
        Replacement(loop, "subprocess_shell", _shell(loop.subprocess_shell)),
    ]
    for each in replacements:
        setattr(each.new, _OURS, True)
        each.install()
        if undo is not None:
            undo.callback(each.uninstall)


def _exec(original: Method) -> Method:
    async def subprocess_exec(
        self: Any, protocol_factory: Any, program: Any, *args: Any, **kwargs: Any
    ) -> Any:
        __tracebackhide__ = True
        # What uvloop is told to execute is also what it calls it.
        called = kwargs.get("executable") or program
        candidates = _candidates(called, kwargs)
        start = starts.begin(candidates, [called, *args], kwargs.get("cwd"), kwargs.get("env"))
        if start is None:
            return await original(self, protocol_factory, program, *args, **kwargs)
        chosen = starts.choose(start)
        if chosen is not start:
            args = tuple(chosen.arguments[1:])
            kwargs["executable"] = chosen.candidates[0]
        kwargs["env"] = _environment(kwargs)
        return await original(self, protocol_factory, program, *args, **kwargs)

    return like(subprocess_exec, original)


def _shell(original: Method) -> Method:
    async def subprocess_shell(self: Any, protocol_factory: Any, cmd: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        shell = kwargs.get("executable") or _SHELL
        candidates = _candidates(shell, kwargs)
        start = starts.begin(candidates, [shell, "-c", cmd], kwargs.get("cwd"), kwargs.get("env"))
        if start is None:
            return await original(self, protocol_factory, cmd, **kwargs)
        chosen = starts.choose(start)
        if chosen is not start:
            kwargs["executable"] = chosen.candidates[0]
            cmd = chosen.arguments[-1]
        kwargs["env"] = _environment(kwargs)
        return await original(self, protocol_factory, cmd, **kwargs)

    return like(subprocess_shell, original)


def _candidates(program: Any, kwargs: dict[str, Any]) -> list[Any]:
    """The paths that are tried, in their order: libuv looks along the PATH of what it starts."""
    try:
        name = system.fsdecode(program)
        path = _path(kwargs.get("env"))
    except TypeError:
        return [program]  # the caller gets its own error
    if "/" in name:
        return [name]
    return [f"{folder or '.'}/{name}" for folder in path.split(":")]


def _path(environment: Any) -> str:
    if environment is None:
        found = raw_environment().get(b"PATH")
    else:
        found = environment.get("PATH", environment.get(b"PATH"))
    return _DEFAULT_PATH if found is None else system.fsdecode(found)


def _environment(kwargs: dict[str, Any]) -> Any:
    environment = kwargs.get("env")
    return starts.named_environment(ENVIRONMENT if environment is None else environment)
