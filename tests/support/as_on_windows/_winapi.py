"""What the guards use of Windows' ``_winapi``, made of what Linux has.

A handle that shares with nobody holds a lock; one that only appends does so at the end, whoever else writes.
"""

from __future__ import annotations

import fcntl
import os
from typing import Any

_SHARE_NOTHING = 0
_OPEN_ALWAYS = 4
_FILE_APPEND_DATA = 4


def CreateFile(*given: Any) -> int:  # noqa: N802 - its name there
    """Open a file: its name, the access, what is shared, the disposition, and more that is left alone."""
    name, access, share, _, disposition, *_ = given
    mode = os.O_WRONLY | os.O_CLOEXEC
    mode |= os.O_CREAT if disposition == _OPEN_ALWAYS else 0
    mode |= os.O_APPEND if access == _FILE_APPEND_DATA else 0
    handle = os.open(name, mode, 0o600)
    try:
        if share == _SHARE_NOTHING:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(handle)
        raise PermissionError(13, "sharing violation", name) from error
    return handle


def WriteFile(handle: int, data: bytes) -> tuple[int, int]:  # noqa: N802
    """Write; returns how many bytes were written, and no error."""
    return os.write(handle, data), 0


def CloseHandle(handle: int) -> None:  # noqa: N802
    """Close a file."""
    os.close(handle)


def CreateProcess(*given: Any) -> Any:  # noqa: N802
    """Start a process; what stands where the start-up information is gets the environment and the directory."""
    *_, environment, cwd, start = given
    return start(environment, cwd)
