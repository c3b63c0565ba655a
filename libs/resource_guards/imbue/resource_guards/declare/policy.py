"""What is done about a violation: fail, warn, or nothing; for each resource and direction."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from typing import TYPE_CHECKING
from typing import Any
from typing import Final

import pytest

from imbue.resource_guards.errors import ResourceGuardMisconfiguration
from imbue.resource_guards.kinds import Direction
from imbue.resource_guards.kinds import Mode
from imbue.resource_guards.kinds import ViolationKind
from imbue.resource_guards.messages import options as messages

if TYPE_CHECKING:
    from imbue.resource_guards.declare.registry import Registry

DIRECTIONS: Final = {
    ViolationKind.MISSING_MARK: Direction.MISSING,
    ViolationKind.FIXTURE_UNDECLARED_USE: Direction.MISSING,
    ViolationKind.SUPERFLUOUS_MARK: Direction.SUPERFLUOUS,
    ViolationKind.FIXTURE_UNUSED_DECLARATION: Direction.SUPERFLUOUS,
}


GITHUB_SUMMARY: Final = "resource_guards_github_summary"
"""The setting that leaves the report out of the summary of a job of GitHub's."""


_FILES: Final = {"json": "report.json", "html": "report.html", "discover-json": "discovered.json"}
"""The options that take a path, without what all begin with, and an example for each."""


def read_policy(config: pytest.Config) -> Policy:
    """The policy that the options and settings of a run ask for.

    Raises:
        ResourceGuardMisconfiguration: One cannot be read, or asks for what another excludes.
    """
    option = config.option
    for name, example in _FILES.items():
        if getattr(option, f"resource_guards_{name.replace('-', '_')}") == "":
            raise ResourceGuardMisconfiguration(
                messages.path_empty(f"--resource-guards-{name}", example)
            )
    mode = _mode(option.resource_guards or read_text(config, "resource_guards_mode"))
    fixes = bool(option.resource_guards_fix)
    discovers = bool(option.resource_guards_discover or option.resource_guards_discover_json)
    writes = (
        option.resource_guards_json or option.resource_guards_html or option.resource_guards_output
    )
    if discovers and (option.resource_guards_report or writes):
        raise ResourceGuardMisconfiguration(messages.DISCOVERY_AND_REPORTS)
    records = bool(option.resource_guards_report or writes or fixes or discovers)
    if records and mode is Mode.OFF:
        raise ResourceGuardMisconfiguration(messages.RECORDS_WHILE_OFF)
    if fixes and not has_libcst():
        raise ResourceGuardMisconfiguration(messages.FIX_NEEDS_LIBCST)
    warn, native = read_texts(config, "resource_guards_warn"), read_native(config)
    read_switch(config, GITHUB_SUMMARY)  # read again at the end; what is wrong with it is told now
    requires = bool(read_texts(config, "resource_guards_require") or option.resource_guards_require)
    absent = option.resource_guards_unavailable or read_text(config, "resource_guards_unavailable")
    skips = absent.strip() == "skip"
    return Policy(
        mode,
        () if discovers else warn,
        learns=fixes or discovers,
        discovers=discovers,
        records=records,
        native=native,
        demands=(requires or absent != "run") and not discovers,
        skips_absent=skips or discovers,
        layers=read_texts(config, "resource_guards_require_layers"),
    )


def read_native(config: pytest.Config) -> bool:
    """Whether the settings ask for the native layer.

    Raises:
        ResourceGuardMisconfiguration: The setting is neither true nor false.
    """
    return read_switch(config, "resource_guards_native")


def read_switch(config: pytest.Config, name: str) -> bool:
    """Whether a setting is true.

    Raises:
        ResourceGuardMisconfiguration: The setting is neither true nor false.
    """
    try:
        return bool(_read(config, name))
    except (ValueError, pytest.UsageError) as error:
        raise ResourceGuardMisconfiguration(messages.switch_unreadable(name, error)) from error


def read_texts(config: pytest.Config, name: str) -> Sequence[str]:
    """What a setting lists.

    Raises:
        ResourceGuardMisconfiguration: It has something else than texts.
    """
    texts: Sequence[str] = _read(config, name)
    for each in texts:
        if not isinstance(each, str):
            raise ResourceGuardMisconfiguration(messages.items_unreadable(name, each))
    return texts


def read_text(config: pytest.Config, name: str) -> str:
    """What a setting says.

    Raises:
        ResourceGuardMisconfiguration: It is something else than a text.
    """
    text = _read(config, name)
    if not isinstance(text, str):
        raise ResourceGuardMisconfiguration(messages.text_unreadable(name, text))
    return text


def _read(config: pytest.Config, name: str) -> Any:
    try:
        return config.getini(name)
    except TypeError as error:  # of pytest's TOML files, where values have types
        raise ResourceGuardMisconfiguration(messages.value_unreadable(error)) from error


def _mode(text: str) -> Mode:
    try:
        return Mode(text.strip())
    except ValueError as error:
        modes = [mode.value for mode in Mode]
        raise ResourceGuardMisconfiguration(messages.mode_unknown(text, modes)) from error


def has_libcst() -> bool:
    """Whether marks can be rewritten here."""
    try:
        return importlib.util.find_spec("libcst") is not None
    except ValueError:  # somebody has put something else in its place
        return False


class Policy:
    """What a session does about violations.

    Attributes:
        is_strict: Each test may use what it declares, and nothing else.
        needs_guards: It makes no sense without any guard.

    Args:
        mode: The mode of the whole run.
        warn: Where an enforcing run only warns: ``docker``, ``missing:docker`` or
            ``superfluous:docker``, by the resource's name or its mark.
        learns: The run is to find out what tests use: it blocks nothing, fails nothing, and warns
            of nothing.
        discovers: It finds out what tests use of which nobody has said anything.
        records: The run keeps a record of each test.
        native: The native layer is asked for.
        demands: Something is to become of tests whose resource is not available.
        skips_absent: Those are skipped, so that the package of a call need not be there.
        layers: The layers that have to be live.

    Raises:
        ResourceGuardMisconfiguration: An entry of `warn` that cannot be read.
    """

    def __init__(  # noqa: PLR0913 - what there is to say
        self,
        mode: Mode,
        warn: Sequence[str] = (),
        *,
        learns: bool = False,
        discovers: bool = False,
        records: bool = False,
        native: bool = False,
        demands: bool = False,
        skips_absent: bool = False,
        layers: Sequence[str] = (),
    ) -> None:
        self.mode = mode
        self.is_native = native
        self.records = records
        self.learns = learns
        self.discovers = discovers
        self._enforces = mode is Mode.ENFORCE and not learns
        self.demands = demands
        self.skips_absent = skips_absent
        self.layers = layers
        self.needs_guards = records or bool(warn) or demands or bool(layers)
        self.is_strict = self._enforces and not warn
        self._warned: dict[str, set[Direction]] = {}
        for entry in warn:
            self._warned.setdefault(_name(entry), set()).update(_directions(entry))
        self._allowances: dict[tuple[frozenset[str], int], frozenset[str]] = {}

    def check(self, registry: Registry, *, is_complete: bool) -> None:
        """Complain of resources that it names and nobody has registered, of none at all, and of layers that are not live.

        Args:
            registry: What is guarded.
            is_complete: All conftests have been found; xdist's controller looks for none.

        Raises:
            ResourceGuardMisconfiguration: There is something to complain of.
        """
        if self.layers and self.mode is not Mode.OFF:
            from imbue.resource_guards.declare.layers import check_layers  # for few

            check_layers(self.layers, registry, native=self.is_native)
        if self.records and is_complete and not registry.names:
            raise ResourceGuardMisconfiguration(messages.RECORDS_OF_NOTHING)
        if not is_complete and not registry.names:
            return
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
        if self.is_strict:
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
