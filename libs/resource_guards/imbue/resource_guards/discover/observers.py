"""Two guards of nothing: they let everything through, and note what is started and where connections lead.

Imports nothing but the standard library's smallest parts, since child Pythons load it at start.
"""

from __future__ import annotations

from imbue.resource_guards.guard import CONNECTION
from imbue.resource_guards.guard import LOOKUP
from imbue.resource_guards.guard import SPAWN
from imbue.resource_guards.guard import Guard

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Sequence
    from contextlib import ExitStack
    from typing import Any
    from typing import Final

    from imbue.resource_guards.guard import Layer
    from imbue.resource_guards.intercept.starts import Start

PROGRAMS: Final = "discovered_programs"
"""The resource that each start is noted as a use of."""

ADDRESSES: Final = "discovered_addresses"
"""The same of connections and look-ups."""

_HIDDEN: Final = " bytes>'"
"""By this it is seen that a word was too long for a record."""

_LONGEST: Final = 1400
"""Of a command line; a record has room for little more."""

OWN: Final = "own "
"""Stands before an address at which a process of the suite's own listens."""

NOBODY: Final = "nobody "
"""Stands before an address of this machine at which nothing listens."""


class StartObserver:
    """Notes each start of a program by its path and command line; see `intercept/starts.py`.

    Args:
        note: Told of it.
        with_scope: Puts the current scope in a value of our variable.
    """

    def __init__(
        self,
        note: Callable[[str, str, Layer], None],
        with_scope: Callable[[str], str],
    ) -> None:
        self._note = note
        self.with_scope = with_scope

    def before(self, arguments: Sequence[str]) -> None:
        """Something is about to start: the session's own watcher sees to that."""

    def choose(self, start: Start) -> Start:
        """Note what is about to start; it is left as it is."""
        try:
            from shlex import quote as quoted

            from imbue.resource_guards.intercept.binaries import find_runnable
            from imbue.resource_guards.wire.command_line import written
        except ImportError:  # it has another user by now, who may not read our files
            return start
        path, _, start.absent = find_runnable(start.candidates, start.cwd)
        if path is not None:
            line = written([path, *start.arguments])
            if _HIDDEN in line:  # of what a shell is to do all that there is room for
                line = f"{quoted(path)} {' '.join(map(quoted, start.arguments))}"[:_LONGEST]
            self._note(PROGRAMS, line, SPAWN)
        return start


class Starts(Guard):
    """Sees what this Python and child Pythons start."""

    __slots__ = ()

    kind = "discovered_program"
    layers = (SPAWN,)

    @property
    def key(self) -> str:
        """There is one."""
        return "all"

    def install(self, resource: Any, process: Any, undo: ExitStack) -> None:
        """Watch what is started."""
        from imbue.resource_guards.intercept import start_functions

        del resource
        observer = StartObserver(process.note, process.with_scope)
        start_functions.watch(observer, process.import_hook)
        undo.callback(start_functions.unwatch, observer)

    def wire(self, process: Any) -> Sequence[str]:
        """Nothing but that it is there."""
        del process
        return []

    @classmethod
    def install_in_child(cls, resource: str, fields: Sequence[str], process: Any) -> None:
        """Watch what is started."""
        from imbue.resource_guards.intercept import start_functions

        del resource, fields
        process.may_lose = True
        observer = StartObserver(process.note, process.with_scope)
        start_functions.watch(observer, process.import_hook)


class Connections(Guard):
    """Sees where this Python and child Pythons connect to, and which names they look up.

    Args:
        top: The process that the suite's own are started after: pytest's, and not a worker's.
    """

    __slots__ = ("top",)

    kind = "discovered_address"
    layers = (CONNECTION, LOOKUP)

    def __init__(self, top: int) -> None:
        self.top = top

    @property
    def key(self) -> str:
        """There is one."""
        return "all"

    def install(self, resource: Any, process: Any, undo: ExitStack) -> None:
        """Watch connections and look-ups."""
        from imbue.resource_guards.discover.connections import watch

        del resource
        for watcher in watch(process, self.top):
            undo.callback(watcher.unwatch)

    def wire(self, process: Any) -> Sequence[str]:
        """The process that the suite's own are started after."""
        del process
        return [str(self.top)]

    @classmethod
    def install_in_child(cls, resource: str, fields: Sequence[str], process: Any) -> None:
        """Watch connections and look-ups from when `socket` is imported, which most child Pythons never do."""
        del resource

        def begin(_module: object) -> None:
            from imbue.resource_guards.discover.connections import watch

            watch(process, int(fields[0]))
            process.import_hook.forget("socket", begin)

        process.import_hook.when_imported("socket", begin)
