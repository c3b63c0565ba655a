"""What is found out before the first test runs, when all conftests are loaded."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from imbue.resource_guards.declare.fixtures import check_contracts
from imbue.resource_guards.declare.markers import check_arguments
from imbue.resource_guards.errors import ResourceGuardMisconfiguration

if TYPE_CHECKING:
    from imbue.resource_guards.run import Run
    from imbue.resource_guards.scope.slot import ScopeSlot


def begin(
    session: pytest.Session,
    run: Run,
    slot: ScopeSlot | None,
    check_names: Callable[[pytest.Session], None],
) -> None:
    """Complain of settings, marks and contracts that cannot be, and do what is asked for about resources that are not there.

    A worker of xdist then has no tests left, and hands in why: when a controller is told of a worker's complaint,
    xdist has begun to run tests.

    Args:
        session: pytest's, with the tests that are to run.
        run: The run.
        slot: Where the scopes of a session are that guards; `None` of one that does not.
        check_names: Complains of names in the settings that nothing has.

    Raises:
        ResourceGuardMisconfiguration: One cannot be, or a required resource is not available.
    """
    try:
        check_names(session)
        _check(session, run, slot)
    except ResourceGuardMisconfiguration as error:
        run.findings.stopped = str(error)
        if not run.is_worker:
            raise
        if run.recorder is not None:
            run.recorder.pytest_collection_finish(session)
        session.items.clear()
        session.shouldfail = str(error)


def _check(session: pytest.Session, run: Run, slot: ScopeSlot | None) -> None:
    # A controller of xdist finds no conftests below those that pytest starts with; its workers do.
    is_complete = not session.config.pluginmanager.hasplugin("dsession")
    run.policy.check(run.registry, is_complete=is_complete)
    # Discovery registers all of the catalogue, and a suite's own mark of such a name may have arguments.
    if slot is not None and not run.policy.discovers:
        check_arguments(session.items, run.registry)
        check_contracts(session.items, run.registry)
    if run.policy.demands:
        from imbue.resource_guards.availability.demands import begin_to_probe

        begin_to_probe(session.config, run.registry, slot, is_complete=is_complete)
