"""Patch one SDK chokepoint in a child Python; imported only where that SDK is."""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType

from imbue.resource_guards.intercept.attributes import is_missing
from imbue.resource_guards.intercept.attributes import resolve
from imbue.resource_guards.intercept.gate import Opening
from imbue.resource_guards.intercept.gate import SdkCall
from imbue.resource_guards.intercept.having import split
from imbue.resource_guards.intercept.method_patch import MethodPatch
from imbue.resource_guards.kinds import MethodKind
from imbue.resource_guards.model import SdkTarget
from imbue.resource_guards.wire.guards_file import find


def patch_target(
    module: ModuleType, session: str, resource: str, fields: Sequence[str], opener: str = ""
) -> None:
    """Patch a target, if this process has it: the session has told where it is missing.

    Args:
        module: The module of the target's owner.
        session: The key of the session that guards the resource.
        resource: The resource's name.
        fields: The target, as `guards/call.py` has told of it.
        opener: The name of a function that opens connections, if it is one.
    """
    try:
        target = _read(fields)
    except ImportError:  # a Python of another environment, without the package of `when`
        return
    owner = resolve(module, target.owner.partition(":")[2])
    if not is_missing(owner, target.attribute):
        observe = Opening(opener) if opener else SdkCall(session, resource, target.title)
        MethodPatch(target, owner, observe, module=module).install()


def _read(fields: Sequence[str]) -> SdkTarget:
    owner, attribute, kind, when = fields
    _, function = split(when)
    if function is None and when:
        function = find(when)
    return SdkTarget(
        owner=owner, attribute=attribute, kind=MethodKind(kind) if kind else None, when=function
    )
