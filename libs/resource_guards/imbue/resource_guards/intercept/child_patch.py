"""Patch one SDK chokepoint in a child Python; imported only where that SDK is."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import partial
from types import ModuleType

from imbue.resource_guards.intercept.method_patch import MethodPatch
from imbue.resource_guards.intercept.method_patch import resolve
from imbue.resource_guards.kinds import MethodKind
from imbue.resource_guards.model import SdkTarget


def patch(module: ModuleType, fields: list[str], saw: Callable[..., None]) -> None:
    """Patch a target, if this process has it: the session has told where it is missing.

    Args:
        module: The module of the target's owner.
        fields: The target, as `child_file.py` has written it.
        saw: Told the target of each call, before it goes on.
    """
    try:
        target = _read(fields)
    except ImportError:  # a Python of another environment, without the package of `when`
        return
    owner = resolve(module, target.owner.partition(":")[2])
    if hasattr(owner, target.attribute):
        MethodPatch(target, owner, partial(saw, target.title)).install()


def _read(fields: list[str]) -> SdkTarget:
    owner, attribute, kind, when = fields
    function = None
    if when:
        module_name, _, path = when.partition(":")
        function = resolve(importlib.import_module(module_name), path)
    return SdkTarget(owner, attribute, MethodKind(kind) if kind else None, when=function)
