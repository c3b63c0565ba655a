"""Which methods hand work over, of the standard library and of others, and in which way.

A row is installed when its module is imported, and imports nothing. Positions count the object itself
as 0.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from types import ModuleType
from typing import Any
from typing import Final
from typing import NamedTuple

from imbue.resource_guards.intercept.import_hook import ImportHook
from imbue.resource_guards.intercept.replacement import Replacement
from imbue.resource_guards.scope import handover
from imbue.resource_guards.scope.handover import Way
from imbue.resource_guards.scope.handover import to_pool
from imbue.resource_guards.scope.handover import to_process
from imbue.resource_guards.scope.handover import to_runner
from imbue.resource_guards.scope.handover import to_thread


class Row(NamedTuple):
    """A method or function that hands work over.

    Args:
        module: The module that has it.
        path: Its place there, ``Class.method`` or a function's name.
        way: What is put in its place.
    """

    module: str
    path: str
    way: Way


_FUNCTION: Final = to_pool(1, keywords=("func",))
_FUNCTION_AND_CALLBACKS: Final = to_pool(1, keywords=("func",), callbacks=(4, 5))


def _pool(module: str) -> Iterator[Row]:
    """`apply` is left out, which calls `apply_async`."""
    for name in ("map", "starmap", "imap", "imap_unordered"):
        yield Row(module, f"Pool.{name}", _FUNCTION)
    for name in ("apply_async", "map_async", "starmap_async"):
        yield Row(module, f"Pool.{name}", _FUNCTION_AND_CALLBACKS)


def _loop(module: str, name: str) -> Iterator[Row]:
    yield Row(module, f"{name}.create_task", handover.to_loop)
    yield Row(module, f"{name}._asyncgen_firstiter_hook", handover.begin_generator)
    yield Row(module, f"{name}._asyncgen_finalizer_hook", handover.end_generator)


ROWS: Final = (
    Row("threading", "Thread.start", handover.to_new_thread),
    Row("threading", "Thread._bootstrap_inner", handover.in_new_thread),
    Row("_thread", "start_new_thread", handover.to_bare_thread),
    Row("concurrent.futures._base", "Future.add_done_callback", to_thread(1, keywords=("fn",))),
    Row("concurrent.futures.thread", "ThreadPoolExecutor.submit", handover.to_executor),
    Row("concurrent.futures.process", "ProcessPoolExecutor.submit", to_process(1)),
    Row("multiprocessing.spawn", "get_preparation_data", handover.preparing),
    *_pool("multiprocessing.pool"),
    *_loop("asyncio.base_events", "BaseEventLoop"),
    *_loop("uvloop", "Loop"),
    Row("anyio._backends._asyncio", "TestRunner._call_in_runner_task", to_runner(1)),
    Row("anyio._backends._trio", "TestRunner._call_in_runner_task", to_runner(1)),
    Row("twisted.python.threadpool", "ThreadPool.callInThreadWithCallback", to_thread(1, 2)),
    Row("twisted.internet.base", "ReactorBase.callFromThread", to_thread(1)),
    Row("twisted.internet.base", "ReactorBase.callLater", to_thread(2)),
    Row("gevent.threadpool", "ThreadPool.spawn", to_thread(1)),
    *_pool("billiard.pool"),
    Row("loky.process_executor", "ProcessPoolExecutor.submit", to_process(1)),
    Row("joblib.externals.loky.process_executor", "ProcessPoolExecutor.submit", to_process(1)),
    Row("pebble.pool.process", "ProcessPool.schedule", to_process(1, keywords=("function",))),
    Row("pebble.pool.thread", "ThreadPool.schedule", to_thread(1, keywords=("function",))),
)


def carry_scopes(import_hook: ImportHook) -> ExitStack:
    """Begin to carry scopes; closing the returned stack ends it."""
    undo = ExitStack()
    for row in ROWS:
        import_hook.when_imported(row.module, partial(_install, row, undo))
    return undo


def _install(row: Row, undo: ExitStack, module: ModuleType) -> None:
    *owners, name = row.path.split(".")
    owner: Any = module
    for each in owners:
        owner = getattr(owner, each, None)
    old = getattr(owner, name, None)
    if old is None:
        return  # another version of the library, which has its other ways
    new = functools.update_wrapper(row.way(old), old)
    replacement = Replacement(owner, name, new)
    replacement.install()
    undo.callback(replacement.uninstall)
