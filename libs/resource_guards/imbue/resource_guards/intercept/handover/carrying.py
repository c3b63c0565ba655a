"""Carry scopes to where work is handed over: to threads at once, and through libraries when they are imported.

What does so for a library is heavier than all of this, and a session that imports none of them does without it.
"""

from __future__ import annotations

import functools
from contextlib import ExitStack
from functools import partial
from types import ModuleType
from typing import Any
from typing import Final

from imbue.resource_guards.intercept.handover import threads
from imbue.resource_guards.intercept.handover.ways import Way
from imbue.resource_guards.intercept.import_hook import ImportHook
from imbue.resource_guards.intercept.replacement import Replacement


class HandOver:
    """A method or function that hands work over.

    Args:
        module: The module that has it.
        path: Its place there, ``Class.method`` or a function's name.
        way: What is put in its place.
    """

    __slots__ = ("module", "path", "way")

    def __init__(self, module: str, path: str, way: Way) -> None:
        self.module = module
        self.path = path
        self.way = way

    def install(self, undo: ExitStack, module: ModuleType) -> None:
        """Put the way in its place.

        Args:
            undo: Told how that is ended.
            module: The module, which has just been imported.
        """
        *owners, name = self.path.split(".")
        owner: Any = module
        for each in owners:
            owner = getattr(owner, each, None)
        old = getattr(owner, name, None)
        if old is None:
            return  # another version of the library, which has its other ways
        new = functools.update_wrapper(self.way(old), old)
        replacement = Replacement(owner, name, new)
        replacement.install()
        undo.callback(replacement.uninstall)


THREADS: Final = (
    HandOver("threading", "Thread.start", threads.to_new_thread),
    HandOver("threading", "Thread._bootstrap_inner", threads.in_new_thread),
    HandOver("_thread", "start_new_thread", threads.to_bare_thread),
    HandOver("_thread", "start_new", threads.to_bare_thread),
)
"""What pytest itself has imported; the other rows are in `intercept/handover/table.py`."""

LIBRARIES: Final = (
    "concurrent.futures._base",
    "concurrent.futures.thread",
    "concurrent.futures.process",
    "concurrent.interpreters",
    "multiprocessing.spawn",
    "multiprocessing.pool",
    "asyncio.base_events",
    "uvloop",
    "anyio._backends._asyncio",
    "anyio._backends._trio",
    "anyio.to_process",
    "anyio.to_interpreter",
    "trio._core._entry_queue",
    "trio._core._asyncgens",
    "pytest_trio.plugin",
    "twisted.python.threadpool",
    "twisted.internet.base",
    "twisted.internet.defer",
    "gevent.threadpool",
    "gevent.greenlet",
    "billiard.pool",
    "loky.process_executor",
    "joblib.externals.loky.process_executor",
    "pebble.pool.process",
    "pebble.pool.thread",
    "distributed.client",
    "distributed.worker",
    "celery.signals",
    "aiohttp.test_utils",
    "aiohttp.web_protocol",
)
"""The modules of the table."""


def carry_scopes(import_hook: ImportHook) -> ExitStack:
    """Begin to carry scopes; closing the returned stack ends it."""
    undo = ExitStack()
    for row in THREADS:
        import_hook.when_imported(row.module, partial(row.install, undo))
    for name in LIBRARIES:
        import_hook.when_imported(name, partial(carry_through, name, undo))
    return undo


def carry_through(name: str, undo: ExitStack, module: ModuleType) -> None:
    """Carry scopes through one module, which has just been imported.

    Args:
        name: The name that it was imported by; gevent's are called otherwise.
        undo: Told how that is ended.
        module: The module.
    """
    from imbue.resource_guards.intercept.handover import table  # an import is being run anyway

    undo.callback(table.forget)
    for row in table.ROWS:
        if row.module == name:
            row.install(undo, module)
    if name in table.CONNECTIONS:
        undo.callback(table.CONNECTIONS[name](module))
