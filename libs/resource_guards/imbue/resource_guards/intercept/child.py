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
from imbue.resource_guards import wire
from imbue.resource_guards.environment import ENVIRONMENT
from imbue.resource_guards.gatekeeper import Gatekeeper
from imbue.resource_guards.intercept import child_installs
from imbue.resource_guards.intercept import start_functions
from imbue.resource_guards.intercept.import_hook import ImportHook
from imbue.resource_guards.intercept.program_watcher import ProgramWatcher
from imbue.resource_guards.listeners import AROUND
from imbue.resource_guards.listeners import LISTENERS
from imbue.resource_guards.system import identity
from imbue.resource_guards.wire.guards_file import find
from imbue.resource_guards.wire.guards_file import parse_guards
from imbue.resource_guards.wire.variable import ANY_SCOPE
from imbue.resource_guards.wire.variable import OUTSIDE
from imbue.resource_guards.wire.variable import PREPARATION
from imbue.resource_guards.wire.variable import SCOPE_VARIABLE
from imbue.resource_guards.wire.variable import directory_of
from imbue.resource_guards.wire.variable import format_scope
from imbue.resource_guards.wire.variable import parse_entries
from imbue.resource_guards.wire.variable import parse_scope
from imbue.resource_guards.wire.variable import with_entry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextvars import Token
    from typing import Any
    from typing import Final
    from typing import NoReturn

    from imbue.resource_guards.errors import ResourceGuardViolation
    from imbue.resource_guards.intercept.binaries import Binary
    from imbue.resource_guards.kinds import OwnerKind
    from imbue.resource_guards.model import Use

GUARDS: Final[dict[str, ChildGuard]] = {}
"""For each session around this process, by its key, its guard here."""


def guard_this_process() -> None:
    """Guard this process for each session that the variable names and that still lives."""
    act_for(ENVIRONMENT.get(SCOPE_VARIABLE, ""))


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

    owner = "the test or fixture that started this process"

    def __init__(self, id: str, allowed: frozenset[str]) -> None:  # noqa: A002 - as in `pytest.param`
        self.id = id
        self.allowed = allowed
        self.used: set[str] = set()

    @property
    def kind(self) -> OwnerKind:
        """What is charged: only the session's process knows."""
        from imbue.resource_guards.kinds import OwnerKind  # with the first use that is blocked

        return OwnerKind.OTHER


class ChildGuard:
    """The guard of one session in this process.

    Args:
        key: The session's name in the variable.

    Attributes:
        acting: The scope of a piece of work that was given to this process.
        session: The session's key.
        see: Told of a use before it happens.
        import_hook: Tells when a module is imported.
        may_lose: Nothing hangs on what is recorded; see `Journal`.

    Raises:
        OSError: Its directory is not there, or someone else could have written it.
        ValueError: What that says cannot be read.
    """

    def __init__(self, key: str) -> None:
        directory = directory_of(key)
        stat = os.stat(directory)
        if not system.is_private(stat):
            raise PermissionError(directory)
        self.acting: ContextVar[Scope | None] = ContextVar("resource_guards_acting", default=None)
        self._scope = Scope(OUTSIDE, frozenset())
        self.session = key
        self._directory = directory
        self._root = identity("/")
        self._session_pid = 0
        self._gatekeeper = Gatekeeper(self._charged, self)
        self.see = self._gatekeeper.see
        self.note = self._gatekeeper.note
        self.import_hook = ImportHook()
        self.may_lose = False
        self._install()
        LISTENERS[key] = self.see
        AROUND[key] = self.with_scope
        self.import_hook.when_imported("multiprocessing.spawn", _adopt_prepared_scope)
        if not GUARDS:  # a second session around this process comes with the same messages
            for name in child_installs.CARRIERS:
                child_installs.carry_scopes_through(self.import_hook, name)

    def scope_of(self, scope_id: str, allowed: frozenset[str]) -> Scope:
        """The scope of an entry, or the one in the state file if this is to be asked.

        Raises:
            OSError: There is no state file.
            ValueError: It cannot be read.
        """
        if scope_id == ANY_SCOPE:
            from imbue.resource_guards.record.ancestors import child_of  # rare

            state = system.read_file(f"{self._directory}/{wire.STATE_FILE}")
            scope_id, allowed = parse_scope(state)
            if scope_id == ANY_SCOPE:
                scope_id += child_of(self._session_pid)
        return Scope(scope_id, allowed)

    def enter(self, scope: Scope) -> None:
        """Act for a scope from now on."""
        self._scope = scope

    def perhaps(self, resource: str) -> None:
        """Something has come for whomever: what a child runs is mostly one test's, and this says nothing then."""

    def current(self) -> Scope:
        """The scope on whose behalf the calling code runs."""
        return self.acting.get() or self._scope

    def _charged(self) -> Scope | None:
        scope = self.current()
        return None if scope.id == OUTSIDE else scope

    def with_scope(self, value: str) -> str:
        """A value of the variable with the current scope in this session's entry."""
        scope = self.current()
        return with_entry(value, self.session, format_scope(scope.id, scope.allowed))

    def record(self, scope: Scope, use: Use) -> bool:
        """Record a use; `False` if the session has ended, and guards nothing any more."""
        from imbue.resource_guards.record.from_child import write_record  # with the first use
        from imbue.resource_guards.wire.line import format_use

        record = format_use(scope.id, use)
        if not write_record(self._directory, self._root, record, may_lose=self.may_lose):
            self._stop()
            return False
        scope.used.add(use.resource)
        return True

    def may_go_on(self, scope: Scope, resource: str) -> bool:
        """A child cannot know what runs now."""
        del scope, resource
        return False

    def through(self) -> str:
        """The names of the processes between pytest's and this one."""
        from imbue.resource_guards.record.ancestors import through

        return through(self._session_pid)

    def stop(self, violation: ResourceGuardViolation) -> NoReturn:
        """Stop what is about to be done."""
        __tracebackhide__ = True
        raise violation

    def _stop(self) -> None:
        """The session has ended before this process: be silent from now on."""
        self._scope = Scope(OUTSIDE, frozenset())
        GUARDS.pop(self.session, None)
        AROUND.pop(self.session, None)
        LISTENERS.pop(self.session, None)
        self.import_hook.uninstall()
        start_functions.unwatch(self._watcher)

    def _install(self) -> None:
        """Install what is guarded."""
        guarded = parse_guards(system.read_file(f"{self._directory}/{wire.GUARDS_FILE}"))
        self._session_pid = guarded.pid
        self._watcher = ProgramWatcher(
            self._directory, guarded.path, self._gatekeeper, lambda _: None, self.with_scope
        )
        for kind, resource, label, *fields in guarded.guards:
            self._gatekeeper.add_label(resource, label)
            self._install_guard(kind, resource, label, fields)
        if self._watcher.binaries:
            start_functions.watch(self._watcher, self.import_hook)
            self.import_hook.when_imported("uvloop", child_installs.watch_uvloop)

    def _install_guard(self, kind: str, resource: str, label: str, fields: Sequence[str]) -> None:
        """Install one guard, or say why it is not: a kind may be of a user's own, and the others are needed."""
        try:
            try:
                guard = find(kind)
            except (ImportError, AttributeError):  # of another environment, without that package
                return
            guard.install_in_child(resource, fields, self)
        except Exception as error:  # noqa: BLE001 - whatever it is, this process goes on
            from imbue.resource_guards.errors import origin_of
            from imbue.resource_guards.forks import say
            from imbue.resource_guards.messages import intercept as messages

            say(messages.not_in_child(label, kind, error, origin_of(error)))

    def watch_program(self, binary: Binary) -> None:
        """Watch this process start a program."""
        self._watcher.add(binary)


def _adopt_prepared_scope(spawn: Any) -> None:
    """A fork server lives longer than a test: its processes are told for whom they are made."""
    prepare = spawn.prepare

    def adopting_prepare(data: dict[str, Any]) -> None:
        value = data.get(PREPARATION)
        if value is not None:
            ENVIRONMENT[SCOPE_VARIABLE] = value
            act_for(value)
        prepare(data)

    spawn.prepare = adopting_prepare
