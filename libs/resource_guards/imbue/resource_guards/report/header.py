"""The line of pytest's header that tells what is guarded."""

from __future__ import annotations

import shutil
from collections.abc import Iterable

from imbue.resource_guards.kinds import Mode
from imbue.resource_guards.messages import report as messages
from imbue.resource_guards.model import Resource


def header(resources: Iterable[Resource], mode: Mode) -> str:
    """What is guarded, which of it is not there, and how strict the run is.

    A resource that only programs are is not there if none of them is on PATH: a misspelt name
    guards nothing, and looks just like that.
    """
    names = [
        resource.label
        if resource.sdks or any(map(shutil.which, resource.binaries))
        else messages.not_on_path(resource.label)
        for resource in resources
    ]
    return messages.header(names, mode)
