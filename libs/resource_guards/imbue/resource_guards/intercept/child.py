"""Guard a child Python: a process that a test started, directly or through others.

A ``.pth`` file of the wheel calls :func:`guard_this_process` when Python starts with the variable
of resource guards in its environment. The session that set it is read from its private directory:
the same SDK chokepoints are patched when they are imported, the same binaries are watched, and uses
go to the session's journal.

At start this imports nothing but the standard library's smallest parts, since it runs in every
Python that a test starts; what patches an SDK is imported when that SDK is.
"""

from __future__ import annotations

import os

from imbue.resource_guards.errors import ResourceGuardViolation
from imbue.resource_guards.intercept.binaries import Binary
from imbue.resource_guards.intercept.connection_hook import ConnectionWatcher
from imbue.resource_guards.intercept.import_hook import ImportHook
from imbue.resource_guards.intercept.spawn_hook import SpawnWatcher
from imbue.resource_guards.scope.entry import ANY_SCOPE
from imbue.resource_guards.scope.entry import OUTSIDE
from imbue.resource_guards.scope.entry import VARIABLE
from imbue.resource_guards.scope.entry import directory_of
from imbue.resource_guards.scope.entry import parse_entries

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType
    from typing import Any
    from typing import Final

GUARDS: Final[dict[str, ChildGuard]] = {}
"""For each session around this process, by its key, its guard here."""

PREPARATION: Final = "resource_guards_scope"
"""The key under which `multiprocessing` is given the variable's value for a new process."""

GUARDS_FILE: Final = "guards"
"""The file in the private directory that says what is guarded; see `intercept/child_file.py`."""

_OTHERS_CAN_ENTER: Final = 0o077
_NOT_FOUND: Final = 127


def guard_this_process() -> None:
    """Guard this process for each session that the variable names and that still lives."""
    act_for(os.environ.get(VARIABLE, ""))


def act_for(value: str, leave_out: Sequence[str] = ()) -> None:
    """Act for the scopes of a value of the variable from now on.

    Args:
        value: The variable's value.
        leave_out: The keys of sessions that guard this process in another way.
    """
    for key, (scope_id, allowed) in parse_entries(value).items():
        if key in leave_out:
            continue
        guard = GUARDS.get(key)
        if guard is None:
            try:
                guard = ChildGuard(directory_of(key))
            except (OSError, ValueError):
                continue  # the session has ended: nobody is left to tell
            GUARDS[key] = guard
        guard.enter(scope_id, allowed)


class ChildGuard:
    """The guard of one session in this process.

    Args:
        directory: The session's private directory.

    Raises:
        OSError: It is not there, or someone else could have written it.
        ValueError: What it says cannot be read.
    """

    def __init__(self, directory: str) -> None:
        stat = os.stat(directory)
        if stat.st_uid != os.getuid() or stat.st_mode & _OTHERS_CAN_ENTER:
            raise PermissionError(directory)
        self.scope_id = OUTSIDE
        self.allowed: frozenset[str] = frozenset()
        self.used: set[str] = set()
        self._directory = directory
        self._pid = os.getpid()
        self._session_pid = 0
        self._labels: dict[str, str] = {}
        self._import_hook = ImportHook()
        self._read_guards()
        self._import_hook.when_imported("multiprocessing.spawn", _adopt_prepared_scope)

    def enter(self, scope_id: str, allowed: frozenset[str]) -> None:
        """Act for a scope from now on; for the one in the state file, if this is to be asked."""
        if scope_id == ANY_SCOPE:
            from imbue.resource_guards.record.ancestors import child_of  # rare

            with open(f"{self._directory}/state", encoding="utf-8") as file:
                ((scope_id, allowed),) = parse_entries(f" state={file.read()}").values()
            if scope_id == ANY_SCOPE:
                scope_id += child_of(self._session_pid)
        self.scope_id = scope_id
        self.allowed = allowed
        self.used.clear()

    def saw_spawn(self, binary: Binary, arguments: Sequence[str], replaces: bool) -> None:  # noqa: FBT001
        """Note that a binary is started past its shim, and stop it if it is not allowed."""
        __tracebackhide__ = True
        from shlex import quote  # not at start

        from imbue.resource_guards.record.line import LONGEST

        what = " ".join(quote(word[:LONGEST]) for word in arguments[:LONGEST])
        try:
            self._saw(binary.resource, "spawn", what)
        except ResourceGuardViolation as violation:
            if replaces and os.getpid() != self._pid:  # a fork on its way to exec
                os.write(2, f"resource guards: {violation}\n".encode(errors="replace"))
                os._exit(_NOT_FOUND)
            raise

    def _saw(self, resource: str, layer: str, what: str, *_: object, **__: object) -> None:
        __tracebackhide__ = True
        allowed = resource in self.allowed
        if self.scope_id == OUTSIDE or (allowed and resource in self.used):
            return
        # Heavier than all of the above, and only now needed.
        from imbue.resource_guards.callsite import call_site
        from imbue.resource_guards.kinds import Layer
        from imbue.resource_guards.messages import violations as messages
        from imbue.resource_guards.model import Use
        from imbue.resource_guards.record.ancestors import through
        from imbue.resource_guards.record.line import format_use

        by = "" if allowed else through(self._session_pid)
        use = Use(resource, allowed, Layer(layer), what, call_site(), os.getpid(), by)
        self._write(format_use(self.scope_id, use))
        self.used.add(resource)
        if not allowed:
            label = self._labels.get(resource, resource)
            text = messages.blocked(label, use, messages.STARTED_BY_TEST)
            raise ResourceGuardViolation(text, resource)

    def _write(self, record: bytes) -> None:
        try:
            journal = os.open(f"{self._directory}/journal", os.O_WRONLY | os.O_APPEND)
            try:
                if os.write(journal, record) == len(record):
                    return
            finally:
                os.close(journal)
        except OSError:
            pass
        # Emptying a file works where a disk is full; the session finds it empty and fails.
        os.close(os.open(f"{self._directory}/health", os.O_WRONLY | os.O_TRUNC))

    def _read_guards(self) -> None:
        with open(
            f"{self._directory}/{GUARDS_FILE}", encoding="utf-8", errors="surrogateescape"
        ) as file:
            lines = [line.rstrip("\n").split("\t") for line in file]
        path = [entry for kind, *entries in lines if kind == "path" for entry in entries]
        watcher = SpawnWatcher(f"{self._directory}/bin", path, self.saw_spawn)
        for kind, *fields in lines:
            if kind == "pid":
                self._session_pid = int(fields[0])
            elif kind == "binary":
                resource, label, name, *paths = fields
                self._labels[resource] = label
                watcher.binaries.append(Binary(name, resource, paths))
            elif kind == "sdk":
                resource, label, *target = fields
                self._labels[resource] = label
                self._patch_on_import(resource, target)
            elif kind == "connection":
                resource, label, is_use = fields
                self._labels[resource] = label
                self._watch_connections(resource, is_use)
        if watcher.binaries:
            watcher.watch()

    def _watch_connections(self, resource: str, is_use: str) -> None:
        def load_and_ask(address: Any) -> bool:
            import importlib  # with the first connection, and not at start

            module, _, name = is_use.partition(":")
            try:
                function = getattr(importlib.import_module(module), name)
            except ImportError:  # a Python of another environment, without that package
                watcher.unwatch()
                return False
            answer: bool = function(address)
            return answer

        def saw(what: str) -> None:
            __tracebackhide__ = True
            self._saw(resource, "connection", what)

        watcher = ConnectionWatcher(load_and_ask, saw)
        watcher.watch()

    def _patch_on_import(self, resource: str, fields: list[str]) -> None:
        def patch(module: ModuleType) -> None:
            from functools import partial

            from imbue.resource_guards.intercept import child_patch  # imports `inspect` and more

            child_patch.patch(module, fields, partial(self._saw, resource, "sdk"))

        self._import_hook.when_imported(fields[0].partition(":")[0], patch)


def _adopt_prepared_scope(spawn: Any) -> None:
    """A fork server lives longer than a test: its processes are told for whom they are made."""
    prepare = spawn.prepare

    def adopting_prepare(data: dict[str, Any]) -> None:
        value = data.get(PREPARATION)
        if value is not None:
            os.environ[VARIABLE] = value
            act_for(value)
        prepare(data)

    spawn.prepare = adopting_prepare
