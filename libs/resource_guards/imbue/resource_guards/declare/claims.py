"""What only one resource may guard: a program is the one resource or the other."""

from __future__ import annotations

from collections.abc import Iterable

from imbue.resource_guards.errors import ResourceGuardMisconfiguration
from imbue.resource_guards.messages import declare as messages
from imbue.resource_guards.model import Resource


def check_claims(new: Resource, others: Iterable[Resource]) -> None:
    """Make sure that a resource guards nothing that is another's.

    Raises:
        ResourceGuardMisconfiguration: It does.
    """
    __tracebackhide__ = True
    own = _claims(new)
    if not own:
        return  # most of what discovery registers
    for other in others:
        taken = _claims(other) & own
        if taken and other.name != new.name:
            raise ResourceGuardMisconfiguration(messages.guard_taken(new, other, taken))


def _claims(resource: Resource) -> set[str]:
    return {each.claim for each in resource.guards if each.claim}
