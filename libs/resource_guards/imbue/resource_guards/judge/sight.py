"""Sight: whether what the guards of a resource did not see did not happen; pure functions only.

A guard of addresses has only partial sight where something connects that it cannot see. That a test
has not used the resource is then not known, and no mark of it is superfluous.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from imbue.resource_guards.model import Doubt
from imbue.resource_guards.model import Resource


def doubts_of(resource: Resource, modules: Mapping[str, Any]) -> tuple[Doubt, ...]:
    """Why it cannot be known that a resource was not used; empty where its guards see all.

    Args:
        resource: The resource, with its guards.
        modules: The modules that are loaded, by their names.
    """
    covered = frozenset(package for guard in resource.guards for package in guard.packages)
    doubts = [
        Doubt(*doubt) for guard in resource.guards for doubt in guard.doubts(covered, modules)
    ]
    return tuple(dict.fromkeys(doubts))
