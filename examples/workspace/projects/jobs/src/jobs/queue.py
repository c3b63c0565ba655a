"""Jobs that wait, in a queue of Modal."""

from __future__ import annotations

import modal


def parse(text: str) -> tuple[str, int]:
    """Read ``mail@3`` as a job and its priority, which is 0 where there is none."""
    name, _, priority = text.partition("@")
    return name, int(priority or 0)


class Jobs:
    """The jobs that wait."""

    def __init__(self) -> None:
        self._queue = modal.Queue.from_name("jobs", create_if_missing=True)

    def add(self, text: str) -> None:
        """Let a job wait."""
        self._queue.put(parse(text))

    def take(self) -> tuple[str, int]:
        """The job that has waited longest, and its priority."""
        name, priority = self._queue.get()
        return name, priority
