"""Write several files together: all of them, or none."""

from __future__ import annotations

import errno
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

from imbue.resource_guards.messages import fix as messages
from imbue.resource_guards.report.files import StagedFile
from imbue.resource_guards.report.files import read_regular


class Changed(NamedTuple):
    """A file that is to have other content.

    Args:
        path: Its name, for people.
        file: Where it is.
        before: What it contains.
        after: What it is to contain.
    """

    path: str
    file: Path
    before: bytes
    after: bytes


class NotWrittenError(Exception):
    """One of the files could not be written; the text says what became of the others."""


def write_together(files: Iterable[Changed]) -> None:
    """Give all these files their new content.

    All is made ready beside them before the first is changed, so that a full disk changes none.

    Raises:
        NotWrittenError: One cannot be written, or has changed meanwhile. All are as they were, but
            for those that the text names.
    """
    with ExitStack() as ready:
        prepared = []
        for each in files:
            try:
                staged = StagedFile(each.file, each.after)
            except OSError as error:
                said = messages.fix_not_written(each.path, error)
                raise NotWrittenError(messages.fix_put_back(said, [])) from error
            ready.callback(staged.discard)
            prepared.append((each, staged))
        _commit(prepared)


def _commit(prepared: list[tuple[Changed, StagedFile]]) -> None:
    begun = []
    try:
        for changed, staged in prepared:
            # Before it is begun: what fails half-way has to be put back as well.
            begun.append((changed, staged))
            _check_unchanged(changed)
            staged.commit()
    except OSError as error:
        failed, _ = begun[-1]
        said = messages.fix_not_written(failed.path, error)
        raise NotWrittenError(messages.fix_put_back(said, _put_back(begun))) from error
    except BaseException:  # an interrupt, say
        _put_back(begun)
        raise


def _check_unchanged(changed: Changed) -> None:
    if read_regular(changed.file) != changed.before:
        raise OSError(errno.EBUSY, messages.CHANGED_MEANWHILE)


def _put_back(begun: list[tuple[Changed, StagedFile]]) -> list[str]:
    """Undo what was done, the last first; returns what could not be undone."""
    problems = []
    for changed, staged in reversed(begun):
        try:
            staged.undo()
        except OSError as error:
            problems.append(messages.fix_not_put_back(changed.path, error))
    return problems
