"""Which modules are a project's own: those that stand in its folders, as ruff and isort find them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Final

_PROJECT: Final = ("pyproject.toml", "setup.cfg", "setup.py")
"""The files by which a folder is known as a project's."""


def own_modules(file: Path, root: Path) -> Callable[[str], bool]:
    """Tells of a module's name whether it is the project's own.

    Args:
        file: The file that imports it.
        root: The root directory; a folder below it may have a project of its own.
    """
    folders = [root]
    for folder in file.parents:
        if folder == root or root not in folder.parents:
            break
        if any((folder / name).is_file() for name in _PROJECT):
            folders.append(folder)

    @cache
    def is_own(name: str) -> bool:
        places = [folder / "src" / name for folder in folders]
        places += [folder / name for folder in folders]
        return any(place.is_dir() or place.with_name(f"{name}.py").is_file() for place in places)

    return is_own
