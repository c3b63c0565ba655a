"""See the guarded programs among those that this process starts, however they are named.

What would run is worked out as the operating system will, from the paths that it will try, and
compared by identity with what is guarded.

Imports nothing but the standard library's smallest parts, since child Pythons load it at start.
"""

from __future__ import annotations

from imbue.resource_guards import system
from imbue.resource_guards.forks import end_fork
from imbue.resource_guards.intercept.binaries import Binary
from imbue.resource_guards.intercept.binaries import find_runnable
from imbue.resource_guards.intercept.binaries import names_on_the_way
from imbue.resource_guards.intercept.interpreters import script_at
from imbue.resource_guards.intercept.starts import Start
from imbue.resource_guards.system import identity

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterable
    from collections.abc import Mapping
    from collections.abc import Sequence

    from imbue.resource_guards.gatekeeper import Gatekeeper
    from imbue.resource_guards.system import Identity

_LOOK_FOR_THEMSELVES = ("python", "pypy")
"""What looks for its own name along PATH, and must not take a shim there for itself."""

_OF_LINES = frozenset(("sh", "dash", "bash"))
"""The shells whose lines `intercept/shell_lines.py` understands."""
_HAVE_SHELLS = ("/bin", "/usr/bin")
_LINE = 2
"""Where a shell has its line, behind ``-c``."""


class ProgramWatcher:
    """Asked about each start on behalf of one session; see `intercept/starts.py`.

    Args:
        directory: The session's private directory, which has the shims.
        path: The folders of PATH before the shims were put there, as absolute paths.
        gatekeeper: Decides on starts of guarded programs.
        before: Told that something is about to start, whatever it is; gives where, if it has looked.
        with_scope: Puts the current scope in a value of our variable.

    Attributes:
        starts_other: Told of the path and the command line of a program that is not guarded.
    """

    def __init__(
        self,
        directory: str,
        path: Iterable[str],
        gatekeeper: Gatekeeper,
        before: Callable[[Sequence[str]], str | None],
        with_scope: Callable[[str], str],
    ) -> None:
        self.binaries: list[Binary] = []
        self.before = before
        self.with_scope = with_scope
        self.starts_other: Callable[[str, list[str]], None] | None = None
        self._directory = directory
        self._octets = system.fsencode(directory)
        self._path = frozenset(path)
        self._shells: frozenset[Identity] | None = None
        self._gatekeeper = gatekeeper
        self._pid = system.getpid()
        self._of_file: dict[Identity, list[Binary]] = {}
        self._of_shim: dict[Identity, tuple[Binary, str]] = {}
        self._paths: frozenset[str] = frozenset()

    def add(self, binary: Binary) -> None:
        """Watch one more."""
        self.binaries.append(binary)
        self._paths |= frozenset(binary.paths)
        for file, shim in binary.shims.items():
            self._of_file.setdefault(file, []).append(binary)
            own = identity(f"{self._directory}/{shim}")
            if own is not None:
                self._of_shim[own] = binary, binary.real[file]

    def forget(self, binary: Binary) -> None:
        """Watch it no longer."""
        self.binaries.remove(binary)
        self._paths = frozenset(path for each in self.binaries for path in each.paths)
        for file in binary.shims:
            self._of_file[file].remove(binary)
        of_shim = self._of_shim.items()
        self._of_shim = {own: each for own, each in of_shim if each[0] is not binary}

    def choose(self, start: Start) -> Start:
        """Note a guarded program that is about to start; returns what is to be started.

        Raises:
            ResourceGuardViolation: It may not be used.
        """
        __tracebackhide__ = True
        path, file, start.absent = find_runnable(start.candidates, start.cwd)
        if path is None or file is None:
            missing = self._missing(start.candidates, start.cwd)
            return start if missing is None else self._judged(missing, start, start)
        if file in self._of_shim:
            if not start.is_open:
                return start  # it goes to the shim, which notes it
            return self._past_shim(*self._of_shim[file], start)
        found = self._running(path, file)
        if found is not None:
            return self._judged(found, start, start)
        if self.starts_other is not None and len(start.arguments) > 1:
            self.starts_other(path, start.arguments)
        return self._script(path, file, start)

    def named_in(self, words: Iterable[str]) -> set[str]:
        """The resources of which a program's path is in some words, whether or not it is installed."""
        return {
            binary.resource
            for binary in self.binaries
            for word in words
            if (end := f"/{binary.name}") in word
            and any(f"{folder}{end}" in word for folder in self._path)
        }

    def _past_shim(self, binary: Binary, real: str, start: Start) -> Start:
        name, *rest = start.arguments or [binary.name]
        is_path = self._is_own(name)
        shown = [binary.name, *rest] if is_path else start.arguments
        if self._gatekeeper.see_start(binary.resource, shown, start.where) is not None:
            return start.instead(self._refusal(binary))
        if is_path or binary.name.startswith(_LOOK_FOR_THEMSELVES):
            return start.instead(real, [real, *rest])
        return start.instead(real)

    def _script(self, path: str, program: Identity, start: Start) -> Start:
        __tracebackhide__ = True
        arguments = start.arguments
        if len(arguments) == 1:
            return start
        if (
            arguments[1] == "-c"
            and len(arguments) > _LINE
            and self._reads_line(program, arguments[0])
        ):
            return self._line(path, start)
        names = names_on_the_way(path)
        found_at = (script_at(name, arguments) for name in names)
        at = next((each for each in found_at if each is not None), None)
        if at is None:
            return start
        script = arguments[at]
        if start.cwd is not None:
            script = system.whole(script, start.cwd)
        file = identity(script)
        if file is None:
            missing = self._missing((script,), None)
            return start if missing is None else self._judged(missing, start, start)
        if file in self._of_shim and start.is_open:
            # The shim is found by `shutil.which`, and is a script of another language.
            binary, real = self._of_shim[file]
            arguments = [*arguments[:at], real, *arguments[at + 1 :]]
            return self._judged(binary, start, start.instead(path, arguments))
        found = self._running(script, file)
        return start if found is None else self._judged(found, start, start)

    def _reads_line(self, file: Identity, called: str) -> bool:
        """Whether it is a shell, and called one, that does with a line what is known here."""
        if self._shells is None:  # another file of that name may be a test's fake
            folders = {*self._path, *_HAVE_SHELLS} if system.HAS_POSIX else ()
            paths = [f"{folder}/{name}" for folder in folders for name in _OF_LINES]
            real = [each for each in paths if _OF_LINES.issuperset(names_on_the_way(each))]
            self._shells = frozenset(each for each in map(identity, real) if each is not None)
        return file in self._shells and called.rpartition("/")[2] in _OF_LINES

    def _line(self, path: str, start: Start) -> Start:
        """A shell that runs a line of text, in which guarded programs may be named."""
        line = start.arguments[_LINE]
        # A path may lead to a guarded program under another name.
        is_named = "/" in line or any(each.name in line for each in self.binaries)
        if not is_named or not start.takes_line:
            return start
        if start.cwd is not None and not system.access(start.cwd, system.X_OK):
            return start
        from shlex import quote

        from imbue.resource_guards.intercept.shell_lines import certain_commands
        from imbue.resource_guards.intercept.shell_lines import variables_of

        variables = variables_of(start.environment)
        # The native layer sends each path to the shim, which notes it.
        if variables is None or self._octets in variables.get(b"LD_PRELOAD", b""):
            return start
        parts: list[str] = []
        at = 0
        for command in certain_commands(line):
            instead = self._command(command.words, variables, start)
            if instead is not None:
                parts += [line[at : command.start], quote(instead)]
                at = command.end
        if not parts:
            return start
        changed = "".join([*parts, line[at:]])
        return start.instead(
            path, [*start.arguments[:_LINE], changed, *start.arguments[_LINE + 1 :]]
        )

    def _command(
        self, words: list[str], variables: Mapping[bytes, bytes], start: Start
    ) -> str | None:
        """What a shell is to start for a command; `None` if that is no guarded program."""
        name = words[0]
        folders = system.fsdecode(variables.get(b"PATH", b"")).split(":")
        paths = [name] if "/" in name else [f"{each or '.'}/{name}" for each in folders]
        path, file, _ = find_runnable(paths, start.cwd)
        if path is None or file is None:
            return None
        binary, real = self._of_shim.get(file) or (self._running(path, file), name)
        if binary is None:
            return None
        shown = [binary.name, *words[1:]] if self._is_own(name) else words
        violation = self._gatekeeper.see_start(binary.resource, shown, start.where)
        return real if violation is None else self._refusal(binary)

    def _judged(self, binary: Binary, start: Start, allowed: Start) -> Start:
        __tracebackhide__ = True
        violation = self._gatekeeper.see_start(binary.resource, start.arguments, start.where)
        if violation is None:
            return allowed
        if not start.replaces or system.getpid() == self._pid:
            self._gatekeeper.stop(violation)
        # A fork on its way to exec ends as what it would have become.
        if not start.is_open:
            end_fork(str(violation))
        return start.instead(self._refusal(binary))

    def _is_own(self, path: str) -> bool:
        return path.startswith(f"{self._directory}/")

    def _refusal(self, binary: Binary) -> str:
        return f"{self._directory}/{binary.refusal}"

    def _running(self, path: str, file: Identity) -> Binary | None:
        binaries: Iterable[Binary] = self._of_file.get(file, ())
        if not binaries and (path in self._paths or not system.is_absolute(path)):
            binaries = self.binaries
        for binary in binaries:
            if binary.is_run_by(path, file):
                return binary
        return None

    def _missing(self, candidates: Iterable[str | bytes], cwd: str | None) -> Binary | None:
        """What is not installed, where it would have been found if it were.

        That is in a folder of the session's own PATH, however either of them is written. One on a PATH
        that the test has made up finds nothing whether it is installed or not.
        """
        for candidate in candidates:
            folder, slash, name = system.fsdecode(candidate).rpartition("/")
            for binary in self.binaries:
                if (
                    binary.name == system.program_of(name)
                    and not binary.shims
                    and self._is_on_path(system.whole(folder or slash or ".", cwd))
                ):
                    return binary
        return None

    def _is_on_path(self, folder: str) -> bool:
        if folder in self._path:  # which need not be there
            return True
        wanted = identity(folder)
        return wanted is not None and wanted in map(identity, self._path)
