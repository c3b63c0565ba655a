"""Guards that a project's settings name: ``resource_guards = docker tmux``, without a conftest."""

from __future__ import annotations

import inspect
import shutil
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
from importlib.metadata import EntryPoint
from importlib.metadata import entry_points
from typing import TYPE_CHECKING
from typing import Final

from imbue.resource_guards.declare.registry import Registry
from imbue.resource_guards.errors import ResourceGuardMisconfiguration
from imbue.resource_guards.guard import Guard
from imbue.resource_guards.messages import declare as messages

if TYPE_CHECKING:
    import pytest

    from imbue.resource_guards.declare.tables import Tables
    from imbue.resource_guards.declare.unfound import Unfound

ENTRY_POINT_GROUP: Final = "resource_guards"
"""Guard packages advertise a function under it that registers their guards."""

BINARY: Final = "binary:"
"""Stands before a program's name: it is one, whether or not it is installed here."""

NETWORK: Final = "network"
"""Comes ready: all that leaves this machine."""


def register_named(
    config: pytest.Config,
    names: Iterable[str],
    registry: Registry,
    defined: tuple[Iterable[str], Tables],
) -> Unfound | None:
    """Register guards by name: those of an installed guard package, or of a program.

    Args:
        config: pytest's.
        names: ``docker`` for a guard package's entry point or else a program, ``binary:tmux``
            for a program alone.
        registry: Where programs are registered.
        defined: The lines and the tables that define resources, which may be named too.

    Returns:
        What finds out of names that nothing here has whether they are meant; `None` without any.

    Raises:
        ResourceGuardMisconfiguration: A name cannot be, or the package's function failed.
    """
    lines, tables = defined
    by_settings = {*tables, *(line.partition(":")[0].strip() for line in lines)}
    unfound = []
    installed = {each.name: each for each in entry_points(group=ENTRY_POINT_GROUP)}
    for name in names:
        if name.startswith(BINARY):
            registry.register_binary_guard(name.removeprefix(BINARY))
        elif name in installed:
            register_entry_point(installed[name], registry)
        elif name == NETWORK:
            registry.register_address_guard(name, "*")
        elif name not in by_settings:
            registry.register_binary_guard(name)
            if not shutil.which(name):
                unfound.append(name)
    if not unfound:
        return None
    from imbue.resource_guards.declare.unfound import Unfound  # only where needed

    plugin = Unfound(config, unfound, registry, sorted(installed))
    config.pluginmanager.register(plugin)
    return plugin


def register_defined(lines: Iterable[str], registry: Registry) -> None:
    """Register what the settings define, a line each: ``rates: program:rates call:rates_sdk:Client.send``.

    Args:
        lines: The lines. Behind the resource's name and a colon stand its guards, each by the name of
            its kind, a colon, and what that kind takes.
        registry: Where they are registered; it knows the kinds.

    Raises:
        ResourceGuardMisconfiguration: One cannot be read.
    """
    for line in lines:
        name, colon, guards = (part.strip() for part in line.partition(":"))
        if not name or not colon or not guards:
            raise ResourceGuardMisconfiguration(messages.definition_unreadable(line))
        for written in guards.split():
            registry.register_guard(name, _guard(name, written, registry.kinds))


def _guard(name: str, written: str, kinds: Mapping[str, type[Guard]]) -> Guard:
    kind, _, text = written.partition(":")
    if kind not in kinds:
        raise ResourceGuardMisconfiguration(messages.kind_unknown(name, written, kinds))
    if not text.strip(",") or text.endswith(","):  # they stand between blanks
        raise ResourceGuardMisconfiguration(messages.kind_without_value(name, kind))
    try:
        return kinds[kind].parse(name, text)
    except NotImplementedError:
        raise ResourceGuardMisconfiguration(
            messages.kind_not_in_settings(name, kind, text)
        ) from None


def register_entry_point(entry_point: EntryPoint, registry: Registry) -> None:
    """Call the function that a guard package advertises.

    Args:
        entry_point: Names the function.
        registry: Given to one that takes it; those of 0.1.x take nothing.

    Raises:
        ResourceGuardMisconfiguration: It cannot be imported, or it failed.
    """
    try:
        register = entry_point.load()
        if _takes_registry(register):
            register(registry)
        else:
            register()
    except Exception as error:
        raise ResourceGuardMisconfiguration(
            messages.entry_point_failed(entry_point.name, entry_point.value, error)
        ) from error


def _takes_registry(register: Callable[..., object]) -> bool:
    """Whether a function is to be given the registry, by the name of its first parameter or for want of a default."""
    first = next(iter(inspect.signature(register).parameters.values()), None)
    if first is None or first.kind not in (first.POSITIONAL_ONLY, first.POSITIONAL_OR_KEYWORD):
        return False
    return first.default is first.empty or first.name in ("registrar", "registry")
