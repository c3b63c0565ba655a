"""Tell child processes which scope they belong to.

Two ways, because either can fail: an environment variable, which travels to every descendant and
stays with those that outlive their test, and a state file, which is there for descendants whose
environment was cleared. Both hold an entry ``ID:,a,b,`` of the scope's id and what it may use;
the id is ``*`` in the state file, since it is rewritten only when the allowed set changes.
"""

from __future__ import annotations

import os
from pathlib import Path

from imbue.resource_guards.scope.scope import OUTSIDE
from imbue.resource_guards.scope.scope import Scope

VARIABLE = "RESOURCE_GUARDS_SCOPE"
"""The one environment variable that resource guards set."""

ANY_SCOPE = "*"
"""The id in the state file: whichever scope is running when the use is read."""


class Publisher:
    """Writes the current scope where this process's children find it.

    The variable may already hold entries of pytest processes around this one. They are kept, and
    each shim reads the entry that has its own session's token, so nested runs do not meet.
    """

    def __init__(self, token: str, state_file: Path) -> None:
        self._prefix = f"{os.environ.get(VARIABLE, '')} {token}="
        self._found = os.environ.get(VARIABLE)
        self._state_file = state_file
        self._entries: dict[frozenset[str], str] = {}
        self._in_state_file: frozenset[str] | None = None
        self._write_state(f"{OUTSIDE}:")
        self.publish(None)

    def publish(self, scope: Scope | None) -> None:
        """Make `scope`, or no scope, the one that processes started from now on belong to."""
        if scope is None:
            os.environ[VARIABLE] = f"{self._prefix}{OUTSIDE}:"
            return
        entry = self._entries.get(scope.allowed)
        if entry is None:
            entry = self._entries[scope.allowed] = "".join(
                [":,", *(f"{name}," for name in sorted(scope.allowed))]
            )
        os.environ[VARIABLE] = f"{self._prefix}{scope.id}{entry}"
        if self._in_state_file is not scope.allowed:
            if self._in_state_file != scope.allowed:
                self._write_state(f"{ANY_SCOPE}{entry}")
            self._in_state_file = scope.allowed

    def close(self) -> None:
        """Leave the variable as it was found."""
        if self._found is None:
            os.environ.pop(VARIABLE, None)
        else:
            os.environ[VARIABLE] = self._found

    def _write_state(self, entry: str) -> None:
        # Replaced and not rewritten in place: a shim must never read half an entry.
        new = self._state_file.with_suffix(".new")
        new.write_text(f"{entry}\n", encoding="utf-8")
        new.replace(self._state_file)
