"""The line of pytest's header that tells what is guarded."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from imbue.resource_guards import system
from imbue.resource_guards.guards.program import Program
from imbue.resource_guards.intercept.told_to_children import CHILD_FILE
from imbue.resource_guards.intercept.told_to_children import has_child_file
from imbue.resource_guards.kinds import Mode
from imbue.resource_guards.messages import report as messages
from imbue.resource_guards.model import Resource


def header(resources: Iterable[Resource], mode: Mode) -> str:
    """What is guarded, which of it is not there, and how strict the run is.

    A resource that only programs are is not there if none of them is on PATH: a misspelt name
    guards nothing, and looks just like that.
    """
    names = [
        messages.not_on_path(resource.label) if _is_missing(resource) else resource.label
        for resource in resources
    ]
    return messages.header(names, mode)


def _is_missing(resource: Resource) -> bool:
    programs = [each for each in resource.guards if isinstance(each, Program)]
    return len(programs) == len(resource.guards) and bool(Program.probe_any(programs))


def gaps(resources: Iterable[Resource]) -> list[str]:
    """A line for each part of a guard, and of the guards as a whole, that this installation does not have."""
    resources = [*resources]
    found = [line for each in resources for guard in each.guards for line in guard.gaps(each)]
    if not has_child_file():
        found.append(messages.children_not_guarded(CHILD_FILE, sys.prefix))
    has_programs = any(isinstance(guard, Program) for each in resources for guard in each.guards)
    if has_programs and not system.HAS_POSIX:
        found.append(messages.no_shims())
    return found
