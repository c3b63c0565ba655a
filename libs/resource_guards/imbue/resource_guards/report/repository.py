"""Where a directory is in its repository, found as git finds it, and without git."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

REPOSITORY: Final = "."
"""The place of the repository's own root, and of a report whose paths are relative to it."""


def place_in_repository(directory: Path) -> str | None:
    """The path of a directory in the repository that it belongs to.

    Args:
        directory: The directory.

    Returns:
        The path with ``/``, ``.`` for the repository's own root; `None` where there is no repository.
    """
    real = Path(os.path.realpath(directory))
    for each in (real, *real.parents):
        # A file in a submodule and in a further work tree.
        if os.path.lexists(each / ".git"):
            return real.relative_to(each).as_posix()
    return None
