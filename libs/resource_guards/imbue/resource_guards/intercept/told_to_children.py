"""Tell child Pythons what is guarded; `wire/guards_file.py` has the form."""

from __future__ import annotations

import os
from collections.abc import Iterable
from collections.abc import Sequence
from pathlib import Path

from imbue.resource_guards.errors import ResourceGuardMisconfiguration
from imbue.resource_guards.guard import Guard
from imbue.resource_guards.intercept.process import SessionProcess
from imbue.resource_guards.messages import intercept as messages
from imbue.resource_guards.model import Resource
from imbue.resource_guards.wire.guards_file import Guarded
from imbue.resource_guards.wire.guards_file import format_guards
from imbue.resource_guards.wire.guards_file import reference


def told_of(resource: Resource, guard: Guard, process: SessionProcess) -> list[list[str]]:
    """What child Pythons are told of a guard that is installed: its line, or nothing.

    Raises:
        ResourceGuardMisconfiguration: Its kind tells of it what cannot be written.
    """
    fields = guard.wire(process)
    if fields is None:
        return []
    is_text = isinstance(fields, (list, tuple)) and all(isinstance(each, str) for each in fields)
    if not is_text:
        raise ResourceGuardMisconfiguration(messages.not_for_children(resource, guard, fields))
    kind = reference(type(guard))
    return [] if kind is None else [[kind, resource.name, resource.label, *fields]]


def write_guards(file: Path, path: Sequence[str], guards: Iterable[Sequence[str]]) -> None:
    """Write down the guards that child Pythons are told of.

    Args:
        file: Where.
        path: The folders of PATH before the shims were put there.
        guards: Their lines.
    """
    text = format_guards(Guarded(os.getpid(), path, [*guards]))
    new = file.with_suffix(".new")
    new.write_text(text, encoding="utf-8", errors="surrogateescape")
    new.replace(file)
