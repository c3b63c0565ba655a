"""Stand before the functions by which Python starts programs on Windows, while something is watched.

All of `subprocess`, asyncio and `multiprocessing` ends in ``_winapi.CreateProcess``. What `os` offers besides are
the functions of :data:`NAMES`. Nothing is started in a program's place there: what may not run is refused.

Imports nothing but the standard library's smallest parts, since child Pythons load it at start.
"""

from __future__ import annotations

import os
import sys

from imbue.resource_guards import system
from imbue.resource_guards.environment import ENVIRONMENT
from imbue.resource_guards.intercept.module_functions import is_ours
from imbue.resource_guards.intercept.module_functions import like
from imbue.resource_guards.intercept.module_functions import replace
from imbue.resource_guards.intercept.starts import NamingScope
from imbue.resource_guards.intercept.starts import begin
from imbue.resource_guards.intercept.starts import choose
from imbue.resource_guards.intercept.starts import with_scope
from imbue.resource_guards.wire.variable import SCOPE_VARIABLE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterator
    from typing import Any
    from typing import Final

HOLDERS: Final = ("os", "nt", "subprocess", "_winapi")
"""The modules that have these functions."""

NAMES: Final = ("execv", "execve", "spawnv", "spawnve", "startfile", "system")
"""The functions of `os` on Windows that start a process, or become one; all others call one of these."""

_ENVIRONMENT: Final = 6
"""Where ``CreateProcess`` is given the environment, behind the program, its command line and four more."""

_BETWEEN: Final = os.pathsep
_WITH_ENVIRONMENT: Final = ("execve", "spawnve")
"""Those whose last argument is an environment."""

_P_WAIT: Final = 0
"""The mode of `os.spawnv` in which it returns when the program has ended."""

_THEN: Final = ("c", "k")
"""Options of ``cmd`` behind which there is a command."""

_SEPARATORS: Final = frozenset("&|\n")


def replace_functions() -> None:
    """Put ours in the place of those that nobody has replaced yet."""
    import _winapi

    create = _winapi.CreateProcess  # type: ignore[attr-defined,unused-ignore]
    if not is_ours(create):
        replace([like(_create_process(create), create)], _spaces("_winapi", "subprocess"))
    for name in NAMES:
        original = vars(os).get(name)
        if original is not None and not is_ours(original):
            replace([like(_of_os(name, original), original)], _spaces("os", "nt"))


def _spaces(*names: str) -> list[dict[str, Any]]:
    return [vars(sys.modules[name]) for name in names if name in sys.modules]


def _create_process(original: Callable[..., Any]) -> Callable[..., Any]:
    def CreateProcess(*args: Any) -> Any:  # noqa: N802 - as it is called
        __tracebackhide__ = True
        if len(args) > _ENVIRONMENT and isinstance(args[1], str):
            see_command(args[0], args[1], args[_ENVIRONMENT + 1 :])
            environment = args[_ENVIRONMENT]
            if environment is not None:
                named = _named(environment)
                return original(*args[:_ENVIRONMENT], named, *args[_ENVIRONMENT + 1 :])
        with NamingScope():
            return original(*args)

    return CreateProcess


def _named(environment: Any) -> Any:
    value = environment.get(SCOPE_VARIABLE) if hasattr(environment, "get") else None
    if not isinstance(value, str):
        return environment
    return {**environment, SCOPE_VARIABLE: system.fsdecode(with_scope(system.fsencode(value)))}


def _of_os(name: str, original: Callable[..., Any]) -> Callable[..., Any]:
    at = 1 if name.startswith("spawn") else 0  # behind its mode
    replaces = name.startswith("exec")

    def function(*args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        given = [*args, *kwargs.values()]
        if name == "system":
            for words in commands(str(given[0]) if given else ""):
                _see(words[0], words)
        elif name == "startfile" and given:
            _see(given[0], given[:1])
        elif len(given) > at + 1:
            _see(given[at], given[at + 1], replaces=replaces)
        if name in _WITH_ENVIRONMENT and args and not kwargs:
            return original(*args[:-1], _named(args[-1]))
        waits = name == "system" or (name == "spawnv" and given[:1] == [_P_WAIT])
        with NamingScope(returns_late=waits):
            return original(*args, **kwargs)

    return function


def see_command(program: str | None, line: str, rest: tuple[Any, ...] = ()) -> None:
    """A command line is about to be run; what it says to a shell is seen as well.

    Args:
        program: The program, if it is named apart from the line.
        line: The line.
        rest: What ``CreateProcess`` is given behind the environment, first of all the working directory.

    Raises:
        ResourceGuardViolation: It may not be used.
    """
    __tracebackhide__ = True
    words = list(split(line))
    if not words and program is None:
        return
    started = words[0] if program is None else program
    cwd = rest[0] if rest else None
    _see(started, words or [started], cwd)
    if system.program_of(with_slashes(started).rpartition("/")[2]) == "cmd":
        for inner in commands(_for_shell(line)):
            _see(inner[0], inner, cwd)


def _for_shell(line: str) -> str:
    """What stands behind ``/c``; of quotes around all of it, as Python's ``shell=True`` writes them, ``cmd`` takes off the outer."""
    end = line.find('"', 1) + 1 if line.startswith('"') else line.find(" ")
    at = end if end > 0 else len(line)
    while at < len(line) and not (line[at] == "/" and line[at + 1 : at + 2].lower() in _THEN):
        at += 1
    text = line[at + 2 :].strip()
    is_quoted = len(text) > 1 and text.startswith('"') and text.endswith('"')
    return text[1:-1] if is_quoted else text


def _see(program: Any, arguments: Any, cwd: Any = None, *, replaces: bool = False) -> None:
    __tracebackhide__ = True
    start = begin(candidates(program), arguments, cwd)
    if start is not None:
        start.replaces = replaces
        start.is_open = False
        choose(start)


def candidates(program: Any) -> list[Any]:
    """The paths that the system tries for a program, in their order.

    As CreateProcessW in Microsoft's documentation has it: ``.exe`` is added to a name that has no ending; one without
    a folder is looked for beside this program, here, in the system's folders, and along PATH.
    """
    try:
        name = with_slashes(system.fsdecode(program))
    except TypeError:
        return [program]  # the caller gets its own error
    last = name.rpartition("/")[2]
    names = [name] if "." in last else [f"{name}.exe", name, f"{name}.cmd", f"{name}.bat"]
    if last != name:
        return names
    windows = with_slashes(ENVIRONMENT.get("SystemRoot", ""))
    own = with_slashes(sys.executable).rpartition("/")[0]
    path = ENVIRONMENT.get("PATH", "").split(_BETWEEN)
    folders = [own, ".", f"{windows}/System32", windows, *map(with_slashes, path)]
    return [f"{folder or '.'}/{each}" for folder in folders for each in names]


def with_slashes(path: str) -> str:
    """A path with the slashes that Windows takes as well as its own."""
    return path.replace("\\", "/") if "\\" in path else path


def commands(text: str) -> Iterator[list[str]]:
    """The commands of a line for ``cmd``, each by its words."""
    quoted, begun = False, 0
    for at, sign in enumerate([*text, "\n"]):
        if sign == '"':
            quoted = not quoted
        if sign == "\n" or (sign in _SEPARATORS and not quoted):
            words = list(split(text[begun:at].strip(" \t()@")))
            if words:
                yield words
            begun = at + 1


def split(line: str) -> Iterator[str]:
    r"""The words of a command line.

    As "Parsing C command-line arguments" in Microsoft's documentation has it: 2n backslashes before a quote are n, and
    2n + 1 are n and the quote itself.

    Example:
        >>> list(split(r'"C:\\Program Files\\git.exe" log "a \\"b\\""'))
        ['C:\\Program Files\\git.exe', 'log', 'a "b"']
    """
    word, begun, quoted, slashes = "", False, False, 0
    for sign in line:
        if sign == "\\":
            slashes += 1
            begun = True
            continue
        if sign == '"':
            word += "\\" * (slashes // 2)
            if slashes % 2:
                word += sign
            else:
                quoted = not quoted
            begun = True
        elif sign in " \t" and not quoted:
            word += "\\" * slashes
            if begun:
                yield word
            word, begun = "", False
        else:
            word += "\\" * slashes + sign
            begun = True
        slashes = 0
    if begun:
        yield word + "\\" * slashes
