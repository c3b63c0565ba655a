"""Whether Pythons that tests start guard themselves: whether the file is there by which they begin to.

A wheel puts it where Python looks when it starts. It is not there where the package is imported from elsewhere (a
folder on PYTHONPATH, a zip file), or where somebody has taken it away. Pythons from 3.18 on do not run it (PEP 829);
decision 0011 says why there is no ``.start`` file.
"""

from __future__ import annotations

import site
import sys
from pathlib import Path
from typing import Final

CHILD_FILE: Final = "resource_guards_child.pth"
"""What Python reads when it starts."""

_BEGINS: Final = "guard_this_process"
_MATTERS_BESIDE: Final = (3, 15)
_IS_IGNORED: Final = (3, 18)


def has_child_file() -> bool:
    """Whether Pythons of this environment guard themselves when a guarded test starts them."""
    if sys.version_info >= _IS_IGNORED:
        return False
    folders = [*site.getsitepackages()]
    if site.ENABLE_USER_SITE:
        folders.append(site.getusersitepackages())
    return any(_begins(Path(folder, CHILD_FILE)) for folder in folders)


def _begins(path: Path) -> bool:
    if sys.version_info >= _MATTERS_BESIDE and path.with_suffix(".start").exists():
        return False
    try:
        return path.is_file() and _BEGINS in path.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return False
