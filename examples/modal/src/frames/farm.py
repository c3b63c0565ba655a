"""What waits and what is done, in a queue and a dict of Modal."""

from __future__ import annotations

import modal

from frames.batches import Batch
from frames.batches import progress


class Farm:
    """The batches of one film.

    Args:
        film: Its name, which the queue and the dict have as well.
    """

    def __init__(self, film: str) -> None:
        self._waiting = modal.Queue.from_name(f"{film}-waiting", create_if_missing=True)
        self._done = modal.Dict.from_name(f"{film}-done", create_if_missing=True)

    def submit(self, batches: list[Batch]) -> None:
        """Let batches wait for a worker."""
        self._waiting.put_many([tuple(batch) for batch in batches])

    def take(self) -> Batch | None:
        """The next batch, or none if nothing waits."""
        found = self._waiting.get(block=False)
        return None if found is None else Batch(*found)

    def finish(self, batch: Batch, place: str) -> None:
        """Note where the frames of a batch have been put."""
        self._done[batch.start] = place

    def place(self, batch: Batch) -> str:
        """Where the frames of a batch are."""
        return str(self._done[batch.start])

    def progress(self) -> str:
        """How far it is."""
        done = self._done.len()
        return progress(done, done + self._waiting.len())
