"""Tell child Pythons what is guarded; `wire/guards_file.py` has the form."""

from __future__ import annotations

import os
from collections.abc import Iterable
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from imbue.resource_guards.intercept.binaries import Binary
from imbue.resource_guards.model import ConnectionGuard
from imbue.resource_guards.model import Resource
from imbue.resource_guards.model import SdkGuard
from imbue.resource_guards.model import SdkTarget
from imbue.resource_guards.wire.guards_file import Guarded
from imbue.resource_guards.wire.guards_file import format_guards


def write_guards(
    file: Path, resources: Iterable[Resource], binaries: Iterable[Binary], path: Iterable[str]
) -> None:
    """Write down each guarded binary, SDK target and address.

    What cannot be named is left out: a target in a class that is made inside a function, and a
    guard that patches by itself, whose functions another process does not have.
    """
    resources = list(resources)
    labels = {resource.name: resource.label for resource in resources}
    programs = [
        ["program", binary.resource, labels[binary.resource], binary.name, *binary.paths]
        for binary in binaries
    ]
    others = [
        [fields[0], resource.name, resource.label, *fields[1:]]
        for resource in resources
        for guard in resource.sdks
        for fields in _fields(guard)
    ]
    text = format_guards(Guarded(os.getpid(), [*path], [*programs, *others]))
    new = file.with_suffix(".new")
    new.write_text(text, encoding="utf-8", errors="surrogateescape")
    new.replace(file)


def _fields(guard: SdkGuard) -> Iterator[list[str]]:
    """The kind of a guard and what a child has to know of it; nothing where that cannot be said."""
    if isinstance(guard, SdkTarget):
        owner = guard.owner if isinstance(guard.owner, str) else _reference(guard.owner)
        when = "" if guard.when is None else _reference(guard.when)
        if owner is not None and when is not None:
            yield ["call", owner, guard.attribute, guard.kind or "", when]
    elif isinstance(guard, ConnectionGuard) and (is_use := _reference(guard.is_use)):
        yield ["address", is_use]


def _reference(named: Any) -> str | None:
    name = getattr(named, "__qualname__", "")
    module = getattr(named, "__module__", None)
    if module is None:
        return getattr(named, "__name__", None)  # a module
    return None if "<" in name else f"{module}:{name}"
