"""Write down what is guarded, in a form that a child Python reads fast; `child.py` reads it."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from imbue.resource_guards.intercept.binaries import Binary
from imbue.resource_guards.model import ConnectionGuard
from imbue.resource_guards.model import Resource
from imbue.resource_guards.model import SdkTarget


def write_guards(
    file: Path, resources: Iterable[Resource], binaries: Iterable[Binary], path: Iterable[str]
) -> None:
    """Write one line for each guarded binary, SDK target and address, its fields between tabs.

    What cannot be named is left out: a target in a class that is made inside a function, and a
    guard that patches by itself, whose functions another process does not have.
    """
    resources = list(resources)
    labels = {resource.name: resource.label for resource in resources}
    lines = [["pid", str(os.getpid())], ["path", *path]]
    lines += [
        ["binary", binary.resource, labels[binary.resource], binary.name, *binary.paths]
        for binary in binaries
    ]
    lines += [
        ["sdk", resource.name, resource.label, *fields]
        for resource in resources
        for guard in resource.sdks
        if isinstance(guard, SdkTarget) and (fields := _fields(guard))
    ]
    lines += [
        ["connection", resource.name, resource.label, is_use]
        for resource in resources
        for guard in resource.sdks
        if isinstance(guard, ConnectionGuard) and (is_use := _reference(guard.is_use))
    ]
    text = "".join("\t".join(line) + "\n" for line in lines)
    new = file.with_suffix(".new")
    new.write_text(text, encoding="utf-8", errors="surrogateescape")
    new.replace(file)


def _fields(target: SdkTarget) -> list[str] | None:
    owner = target.owner if isinstance(target.owner, str) else _reference(target.owner)
    when = "" if target.when is None else _reference(target.when)
    if owner is None or when is None:
        return None
    return [owner, target.attribute, target.kind or "", when]


def _reference(named: Any) -> str | None:
    name = getattr(named, "__qualname__", "")
    module = getattr(named, "__module__", None)
    if module is None:
        return getattr(named, "__name__", None)  # a module
    return None if "<" in name else f"{module}:{name}"
