"""What is found out before the first test runs, when all conftests are loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from imbue.resource_guards.declare.fixtures import check_contracts
from imbue.resource_guards.declare.markers import check_arguments
from imbue.resource_guards.errors import ResourceGuardMisconfiguration

if TYPE_CHECKING:
    from imbue.resource_guards.declare.policy import Policy
    from imbue.resource_guards.declare.registry import Registry
    from imbue.resource_guards.scope.slot import ScopeSlot


def check_before_tests(
    session: pytest.Session, registry: Registry, policy: Policy, slot: ScopeSlot | None
) -> None:
    """Complain of settings, marks and contracts that cannot be, and do what is asked for about resources that are not there.

    Args:
        session: pytest's, with the tests that are to run.
        registry: What is guarded.
        policy: What the settings ask for.
        slot: Where the scopes of a session are that guards; `None` of one that does not.

    Raises:
        ResourceGuardMisconfiguration: One cannot be, or a required resource is not available.
    """
    # A controller of xdist finds no conftests below those that pytest starts with; its workers do.
    is_complete = not session.config.pluginmanager.hasplugin("dsession")
    policy.check(registry, is_complete=is_complete)
    if slot is not None:
        check_arguments(session.items, registry)
        check_contracts(session.items, registry)
    if policy.demands:
        _begin_to_probe(session.config, registry, slot, is_complete=is_complete)


def _begin_to_probe(
    config: pytest.Config, registry: Registry, slot: ScopeSlot | None, *, is_complete: bool
) -> None:
    """Do what the settings ask for where a resource is not available. A second call changes nothing."""
    from imbue.resource_guards.availability.prober import Prober
    from imbue.resource_guards.availability.settings import read_demands
    from imbue.resource_guards.availability.skipping import NAME
    from imbue.resource_guards.availability.skipping import Skipping
    from imbue.resource_guards.availability.skipping import check_required

    demands = read_demands(config)
    if config.pluginmanager.hasplugin(NAME):
        return
    prober = Prober(registry, demands.seconds, slot)
    if not config.option.collectonly:
        wrong = check_required(demands.required, registry, prober, is_complete=is_complete)
        if wrong:
            raise ResourceGuardMisconfiguration(wrong)
    if demands.skips:
        config.pluginmanager.register(Skipping(registry, prober), NAME)
