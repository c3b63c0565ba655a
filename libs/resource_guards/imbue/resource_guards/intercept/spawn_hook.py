"""See every program that this process starts, however it names it.

CPython raises an audit event (PEP 578) for each of its ways to start one. What would run is worked
out as the operating system will: with the child's own PATH and working directory.

Imports nothing but the standard library's smallest parts, since child Pythons load it at start.
"""

from __future__ import annotations

import os

from imbue.resource_guards.intercept.audit import handle
from imbue.resource_guards.intercept.audit import stop_handling
from imbue.resource_guards.intercept.binaries import Binary
from imbue.resource_guards.intercept.binaries import find_program
from imbue.resource_guards.intercept.binaries import identity

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterable
    from collections.abc import Mapping
    from collections.abc import MutableMapping
    from collections.abc import Sequence
    from typing import Any
    from typing import Final

    Saw = Callable[[Binary, Sequence[str], bool], None]

WATCHERS: Final[list[SpawnWatcher]] = []
"""Those that are told of spawns: one for each session that guards this process."""


class SpawnWatcher:
    """Tells of spawns that concern one session's binaries.

    Args:
        shims: The folder of the session's shims. What starts one of them is left to it.
        path: The entries of PATH before the shims were put there.
        saw: Told the binary, its command line, and whether the spawn is an ``exec`` in place of
            this process; what it raises stops the spawn.
        before: Called before each spawn, whatever it starts, with the environment that it is given;
            `None` if it gets that of this process.
    """

    def __init__(
        self,
        shims: str,
        path: Iterable[str],
        saw: Saw,
        before: Callable[[MutableMapping[Any, Any] | None], None] | None = None,
    ) -> None:
        self.binaries: list[Binary] = []
        self._shims = os.path.realpath(shims)
        self._path = frozenset(path)
        self._saw = saw
        self._before = before

    def watch(self, handle: Callable[[dict[str, Callable[..., None]]], None] = handle) -> None:
        """Begin to be told.

        Args:
            handle: Has audit events handled, if no other watcher has done so.
        """
        if not WATCHERS:
            handle(_EVENTS)
        WATCHERS.append(self)

    def unwatch(self) -> None:
        """End it."""
        if self in WATCHERS:
            WATCHERS.remove(self)
            if not WATCHERS:
                stop_handling(_EVENTS)

    def begin(self, environment: MutableMapping[Any, Any] | None) -> None:
        """Something is about to start, with this environment, or that of this process."""
        if self._before is not None:
            self._before(environment)

    def spawn(
        self,
        program: str,
        arguments: Sequence[str],
        folders: Sequence[str],
        cwd: str | None,
        *,
        replaces: bool,
    ) -> None:
        """A program is about to start."""
        path = find_program(program, folders, cwd)
        binary = self._missing(program) if path is None else self._running(path)
        if binary is not None:
            self._saw(binary, arguments or [program], replaces)

    def _running(self, path: str) -> Binary | None:
        file = identity(path)
        absolute = os.path.abspath(path)
        for binary in self.binaries:
            if binary.is_run_by(path, absolute, file):
                folder = os.path.realpath(os.path.dirname(path))
                return None if folder == self._shims else binary
        return None

    def _missing(self, program: str) -> Binary | None:
        # An attempt to run what is not installed. `execvp` tries it in each folder of PATH.
        folder, name = os.path.split(program)
        if not folder or folder in self._path:
            for binary in self.binaries:
                if binary.name == name and not binary.identities:
                    return binary
        return None


def _tell(  # noqa: PLR0913 - the parts of a spawn
    program: Any,
    arguments: Any,
    env: Any,
    cwd: Any = None,
    *,
    search: Any = None,
    replaces: bool = False,
) -> None:
    __tracebackhide__ = True
    try:
        name = f"/dev/fd/{program}" if isinstance(program, int) else os.fsdecode(program)
        words = [os.fsdecode(word) for word in arguments]
        folders = _path_of(search or env)
        where = None if cwd is None else os.fsdecode(cwd)
    except (AttributeError, TypeError, ValueError):
        return  # nothing that could be started: the caller gets its own error
    for watcher in reversed(WATCHERS):
        watcher.begin(env)
        watcher.spawn(name, words, folders, where, replaces=replaces)


def _path_of(env: Mapping[Any, Any] | None) -> list[str]:
    source = os.environ if env is None else env
    path = source.get("PATH")
    if path is None and env is not None:
        path = env.get(b"PATH")
    return (os.defpath if path is None else os.fsdecode(path)).split(os.pathsep)


def _popen(program: Any, arguments: Any, cwd: Any, env: Any) -> None:
    __tracebackhide__ = True
    _tell(program, [arguments] if isinstance(arguments, (str, bytes)) else arguments, env, cwd)


def _posix_spawn(program: Any, arguments: Any, env: Any) -> None:
    __tracebackhide__ = True
    # `posix_spawnp` searches this process's PATH, whatever the child's is to be.
    _tell(program, arguments, env, search=os.environ)


def _exec(program: Any, arguments: Any, env: Any) -> None:
    __tracebackhide__ = True
    _tell(program, arguments, env, replaces=True)


def _shell(command: Any) -> None:
    __tracebackhide__ = True
    _tell("/bin/sh", ["/bin/sh", "-c", command], None)


_EVENTS: Final[dict[str, Callable[..., None]]] = {
    "subprocess.Popen": _popen,
    "os.posix_spawn": _posix_spawn,
    "os.exec": _exec,
    "os.system": _shell,
}
