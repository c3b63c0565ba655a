"""How a film is cut up."""

from __future__ import annotations

from typing import NamedTuple


class Batch(NamedTuple):
    """Frames for one worker: the first, and the one after the last."""

    start: int
    stop: int


def cut(frames: int, size: int) -> list[Batch]:
    """Cut a film into batches of a size, the last of which may be smaller."""
    return [Batch(start, min(start + size, frames)) for start in range(0, frames, size)]


def progress(done: int, batches: int) -> str:
    """How far it is, for people to read."""
    return (
        f"{done} of {batches} batches ({100 * done // batches} %)" if batches else "nothing to do"
    )
