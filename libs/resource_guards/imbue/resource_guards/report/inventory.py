"""What is guarded and how, for ``--resource-guards-list``: no test runs, and no SDK is imported here."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Sequence

import pytest

from imbue.resource_guards.declare.layers import layers_here
from imbue.resource_guards.declare.policy import read_native
from imbue.resource_guards.declare.probes import title_of
from imbue.resource_guards.declare.registry import Registry
from imbue.resource_guards.guard import Guard
from imbue.resource_guards.messages import inventory as say_inventory
from imbue.resource_guards.messages.foreign import shown
from imbue.resource_guards.pytest_internals import writer_of


def write_inventory(config: pytest.Config, registry: Registry) -> None:
    """Write each resource with its guards, and the layers that are live here."""
    terminal = writer_of(config)
    described = _described(registry)
    for resource in registry:
        terminal.write(f"{resource.label}", bold=True)
        terminal.line(shown(say_inventory.inventory_origin(resource)))
        for line in registry.notes.get(resource.label, ()):
            terminal.line(f"  {shown(line)}")
        for guard in resource.guards:
            for line in described[guard]:
                terminal.line(f"  {shown(line)}")
        for probe in registry.probes.get(resource.label, ()):
            terminal.line(f"  available if: {shown(title_of(probe))}")
        for line in dict.fromkeys(f"{each.kind}: {each.sight()}" for each in resource.guards):
            terminal.line(f"  sight of {shown(line)}")
        terminal.line()
    if not registry.names:
        terminal.line(say_inventory.nothing_is_guarded())
        terminal.line()
    terminal.write(say_inventory.LAYERS_TITLE, bold=True)
    terminal.line()
    for line in layers(registry, native=read_native(config)):
        terminal.line(f"  {shown(line)}")


def _described(registry: Registry) -> dict[Guard, Sequence[str]]:
    guards = list(dict.fromkeys(guard for resource in registry for guard in resource.guards))
    described: dict[Guard, Sequence[str]] = {}
    kinds: dict[type[Guard], None] = dict.fromkeys(map(type, guards))
    for kind in kinds:
        of_kind = [each for each in guards if type(each) is kind]
        described.update(zip(of_kind, kind.describe(of_kind), strict=True))
    return described


def layers(registry: Registry, *, native: bool) -> Iterator[str]:
    """A line for each layer: whether it is live here, and if not, the reason."""
    for each in layers_here(registry, native=native):
        if each.why_not:
            yield say_inventory.layer_off(each.title, each.why_not)
        else:
            yield say_inventory.layer_live(each.title, each.sees)
