"""What a child Python installs, most of it when a module is imported that it is about.

At start this imports nothing but the standard library's smallest parts; each of these imports what is
heavier when it is needed.
"""

from __future__ import annotations

from imbue.resource_guards.intercept.connection_hook import ConnectionWatcher

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any
    from typing import Final

    from imbue.resource_guards.intercept.import_hook import ImportHook


CARRIERS: Final = ("distributed.client", "distributed.worker", "celery.signals")
"""The modules of `scope/workers.py` through which work comes in messages, and not as functions."""


def patch_on_import(hook: ImportHook, key: str, resource: str, fields: list[str]) -> None:
    """Patch an SDK target when its module is imported.

    Args:
        hook: Tells of imports.
        key: The session's name.
        resource: The resource.
        fields: The target, as `wire/guards_file.py` has it.
    """

    def patch(module: ModuleType) -> None:
        from imbue.resource_guards.intercept import child_patch  # imports `inspect` and more

        child_patch.patch(module, key, resource, fields)

    hook.when_imported(fields[0].partition(":")[0], patch)


def watch_connections(resource: str, is_use: str, see: Callable[[str, str, str], None]) -> None:
    """Watch connections to a resource.

    Args:
        resource: The resource.
        is_use: The function that knows its addresses, ``module:function``.
        see: Told the resource, the connection and the layer.
    """

    def load_and_ask(address: Any) -> bool:
        import importlib  # with the first connection, and not at start

        module, _, name = is_use.partition(":")
        try:
            function = getattr(importlib.import_module(module), name)
        except ImportError:  # a Python of another environment, without that package
            watcher.unwatch()
            return False
        answer: bool = function(address)
        return answer

    def saw_connection(what: str) -> None:
        __tracebackhide__ = True
        see(resource, what, "connection")

    watcher = ConnectionWatcher(load_and_ask, saw_connection)
    watcher.watch()


def carry_scopes_through(hook: ImportHook, name: str) -> None:
    """Carry scopes through a module by which work comes in messages, when it is imported."""

    def carry(module: ModuleType) -> None:
        from contextlib import ExitStack  # no heavier than what has just been imported

        from imbue.resource_guards.scope.workers import carry_through

        carry_through(name, ExitStack(), module)

    hook.when_imported(name, carry)


def watch_uvloop(module: ModuleType) -> None:
    """Watch what uvloop starts."""
    from imbue.resource_guards.intercept import uvloop_starts  # for few

    uvloop_starts.watch(None, module)
