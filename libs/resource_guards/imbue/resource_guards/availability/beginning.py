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


def leave_no_tests(
    session: pytest.Session, registry: Registry, policy: Policy, slot: ScopeSlot | None
) -> str:
    """Leave no tests to a worker of xdist whose run will stop: when that is told, xdist has begun to run them.

    Args:
        session: pytest's, with all tests collected.
        registry: What is guarded.
        policy: What the settings ask for.
        slot: As for `check_before_tests`.

    Returns:
        Why it will; empty if it will not.
    """
    try:
        check_before_tests(session, registry, policy, slot)
    except ResourceGuardMisconfiguration as error:
        session.items.clear()
        return str(error)
    return ""


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
        from imbue.resource_guards.availability.demands import begin_to_probe

        begin_to_probe(session.config, registry, slot, is_complete=is_complete)
