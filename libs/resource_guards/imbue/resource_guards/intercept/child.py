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
from contextvars import ContextVar

from imbue.resource_guards import system
from imbue.resource_guards.environment import ENVIRONMENT
from imbue.resource_guards.errors import ResourceGuardViolation
from imbue.resource_guards.intercept import child_installs
from imbue.resource_guards.intercept import start_functions
from imbue.resource_guards.intercept.binaries import Binary
from imbue.resource_guards.intercept.binaries import identity
from imbue.resource_guards.intercept.import_hook import ImportHook
from imbue.resource_guards.intercept.listeners import LISTENERS
from imbue.resource_guards.intercept.program_watcher import ProgramWatcher
from imbue.resource_guards.scope.entry import ANY_SCOPE
from imbue.resource_guards.scope.entry import OUTSIDE
from imbue.resource_guards.scope.entry import VARIABLE
from imbue.resource_guards.scope.entry import directory_of
from imbue.resource_guards.scope.entry import format_scope
from imbue.resource_guards.scope.entry import parse_entries
from imbue.resource_guards.scope.entry import with_entry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextvars import Token
    from typing import Any
    from typing import Final
    from typing import NoReturn

GUARDS: Final[dict[str, ChildGuard]] = {}
"""For each session around this process, by its key, its guard here."""

PREPARATION: Final = "resource_guards_scope"
"""The key under which `multiprocessing` is given the variable's value for a new process."""

GUARDS_FILE: Final = "guards"
"""The file in the private directory that says what is guarded; see `intercept/child_file.py`."""

_OTHERS_CAN_ENTER: Final = 0o077


def guard_this_process() -> None:
    """Guard this process for each session that the variable names and that still lives."""
    act_for(ENVIRONMENT.get(VARIABLE, ""))


def act_for(value: str, leave_out: Sequence[str] = ()) -> None:
    """Act for the scopes of a value of the variable from now on, in all of this process.

    Args:
        value: The variable's value.
        leave_out: The keys of sessions that guard this process in another way.
    """
    for guard, scope in _guards_of(value, leave_out):
        guard.enter(scope)


def _guards_of(value: str, leave_out: Sequence[str]) -> list[tuple[ChildGuard, Scope]]:
    found = []
    for key, (scope_id, allowed) in parse_entries(value).items():
        if key in leave_out:
            continue
        guard = GUARDS.get(key)
        try:
            if guard is None:
                guard = GUARDS[key] = ChildGuard(key)
            found.append((guard, guard.scope_of(scope_id, allowed)))
        except (OSError, ValueError):
            continue  # the session has ended: nobody is left to tell
    return found


class acting_for:  # noqa: N801 - it is called like a function
    """Act for the scopes of a value of the variable within a ``with`` block.

    What runs beside it, in a thread or task of its own, goes on for its own scope; what is started
    within it, and has no context, goes by what this process has begun last.

    Args:
        value: The variable's value.
        leave_out: The keys of sessions that guard this process in another way.
    """

    def __init__(self, value: str, leave_out: Sequence[str] = ()) -> None:
        self._guards = _guards_of(value, leave_out)
        self._tokens: list[Token[Scope | None]] = []

    def __enter__(self) -> None:
        for guard, scope in self._guards:
            guard.enter(scope)
            self._tokens.append(guard.acting.set(scope))

    def __exit__(self, *_: object) -> None:
        for (guard, _scope), token in zip(self._guards, self._tokens, strict=True):
            guard.acting.reset(token)


class Scope:
    """A scope as a child process knows it: its id, what it may use, and what was seen here.

    Args:
        id: Its id in its session.
        allowed: The resources that it may use.
    """

    __slots__ = ("allowed", "id", "used")

    def __init__(self, id: str, allowed: frozenset[str]) -> None:  # noqa: A002 - as in `pytest.param`
        self.id = id
        self.allowed = allowed
        self.used: set[str] = set()


class ChildGuard:
    """The guard of one session in this process.

    Args:
        key: The session's name in the variable.

    Attributes:
        acting: The scope of a piece of work that was given to this process.

    Raises:
        OSError: Its directory is not there, or someone else could have written it.
        ValueError: What that says cannot be read.
    """

    def __init__(self, key: str) -> None:
        directory = directory_of(key)
        stat = os.stat(directory)
        if stat.st_uid != os.getuid() or stat.st_mode & _OTHERS_CAN_ENTER:
            raise PermissionError(directory)
        self.acting: ContextVar[Scope | None] = ContextVar("resource_guards_acting", default=None)
        self._scope = Scope(OUTSIDE, frozenset())
        self._key = key
        self._directory = directory
        self._root = identity("/")
        self._session_pid = 0
        self._labels: dict[str, str] = {}
        self._import_hook = ImportHook()
        self._read_guards()
        LISTENERS[key] = self.saw_sdk_call
        self._import_hook.when_imported("multiprocessing.spawn", _adopt_prepared_scope)
        if not GUARDS:  # a second session around this process comes with the same messages
            for name in child_installs.CARRIERS:
                child_installs.carry_scopes_through(self._import_hook, name)

    def scope_of(self, scope_id: str, allowed: frozenset[str]) -> Scope:
        """The scope of an entry, or the one in the state file if this is to be asked.

        Raises:
            OSError: There is no state file.
            ValueError: It cannot be read.
        """
        if scope_id == ANY_SCOPE:
            from imbue.resource_guards.record.ancestors import child_of  # rare

            state = system.read_file(f"{self._directory}/state")
            ((scope_id, allowed),) = parse_entries(f" state={state}").values()
            if scope_id == ANY_SCOPE:
                scope_id += child_of(self._session_pid)
        return Scope(scope_id, allowed)

    def enter(self, scope: Scope) -> None:
        """Act for a scope from now on."""
        self._scope = scope

    def current(self) -> Scope:
        """The scope on whose behalf the calling code runs."""
        return self.acting.get() or self._scope

    def named(self, value: str) -> str:
        """A value of the variable with the current scope in this session's entry."""
        scope = self.current()
        return with_entry(value, self._key, format_scope(scope.id, scope.allowed))

    def saw_start(self, binary: Binary, arguments: Sequence[str]) -> ResourceGuardViolation | None:
        """Note that a guarded program is about to start; returns what is to be raised."""
        if self.current().id == OUTSIDE:
            return None
        # Only where a guarded program is started.
        from imbue.resource_guards.record.command_line import written

        return self._saw(binary.resource, "spawn", written(arguments))

    def saw_sdk_call(self, resource: str, what: str) -> None:
        """Note a call of an SDK; see :meth:`saw_call`."""
        __tracebackhide__ = True
        self.saw_call(resource, "sdk", what)

    def saw_call(self, resource: str, layer: str, what: str) -> None:
        """Note a call of an SDK, or a connection.

        Raises:
            ResourceGuardViolation: The scope may not use the resource.
        """
        __tracebackhide__ = True
        violation = self._saw(resource, layer, what)
        if violation is not None:
            self.stop(violation)

    def stop(self, violation: ResourceGuardViolation) -> NoReturn:
        """Stop what is about to be done."""
        __tracebackhide__ = True
        raise violation

    def _saw(self, resource: str, layer: str, what: str) -> ResourceGuardViolation | None:
        scope = self.current()
        is_allowed = resource in scope.allowed
        if scope.id == OUTSIDE or (is_allowed and resource in scope.used):
            return None
        # Heavier than all of the above, and only now needed.
        from imbue.resource_guards.callsite import call_site
        from imbue.resource_guards.kinds import Layer
        from imbue.resource_guards.messages import violations as messages
        from imbue.resource_guards.model import Use
        from imbue.resource_guards.record.ancestors import through
        from imbue.resource_guards.record.from_child import write_record
        from imbue.resource_guards.record.line import format_use

        by = "" if is_allowed else through(self._session_pid)
        pid = system.getpid()
        use = Use(resource, is_allowed, Layer(layer), what, call_site(), pid, by)
        if not write_record(self._directory, self._root, format_use(scope.id, use)):
            self._stop()
            return None
        scope.used.add(resource)
        if is_allowed:
            return None
        text = messages.blocked(self._labels.get(resource, resource), use, messages.STARTED)
        return ResourceGuardViolation(text, resource)

    def _stop(self) -> None:
        """The session has ended before this process: be silent from now on."""
        self._scope = Scope(OUTSIDE, frozenset())
        GUARDS.pop(self._key, None)
        LISTENERS.pop(self._key, None)
        self._import_hook.uninstall()
        start_functions.unwatch(self._watcher)

    def _read_guards(self) -> None:
        text = system.read_file(f"{self._directory}/{GUARDS_FILE}")
        lines = [line.split("\t") for line in text.split("\n") if line]
        path = [entry for kind, *entries in lines if kind == "path" for entry in entries]
        binaries: list[Binary] = []
        for kind, *fields in lines:
            if kind == "pid":
                self._session_pid = int(fields[0])
            elif kind == "binary":
                resource, label, name, *paths = fields
                self._labels[resource] = label
                binaries.append(Binary(name, resource, paths))
            elif kind == "sdk":
                resource, label, *target = fields
                self._labels[resource] = label
                child_installs.patch_on_import(self._import_hook, self._key, resource, target)
            elif kind == "connection":
                resource, label, is_use = fields
                self._labels[resource] = label
                child_installs.watch_connections(resource, is_use, self.saw_call)
        self._watcher = ProgramWatcher(self._directory, path, self, lambda: None, self.named)
        if binaries:
            self._watcher.guard(binaries)
            start_functions.watch(self._watcher, self._import_hook)
            self._import_hook.when_imported("uvloop", child_installs.watch_uvloop)


def _adopt_prepared_scope(spawn: Any) -> None:
    """A fork server lives longer than a test: its processes are told for whom they are made."""
    prepare = spawn.prepare

    def adopting_prepare(data: dict[str, Any]) -> None:
        value = data.get(PREPARATION)
        if value is not None:
            ENVIRONMENT[VARIABLE] = value
            act_for(value)
        prepare(data)

    spawn.prepare = adopting_prepare
