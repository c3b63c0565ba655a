"""Which program a path is: guarded binaries, known by their files and not by where they stand.

Imports nothing but the standard library's smallest parts, since child Pythons load it at start.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Iterator

    Identity = tuple[int, int]  # device and inode of a file


def find_program(name: str, folders: Iterable[str], cwd: str | None = None) -> str | None:
    """The path of the program that running `name` would run, or `None`.

    Args:
        name: A bare name, searched in the folders, or a path.
        folders: The entries of a PATH; an empty one is the working directory.
        cwd: Where the program is to run, which relative paths start from.
    """
    candidates = [name] if os.sep in name else [os.path.join(each, name) for each in folders]
    for candidate in candidates:
        path = os.path.join(cwd or "", candidate)
        if os.access(path, os.X_OK) and not os.path.isdir(path):
            return path
    return None


def identity(path: str) -> Identity | None:
    """The file that a path leads to, links followed; `None` if it leads nowhere."""
    try:
        stat = os.stat(path)
    except OSError:
        return None
    return stat.st_dev, stat.st_ino


class Binary:
    """A guarded binary, as it was installed when the session began.

    Args:
        name: The name that is looked up on PATH.
        resource: The resource that it is.
        paths: Where it is installed: every match on PATH, since a child may have another PATH.

    Attributes:
        identities: The files that it is.
        shims: For each of those, the path of its shim in the private directory.
    """

    __slots__ = ("_shared", "identities", "name", "paths", "resource", "shims")

    def __init__(self, name: str, resource: str, paths: Iterable[str]) -> None:
        self.name = name
        self.resource = resource
        self.paths = tuple(paths)
        self.identities: set[Identity] = set()
        self.shims: dict[Identity, str] = {}
        self._shared: set[Identity] = set()
        for path in self.paths:
            file = identity(path)
            if file is not None:
                self.identities.add(file)
                if _has_other_names(path, name):
                    self._shared.add(file)

    def is_shared(self, file: Identity) -> bool:
        """Whether the file has other names as well, and is other programs under those."""
        return file in self._shared

    def is_run_by(self, path: str, absolute: str, file: Identity | None) -> bool:
        """Whether running `path`, which leads to `file`, runs this binary.

        A file that has other names as well, as that of a multi-call program, is this binary only
        under its name. Any other file is, whatever a link to it is called.
        """
        if file not in self.identities:
            # Perhaps replaced since the session began, by an upgrade in a test.
            return file is not None and absolute in self.paths
        return not self.is_shared(file) or self.name in _names_on_the_way(path)


def _has_other_names(path: str, name: str) -> bool:
    real = os.path.realpath(path)
    stat = os.stat(real)
    real_name = os.path.basename(real)
    if real_name == name and stat.st_nlink == 1:
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


def _names_on_the_way(path: str) -> Iterator[str]:
    """The last part of a path, and of each link that it leads over."""
    for _ in range(40):  # the kernel's limit for links
        yield os.path.basename(path)
        try:
            path = os.path.join(os.path.dirname(path), os.readlink(path))
        except OSError:
            return
