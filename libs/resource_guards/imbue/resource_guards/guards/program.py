"""Guard a program: by a shim before it on PATH, and by what this Python starts.

Imports nothing but the standard library's smallest parts, since child Pythons load it at start.
"""

from __future__ import annotations

from imbue.resource_guards.guard import SHIM
from imbue.resource_guards.guard import SPAWN
from imbue.resource_guards.guard import Guard

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Iterator
    from collections.abc import Sequence
    from contextlib import ExitStack
    from typing import Any

    from imbue.resource_guards.model import Resource

_SECONDS_FOR_A_VERSION = 5


class Program(Guard):
    """A guard of an executable, whichever way leads to it.

    Args:
        name: The name that is looked up on PATH.
    """

    __slots__ = ("name",)

    kind = "program"
    layers = (SHIM, SPAWN)

    def __init__(self, name: str) -> None:
        self.name = name

    @classmethod
    def parse(cls, label: str, text: str) -> Program:
        """The program of this name.

        Raises:
            ResourceGuardMisconfiguration: It is empty, a path, or not text that can be printed.
        """
        __tracebackhide__ = True
        is_name = isinstance(text, str) and text.strip() and text.isprintable()
        if not is_name or "/" in text:
            from imbue.resource_guards.errors import ResourceGuardMisconfiguration
            from imbue.resource_guards.messages import declare as messages

            raise ResourceGuardMisconfiguration(messages.binary_name_bad(label, text))
        return cls(text)

    @property
    def key(self) -> str:
        """Its name."""
        return self.name

    @property
    def claim(self) -> str:
        """What runs is one resource, or another."""
        return f"binary '{self.name}'"

    def install(self, resource: Resource, process: Any, undo: ExitStack) -> None:
        """Put the shim on PATH, and watch what is started."""
        process.programs.add(resource, self.name, undo)

    def wire(self, process: Any) -> Sequence[str]:
        """Its name, and where it is installed."""
        return [self.name, *process.programs.paths(self.name)]

    @classmethod
    def install_in_child(cls, resource: str, fields: Sequence[str], process: Any) -> None:
        """Watch what is started; the shim is on PATH there too."""
        from imbue.resource_guards.intercept.binaries import Binary

        name, *paths = fields
        process.watch_program(Binary(name, resource, paths))

    @classmethod
    def describe(cls, guards: Sequence[Program]) -> Iterator[Sequence[str]]:
        """Where each is, and its version."""
        import os
        import shutil

        for guard in guards:
            path = shutil.which(guard.name)
            if path is None:
                yield [f"program {guard.name}: not on PATH"]
            else:
                version = version_of_program(path) or "no version is known"
                target = os.path.realpath(path)
                where = path if target == path else f"{path} -> {target}"
                yield [f"program {guard.name}: {where} ({version})"]

    def sight(self) -> str:
        """By name all is seen; by path, what Python and child Pythons start."""
        return "complete, but for what other programs start by its path (see the native layer)"

    def probe(self) -> str:
        """Whether it is on PATH."""
        return self.probe_any([self])

    @classmethod
    def probe_any(cls, guards: Iterable[Program]) -> str:
        """Whether one of them is on PATH."""
        import shutil

        from imbue.resource_guards.messages.availability import not_on_path

        names = [each.name for each in guards]
        return "" if any(map(shutil.which, names)) else not_on_path(names)


def version_of_program(path: str) -> str:
    """The first line that a program prints when it is asked for its version; empty if it is not."""
    import subprocess

    for option in ("--version", "-V"):
        try:
            done = subprocess.run(
                [path, option],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=_SECONDS_FOR_A_VERSION,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            continue
        if done.returncode == 0 and done.stdout.strip():
            return done.stdout.strip().splitlines()[0]
    return ""
