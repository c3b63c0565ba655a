"""Why it cannot be known that a test did not use a resource that it declares."""

from __future__ import annotations

import sys
from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Iterator

from imbue.resource_guards import system
from imbue.resource_guards.guard import CONNECTION
from imbue.resource_guards.guards.program import Program
from imbue.resource_guards.intercept.told_to_children import has_child_file
from imbue.resource_guards.judge import sight
from imbue.resource_guards.lifecycle.accounts import TestAccount
from imbue.resource_guards.model import Doubt
from imbue.resource_guards.model import Resource
from imbue.resource_guards.past_python import CHILD_PYTHONS
from imbue.resource_guards.past_python import OTHER_CLIENTS
from imbue.resource_guards.past_python import OTHER_PROGRAMS
from imbue.resource_guards.past_python import PATHS_IN_ARGUMENTS
from imbue.resource_guards.past_python import SHARED_TRANSPORTS

Noted = Collection[tuple[int, str]]
"""Scopes by their ids, each with a resource."""


def doubts_of(
    account: TestAccount, resources: Iterable[Resource], perhaps: Noted, named: Noted
) -> dict[str, tuple[Doubt, ...]]:
    """The reasons for each resource that has some.

    Args:
        account: The test.
        resources: What it declares and was not seen to use.
        perhaps: The scopes during which something came for nobody known, each with the resource that it came from.
        named: The scopes in which another program was given the path of a resource's program.
    """
    found = {
        each.name: (*sight.doubts_of(each, sys.modules), *_of_test(account, each, perhaps, named))
        for each in resources
    }
    return {name: reasons for name, reasons in found.items() if reasons}


def _of_test(
    account: TestAccount, resource: Resource, perhaps: Noted, named: Noted
) -> Iterator[Doubt]:
    scopes = [account.scope, *(each.scope for each in account.all_fixtures())]
    if any((scope.id, resource.name) in perhaps for scope in scopes):
        yield Doubt(SHARED_TRANSPORTS)
    if any((scope.id, resource.name) in named for scope in scopes):
        yield Doubt(PATHS_IN_ARGUMENTS)
    # A shim is on the PATH of all programs; what else there is of guards, each Python has for itself.
    has_started = any(scope.has_started for scope in scopes)
    has_program = any(isinstance(each, Program) for each in resource.guards)
    if has_started and has_program and not system.HAS_POSIX:
        yield Doubt(OTHER_PROGRAMS)
    has_connection = any(CONNECTION in each.layers for each in resource.guards)
    if has_connection and not has_program and any(scope.has_started_others for scope in scopes):
        yield Doubt(OTHER_CLIENTS)
    by_shims = system.HAS_POSIX and all(isinstance(each, Program) for each in resource.guards)
    if not by_shims and has_started and not has_child_file():
        yield Doubt(CHILD_PYTHONS)
