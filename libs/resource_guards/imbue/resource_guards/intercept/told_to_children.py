"""Tell child Pythons what is guarded, and know whether they look; `wire/guards_file.py` has the form.

They look if Python finds a file of ours when it starts. It does not where the package is imported from elsewhere than it
was installed (a folder on PYTHONPATH, a zip file), and where somebody has taken the file away.
"""

from __future__ import annotations

import os
import site
import sys
from collections.abc import Iterable
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from imbue.resource_guards.errors import ResourceGuardMisconfiguration
from imbue.resource_guards.guard import Guard
from imbue.resource_guards.intercept.process import SessionProcess
from imbue.resource_guards.messages import intercept as messages
from imbue.resource_guards.model import Resource
from imbue.resource_guards.wire.guards_file import Guarded
from imbue.resource_guards.wire.guards_file import format_guards
from imbue.resource_guards.wire.guards_file import reference

CHILD_FILE: Final = "resource_guards_child.pth"
"""What Python reads when it starts."""

_BEGINS: Final = "guard_this_process"
# PEP 829; decision 0011 says why there is no ``.start`` file of ours.
_MATTERS_BESIDE: Final = (3, 15)
_IS_IGNORED: Final = (3, 18)


def told_of(resource: Resource, guard: Guard, process: SessionProcess) -> list[list[str]]:
    """What child Pythons are told of a guard that is installed: its line, or nothing.

    Raises:
        ResourceGuardMisconfiguration: Its kind tells of it what cannot be written.
    """
    fields = guard.wire(process)
    if fields is None:
        return []
    is_text = isinstance(fields, (list, tuple)) and all(isinstance(each, str) for each in fields)
    if not is_text:
        raise ResourceGuardMisconfiguration(messages.not_for_children(resource, guard, fields))
    kind = reference(type(guard))
    return [] if kind is None else [[kind, resource.name, resource.label, *fields]]


def write_guards(file: Path, path: Sequence[str], guards: Iterable[Sequence[str]]) -> None:
    """Write down the guards that child Pythons are told of.

    Args:
        file: Where.
        path: The folders of PATH before the shims were put there.
        guards: Their lines.
    """
    text = format_guards(Guarded(os.getpid(), path, [*guards]))
    new = file.with_suffix(".new")
    new.write_text(text, encoding="utf-8", errors="surrogateescape")
    new.replace(file)


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
