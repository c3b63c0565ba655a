"""Which methods hand work over, of the standard library and of others, and in which way.

A row is installed when its module is imported, and imports nothing. Positions count the object itself
as 0. This is loaded with the first of those modules; `intercept/handover/carrying.py` waits for them.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from typing import Any
from typing import Final

from imbue.resource_guards.intercept.handover import by_value
from imbue.resource_guards.intercept.handover import executors
from imbue.resource_guards.intercept.handover import generators
from imbue.resource_guards.intercept.handover import posted
from imbue.resource_guards.intercept.handover import ways
from imbue.resource_guards.intercept.handover.by_value import to_pool
from imbue.resource_guards.intercept.handover.by_value import to_process
from imbue.resource_guards.intercept.handover.carrying import THREADS
from imbue.resource_guards.intercept.handover.carrying import HandOver
from imbue.resource_guards.intercept.handover.ways import to_runner
from imbue.resource_guards.intercept.handover.ways import to_thread

_CALLBACKS: Final = ("callback", "errback")
_INITIALIZER: Final = ("initializer",)
_FUNCTION: Final = to_pool(1, keywords=("func",))
_FUNCTION_AND_CALLBACKS: Final = to_pool(1, keywords=("func",), callbacks=(4, 5))


def _pool(module: str) -> Iterator[HandOver]:
    """`apply` is left out, which calls `apply_async`; the initializer, as the pool starts its workers."""
    for name in ("map", "starmap", "imap", "imap_unordered"):
        yield HandOver(module, f"Pool.{name}", _FUNCTION)
    for name in ("apply_async", "map_async", "starmap_async"):
        yield HandOver(module, f"Pool.{name}", _FUNCTION_AND_CALLBACKS)


def _loky(module: str) -> Iterator[HandOver]:
    yield HandOver(module, "ProcessPoolExecutor.submit", to_process(1))
    yield HandOver(module, "ProcessPoolExecutor.__init__", to_process(6, keywords=_INITIALIZER))


def _loop(module: str, name: str) -> Iterator[HandOver]:
    yield HandOver(module, f"{name}.create_task", ways.to_loop)
    yield HandOver(module, f"{name}._asyncgen_firstiter_hook", generators.begin_generator)
    yield HandOver(module, f"{name}._asyncgen_finalizer_hook", generators.end_generator)
    yield HandOver(module, f"{name}.shutdown_asyncgens", generators.end_generators)


ROWS: Final = (
    *THREADS,
    HandOver(
        "concurrent.futures._base", "Future.add_done_callback", to_thread(1, keywords=("fn",))
    ),
    HandOver("concurrent.futures.thread", "ThreadPoolExecutor.submit", executors.to_executor),
    HandOver(
        "concurrent.futures.thread", "ThreadPoolExecutor.__init__", executors.with_initializer
    ),
    HandOver("concurrent.futures.process", "ProcessPoolExecutor.submit", to_process(1)),
    HandOver(
        "concurrent.futures.process",
        "ProcessPoolExecutor.__init__",
        to_process(3, keywords=_INITIALIZER),
    ),
    HandOver("concurrent.interpreters", "Interpreter.exec", executors.in_interpreter),
    HandOver("concurrent.interpreters", "Interpreter._call", executors.in_interpreter),
    HandOver("multiprocessing.spawn", "get_preparation_data", by_value.preparing),
    *_pool("multiprocessing.pool"),
    *_loop("asyncio.base_events", "BaseEventLoop"),
    *_loop("uvloop", "Loop"),
    HandOver("anyio._backends._asyncio", "TestRunner._call_in_runner_task", to_runner(1)),
    HandOver("anyio._backends._trio", "TestRunner._call_in_runner_task", to_runner(1)),
    HandOver("anyio.to_process", "run_sync", to_process(0, keywords=("func",))),
    HandOver("anyio.to_interpreter", "run_sync", executors.to_interpreter(0)),
    HandOver("trio._core._entry_queue", "TrioToken.run_sync_soon", ways.to_trio),
    HandOver("trio._core._asyncgens", "AsyncGenerators.install_hooks", generators.in_trio),
    HandOver("trio._core._asyncgens", "AsyncGenerators._finalize_one", generators.end_in_trio),
    HandOver("pytest_trio.plugin", "TrioFixture.__init__", ways.to_trio_fixture),
    HandOver("twisted.python.threadpool", "ThreadPool.callInThreadWithCallback", to_thread(1, 2)),
    HandOver("twisted.internet.base", "ReactorBase.callFromThread", to_thread(1)),
    HandOver("twisted.internet.base", "ReactorBase.callLater", to_thread(2)),
    HandOver(
        "twisted.internet.defer", "Deferred.addCallbacks", to_thread(1, 2, keywords=_CALLBACKS)
    ),
    HandOver("twisted.internet.defer", "Deferred.addCallback", to_thread(1, keywords=_CALLBACKS)),
    HandOver("twisted.internet.defer", "Deferred.addErrback", to_thread(1, keywords=_CALLBACKS)),
    HandOver("twisted.internet.defer", "Deferred.addBoth", to_thread(1, keywords=_CALLBACKS)),
    HandOver("gevent.threadpool", "ThreadPool.spawn", to_thread(1)),
    *_pool("billiard.pool"),
    *_loky("loky.process_executor"),
    *_loky("joblib.externals.loky.process_executor"),
    HandOver("pebble.pool.process", "ProcessPool.schedule", to_process(1, keywords=("function",))),
    HandOver("pebble.pool.process", "ProcessPool.__init__", to_process(3, keywords=_INITIALIZER)),
    HandOver("pebble.pool.thread", "ThreadPool.schedule", to_thread(1, keywords=("function",))),
    HandOver("pebble.pool.thread", "ThreadPool.__init__", to_thread(3, keywords=_INITIALIZER)),
    HandOver("distributed.client", "Client._graph_to_futures", posted.with_annotation),
    HandOver("distributed.client", "Client._run", posted.to_dask_worker),
    HandOver("distributed.worker", "Worker.execute", posted.by_annotation),
    HandOver("aiohttp.test_utils", "TestClient._request", posted.asking),
    HandOver("aiohttp.test_utils", "TestClient._ws_connect", posted.asking),
    HandOver("aiohttp.web_protocol", "RequestHandler._handle_request", posted.answering),
)

CONNECTIONS: Final[dict[str, Callable[[Any], Callable[[], None]]]] = {
    "celery.signals": posted.connect_to_celery,
    "gevent.greenlet": ways.connect_to_gevent,
}
"""For each module that calls back by itself what connects to it, and returns how it is disconnected."""


def forget() -> None:
    """A session has ended: nothing that was noted here may lead to it."""
    generators.forget()
    posted.forget()
