"""What `system.py` has of POSIX, on Windows.

It takes what it needs from ``nt`` and ``_winapi``, both modules in C of CPython's own. Where there is no ``nt`` it
takes ``posix``, and uses nothing of that which ``nt`` does not have: so this project's tests run it on Linux.

Imports nothing but the standard library's smallest parts, since child Pythons load it at start.
"""

from __future__ import annotations

from _thread import allocate_lock
from time import sleep

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any
    from typing import Final

try:
    import nt as _nt
except ImportError:
    import posix as _nt  # type: ignore[no-redef,unused-ignore]

_base: Any = _nt

F_OK, X_OK = _base.F_OK, _base.X_OK
O_APPEND, O_CREAT, O_EXCL, O_TRUNC = _base.O_APPEND, _base.O_CREAT, _base.O_EXCL, _base.O_TRUNC
O_RDONLY, O_RDWR, O_WRONLY = _base.O_RDONLY, _base.O_RDWR, _base.O_WRONLY
# Not inherited by what is started, and no line end changed by the C library: what `O_CLOEXEC` is given for.
O_CLOEXEC: int = getattr(_base, "O_NOINHERIT", 0) | getattr(_base, "O_BINARY", 0)

access, close, fspath, fstat = _base.access, _base.close, _base.fspath, _base.fstat
getcwd, getpid, listdir, lseek = _base.getcwd, _base.getpid, _base.listdir, _base.lseek
open = _base.open  # noqa: A001 - the system's, and not Python's
read, readlink, stat, write = _base.read, _base.readlink, _base.stat, _base.write
exit_at_once = _base._exit  # noqa: SLF001 - documented, as `os._exit`

# Of the Windows API: the names and values of its headers, see CreateFileW in Microsoft's documentation.
_FILE_APPEND_DATA: Final = 0x4
_GENERIC_WRITE: Final = 0x40000000
_SHARE_ALL: Final = 0x7
_SHARE_NOTHING: Final = 0x0
_OPEN_EXISTING: Final = 3
_OPEN_ALWAYS: Final = 4
_NORMAL: Final = 0x80

_LOCK: Final = "lock"

_TRIES: Final = 50
_PAUSE: Final = 0.01  # seconds

_POSITION: Final = allocate_lock()


def putenv(name: bytes, value: bytes) -> None:
    """Set a variable of this process, which is text on Windows."""
    _base.putenv(name.decode("utf-8", "surrogateescape"), value.decode("utf-8", "surrogateescape"))


def pread(descriptor: int, length: int, offset: int) -> bytes:
    """Some bytes of a file from a place on; what is there for others stays where it was."""
    with _POSITION:
        before = lseek(descriptor, 0, 1)
        try:
            lseek(descriptor, offset, 0)
            found: bytes = read(descriptor, length)
        finally:
            lseek(descriptor, before, 0)
    return found


def append(path: str, data: bytes) -> None:
    """Add to a file that is there, by one write.

    Opened for appending alone, which makes the system put each write at the end: the C library's ``O_APPEND`` seeks
    first, and two processes overwrite each other.

    Raises:
        OSError: It could not be written, or not whole.
    """
    import _winapi

    handle = _winapi.CreateFile(  # type: ignore[attr-defined,unused-ignore]
        path, _FILE_APPEND_DATA, _SHARE_ALL, 0, _OPEN_EXISTING, _NORMAL, 0
    )
    try:
        written, _ = _winapi.WriteFile(handle, data)  # type: ignore[attr-defined,unused-ignore]
    finally:
        _winapi.CloseHandle(handle)  # type: ignore[attr-defined,unused-ignore]
    if written != len(data):
        raise OSError(0, "half a record written")


def replace(source: str, target: str) -> None:
    """Put a file in the place of another, as soon as nobody reads that.

    Raises:
        OSError: It cannot be done.
    """
    for _ in range(_TRIES):
        try:
            _base.replace(source, target)
        except PermissionError:  # a process reads the one that is there, for a moment
            sleep(_PAUSE)
        else:
            return
    _base.replace(source, target)


def hold(directory: str) -> Callable[[], None]:
    """Hold the lock of a directory, which the system lets go of however this process ends; returns what ends that.

    Raises:
        OSError: It cannot be written.
    """
    return _held(directory, _OPEN_ALWAYS)


def hold_if_free(directory: str) -> Callable[[], None]:
    """The same for a directory that was held before, and that nobody holds now.

    Raises:
        OSError: Another process holds it, or nobody ever has.
    """
    return _held(directory, _OPEN_EXISTING)


def _held(directory: str, disposition: int) -> Callable[[], None]:
    import _winapi

    handle = _winapi.CreateFile(  # type: ignore[attr-defined,unused-ignore]
        f"{directory}/{_LOCK}", _GENERIC_WRITE, _SHARE_NOTHING, 0, disposition, _NORMAL, 0
    )
    return lambda: _winapi.CloseHandle(handle)  # type: ignore[attr-defined,unused-ignore]


def is_private(_stat: object) -> bool:
    """Whether nobody else can write to a directory: on Windows the folder of temporary files is the user's own."""
    return True


def is_open_to_others(_stat: object) -> bool:
    """Whether anyone but its owner can enter a directory."""
    return False


def is_open_to_owner(_stat: object) -> bool:
    """Whether the owner can still read and write it: Windows has no such bits."""
    return True


def is_absolute(path: str) -> bool:
    """Whether a path does not depend on the working directory."""
    return path[:1] in ("/", "\\") or path[1:2] == ":"


def program_of(name: str) -> str:
    """The name by which a program is called, of its file's."""
    lower = name.lower()
    for ending in (".exe", ".cmd", ".bat", ".com"):
        lower = lower.removesuffix(ending)
    return lower
