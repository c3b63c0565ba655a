"""Everything that is live while one pytest process guards its tests, built and undone as one."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from contextlib import ExitStack
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from imbue.resource_guards import system
from imbue.resource_guards import wire
from imbue.resource_guards.declare.policy import Policy
from imbue.resource_guards.declare.registry import Registry
from imbue.resource_guards.errors import JournalError
from imbue.resource_guards.errors import ResourceGuardMisconfiguration
from imbue.resource_guards.errors import origin_of
from imbue.resource_guards.guard import Guard
from imbue.resource_guards.intercept import start_functions
from imbue.resource_guards.intercept.handover.carrying import carry_scopes
from imbue.resource_guards.intercept.import_hook import ImportHook
from imbue.resource_guards.intercept.interpreters import passed_on
from imbue.resource_guards.intercept.private_directory import private_directory
from imbue.resource_guards.intercept.process import Programs
from imbue.resource_guards.intercept.process import SessionProcess
from imbue.resource_guards.intercept.program_watcher import ProgramWatcher
from imbue.resource_guards.intercept.shims import Shims
from imbue.resource_guards.intercept.told_to_children import told_of
from imbue.resource_guards.intercept.told_to_children import write_guards
from imbue.resource_guards.listeners import LISTENERS
from imbue.resource_guards.messages import intercept as messages
from imbue.resource_guards.model import Resource
from imbue.resource_guards.past_python import may_start_others
from imbue.resource_guards.record.book import ACTIVE
from imbue.resource_guards.record.book import Book
from imbue.resource_guards.record.children import own_children
from imbue.resource_guards.record.journal import Journal
from imbue.resource_guards.record.ledger import Ledger
from imbue.resource_guards.scope.publish import Publisher
from imbue.resource_guards.scope.scope import Scope
from imbue.resource_guards.scope.slot import SLOTS
from imbue.resource_guards.scope.slot import ScopeSlot
from imbue.resource_guards.scope.slot import caller
from imbue.resource_guards.wire.variable import session_key

if TYPE_CHECKING:
    from imbue.resource_guards.intercept.native.library import Preload
    from imbue.resource_guards.intercept.without_shims import WithoutShims
    from imbue.resource_guards.run import Run


class Enforcement:
    """The interceptors of a session and what they share. Making one installs it.

    Args:
        registry: What to guard.
        policy: Tells how.
        tell_missing: Told of each optional target that an installed SDK does not have.
        complain: Told, once each, of what makes the run untrustworthy.

    Raises:
        ResourceGuardMisconfiguration: Something cannot be installed; then nothing is.
    """

    def __init__(
        self,
        registry: Registry,
        policy: Policy,
        tell_missing: Callable[[str], None],
        complain: Callable[[str], None],
    ) -> None:
        self._complain = complain
        self._directory = Path()
        self._added: dict[str, Resource] = {}
        self._told: list[list[str]] = []
        self.ledger = Ledger()
        self.perhaps: set[tuple[int, str]] = set()
        self.named: set[tuple[int, str]] = set()
        labels = [each.label for each in registry]
        with ExitStack() as undo, self._says_what_fails(labels):
            self._directory = directory = undo.enter_context(private_directory(labels))
            key = session_key(str(directory))
            journal, health = directory / wire.JOURNAL_FILE, directory / wire.HEALTH_FILE
            self.journal = Journal(journal, health, registry.layers, may_lose=policy.discovers)
            undo.callback(self.journal.close)
            publisher = Publisher(key, directory / wire.STATE_FILE, complain)
            undo.callback(publisher.close)
            self.slot = ScopeSlot(publisher, self.ledger.find)
            self.book = Book(self.slot, self.ledger, self.journal, self.read_journal)
            self.gatekeeper = self.book.gatekeeper
            self.shims = Shims(directory, key) if system.HAS_POSIX else _without_shims(directory)
            undo.callback(self.shims.remove)
            import_hook = ImportHook()
            undo.callback(import_hook.uninstall)
            undo.enter_context(carry_scopes(import_hook))
            late = undo.enter_context(ExitStack())
            import_hook.when_imported("pyfakefs.fake_filesystem_unittest", _keep_real_files)
            LISTENERS[key] = self.gatekeeper.see
            undo.callback(LISTENERS.pop, key)
            self._guards = undo.enter_context(ExitStack())
            self._watcher = ProgramWatcher(
                str(directory),
                self.shims.path_at_start,
                self.gatekeeper,
                self.book.before_start,
                self.slot.with_scope,
            )
            self._watcher.starts_other = None if policy.is_native else self._note_named
            self._process = SessionProcess(
                key,
                self.gatekeeper.see,
                caller,
                import_hook,
                programs=Programs(self.shims, self._watcher),
                perhaps=self._note_perhaps,
                tell_missing=tell_missing,
                complain=complain,
                note=self.gatekeeper.note,
                with_scope=self.slot.with_scope,
                lacks_packages=policy.skips_absent,
            )
            self._preload: Preload | None = None
            if policy.is_native:
                self._preload = _preloaded(directory, discovers=policy.discovers)
                undo.callback(self._preload.remove)
            for resource in registry:
                self._install(resource)
            self._tell_children()
            start_functions.watch(self._watcher, import_hook)
            import_hook.when_imported("uvloop", partial(_watch_uvloop, late))
            undo.callback(start_functions.unwatch, self._watcher)
            SLOTS.append(self.slot)
            undo.callback(SLOTS.remove, self.slot)
            undo.callback(self.slot.close)
            ACTIVE.append(self.gatekeeper)
            undo.callback(ACTIVE.remove, self.gatekeeper)
            undo.callback(self.gatekeeper.close)
            self._undo = undo.pop_all()

    def add(self, resource: Resource) -> None:
        """Install the guards of a resource that are not installed yet.

        Raises:
            ResourceGuardMisconfiguration: One cannot be installed.
        """
        with self._says_what_fails([resource.label]):
            self._install(resource)
            self._tell_children()

    @contextmanager
    def _says_what_fails(self, labels: Iterable[str]) -> Iterator[None]:
        """Report what the operating system refuses (room, files, sizes) as bad conditions of the run.

        Raises:
            ResourceGuardMisconfiguration: It did.
        """
        try:
            yield
        except OSError as error:
            raise ResourceGuardMisconfiguration(
                messages.directory_unwritable(labels, self._directory.parent, error)
            ) from error

    def _install(self, resource: Resource) -> None:
        before = self._added.get(resource.name)
        told = []
        with ExitStack() as undo:
            for guard in resource.guards:
                if before is None or guard not in before.guards:
                    told += self._install_guard(resource, guard, undo)
            self._guards.push(undo.pop_all())
        self._told += told
        self.gatekeeper.add_label(resource.name, resource.label)
        self._added[resource.name] = resource

    def _install_guard(self, resource: Resource, guard: Guard, undo: ExitStack) -> list[list[str]]:
        """Install one guard; gives what child Pythons are told of it.

        Raises:
            ResourceGuardMisconfiguration: It cannot be installed, or its kind fails.
        """
        try:
            with ExitStack() as own:
                guard.install(resource, self._process, own)
                told = told_of(resource, guard, self._process)
                undo.callback(self._take_out, resource, guard, own.pop_all())
        except ResourceGuardMisconfiguration:
            raise
        except Exception as error:
            if isinstance(error, OSError) and error.errno in messages.REMEDIES:
                raise  # whatever was loaded or written: the system is short of something
            raise ResourceGuardMisconfiguration(
                messages.guard_raised(resource, guard, error, origin_of(error))
            ) from error
        return told

    def _take_out(self, resource: Resource, guard: Guard, own: ExitStack) -> None:
        try:
            own.close()
        except Exception as error:  # noqa: BLE001 - the others must be undone whatever it is
            self._complain(messages.guard_stays(resource, guard, error, origin_of(error)))

    def _tell_children(self) -> None:
        write_guards(self._directory / wire.GUARDS_FILE, self.shims.path_at_start, self._told)
        if self._preload is not None:
            self._preload.write(self._watcher.binaries)

    def _note_perhaps(self, resource: str) -> None:
        running = self.slot.running
        if running is not None:
            self.perhaps.add((running.id, resource))

    def _note_named(self, program: str, arguments: list[str]) -> None:
        # `sh -c "/bin/tool x"` or `timeout 5 /bin/tool`, which no shim sees.
        scope = self.slot.current()
        if scope is not None and may_start_others(program):
            named = self._watcher.named_in(passed_on(program, arguments))
            self.named.update((scope.id, resource) for resource in named)

    def end_turn(self, scope: Scope | None) -> None:
        """Something else is about to run: book what was seen so far, for the scope that ran, if one did."""
        # As at the end of a test, the journal is looked at closely only where something was started.
        if scope is None or scope.has_started or self.journal.may_have_news():
            self.read_journal()
        if scope is not None:
            self.note_left_running(scope)

    def note_left_running(self, scope: Scope) -> None:
        """Something else is about to run; what has been started so far is not its doing."""
        if scope.has_started:
            self.ledger.note_left_running(scope, own_children())

    def read_journal(self) -> None:
        """Book what other processes have seen since the last call."""
        try:
            if self.journal.has_news():
                self.ledger.book(self.journal.read_news(), self.slot.running)
        except JournalError as error:
            self._complain(str(error))

    def is_healthy(self) -> bool:
        """Whether no process has lost a record so far; complains if one has."""
        try:
            self.journal.check_loss()
        except JournalError as error:
            self._complain(str(error))
            return False
        return True

    def tell_rest(self, run: Run) -> None:
        """Tell a run what was used after its test, and of what nobody is known that it was for."""
        late, labels = self.ledger.late, self.gatekeeper.labels
        if run.recorder is not None and run.recorder.takes("late", [each.use for each in late]):
            run.recorder.takes("hooks", self.gatekeeper.of_nobody)
            run.recorder.has_lost = self.journal.has_lost
            return
        for each in late:
            run.findings.add_late_use(each, labels)

    def stop(self) -> None:
        """Take everything out again, and complain if a record may have been lost."""
        with self._undo:
            self.read_journal()
            try:
                self.journal.check()
            except JournalError as error:
                self._complain(str(error))


def _without_shims(directory: Path) -> WithoutShims:
    from imbue.resource_guards.intercept.without_shims import WithoutShims  # for Windows

    return WithoutShims(directory)


def _preloaded(directory: Path, *, discovers: bool) -> Preload:
    from imbue.resource_guards.intercept.native.library import Preload  # for few

    preload = Preload(directory)
    if discovers:
        from imbue.resource_guards.discover.observers import PROGRAMS

        preload.note_starts(PROGRAMS)
    return preload


def _keep_real_files(pyfakefs: ModuleType) -> None:
    from imbue.resource_guards.intercept.fake_file_system import keep_real_files  # for few

    keep_real_files(pyfakefs)


def _watch_uvloop(undo: ExitStack, module: ModuleType) -> None:
    from imbue.resource_guards.intercept import uvloop_starts  # as above

    uvloop_starts.watch(undo, module)
