"""Do what the settings ask for where a resource is not available."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import pytest

from imbue.resource_guards.availability.prober import Prober
from imbue.resource_guards.availability.settings import ALL
from imbue.resource_guards.availability.settings import read_demands
from imbue.resource_guards.availability.skipping import NAME
from imbue.resource_guards.availability.skipping import Skipping
from imbue.resource_guards.declare.registry import Registry
from imbue.resource_guards.errors import ResourceGuardMisconfiguration
from imbue.resource_guards.messages import availability as messages
from imbue.resource_guards.model import Resource
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
    # A controller of xdist leaves that to its workers: they know all probes, and may run elsewhere.
    if is_complete and not config.option.collectonly:
        wrong = _missing(demands.required, registry, prober)
        if wrong:
            raise ResourceGuardMisconfiguration(wrong)
    if demands.skips:
        config.pluginmanager.register(Skipping(registry, prober), NAME)


def _missing(required: Sequence[str], registry: Registry, prober: Prober) -> str:
    """What is wrong with the resources that a run has to have; empty if all are available.

    Args:
        required: Their names or marks, or the word for all.
        registry: What is guarded.
        prober: Finds out what is available.
    """
    asked: dict[str, Resource] = {}
    for name in required:
        found = [each for each in registry if name in (each.name, each.label, ALL)]
        if name == ALL:
            found = list(registry)
        elif not found:
            return messages.required_unknown(name, [each.label for each in registry])
        asked.update((each.label, each) for each in found)
    if not asked:
        return messages.required_unknown(ALL, []) if required else ""
    reasons = {label: reason for label, each in asked.items() if (reason := prober.reason(each))}
    if reasons:
        return messages.required_missing(reasons)
    untold = [label for label, each in asked.items() if not prober.can_tell(each)]
    # Where all are asked for, those are meant of which something is known.
    named = [each for each in untold if ALL not in required]
    return messages.required_untold(named) if named else ""
