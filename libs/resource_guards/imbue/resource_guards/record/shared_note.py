"""What a fork tells its session whatever it has closed, and wherever its user or root may write: shared memory."""

from __future__ import annotations

import mmap
from typing import Final

_ENDED: Final = b"E"
_LONGEST: Final = 1000
_SIZE: Final = 4096


class SharedNote:
    """A page of memory that a process and its forks share; a fork can lose each other way to write."""

    def __init__(self) -> None:
        self._page = mmap.mmap(-1, _SIZE)  # anonymous and shared, as `mmap` makes it

    def end(self) -> None:
        """The session has ended: nobody will read what forks still see."""
        self._page[:1] = _ENDED

    @property
    def has_ended(self) -> bool:
        """Whether it has."""
        return self._page[:1] == _ENDED

    def lose(self, reason: str) -> None:
        """A record could not be written, and why; of several reasons the last is kept."""
        text = (reason or "?").encode(errors="replace").replace(b"\0", b"?")[:_LONGEST]
        self._page[1 : len(text) + 2] = text + b"\0"

    @property
    def reason(self) -> str:
        """Why a record was lost; empty if none was."""
        page = self._page[:]
        return page[1 : page.index(b"\0", 1)].decode(errors="replace")
