"""What stands for the shims where there is no shell of POSIX: programs are found, and nothing is put before them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from imbue.resource_guards.environment import ENVIRONMENT
from imbue.resource_guards.intercept.binaries import Binary
from imbue.resource_guards.intercept.binaries import find_runnable
from imbue.resource_guards.intercept.windows_starts import with_slashes
from imbue.resource_guards.model import Resource
from imbue.resource_guards.system import whole

_ENDINGS: Final = ".COM;.EXE;.BAT;.CMD"
"""What PATHEXT is where it is not set, as far as it starts programs."""


class WithoutShims:
    """Takes the place of `Shims` on Windows.

    Args:
        directory: The private directory.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        path = ENVIRONMENT.get("PATH", os.defpath).split(os.pathsep)
        self.path_at_start = [whole(with_slashes(entry) or ".") for entry in path]

    def add(self, resource: Resource, name: str) -> Binary:
        """The program, as it is installed."""
        endings = ENVIRONMENT.get("PATHEXT", _ENDINGS).split(";")
        # Of one folder all: `npm` for other shells stands beside `npm.cmd`.
        candidates = [
            f"{folder}/{name}{ending}" for folder in self.path_at_start for ending in ("", *endings)
        ]
        found = [find_runnable([each])[0] for each in candidates]
        paths = [whole(path) for path in dict.fromkeys(found) if path is not None]
        return Binary(name, resource.name, paths)

    def put_on_path(self) -> None:
        """There is nothing to put there."""

    def discard(self, name: str) -> None:
        """There is nothing to take away."""

    def remove(self) -> None:
        """There is nothing to take away."""
