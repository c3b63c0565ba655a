"""Do what the settings ask for where a resource is not available."""

from __future__ import annotations

from typing import Final

import pytest

from imbue.resource_guards.availability.prober import Prober
from imbue.resource_guards.availability.settings import read_demands
from imbue.resource_guards.availability.skipping import NAME
from imbue.resource_guards.availability.skipping import Skipping
from imbue.resource_guards.availability.skipping import check_required
from imbue.resource_guards.declare.registry import Registry
from imbue.resource_guards.errors import ResourceGuardMisconfiguration
from imbue.resource_guards.messages import availability as messages
from imbue.resource_guards.scope.slot import ScopeSlot

PROBER: Final[pytest.StashKey[Prober]] = pytest.StashKey()
"""What has been found out in this session."""


def begin_to_probe(
    config: pytest.Config, registry: Registry, slot: ScopeSlot | None, *, is_complete: bool
) -> None:
    """Stop a run that lacks what it requires, and skip tests where that is asked for. A second call changes nothing.

    Args:
        config: pytest's.
        registry: What is guarded.
        slot: Where the scopes of a session are that guards; `None` of one that does not.
        is_complete: All conftests have been found.

    Raises:
        ResourceGuardMisconfiguration: A setting cannot be read, or a required resource is not available.
    """
    demands = read_demands(config)
    if config.pluginmanager.hasplugin(NAME):
        return
    labels = [each.label for each in registry]
    for name in registry.probes:
        if name not in labels and is_complete:
            raise ResourceGuardMisconfiguration(messages.probe_of_nothing(name, labels))
    prober = config.stash.setdefault(PROBER, Prober(registry, demands.seconds, slot))
    if not config.option.collectonly:
        wrong = check_required(demands.required, registry, prober, is_complete=is_complete)
        if wrong:
            raise ResourceGuardMisconfiguration(wrong)
    if demands.skips:
        config.pluginmanager.register(Skipping(registry, prober), NAME)
