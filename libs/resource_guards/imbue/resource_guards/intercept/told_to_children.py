"""Tell child Pythons what is guarded; `wire/guards_file.py` has the form."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from imbue.resource_guards.intercept.process import SessionProcess
from imbue.resource_guards.model import Resource
from imbue.resource_guards.wire.guards_file import Guarded
from imbue.resource_guards.wire.guards_file import format_guards
from imbue.resource_guards.wire.guards_file import reference


def write_guards(file: Path, resources: Iterable[Resource], process: SessionProcess) -> None:
    """Write down each guard of some resources that other processes can have."""
    guards = [
        [kind, resource.name, resource.label, *fields]
        for resource in resources
        for guard in resource.guards
        if (fields := guard.wire(process)) is not None
        if (kind := reference(type(guard))) is not None
    ]
    text = format_guards(Guarded(os.getpid(), process.programs.shims.path_at_start, guards))
    new = file.with_suffix(".new")
    new.write_text(text, encoding="utf-8", errors="surrogateescape")
    new.replace(file)
