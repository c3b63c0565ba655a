"""Read files that others may have made, and replace files whole, with all that is known of them kept."""

from __future__ import annotations

import errno
import hashlib
import os
import tempfile
from pathlib import Path
from stat import S_IMODE
from stat import S_ISREG
from typing import BinaryIO
from typing import Final

from imbue.resource_guards.messages import report as messages

LARGEST: Final = 2**30
"""The most bytes of one file that are read."""

_PART: Final = 2**20

_LONGEST_PREFIX: Final = 50  # a name may have 255 bytes, and is itself as long, at worst


def read_regular(path: Path, largest: int = LARGEST) -> bytes:
    """The content of a regular file: never of a pipe, which may not end, nor of a device.

    Raises:
        OSError: It is not there, cannot be read, is no regular file, or is too large.
    """
    # Without waiting: to open a pipe waits until somebody writes to it.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    try:
        stat = os.fstat(descriptor)
        if not S_ISREG(stat.st_mode):
            raise OSError(errno.EINVAL, messages.NO_REGULAR_FILE, str(path))
        with open(descriptor, "rb", closefd=False) as file:
            content = _read(file, stat.st_size, largest) if stat.st_size <= largest else b""
    finally:
        os.close(descriptor)
    if stat.st_size > largest or len(content) > largest:
        raise OSError(errno.EFBIG, messages.file_too_large(largest), str(path))
    return content


def _read(file: BinaryIO, size: int, largest: int) -> bytes:
    """All of a file, or more than may be read of it.

    The size is not to be trusted: that of files in /proc is 0, and another may grow. To read the most at once would
    take as much memory first.
    """
    content = part = file.read(size + 1)
    while part and len(content) <= largest:
        part = file.read(_PART)
        content += part
    return content


def digest_of(content: bytes) -> str:
    """The SHA-256 of a file's content."""
    return hashlib.sha256(content).hexdigest()


def write_whole(path: Path, content: bytes) -> None:
    """Replace a file's content in one step, and keep its owner, mode and links.

    What is there and no regular file, such as ``/dev/stdout``, is written to.

    Raises:
        OSError: It cannot be written; the file is as it was.
    """
    if path.exists() and not path.is_file():
        path.write_bytes(content)
        return
    staged = StagedFile(path, content)
    try:
        staged.commit()
    finally:
        staged.discard()


class StagedFile:
    """New content for one file, made ready beside it, so that to put it there is one step.

    A file that another name leads to (a hard link), and one whose owner or access list this process
    cannot give to a new file, is written in place; its old content stands ready meanwhile.

    Args:
        path: The file. Where it is a symbolic link, what that leads to is replaced.
        content: What it is to have.

    Raises:
        OSError: Something cannot be made ready; then nothing is left of it.
    """

    def __init__(self, path: Path, content: bytes) -> None:
        self._path = Path(os.path.realpath(path))
        self._content = content
        self._is_new = not self._path.exists()
        self._is_in_place = False
        self._is_done = False
        self._staged: list[Path] = []
        try:
            self._new = self._stage(content)
            self._old = self._new.with_name(f"{self._new.name}.old")
            if self._is_new:
                # `mkstemp` makes it for its owner alone; the umask can be read only by setting it.
                umask = os.umask(0)
                os.umask(umask)
                self._new.chmod(0o666 & ~umask)
            else:
                self._is_in_place = not _become_like(self._new, self._path)
                self._keep_old()
        except BaseException:
            self.discard()
            raise

    def _keep_old(self) -> None:
        if not self._is_in_place:
            try:
                self._old.hardlink_to(self._path)  # takes no room, and is the file itself
            except OSError:
                pass  # a file system without
            else:
                self._staged.append(self._old)
                return
        self._old = self._stage(read_regular(self._path))
        _become_like(self._old, self._path)

    def commit(self) -> None:
        """Put the new content there.

        Raises:
            OSError: That cannot be done; the file is as it was.
        """
        if self._is_in_place:
            self._is_done = True  # as soon as anything of it may be written
            try:
                self._path.write_bytes(self._content)
            except BaseException:
                self.undo()
                raise
        else:
            self._new.replace(self._path)
            self._is_done = True

    def undo(self) -> None:
        """Put the old content back, if the new one is there.

        Raises:
            OSError: That cannot be done; the message says where the old content is.
        """
        if not self._is_done:
            return
        try:
            if self._is_new:
                self._path.unlink()
            elif self._is_in_place:
                self._path.write_bytes(self._old.read_bytes())
            else:
                self._old.replace(self._path)
        except OSError as error:
            if self._old in self._staged:
                self._staged.remove(self._old)  # and so it stays
            said = messages.not_put_back(error, self._old)
            raise OSError(error.errno, said, str(self._path)) from error
        self._is_done = False

    def discard(self) -> None:
        """Remove what was made ready and is not needed."""
        for each in self._staged:
            each.unlink(missing_ok=True)

    def _stage(self, content: bytes) -> Path:
        prefix = f".{self._path.name[:_LONGEST_PREFIX]}."
        handle, name = tempfile.mkstemp(dir=self._path.parent, prefix=prefix)
        self._staged.append(Path(name))
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        return Path(name)


def _become_like(new: Path, path: Path) -> bool:
    """Give a new file what an old one has beside its content; whether that was all of it."""
    stat = path.stat()
    is_whole = stat.st_nlink == 1
    if _owner(stat) != _owner(new.stat()):
        try:
            os.chown(new, stat.st_uid, stat.st_gid)
        except OSError:
            is_whole = False
    new.chmod(S_IMODE(stat.st_mode))  # after the owner: a change of that takes bits away
    # Access lists and labels. One that the new file has by itself, from its folder, is none to keep.
    if hasattr(os, "listxattr"):
        is_whole &= _attributes(path) == _attributes(new)
    return is_whole


def _owner(stat: os.stat_result) -> tuple[int, int]:
    return stat.st_uid, stat.st_gid


def _attributes(path: Path) -> dict[str, bytes]:
    try:
        return {name: os.getxattr(path, name) for name in os.listxattr(path)}
    except OSError:  # a file system without them
        return {}
