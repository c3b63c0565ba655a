"""What the guards use of Windows' ``nt``, from Linux: as much as there is, and no more.

Its `putenv` takes text alone, and there is no `pread`, no lock and no owner.
"""

from __future__ import annotations

import posix

F_OK, X_OK = posix.F_OK, posix.X_OK
O_APPEND, O_CREAT, O_EXCL, O_TRUNC = posix.O_APPEND, posix.O_CREAT, posix.O_EXCL, posix.O_TRUNC
O_RDONLY, O_RDWR, O_WRONLY = posix.O_RDONLY, posix.O_RDWR, posix.O_WRONLY
O_NOINHERIT, O_BINARY = posix.O_CLOEXEC, 0

access, close, fspath, fstat = posix.access, posix.close, posix.fspath, posix.fstat
getcwd, getpid, listdir, lseek = posix.getcwd, posix.getpid, posix.listdir, posix.lseek
open, read, readlink, replace = posix.open, posix.read, posix.readlink, posix.replace  # noqa: A001 - its name there
stat, write, _exit = posix.stat, posix.write, posix._exit


def putenv(name: str, value: str) -> None:
    """Set a variable of this process.

    Raises:
        TypeError: One of them is not text.
    """
    if not (isinstance(name, str) and isinstance(value, str)):
        raise TypeError("putenv() argument must be str")
    posix.putenv(name, value)
