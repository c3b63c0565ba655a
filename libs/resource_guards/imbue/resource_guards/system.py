"""What the interceptors need of the system, bound when this is imported.

A test may replace anything in `os`, `sys` or `threading` while a program starts, and must change neither
what is seen nor what it gets. So what runs in a test calls functions in C from here, and functions of
Python that call no others. They are taken from `posix`, which tests leave alone.

Imports nothing but the standard library's smallest parts, since child Pythons load it at start.
"""

from __future__ import annotations

import sys
from _thread import RLock
from _thread import get_ident as get_ident

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any
    from typing import Final

WITHOUT_POSIX: Final = b"RESOURCE_GUARDS_WITHOUT_POSIX"
"""A variable by which this project's tests have on Linux what there is on Windows."""

if sys.platform == "win32":
    HAS_POSIX = False
else:
    import posix

    HAS_POSIX = WITHOUT_POSIX not in posix.environ
    """Whether there are the shell, signals, locks and rights of POSIX. Nobody else asks which system it is."""

if TYPE_CHECKING or HAS_POSIX:
    from posix import F_OK as F_OK
    from posix import O_APPEND as O_APPEND
    from posix import O_CLOEXEC as O_CLOEXEC
    from posix import O_CREAT as O_CREAT
    from posix import O_DIRECTORY as O_DIRECTORY
    from posix import O_EXCL as O_EXCL
    from posix import O_NOFOLLOW as O_NOFOLLOW
    from posix import O_RDONLY as O_RDONLY
    from posix import O_RDWR as O_RDWR
    from posix import O_TRUNC as O_TRUNC
    from posix import O_WRONLY as O_WRONLY
    from posix import X_OK as X_OK
    from posix import access as access
    from posix import close as close
    from posix import fspath as fspath
    from posix import fstat as fstat
    from posix import getcwd as getcwd
    from posix import getpid as getpid
    from posix import getuid as getuid
    from posix import listdir as listdir
    from posix import lseek as lseek
    from posix import open as open  # noqa: A004 - the system's, and not Python's
    from posix import pread as pread
    from posix import putenv as putenv
    from posix import read as read
    from posix import readlink as readlink
    from posix import register_at_fork as register_at_fork
    from posix import replace as replace
    from posix import stat as stat
    from posix import write as write

    exit_at_once = posix._exit  # noqa: SLF001 - documented, as `os._exit`

_waitid: Any = (
    getattr(posix, "waitid", None) if HAS_POSIX else None
)  # macOS has it since Python 3.13
_ANY_STATE = posix.WEXITED | posix.WNOHANG | posix.WNOWAIT if _waitid is not None else 0

getframe = sys._getframe  # noqa: SLF001 - documented, if not for everyone
settrace = sys.settrace

_ENCODING = sys.getfilesystemencoding()
_ERRORS = sys.getfilesystemencodeerrors()
_BLOCK = 65536


def fsdecode(name: Any) -> str:
    """As `os.fsdecode`.

    Raises:
        TypeError: It is no file name.
    """
    path: str | bytes = fspath(name)
    return path if isinstance(path, str) else path.decode(_ENCODING, _ERRORS)


def fsencode(name: str) -> bytes:
    """As `os.fsencode`, of a text."""
    return name.encode(_ENCODING, _ERRORS)


def whole(path: str, folder: str | None = None) -> str:
    """A path as an absolute one, from a folder or the working directory; `..` stays in it."""
    if is_absolute(path):
        return path
    if folder is None or not is_absolute(folder):
        try:
            here = getcwd()
        except OSError:  # the directory is gone
            here = ""
        folder = here if folder is None else f"{here}/{folder}"
    return f"{folder}/{path}"


def may_have_children() -> bool:
    """Whether this process has children, or it cannot be known; one system call, and waits for none of them."""
    if _waitid is None:
        return True
    try:
        _waitid(posix.P_ALL, 0, _ANY_STATE)
    except ChildProcessError:
        return False
    except OSError:
        return True
    return True


def read_file(path: str) -> str:
    """The text of a file.

    Raises:
        OSError: It cannot be read.
    """
    descriptor = open(path, O_RDONLY | O_CLOEXEC)
    try:
        blocks = []
        while block := read(descriptor, _BLOCK):
            blocks.append(block)
    finally:
        close(descriptor)
    return b"".join(blocks).decode("utf-8", "surrogateescape")


def append(path: str, data: bytes) -> None:
    """Add to a file that is there, by one write.

    Opened for it each time: of a descriptor that is kept, nobody knows what it leads to after a fork.

    Raises:
        OSError: It could not be written, or not whole.
    """
    descriptor = open(path, O_WRONLY | O_APPEND | O_CLOEXEC)
    try:
        if write(descriptor, data) != len(data):
            raise OSError(0, "half a record written")
    finally:
        close(descriptor)


def write_file(path: str, data: bytes, mode: int = 0o600) -> None:
    """Write a file anew.

    Raises:
        OSError: It could not be written.
    """
    descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
    try:
        while data:  # where there is room for half of it, the next call says why
            data = data[write(descriptor, data) :]
    finally:
        close(descriptor)


Identity = tuple[int, int]
"""Device and inode of a file."""


def identity(path: str) -> Identity | None:
    """The file that a path leads to, links followed; `None` if it leads nowhere."""
    try:
        found = stat(path)
    except (OSError, ValueError):
        return None
    return found.st_dev, found.st_ino


_OTHERS: Final = 0o077
_OWNER_CAN_READ_AND_WRITE: Final = 0o600
_OWNER_CAN_ENTER: Final = 0o100
_KINDS: Final = 0o170000
_FOLDER: Final = 0o040000


def hold(directory: str) -> Callable[[], None]:
    """Hold the lock of a directory, which the system lets go of however this process ends; returns what ends that.

    Raises:
        OSError: The file system has no locks.
    """
    return _locked(directory, O_RDONLY | O_CLOEXEC, 0)


def hold_if_free(directory: str) -> Callable[[], None]:
    """The same for a directory of this user that nobody holds.

    Raises:
        OSError: Another process holds it, or it is another user's.
    """
    import fcntl

    return _locked(directory, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_DIRECTORY, fcntl.LOCK_NB)


def _locked(directory: str, flags: int, options: int) -> Callable[[], None]:
    import fcntl  # for pytest's own process

    lock = open(directory, flags)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | options)
        # Only of those that others may have left: some file systems give what one makes to another user.
        if options and fstat(lock).st_uid != getuid():
            raise PermissionError(directory)
    except OSError:
        close(lock)
        raise
    return lambda: close(lock)


def is_private(stat: Any) -> bool:
    """Whether a directory is this user's, and nobody else can enter it."""
    is_own: bool = stat.st_uid == getuid()
    return is_own and not is_open_to_others(stat)


def is_open_to_others(stat: Any) -> bool:
    """Whether anyone but its owner can enter a directory."""
    mode: int = stat.st_mode
    return mode & _OTHERS != 0


def is_open_to_owner(stat: Any) -> bool:
    """Whether the owner of a file or directory can still read and write it."""
    needed = _OWNER_CAN_READ_AND_WRITE
    if stat.st_mode & _KINDS == _FOLDER:
        needed |= _OWNER_CAN_ENTER
    mode: int = stat.st_mode
    return mode & needed == needed


def is_absolute(path: str) -> bool:
    """Whether a path does not depend on the working directory."""
    return path.startswith("/")


def program_of(name: str) -> str:
    """The name by which a program is called, of its file's."""
    return name


class Lock:
    """Keeps two threads from changing the same thing at a time, with and without the interpreter's own lock.

    The thread that has it may take it again, as what the collector of garbage runs in the middle of ours does. A
    fork finds it free: the thread that had it is not there.

    Attributes:
        now: What is entered: ``with LOCK.now``.
    """

    def __init__(self) -> None:
        self.now = RLock()
        if HAS_POSIX:
            register_at_fork(after_in_child=self._renew)

    def _renew(self) -> None:
        # Another one, since whoever forks may be within the old one and leave it later.
        self.now = RLock()


RECORDS: Final = Lock()
"""What is kept of uses, and told to child processes. Within it nothing waits but for the system to write a file."""

STARTS: Final = Lock()
"""The variable of this process's environment while it names a scope, until the process that gets it is there."""


if not TYPE_CHECKING and not HAS_POSIX:
    from imbue.resource_guards.system_windows import *  # noqa: F403 - the same names, in their place
