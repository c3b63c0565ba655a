"""Where in the user's own code a call came from."""

from __future__ import annotations

import sys
import sysconfig
from pathlib import Path
from types import FrameType
from typing import Final

_NOT_THE_USERS: Final = tuple(
    f"{folder}/"
    for folder in {
        str(Path(__file__).parent),
        # The scripts are the programs of installed packages, pytest's own among them.
        *map(sysconfig.get_paths().get, ("stdlib", "platstdlib", "purelib", "platlib", "scripts")),
    }
)


def call_site() -> str:
    """``file:line`` of the innermost frame in neither this package, an installed one, nor Python.

    Empty when all of the stack is such code, as in a library's own background thread.
    """
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 - documented, if not for everyone
    while frame is not None:
        filename = frame.f_code.co_filename
        if not filename.startswith((*_NOT_THE_USERS, "<")):
            return f"{filename}:{frame.f_lineno}"
        frame = frame.f_back
    return ""
