"""The journal: one file to which other processes append the uses that they see.

`wire/line.py` has the form of a record.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from stat import S_IWUSR
from typing import Final

from imbue.resource_guards import system
from imbue.resource_guards.errors import JournalError
from imbue.resource_guards.guard import LAYERS
from imbue.resource_guards.guard import Layer
from imbue.resource_guards.messages import trust as messages
from imbue.resource_guards.model import Use
from imbue.resource_guards.record.shared_note import SharedNote
from imbue.resource_guards.wire.line import Entry
from imbue.resource_guards.wire.line import format_use
from imbue.resource_guards.wire.line import parse_record

OUT_OF_REACH: Final = (PermissionError, FileNotFoundError)
"""What a path leads to for a process of another user, or with another root."""


class Journal:
    """The journal of one pytest process, as that process reads it.

    Asking whether anything is new costs one ``lseek``, since most tests start no process at all.
    An ``fstat``, which would also tell whether the file is still there, costs four times as much.

    Args:
        path: Where the file is made.
        health: A file that holds one byte. A shim that cannot append empties it, which works on
            a full disk too, so that a lost record never goes unnoticed.
        layers: What may see uses, by name.
        may_lose: Nothing hangs on a record: it is let go where a process cannot write it.

    Attributes:
        size: Tells how many bytes the file has; it raises `OSError` where a test has closed the descriptor.
        read: How many of them have been read; where there are more, other processes have written.
        has_lost: A process has lost a record, as the last look has found.
    """

    def __init__(
        self,
        path: Path,
        health: Path,
        layers: Mapping[str, Layer] = LAYERS,
        *,
        may_lose: bool = False,
    ) -> None:
        self.path = path
        self.may_lose = may_lose
        self.has_lost = False
        self._layers = layers
        self.health = health
        self._name = str(path)
        self._folder = str(path.parent)
        self._health_name = str(health)
        system.write_file(self._health_name, b"1")
        self._shared = SharedNote()
        self._root = system.stat("/")
        flags = system.O_RDWR | system.O_APPEND | system.O_CREAT | system.O_EXCL | system.O_CLOEXEC
        self._use(system.open(self._name, flags, 0o600))
        self._file = self._identity()
        self.read = 0
        self._last = b""

    def _use(self, fd: int) -> None:
        self._fd = fd
        # No method, since each test calls it twice, and a frame would be most of what it takes.
        self.size: Callable[[], int] = partial(system.lseek, fd, 0, os.SEEK_END)

    def _identity(self) -> tuple[int, int]:
        stat = system.fstat(self._fd)
        return stat.st_dev, stat.st_ino

    def _meaning_of(self, error: OSError) -> JournalError:
        """What it means that the system says this of the file or its folder."""
        match error:
            case FileNotFoundError():
                return JournalError(messages.journal_removed(self.path))
            case PermissionError():
                return JournalError(messages.directory_locked(self.path))
        return JournalError(messages.directory_unreadable(self.path, error))

    def _status(self) -> os.stat_result:
        """What the system says of the file, by a descriptor that is its own: a test may have closed or reused it.

        Raises:
            JournalError: The file is gone, or another one stands in its place.
        """
        try:
            stat = system.fstat(self._fd)
            if (stat.st_dev, stat.st_ino) == self._file:
                return stat
        except OSError:
            pass  # closed
        try:
            flags = system.O_RDWR | system.O_APPEND | system.O_CLOEXEC
            self._use(system.open(self._name, flags))
            stat = system.fstat(self._fd)
        except OSError as error:
            raise JournalError(messages.journal_removed(self.path)) from error
        if (stat.st_dev, stat.st_ino) != self._file:
            raise JournalError(messages.journal_removed(self.path))
        return stat

    def may_have_news(self) -> bool:
        """Whether it looks as if other processes have written; costs less than :meth:`has_news`."""
        try:
            return self.size() != self.read
        except OSError:  # a test has closed the descriptor
            return True

    def has_news(self) -> bool:
        """Whether other processes have written since the last :meth:`read_news`.

        And makes sure that the file is there, that they may write to it, and that what was read of
        it is there still.

        Raises:
            JournalError: The file was removed or exchanged, with whatever would have been written
                to it, was cut off, or can be written no more.
        """
        stat = self._status()
        if not stat.st_nlink:
            raise JournalError(messages.journal_removed(self.path))
        if not stat.st_mode & S_IWUSR:
            raise JournalError(messages.directory_locked(self.path))
        try:
            at_path = system.stat(self._name)
            last = system.pread(self._fd, len(self._last), self.read - len(self._last))
        except OSError as error:
            raise self._meaning_of(error) from error
        if (at_path.st_dev, at_path.st_ino) != self._file:
            raise JournalError(messages.journal_replaced(self.path))
        if last != self._last:
            raise JournalError(messages.journal_cut(self.path))
        return stat.st_size != self.read

    def read_news(self) -> list[Entry]:
        """What was written since the last call.

        Raises:
            JournalError: A record is not whole.
        """
        data = system.pread(self._fd, system.fstat(self._fd).st_size - self.read, self.read)
        whole, _, _ = data.rpartition(b"\n")
        if not whole:
            return []
        self.read += len(whole) + 1
        # Of a file that was emptied and has grown again, the last record is another: each has the
        # process and, most often, the scope in it.
        self._last = whole[whole.rfind(b"\n") + 1 :] + b"\n"
        lines = whole.decode(errors="replace").split("\n")
        return [parse_record(line, self._layers) for line in lines]

    def append(self, scope_id: object, use: Use) -> bool:
        """Write a record from a fork of the session's process.

        By path: whatever number the descriptor has, the fork may have closed it, and opened a file of its
        own under that number. A fork that has changed its user or root cannot come there by path; then
        by the descriptor, if that is the journal's still.

        Returns:
            Whether there is a session to write to: it may have ended before the fork.

        Raises:
            JournalError: It could not be written, or not whole.
        """
        record = format_use(scope_id, use)
        try:
            system.append(self._name, record)
        except OSError as error:
            if self._has_ended(error):
                return False
            if not self._append_by_descriptor(record, error):
                self._shared.lose(str(error))
                if self.may_lose:
                    return True
                raise JournalError(messages.journal_unwritable(self.path, error)) from error
        return True

    def _has_ended(self, error: OSError) -> bool:
        if self._shared.has_ended:
            return True
        # Killed, and swept since. With its whole folder: a session that lives finds by itself that it is gone.
        is_gone = isinstance(error, FileNotFoundError) and not system.access(self._folder, 0)
        return is_gone and os.path.samestat(system.stat("/"), self._root)

    def _append_by_descriptor(self, record: bytes, error: OSError) -> bool:
        try:
            is_own = isinstance(error, OUT_OF_REACH) and self._identity() == self._file
            return is_own and system.write(self._fd, record) == len(record)
        except OSError:
            return False

    def check_loss(self) -> None:
        """Make sure that no process has lost a record so far.

        Raises:
            JournalError: One has.
        """
        reason = self._shared.reason
        try:
            if not reason and not system.stat(self._health_name).st_size:
                reason = "a process could not append"
        except OSError as error:
            raise JournalError(messages.journal_removed(self.path)) from error
        self.has_lost = bool(reason)
        if reason and not self.may_lose:
            raise JournalError(messages.journal_unwritable(self.path, reason))

    def check(self) -> None:
        """Make sure that every record that should have been written was.

        Raises:
            JournalError: A record was torn, or a process could not write one.
        """
        if self.has_news():
            raise JournalError(messages.journal_torn("at its end"))
        self.check_loss()
        try:
            changed = [
                path
                for path in self.path.parent.iterdir()
                if not path.is_symlink() and not system.is_open_to_owner(path.stat())
            ]
            folder = self.path.parent.stat()
            if system.is_open_to_others(folder) or not system.is_open_to_owner(folder):
                changed.append(self.path.parent)
        except OSError as error:
            raise self._meaning_of(error) from error
        if changed:
            raise JournalError(messages.directory_locked(changed[0]))

    def close(self) -> None:
        """Close the descriptor; the file goes with its directory."""
        self._shared.end()
        with suppress(OSError):  # a test has closed it; it may be another file's by now
            if self._identity() == self._file:
                system.close(self._fd)
