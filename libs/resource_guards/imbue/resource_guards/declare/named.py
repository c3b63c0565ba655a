"""Guards that a project's settings name: ``resource_guards = docker tmux``, without a conftest."""

from __future__ import annotations

import inspect
import shutil
from collections.abc import Callable
from collections.abc import Iterable
from importlib.metadata import EntryPoint
from importlib.metadata import entry_points
from typing import Final

from imbue.resource_guards.declare.registry import Registry
from imbue.resource_guards.errors import ResourceGuardMisconfiguration
from imbue.resource_guards.messages import declare as messages

ENTRY_POINT_GROUP: Final = "resource_guards"
"""Guard packages advertise a function under it that registers their guards."""

BINARY: Final = "binary:"
"""Stands before a program's name: it is one, whether or not it is installed here."""


def register_named(names: Iterable[str], registry: Registry) -> None:
    """Register guards by name: those of an installed guard package, or of a program.

    Args:
        names: ``docker`` for a guard package's entry point or else a program on PATH, ``binary:tmux``
            for a program that need not be there.
        registry: Where programs are registered.

    Raises:
        ResourceGuardMisconfiguration: Nothing has that name, or the package's function failed.
    """
    installed = {each.name: each for each in entry_points(group=ENTRY_POINT_GROUP)}
    for name in names:
        if name.startswith(BINARY):
            registry.register_binary_guard(name.removeprefix(BINARY))
        elif name in installed:
            register_entry_point(installed[name], registry)
        elif shutil.which(name):
            registry.register_binary_guard(name)
        else:
            raise ResourceGuardMisconfiguration(messages.name_unknown(name, sorted(installed)))


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
