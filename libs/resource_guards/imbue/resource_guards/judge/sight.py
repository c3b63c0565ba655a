"""Sight: whether what the guards of a resource did not see did not happen; pure functions only.

A guard of addresses has only partial sight where something connects that it cannot see. That a test
has not used the resource is then not known, and no mark of it is superfluous.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from typing import Any
from typing import Final

from imbue.resource_guards.model import ConnectionGuard
from imbue.resource_guards.model import Doubt
from imbue.resource_guards.model import Resource
from imbue.resource_guards.model import SdkTarget
from imbue.resource_guards.past_python import LIBRARIES
from imbue.resource_guards.past_python import Library

Modules = Mapping[str, Any]


def doubts_of(resource: Resource, modules: Modules) -> tuple[Doubt, ...]:
    """Why it cannot be known that a resource was not used; empty where its guards see all.

    Args:
        resource: The resource, with its guards.
        modules: The modules that are loaded, by their names.
    """
    return tuple(doubt for look in _REASONS for doubt in look(resource, modules))


def _past_python(resource: Resource, modules: Modules) -> Iterator[Doubt]:
    """A library is loaded that may have connected where the guard of addresses does not see it."""
    addresses = [each for each in resource.sdks if isinstance(each, ConnectionGuard)]
    covered = _packages(resource)
    for library in LIBRARIES:
        reaches = any(
            each.libraries is None or set(each.libraries).intersection(library.packages)
            for each in addresses
        )
        if reaches and covered.isdisjoint(library.packages) and _connects(library, modules):
            yield Doubt(library.title, library.targets)


_REASONS: Final[tuple[Callable[[Resource, Modules], Iterable[Doubt]], ...]] = (_past_python,)
"""Each finds one kind of reason; a further kind is one more function here."""


def _packages(resource: Resource) -> set[str]:
    """The packages in which calls of the resource are guarded."""
    owners = [each.owner for each in resource.sdks if isinstance(each, SdkTarget)]
    return {_module_of(each).partition(":")[0].partition(".")[0] for each in owners}


def _module_of(owner: object) -> str:
    if isinstance(owner, str):
        return owner
    return str(getattr(owner, "__module__", None) or vars(owner)["__name__"])


def _connects(library: Library, modules: Modules) -> bool:
    if modules.get(library.module) is None:
        return False
    if library.when is None:
        return True
    try:
        return library.when(modules[library.packages[0]])
    except Exception:  # noqa: BLE001 - of another version than is known, which may connect so
        return True
