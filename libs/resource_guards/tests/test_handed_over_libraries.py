"""Work that a test hands to a library's pool, reactor or cluster is charged to it."""

from __future__ import annotations

import contextvars
import gc
import importlib
import subprocess
import sys
import textwrap
import types
from collections.abc import Callable

import pytest

from imbue.resource_guards.intercept.child_installs import CARRIERS
from imbue.resource_guards.intercept.handover import posted
from imbue.resource_guards.intercept.handover.carrying import LIBRARIES
from imbue.resource_guards.intercept.handover.carrying import THREADS
from imbue.resource_guards.intercept.handover.carrying import HandOver
from imbue.resource_guards.intercept.handover.table import CONNECTIONS
from imbue.resource_guards.intercept.handover.table import ROWS
from imbue.resource_guards.scope.slot import CARRIED
from support.handing_over import fixture
from support.handing_over import run_ways
from support.suite import Suite

_GEVENT = """
import gevent, gevent.pool, gevent.threadpool
threads, greenlets = gevent.threadpool.ThreadPool(1), gevent.pool.Pool(1)
executor = gevent.threadpool.ThreadPoolExecutor(1)
yield lambda function: {0}
"""

_REACTOR = """
from twisted.internet import defer, reactor, task, threads

if not reactor.running:
    STARTED = threading.Event()
    reactor.callWhenRunning(STARTED.set)
    threading.Thread(target=reactor.run, args=(False,), daemon=True).start()
    wait_for(STARTED)

def then(call):
    deferred = defer.Deferred()
    call(lambda: reactor.callFromThread(deferred.callback, None))
    return deferred

@defer.inlineCallbacks
def inline(function):
    yield task.deferLater(reactor, 0.01, lambda: None)
    function()

async def coroutine(function):
    await task.deferLater(reactor, 0.01, lambda: None)
    function()

def looping(function):
    loop = task.LoopingCall(lambda: (function(), loop.stop()))
    return loop.start(0.01, now=False)
"""

_TWISTED = _REACTOR + fixture(
    "yield lambda function: threads.blockingCallFromThread(reactor, lambda: {0})"
)

_BILLIARD = """
import billiard
pool = billiard.get_context({0!r}).Pool(1)
def called_back(function):
    done = threading.Event()
    pool.apply_async(abs, (1,), callback=lambda _: (function(), done.set()))
    wait_for(done)
yield lambda function: {1}
pool.terminate()
pool.join()
"""

_LOKY = """
import loky
pool = loky.get_reusable_executor(1)
yield lambda function: {0}
"""

POOLS = {
    **{
        f"gevent, {call}": fixture(_GEVENT.format(call))
        for call in (
            "gevent.spawn(function).get(timeout=20)",
            "gevent.spawn_later(0.01, function).get(timeout=20)",
            "gevent.Greenlet.spawn(gevent.spawn(function).get).get(timeout=20)",
            "greenlets.map(function, [1])",
            "threads.apply(function)",
            "threads.map(function, [1])",
            "(threads.apply_async(abs, (1,), callback=function).get(timeout=20), gevent.sleep(0.02))",
            "executor.submit(function).result(20)",
            "gevent.get_hub().threadpool.spawn(function).get(timeout=20)",
        )
    },
    **{
        f"twisted, {call}": _TWISTED.format(call)
        for call in (
            "threads.deferToThread(function)",
            "then(lambda end: reactor.callInThread(lambda: (function(), end())))",
            "then(lambda end: threads.callMultipleInThread([(function, (), {}), (end, (), {})]))",
            "task.deferLater(reactor, 0.01, function)",
            "inline(function)",
            "defer.ensureDeferred(coroutine(function))",
            "looping(function)",
            "task.deferLater(reactor, 0.01, lambda: None).addCallback(function)",
        )
    },
    **{
        f"joblib, {backend}": fixture(
            f"""
            import joblib
            with joblib.Parallel(n_jobs=2, backend={backend!r}) as parallel:
                yield lambda function: parallel([joblib.delayed(function)()])
            """
        )
        for backend in ("loky", "threading", "multiprocessing")
    },
    **{
        f"loky, {call}": fixture(_LOKY.format(call))
        for call in ("pool.submit(function).result(60)", "list(pool.map(function, [1]))")
    },
    **{
        f"billiard, {context}, {call}": fixture(_BILLIARD.format(context, call))
        for context, call in (
            ("fork", "pool.apply(function)"),
            ("fork", "pool.map(function, [1])"),
            ("fork", "list(pool.imap(function, [1]))"),
            ("fork", "called_back(function)"),
            ("spawn", "pool.apply(function)"),
        )
    },
    **{
        f"pebble, {pool}, {call}": fixture(
            f"""
            import pebble
            with pebble.{pool}(max_workers=1) as pool:
                yield lambda function: {call}
            """
        )
        for pool in ("ProcessPool", "ThreadPool")
        for call in ("pool.schedule(function).result(20)", "list(pool.map(function, [1]).result())")
    },
    **{
        f"dask, {scheduler}": fixture(
            f"""
            import dask
            yield lambda function: dask.delayed(function)(random.random()).compute(
                scheduler={scheduler!r}
            )
            """
        )
        for scheduler in ("threads", "processes")
    },
}

_CLUSTER = """
import dask, distributed

async def acall_with(function, _):
    await asyncio.sleep(0)
    function()

def nested(function, number):
    with distributed.worker_client() as client:
        client.submit(function, number).result()
"""

CLUSTERS = {
    f"{kind}, {call}": _CLUSTER
    + fixture(
        f"""
        with distributed.Client(
            processes={kind == "processes"}, n_workers=1, threads_per_worker=1, dashboard_address=None
        ) as client:
            yield lambda function: {call}
        """
    )
    for kind, call in (
        ("processes", "client.submit(function, random.random()).result(60)"),
        ("processes", "dask.delayed(function)(random.random()).compute()"),
        ("processes", "client.submit(nested, function, random.random()).result(60)"),
        ("processes", "client.run(function)"),
        ("threads", "client.gather(client.map(function, [random.random()]))"),
        ("threads", "client.submit(acall_with, function, random.random()).result(60)"),
    )
}

LEFT = {
    **{
        f"gevent, {call}": textwrap.dedent(
            f"""
            import gevent
            KEPT = []
            def leave(function): KEPT.append({call})
            def let_go(): gevent.sleep(0.05)
            """
        )
        for call in (
            "gevent.spawn_later(0.01, function)",
            "gevent.spawn(lambda: (gevent.sleep(0.01), function()))",
        )
    },
    "gevent, thread": """
        import gevent.threadpool
        GATE, POOL = threading.Event(), gevent.threadpool.ThreadPool(1)
        def leave(function): POOL.spawn(lambda: (wait_for(GATE), function()))
        def let_go(): GATE.set(); POOL.join()
    """,
    **{
        f"twisted, {call}": _REACTOR
        + textwrap.dedent(
            f"""
            GATE, DONE, FIRED = threading.Event(), threading.Event(), defer.Deferred()
            def ended(function):
                function()
                DONE.set()
            @defer.inlineCallbacks
            def late(function):
                while not GATE.is_set():
                    yield task.deferLater(reactor, 0.01, lambda: None)
                ended(function)
            def leave(function):
                threads.blockingCallFromThread(reactor, lambda: ({call}, None)[1])
            def let_go():
                GATE.set()
                reactor.callFromThread(FIRED.callback, None)
                wait_for(DONE)
            """
        )
        for call in (
            "reactor.callLater(0.05, ended, function)",
            "late(function)",
            "FIRED.addCallback(lambda _: ended(function))",
            "FIRED.addCallbacks(lambda _: ended(function), None)",
            "FIRED.addCallback(int, base=2).addErrback(lambda _: ended(function))",
            "FIRED.addBoth(lambda _: ended(function))",
        )
    },
}

INITIALIZERS = {
    **{
        module: f"""
            from {module} import get_reusable_executor
            POOLS = []
            def leave(function): POOLS.append(get_reusable_executor(1, initializer=function))
            def let_go():
                sdk.TRIED += POOLS[0].submit(sdk.tried).result(30)
                POOLS.pop().shutdown()
        """
        for module in ("loky", "joblib.externals.loky")
    },
    **{
        f"pebble.{name}": f"""
            import pebble
            POOLS = []
            def leave(function): POOLS.append(pebble.{name}(1, initializer=function))
            def let_go():
                sdk.TRIED[:] = POOLS[0].schedule(sdk.tried).result(30)
                POOLS[0].close()
                POOLS.pop().join()
        """
        for name in ("ThreadPool", "ProcessPool")
    },
}


def test_pools_of_libraries(suite: Suite) -> None:
    """A library's pool acts for the test that hands it work, and what a test has left acts for that test."""
    assert run_ways(suite, POOLS, LEFT) == {}


def test_initializers_of_libraries(suite: Suite) -> None:
    """A pool's initializer acts for whoever made the pool, though another first gives it work."""
    assert run_ways(suite, {}, INITIALIZERS) == {}


def test_clusters_of_dask(suite: Suite) -> None:
    """A worker of a cluster acts for the test that has sent the task, in this process and in others."""
    assert run_ways(suite, CLUSTERS) == {}


class _Signals:
    """In place of `celery.signals`: has the receivers called as celery does."""

    def __init__(self) -> None:
        self.receivers: dict[str, Callable[..., None]] = {}

    def __getattr__(self, name: str) -> types.SimpleNamespace:
        def connect(receiver: Callable[..., None], *, weak: bool) -> None:
            assert not weak
            self.receivers[name] = receiver

        return types.SimpleNamespace(connect=connect, disconnect=lambda _: self.receivers.pop(name))

    def send(self, name: str, task: object) -> None:
        contextvars.copy_context().run(self.receivers[name], task_id="1", task=task)


def _task() -> types.SimpleNamespace:
    request = importlib.import_module("celery.app.task").Context({posted.KEY: " /nowhere=7:,"})
    return types.SimpleNamespace(request=request)


def test_a_task_of_celery_that_is_not_told_to_have_ended_leaves_nothing() -> None:
    """A worker that raises what stops it sends no signal of the end."""
    signals = _Signals()
    disconnect = posted.connect_to_celery(signals)
    running = signals.receivers["task_prerun"].__self__._running  # type: ignore[attr-defined]
    lasting = _task()
    signals.send("task_prerun", lasting)

    for _ in range(10):
        signals.send("task_prerun", _task())
    gc.collect()

    assert len(running) == 1
    signals.send("task_postrun", lasting)
    assert not running
    disconnect()
    assert not signals.receivers


def test_a_task_of_celery_may_end_in_another_context_than_it_began_in() -> None:
    """Nothing is raised in a worker for that, and nothing is taken back there."""
    signals, task = _Signals(), _task()
    disconnect = posted.connect_to_celery(signals)
    before = CARRIED.get()
    signals.send("task_prerun", task)

    signals.send("task_postrun", task)

    signals.send("task_postrun", task)  # nor for one that was not told to have begun
    assert CARRIED.get() is before
    disconnect()


def test_a_few_with_two_workers(suite: Suite) -> None:
    """With two workers of pytest-xdist it is the same."""
    few = {name: table[name] for table in (POOLS, CLUSTERS) for name in list(table)[:1]}

    assert run_ways(suite, few, {}, "-n2", "--dist=loadfile") == {}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.module}:{row.path}")
def test_what_the_table_names_is_there(row: HandOver) -> None:
    """Each row names what the installed version of its library has."""
    if row.module == "anyio.to_interpreter" and sys.version_info < (3, 13):
        pytest.skip("there are no interpreters to hand work to")
    if row.module == "concurrent.interpreters" and sys.version_info < (3, 14):
        pytest.skip("Python has this module from 3.14 on")
    found: object = importlib.import_module(row.module)
    for name in row.path.split("."):
        found = getattr(found, name)
    assert callable(found)


def test_the_other_modules_are_there() -> None:
    """So do the tables beside it."""
    for name in (*CONNECTIONS, *CARRIERS):
        importlib.import_module(name)
    assert set(CARRIERS) <= {*CONNECTIONS, *(row.module for row in ROWS)}


def test_each_module_of_the_table_is_waited_for() -> None:
    """Else a row would never be installed; and none is waited for that has no row."""
    modules = {*CONNECTIONS, *(row.module for row in ROWS)}

    assert set(LIBRARIES) == modules - {row.module for row in THREADS}


def test_the_table_imports_nothing() -> None:
    """A guarded session imports none of the libraries that it carries scopes through."""
    code = """
import sys
from imbue.resource_guards.intercept.import_hook import ImportHook
from imbue.resource_guards.intercept.handover.carrying import carry_scopes
from imbue.resource_guards.intercept.handover.table import CONNECTIONS, ROWS
before = set(sys.modules)
undo = carry_scopes(ImportHook())
undo.close()
print(sorted({name.partition(".")[0] for name in set(sys.modules) - before}))
others = {*CONNECTIONS, *(row.module for row in ROWS)}
others -= {"threading", "_thread"}
print(sorted(others & set(sys.modules)))
"""
    command = [sys.executable, "-S", "-c", f"import sys; sys.path[:] = {sys.path!r}\n{code}"]

    done = subprocess.run(command, check=True, capture_output=True, text=True)

    assert done.stdout.splitlines() == ["[]", "[]"]
