"""The time before the first test: what is used while tests are collected is nobody's, and told.

Modules that run a program when they are imported need it for every run that collects them, whatever
its ``-m``; nothing fails for that, but it should not go unnoticed.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from imbue.resource_guards.scope.scope import COLLECTION

if TYPE_CHECKING:
    from imbue.resource_guards.enforcement import Enforcement
    from imbue.resource_guards.run import Run


class CollectionTime:
    """The scope of what runs while tests are collected. Making one enters it.

    Args:
        enforcement: Its ledger and slot.
        names: The marks of the resources that are guarded by now; all of them may be used.
    """

    def __init__(self, enforcement: Enforcement, names: Iterable[str]) -> None:
        self._enforcement = enforcement
        self._scope = enforcement.ledger.open(COLLECTION, frozenset(names))
        enforcement.slot.enter(self._scope)

    def allow(self, name: str) -> None:
        """A resource is guarded from now on, as a conftest that was found has asked for."""
        self._scope.allowed |= {name}
        self._enforcement.slot.enter(self._scope)

    def end(self, run: Run) -> None:
        """Leave the scope, and tell a run what was used."""
        self._enforcement.read_journal()
        self._enforcement.note_left_running(self._scope)
        self._enforcement.ledger.close(self._scope)
        self._enforcement.slot.enter(None)
        uses = self._scope.uses
        if run.recorder is None or not run.recorder.takes("collecting", uses):
            for use in uses:
                run.findings.add_collected(use)
