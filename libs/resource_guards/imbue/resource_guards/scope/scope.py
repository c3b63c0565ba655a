"""A scope: the test or fixture on whose behalf code is running, and what it may use."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field
from typing import Final

from imbue.resource_guards.model import Use

COLLECTION: Final = "the collection of tests"
"""The owner of the scope that is there before the first test runs."""


@dataclass(slots=True, eq=False)
class Scope:
    """What code that runs now is charged to.

    Args:
        id: Unique in its session; it travels to child processes and comes back in the journal.
        owner: The test's node id or the fixture's name, for messages.
        allowed: Names of the resources that it may use. Shared between scopes with equal sets.
        started_at: ``file:line`` of the last call on its behalf that started a process.
        has_started: Something on its behalf has started a process.
        uses: What was seen.
        used: Names of the resources in `uses`.
    """

    id: int
    owner: str
    allowed: frozenset[str]
    started_at: str = ""
    has_started: bool = False
    uses: list[Use] = field(default_factory=list)
    used: set[str] = field(default_factory=set)

    def note(self, use: Use) -> None:
        """Keep a use that was seen on this scope's behalf."""
        self.uses.append(use)
        self.used.add(use.resource)
