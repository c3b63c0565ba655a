"""Which layers are live here, for the list of guards and for projects that demand some."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from collections.abc import Sequence
from typing import Final

from imbue.resource_guards import system
from imbue.resource_guards.declare.registry import Registry
from imbue.resource_guards.errors import ResourceGuardMisconfiguration
from imbue.resource_guards.guard import SHIM
from imbue.resource_guards.intercept.native.library import built_library
from imbue.resource_guards.intercept.told_to_children import CHILD_FILE
from imbue.resource_guards.intercept.told_to_children import has_child_file
from imbue.resource_guards.messages import inventory as messages

SETTING: Final = "resource_guards_require_layers"
CHILDREN: Final = "children"
NATIVE: Final = "native"


class LiveLayer:
    """A layer as it is here.

    Args:
        name: What the setting calls it.
        title: What the list calls it.
        sees: What it sees.
        why_not: Why it is not live; empty if it is.
    """

    def __init__(self, name: str, title: str, sees: str, why_not: str = "") -> None:
        self.name = name
        self.title = title
        self.sees = sees
        self.why_not = why_not


def layers_here(registry: Registry, *, native: bool) -> Iterator[LiveLayer]:
    """Each layer, as it is here.

    Args:
        registry: What is guarded; kinds of a project's own have layers of their own.
        native: The settings ask for the native layer.
    """
    for each in registry.layers.values():
        is_off = each == SHIM and not system.HAS_POSIX
        yield LiveLayer(
            each.name, each.title, each.sees, messages.needs_posix_shell() if is_off else ""
        )
    why_not = "" if has_child_file() else messages.no_child_file(CHILD_FILE, sys.prefix)
    yield LiveLayer(CHILDREN, messages.CHILDREN_TITLE, messages.CHILDREN_SEE, why_not)
    yield LiveLayer(
        NATIVE, messages.NATIVE_TITLE, messages.NATIVE_SEES, _why_not_native(native=native)
    )


def _why_not_native(*, native: bool) -> str:
    if not native:
        return messages.native_is_off()
    try:
        built_library()
    except ResourceGuardMisconfiguration as error:
        return str(error)
    return ""


def check_layers(required: Sequence[str], registry: Registry, *, native: bool) -> None:
    """Make sure that the layers are live which a project demands.

    Args:
        required: Their names.
        registry: What is guarded.
        native: The settings ask for the native layer.

    Raises:
        ResourceGuardMisconfiguration: One is unknown, or not live here.
    """
    if not required:
        return
    here = {each.name: each for each in layers_here(registry, native=native)}
    for name in required:
        if name not in here:
            raise ResourceGuardMisconfiguration(messages.layer_unknown(SETTING, name, here))
        if here[name].why_not:
            raise ResourceGuardMisconfiguration(
                messages.layer_missing(SETTING, name, here[name].why_not)
            )
