"""Where in the user's own code a call came from."""

from __future__ import annotations

import os
import site
import sys
from pathlib import Path
from types import FrameType
from typing import Final

from imbue.resource_guards import system

# Asked of `site`, since `sysconfig` reads the whole configuration of Python's build to tell.
_NOT_THE_USERS: Final = (
    "<",
    *(
        f"{folder}{os.sep}"
        for folder in (
            Path(__file__).parent,
            Path(os.__file__).parent,
            *site.getsitepackages(),
            site.getusersitepackages(),
            # The programs of installed packages, pytest's own among them; the second is Debian's.
            Path(sys.prefix, "bin"),
            Path(sys.prefix, "local", "bin"),
            Path(site.getuserbase(), "bin"),
        )
    ),
)

_IS_THE_USERS: Final[dict[str, bool]] = {}
"""What was found of each file so far: the files on a stack are few, and the folders above are many."""


def call_site() -> str:
    """``file:line`` of the innermost frame in neither this package, an installed one, nor Python.

    Empty when all of the stack is such code, as in a library's own background thread.
    """
    frame: FrameType | None = system.getframe(1)
    while frame is not None:
        filename = frame.f_code.co_filename
        is_the_users = _IS_THE_USERS.get(filename)
        if is_the_users is None:
            is_the_users = not filename.startswith(_NOT_THE_USERS)
            _IS_THE_USERS[filename] = is_the_users
        if is_the_users:
            return f"{filename}:{frame.f_lineno}"
        frame = frame.f_back
    return ""
