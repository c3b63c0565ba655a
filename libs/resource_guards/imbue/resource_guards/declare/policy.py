"""What is done about a violation: fail, warn, or nothing; for each resource and direction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from imbue.resource_guards import messages
from imbue.resource_guards.declare.registry import Registry
from imbue.resource_guards.errors import ResourceGuardMisconfiguration
from imbue.resource_guards.model import Direction
from imbue.resource_guards.model import Mode
from imbue.resource_guards.model import ViolationKind

DIRECTIONS: Final = {
    ViolationKind.MISSING_MARK: Direction.MISSING,
    ViolationKind.FIXTURE_UNDECLARED_USE: Direction.MISSING,
    ViolationKind.SUPERFLUOUS_MARK: Direction.SUPERFLUOUS,
    ViolationKind.FIXTURE_UNUSED_DECLARATION: Direction.SUPERFLUOUS,
}


def read_mode(text: str, source: str) -> Mode:
    """The mode of that name.

    Args:
        text: What was written.
        source: The option or setting, for the message.

    Raises:
        ResourceGuardMisconfiguration: There is no such mode.
    """
    try:
        return Mode(text.strip())
    except ValueError as error:
        modes = [mode.value for mode in Mode]
        raise ResourceGuardMisconfiguration(messages.mode_unknown(source, text, modes)) from error


class Policy:
    """What a session does about violations.

    Args:
        mode: The mode of the whole run.
        warn: Where an enforcing run only warns: ``docker``, ``missing:docker`` or
            ``superfluous:docker``, by the resource's name or its mark.
        learns: The run is to find out what tests use: it blocks nothing, fails nothing, and warns
            of nothing.

    Raises:
        ResourceGuardMisconfiguration: An entry of `warn` that cannot be read.
    """

    def __init__(self, mode: Mode, warn: Sequence[str] = (), *, learns: bool = False) -> None:
        self.mode = mode
        self.learns = learns
        self._enforces = mode is Mode.ENFORCE and not learns
        self._warned = {name: _directions(entry) for entry in warn for name in [_name(entry)]}
        for entry in warn:
            self._warned[_name(entry)] |= _directions(entry)
        self._allowances: dict[tuple[frozenset[str], int], frozenset[str]] = {}

    def check(self, registry: Registry) -> None:
        """Complain of resources that it names and nobody has registered.

        Raises:
            ResourceGuardMisconfiguration: There is one.
        """
        known = {name for each in registry for name in (each.name, each.label)}
        for name in self._warned:
            if name not in known:
                labels = [each.label for each in registry]
                raise ResourceGuardMisconfiguration(messages.warn_unknown(name, labels))

    def enforces(self, direction: Direction, *names: str) -> bool:
        """Whether a violation in a direction fails its test, and what shows it is blocked.

        Args:
            direction: The direction.
            names: The resource's names: its mark, and what it was registered as.
        """
        return self._enforces and not any(direction in self._warned.get(name, ()) for name in names)

    def allowance(self, declared: frozenset[str], registry: Registry) -> frozenset[str]:
        """What a test with these declarations may use: all else is blocked.

        Equal sets are the same object, so that comparing two is cheap.
        """
        if self._enforces and not self._warned:
            return declared
        key = declared, len(registry.names)
        if key not in self._allowances:
            free = [
                each.name
                for each in registry
                if not self.enforces(Direction.MISSING, each.name, each.label)
            ]
            self._allowances[key] = declared.union(free)
        return self._allowances[key]


def _name(entry: str) -> str:
    return entry.rpartition(":")[2]


def _directions(entry: str) -> set[Direction]:
    direction, colon, name = entry.rpartition(":")
    if not colon:
        return set(Direction)
    try:
        found = {Direction(direction)}
    except ValueError:
        found = set()
    if not found or not name:
        raise ResourceGuardMisconfiguration(
            messages.warn_unreadable(entry, [each.value for each in Direction])
        )
    return found
