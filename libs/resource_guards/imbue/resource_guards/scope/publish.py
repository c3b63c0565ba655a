"""Tell child processes which scope they belong to.

Two ways, because either can fail: an environment variable, which travels to every descendant and
stays with those that outlive their test, and a state file, which is there for descendants whose
environment was cleared. `wire/variable.py` has their form.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

from imbue.resource_guards import system
from imbue.resource_guards.environment import ENVIRONMENT
from imbue.resource_guards.environment import raw_environment
from imbue.resource_guards.messages import trust as messages
from imbue.resource_guards.scope.scope import Scope
from imbue.resource_guards.system import RECORDS
from imbue.resource_guards.wire.variable import ANY_SCOPE
from imbue.resource_guards.wire.variable import ASKS
from imbue.resource_guards.wire.variable import OUTSIDE
from imbue.resource_guards.wire.variable import SCOPE_VARIABLE
from imbue.resource_guards.wire.variable import format_scope
from imbue.resource_guards.wire.variable import with_entry

_OCTETS: Final = SCOPE_VARIABLE.encode()


class Publisher:
    """Writes the current scope where this process's children find it.

    The variable may already hold entries of pytest processes around this one. They are kept, and
    each shim reads the entry that has its own session's key, so nested runs do not meet.

    Args:
        key: The session's name in the variable.
        state_file: The file.
        complain: Told when the file cannot be written later.

    Raises:
        OSError: The file cannot be written.
    """

    def __init__(self, key: str, state_file: Path, complain: Callable[[str], None]) -> None:
        self.key = key
        self._found = ENVIRONMENT.get(SCOPE_VARIABLE)
        self._asking = f"{self._found or ''} {key}={ASKS}"
        self._octets = os.fsencode(self._asking)
        self._environment = raw_environment()
        self._state_file = state_file
        self._state_name = str(state_file)
        self._complain = complain
        self._allowed: dict[frozenset[str], str] = {}
        self._in_state_file: frozenset[str] | None = None
        self._last: tuple[Scope | None, frozenset[str] | None, str, str] = None, None, "", ""
        self._replace_state(f"{OUTSIDE}:")
        ENVIRONMENT[SCOPE_VARIABLE] = self._asking

    def publish(self, scope: Scope) -> None:
        """Make `scope` the one that processes started from now on belong to.

        In the common case that reads the variable, since a test may have removed it, and no more.
        """
        if self._environment.get(_OCTETS) != self._octets:
            ENVIRONMENT[SCOPE_VARIABLE] = self._asking
        if self._in_state_file is not scope.allowed:
            with RECORDS.now:  # a thread may start something on nobody's behalf meanwhile
                if self._in_state_file != scope.allowed:
                    # No id in it, since it is rewritten only when the allowed set changes.
                    self._write_state(f"{ANY_SCOPE}{self._allowed_part(scope.allowed)}")
                self._in_state_file = scope.allowed

    def tell_nobody_runs(self, is_anyone_running: Callable[[], bool]) -> None:
        """A process is about to start on nobody's behalf.

        That is told to the state file now and not when a scope ends, since most often the next one
        comes first. Where a thread of nobody's starts something while a scope runs, the file stays that one's.

        Args:
            is_anyone_running: Whether a scope runs.
        """
        with RECORDS.now:
            before = self._in_state_file
            if before is None:
                return
            # Before it is asked who runs: a scope that begins meanwhile runs first, and looks at this then.
            self._in_state_file = None
            if is_anyone_running():
                self._in_state_file = before
            else:
                self._write_state(f"{OUTSIDE}:")

    def with_scope(self, value: str, scope: Scope | None) -> str:
        """A value of the variable with this session's entry for `scope`, or for none.

        Entries of other sessions stay, and a value without one of this session stays as it is.
        """
        allowed = None if scope is None else scope.allowed
        of_scope, of_allowed, of_value, last = self._last
        if scope is of_scope and allowed is of_allowed and value == of_value:
            return last  # most often a test starts several
        own = f"{OUTSIDE}:"
        if scope is not None:
            own = f"{scope.id}{self._allowed_part(scope.allowed)}"
        last = with_entry(value, self.key, own)
        self._last = scope, allowed, value, last
        return last

    def without_scope(self) -> str:
        """The variable's value as this session has set it."""
        return self._asking

    def close(self) -> None:
        """Leave the variable as it was found."""
        if self._found is None:
            ENVIRONMENT.pop(SCOPE_VARIABLE, None)
        else:
            ENVIRONMENT[SCOPE_VARIABLE] = self._found

    def _allowed_part(self, allowed: frozenset[str]) -> str:
        part = self._allowed.get(allowed)
        if part is None:
            part = self._allowed[allowed] = format_scope("", allowed)
        return part

    def _write_state(self, entry: str) -> None:
        try:
            self._replace_state(entry)
        except OSError as error:
            self._complain(messages.state_unwritable(self._state_file, error))

    def _replace_state(self, entry: str) -> None:
        # Replaced and not rewritten in place: a shim must never read half an entry.
        new = f"{self._state_name}.new"
        system.write_file(new, f"{entry}\n".encode())
        system.replace(new, self._state_name)
