"""A plugin that runs tests in forks of pytest: the scopes of each fork are its own."""

from __future__ import annotations

import pytest

from imbue.resource_guards.guard import SHIM
from imbue.resource_guards.kinds import OwnerKind
from imbue.resource_guards.model import Use
from imbue.resource_guards.record import ledger
from imbue.resource_guards.record.ledger import Ledger
from imbue.resource_guards.scope.scope import OwnerName
from imbue.resource_guards.wire.line import Entry


def test_scopes_of_a_fork(monkeypatch: pytest.MonkeyPatch) -> None:
    """They have ids of their own, and what they used is judged in the fork alone."""
    use = Use("tool", allowed=True, layer=SHIM, what="tool")
    nothing: frozenset[str] = frozenset()
    around, fork = Ledger(), Ledger()
    first = fork.open(OwnerName("first", OwnerKind.FIXTURE), nothing)
    around.open(OwnerName("first", OwnerKind.FIXTURE), nothing)
    monkeypatch.setattr(ledger, "getpid", lambda: 4711)
    scopes = [
        fork.open(OwnerName("forked", OwnerKind.FIXTURE), nothing),
        fork.open(OwnerName("next", OwnerKind.FIXTURE), nothing),
    ]
    entries = [Entry(str(scope.id), use) for scope in (first, *scopes)]
    assert len({entry.scope_id for entry in entries}) == 3

    fork.book(entries, None)
    around.book(entries[1:], None)

    assert [scope.uses for scope in scopes] == [(use,), (use,)]
    assert first.uses == ()
    assert (fork.late, around.late) == ([], [])
    fork.close(scopes[1])
    fork.book(entries[2:], None)
    assert [late.owner for late in fork.late] == ["next"]
