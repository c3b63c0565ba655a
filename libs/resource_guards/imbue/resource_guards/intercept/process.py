"""What pytest's own process offers to the guards that are installed in it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING

from imbue.resource_guards.errors import ResourceGuardMisconfiguration
from imbue.resource_guards.guard import Layer
from imbue.resource_guards.intercept.import_hook import ImportHook
from imbue.resource_guards.intercept.program_watcher import ProgramWatcher
from imbue.resource_guards.intercept.shims import Shims
from imbue.resource_guards.messages import intercept as messages
from imbue.resource_guards.model import Resource

if TYPE_CHECKING:
    from imbue.resource_guards.intercept.without_shims import WithoutShims


class Programs:
    """Where programs are guarded: by shims on PATH, and by what this process starts.

    Args:
        shims: Puts a shim before each, where there are shims.
        watcher: Is asked about each start.
    """

    def __init__(self, shims: Shims | WithoutShims, watcher: ProgramWatcher) -> None:
        self.shims = shims
        self.watcher = watcher

    def add(self, resource: Resource, name: str, undo: ExitStack) -> None:
        """Guard a program; `undo` ends it.

        Raises:
            ResourceGuardMisconfiguration: Programs in the private directory cannot be made or run.
        """
        try:
            binary = self.shims.add(resource, name)
        except OSError as error:
            raise ResourceGuardMisconfiguration(
                messages.directory_unwritable([resource.label], self.shims.directory.parent, error)
            ) from error
        undo.callback(self.shims.discard, name)
        self.watcher.add(binary)
        undo.callback(self.watcher.forget, binary)

    def paths(self, name: str) -> tuple[str, ...]:
        """Where a guarded program is installed."""
        (found,) = [each.paths for each in self.watcher.binaries if each.name == name]
        return found


class SessionProcess:
    """The process that runs the tests.

    Args:
        session: The session's key, by which calls are reported.
        see: Told of a use before it happens: the resource, what is used, and the layer that has seen it.
        current: Tells for whom the calling code runs; where that is another object than before,
            calls must be told again.
        import_hook: Tells when a module is imported.
        programs: Where programs are guarded.
        perhaps: Told of a resource that what runs now may have used, and nobody knows it.
        tell_missing: Told of an optional target that an installed SDK does not have.
        complain: Told of a guard that fails later, when its module is imported or it is undone.
        note: Keeps what was seen, each time, and lets it through.
        with_scope: Puts the current scope in a value of our variable.
        lacks_packages: A package that a guard is of need not be installed.
    """

    def __init__(  # noqa: PLR0913 - what there is to know of a process
        self,
        session: str,
        see: Callable[[str, str, Layer], bool],
        current: Callable[[], object],
        import_hook: ImportHook,
        *,
        programs: Programs,
        perhaps: Callable[[str], None],
        tell_missing: Callable[[str], None],
        complain: Callable[[str], None],
        note: Callable[[str, str, Layer], None],
        with_scope: Callable[[str], str],
        lacks_packages: bool = False,
    ) -> None:
        self.session = session
        self.note = note
        self.with_scope = with_scope
        self.see = see
        self.current = current
        self.import_hook = import_hook
        self.programs = programs
        self.perhaps = perhaps
        self.tell_missing = tell_missing
        self.complain = complain
        self.lacks_packages = lacks_packages
