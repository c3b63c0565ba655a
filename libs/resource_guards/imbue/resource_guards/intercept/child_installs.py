"""What a child Python installs, most of it when a module is imported that it is about.

At start this imports nothing but the standard library's smallest parts; each of these imports what is
heavier when it is needed.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Final

    from imbue.resource_guards.intercept.import_hook import ImportHook


CARRIERS: Final = ("distributed.client", "distributed.worker", "celery.signals")
"""The modules of `intercept/handover/table.py` through which work comes in messages, and not as functions."""


def carry_scopes_through(hook: ImportHook, name: str) -> None:
    """Carry scopes through a module by which work comes in messages, when it is imported."""

    def carry(module: ModuleType) -> None:
        from contextlib import ExitStack  # no heavier than what has just been imported

        from imbue.resource_guards.intercept.handover.carrying import carry_through

        carry_through(name, ExitStack(), module)

    hook.when_imported(name, carry)


def watch_uvloop(module: ModuleType) -> None:
    """Watch what uvloop starts."""
    from imbue.resource_guards.intercept import uvloop_starts  # for few

    uvloop_starts.watch(None, module)
