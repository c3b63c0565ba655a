"""Which program a path is: guarded binaries, known by their files and not by where they stand.

Imports nothing but the standard library's smallest parts, since child Pythons load it at start.
"""

from __future__ import annotations

import os

from imbue.resource_guards import system
from imbue.resource_guards.system import Identity
from imbue.resource_guards.system import identity

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Iterator


_KINDS = 0o170000
_FOLDER = 0o040000


def find_runnable(
    candidates: Iterable[str | bytes], cwd: str | None = None
) -> tuple[str, Identity, int] | tuple[None, None, int]:
    """The first of some paths that can be run, the file that it leads to, and how many before it are not there.

    Those that lead nowhere are counted up to the first that is there, though it cannot be run.

    Args:
        candidates: The paths.
        cwd: Where relative ones start from, if not in the working directory.
    """
    access, is_there = system.access, system.F_OK  # along PATH most are not there
    absent = None
    for at, path in enumerate(candidates):
        try:
            if cwd is not None:
                path = system.whole(system.fsdecode(path), cwd)  # noqa: PLW2901 - the same, as it is found
            if not access(path, is_there):
                continue
            if absent is None:
                absent = at
            if not access(path, system.X_OK):
                continue
            stat = system.stat(path)
        except (OSError, ValueError):  # nothing that the system could run either
            continue
        if stat.st_mode & _KINDS != _FOLDER:
            return system.fsdecode(path), (stat.st_dev, stat.st_ino), absent
    return None, None, 0


class Binary:
    """A guarded binary, as it was installed when the session began.

    Args:
        name: The name that is looked up on PATH.
        resource: The resource that it is.
        paths: Where it is installed: every match on PATH, since a child may have another PATH.

    Attributes:
        shims: For each file that it is, the path of its shim in the private directory. The first is
            found on PATH; of others there is one each, to which the native layer sends a call by
            path, so that what runs is what was called.
        real: For each of those, the path that leads to it.
        refusal: The path in the private directory of what is started where it is not allowed.
    """

    __slots__ = ("_shared", "name", "paths", "real", "refusal", "resource", "shims")

    def __init__(self, name: str, resource: str, paths: Iterable[str]) -> None:
        self.name = name
        self.resource = resource
        self.paths = tuple(paths)
        self.shims: dict[Identity, str] = {}
        self.real: dict[Identity, str] = {}
        self.refusal = f"no/{resource}"
        self._shared: set[Identity] = set()
        for path in self.paths:
            file = identity(path)
            if file is not None and file not in self.shims:
                self.shims[file] = f"at/{len(self.shims)}/{name}" if self.shims else f"bin/{name}"
                self.real[file] = path
                if _has_other_names(path, name):
                    self._shared.add(file)

    def is_shared(self, file: Identity) -> bool:
        """Whether the file has other names as well, and is other programs under those."""
        return file in self._shared

    def is_run_by(self, path: str, file: Identity) -> bool:
        """Whether running `path`, which leads to `file`, runs this binary.

        A file that has other names as well, as that of a multi-call program, is this binary only
        under its name. Any other file is, whatever a link to it is called.
        """
        if file not in self.shims:
            # Perhaps replaced since the session began, by an upgrade in a test.
            return system.whole(path) in self.paths
        return not self.is_shared(file) or self.name in names_on_the_way(path)


def _has_other_names(path: str, name: str) -> bool:
    real = os.path.realpath(path)
    stat = os.stat(real)
    real_name = os.path.basename(real)
    if system.program_of(real_name) == name and stat.st_nlink == 1:
        return False  # by far the most frequent, and it needs no search
    if not real_name.startswith(name):
        return True  # a link to a launcher of many programs, and not `vim.basic` or `python3.11`
    file = stat.st_dev, stat.st_ino
    names = set()
    for folder in {os.path.dirname(path), os.path.dirname(real)}:
        with os.scandir(folder) as entries:
            for entry in entries:
                link = entry.is_symlink() and identity(entry.path) == file
                if link or entry.inode() == stat.st_ino:
                    names.add(entry.name)
    return bool(names - {name, real_name})


def names_on_the_way(path: str) -> Iterator[str]:
    """The last part of a path, and of each link that it leads over."""
    for _ in range(40):  # the kernel's limit for links
        folder, slash, name = path.rpartition("/")
        yield system.program_of(name)
        try:
            target = system.fsdecode(system.readlink(path))
        except OSError:
            return
        path = target if system.is_absolute(target) else f"{folder}{slash}{target}"
