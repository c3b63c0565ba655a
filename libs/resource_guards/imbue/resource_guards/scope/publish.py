"""Tell child processes which scope they belong to.

Two ways, because either can fail: an environment variable, which travels to every descendant and
stays with those that outlive their test, and a state file, which is there for descendants whose
environment was cleared. `scope/entry.py` has their form.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from collections.abc import MutableMapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from typing import Final

from imbue.resource_guards.messages import trust as messages
from imbue.resource_guards.scope.entry import ANY_SCOPE
from imbue.resource_guards.scope.entry import OUTSIDE
from imbue.resource_guards.scope.entry import VARIABLE
from imbue.resource_guards.scope.entry import format_scope
from imbue.resource_guards.scope.scope import Scope

_OCTETS: Final = VARIABLE.encode()


class Publisher:
    """Writes the current scope where this process's children find it.

    The variable may already hold entries of pytest processes around this one. They are kept, and
    each shim reads the entry that has its own session's key, so nested runs do not meet.

    Args:
        key: The session's name in the variable.
        state_file: The file.
        complain: Told when the file cannot be written.
    """

    def __init__(self, key: str, state_file: Path, complain: Callable[[str], None]) -> None:
        self.key = key
        self._found = os.environ.get(VARIABLE)
        self._prefix = f"{self._found or ''} {key}="
        self._state_file = state_file
        self._complain = complain
        self._allowed: dict[frozenset[str], str] = {}
        self._in_state_file: frozenset[str] | None = None
        self._write_state(f"{OUTSIDE}:")
        self.publish(None)

    def value(self, scope: Scope | None) -> str:
        """The variable's value for a process that acts for `scope`, or for none."""
        if scope is None:
            return f"{self._prefix}{OUTSIDE}:"
        return f"{self._prefix}{scope.id}{self._allowed_part(scope.allowed)}"

    def publish(self, scope: Scope | None) -> None:
        """Make `scope`, or no scope, the one that processes started from now on belong to."""
        if scope is not None and scope.allowed in self._allowed:  # the call of `value` left out
            value = f"{self._prefix}{scope.id}{self._allowed[scope.allowed]}"
        else:
            value = self.value(scope)
        os.environ[VARIABLE] = value
        if scope is not None and self._in_state_file is not scope.allowed:
            if self._in_state_file != scope.allowed:
                # No id in it, since it is rewritten only when the allowed set changes.
                self._write_state(f"{ANY_SCOPE}{self._allowed_part(scope.allowed)}")
            self._in_state_file = scope.allowed

    def correct(self, environment: MutableMapping[Any, Any], scope: Scope | None) -> None:
        """Make an environment that has the variable name `scope`; and the state file, if none."""
        right = self.value(scope)
        if environment.get(VARIABLE, right) != right:  # rare: copied while another scope ran
            with suppress(TypeError):  # it cannot be changed; the state file is there still
                environment[VARIABLE] = self._corrected(environment[VARIABLE], scope)
        if environment is not os.environ and _OCTETS in environment:  # rarer: of `os.environb`
            with suppress(TypeError):
                corrected = self._corrected(os.fsdecode(environment[_OCTETS]), scope)
                environment[_OCTETS] = os.fsencode(corrected)
        if scope is None and self._in_state_file is not None:
            self._write_state(f"{OUTSIDE}:")
            self._in_state_file = None

    def _corrected(self, value: str, scope: Scope | None) -> str:
        # Only this session's own entry: there may be others, of sessions within this one.
        before, found, after = value.partition(f" {self.key}=")
        if not found:
            return value
        _, space, others = after.partition(" ")
        own = self.value(scope).rpartition(" ")[2]
        return f"{before} {own}{space}{others}"

    def close(self) -> None:
        """Leave the variable as it was found."""
        if self._found is None:
            os.environ.pop(VARIABLE, None)
        else:
            os.environ[VARIABLE] = self._found

    def _allowed_part(self, allowed: frozenset[str]) -> str:
        part = self._allowed.get(allowed)
        if part is None:
            part = self._allowed[allowed] = format_scope("", allowed)
        return part

    def _write_state(self, entry: str) -> None:
        # Replaced and not rewritten in place: a shim must never read half an entry.
        new = f"{self._state_file}.new"
        try:
            descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            try:
                os.write(descriptor, f"{entry}\n".encode())
            finally:
                os.close(descriptor)
            os.replace(new, self._state_file)
        except OSError as error:
            self._complain(messages.state_unwritable(self._state_file, error))
