"""The private directory of one pytest process, and what dead processes left of theirs.

The owner holds a lock on its directory for as long as it lives; the kernel lets go of the lock
however the process ends. A process id in the name was tried first: ids are reused, and containers
that share a temporary directory do not share their ids.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterable
from collections.abc import Iterator
from contextlib import ExitStack
from contextlib import contextmanager
from pathlib import Path

from imbue.resource_guards import system
from imbue.resource_guards.errors import ResourceGuardMisconfiguration
from imbue.resource_guards.messages import intercept as messages

PREFIX = "resource-guards-"
OWNED = "owned"
"""A file made once the lock is held: a directory without it belongs to a process just starting."""


@contextmanager
def private_directory(guards: Iterable[str]) -> Iterator[Path]:
    """Make a directory that only this user can enter, and remove it on leaving.

    Args:
        guards: The names of the guards that need it, for messages.

    Raises:
        ResourceGuardMisconfiguration: There is no temporary directory, it cannot be written, or has
            no locks.
    """
    # $TMPDIR is asked for by name, since tempfile silently goes elsewhere when it is unusable.
    parent = os.environ.get("TMPDIR") or "the temporary directory"
    with ExitStack() as undo:
        try:
            parent = os.environ.get("TMPDIR") or tempfile.gettempdir()
            directory = Path(tempfile.mkdtemp(prefix=PREFIX, dir=Path(parent).absolute()))
            undo.callback(_remove_own, directory, os.getpid())
            undo.callback(system.hold(str(directory)))
            (directory / OWNED).touch()
        except (OSError, ImportError) as error:
            raise ResourceGuardMisconfiguration(
                messages.directory_unwritable(guards, parent, error)
            ) from error
        with contextlib.suppress(OSError):  # it is for others, and can wait
            sweep(Path(parent), keep=directory)
        yield directory


def _remove_own(directory: Path, owner: int) -> None:
    if os.getpid() == owner:  # and not a fork of it that unwinds the same stack
        _remove(directory)


def sweep(parent: Path, *, keep: Path) -> None:
    """Remove the directories in `parent` whose owners have died without doing so."""
    # Not by `Path.glob`, which compares each name with a pattern: there may be thousands.
    for name in system.listdir(parent):
        if name.startswith(PREFIX) and name != keep.name:
            with contextlib.suppress(OSError):  # someone else's, or just removed by its owner
                _remove_if_dead(parent / name)


def _remove(directory: Path) -> None:
    with contextlib.suppress(OSError):  # a test may have closed it, or a folder in it
        directory.chmod(0o700)
        with os.scandir(directory) as entries:
            folders = [Path(each) for each in entries if each.is_dir(follow_symlinks=False)]
        for folder in folders:
            folder.chmod(0o700)
    shutil.rmtree(directory, ignore_errors=True)


def _remove_if_dead(directory: Path) -> None:
    let_go = system.hold_if_free(str(directory))
    try:
        is_abandoned = (directory / OWNED).exists()
        if is_abandoned:
            _remove(directory)
    finally:
        let_go()
    if is_abandoned and not system.HAS_POSIX:
        _remove(directory)  # where a file that is open cannot be removed
