"""The line of pytest's header that tells what is guarded."""

from __future__ import annotations

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
        if not all(guard.probe() for guard in resource.guards)
        else messages.not_on_path(resource.label)
        for resource in resources
    ]
    return messages.header(names, mode)


def gaps(resources: Iterable[Resource]) -> list[str]:
    """A line for each part of a guard that this installation does not have."""
    return [line for each in resources for guard in each.guards for line in guard.gaps(each)]
