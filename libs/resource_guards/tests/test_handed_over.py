"""Work that a test hands over is charged to it, whoever made the thread, pool or loop: the standard library's.

All ways of a table run in one suite; see tests/support/handing_over.py.
"""

from __future__ import annotations

import re
import sys

import pytest

from imbue.resource_guards.kinds import OwnerKind
from imbue.resource_guards.record.ledger import Ledger
from imbue.resource_guards.scope.scope import OwnerName
from support.handing_over import CONFTEST
from support.handing_over import fixture
from support.handing_over import run_ways
from support.suite import Suite


def _pool(make: str, call: str) -> str:
    return fixture(f"with {make} as pool:\n    yield lambda function: {call}")


def _context(name: str, more: str = "") -> str:
    return f"multiprocessing.get_context({name!r}).Pool(1{more})"


def _started(make: str) -> str:
    return fixture(
        f"""
        def hand(function):
            thread = {make}
            thread.start()
            thread.join()
        yield hand
        """
    )


def _done(call: str, pool: str = "ThreadPool(1)") -> str:
    """A way that has a function called back: as `then`, after which the test goes on."""
    return fixture(
        f"""
        with {pool} as pool:
            def hand(function):
                done, gate = threading.Event(), threading.Event()
                then = lambda _: (function(), done.set())
                {call}
                gate.set()
                wait_for(done)
            yield hand
        """
    )


THREADS = {
    "Thread": _started("threading.Thread(target=function)"),
    "Thread of a context": _started(
        "threading.Thread(target=contextvars.copy_context().run, args=(function,))"
    ),
    "Timer": _started("threading.Timer(0, function)"),
    "a thread that overrides": fixture(
        """
        class Own(threading.Thread):
            def start(self):
                super().start()
            def run(self):
                self.function()
        def hand(function):
            thread = Own()
            thread.function = function
            thread.start()
            thread.join()
        yield hand
        """
    ),
    "_thread": fixture(
        """
        import _thread
        def hand(function):
            done = threading.Event()
            _thread.start_new_thread(lambda: (function(), done.set()), ())
            wait_for(done)
        yield hand
        """
    ),
    "ThreadPoolExecutor": _pool(
        "futures.ThreadPoolExecutor(1)", "pool.submit(function).result(20)"
    ),
    "its map": _pool("futures.ThreadPoolExecutor(1)", "list(pool.map(function, [1]))"),
    "a partial": _pool(
        "futures.ThreadPoolExecutor(1)", "pool.submit(functools.partial(function, 1)).result(20)"
    ),
    "its subclass": fixture(
        """
        class Mine(futures.ThreadPoolExecutor):
            def submit(self, function, *args):
                return super().submit(lambda: function(*args))
        with Mine(1) as pool:
            yield lambda function: pool.submit(function).result(20)
        """
    ),
    "an executor around it": fixture(
        """
        pool = futures.ThreadPoolExecutor(1)
        class Mine(futures.Executor):
            submit = pool.submit
        yield lambda function: list(Mine().map(function, [1]))
        pool.shutdown()
        """
    ),
    "a future's callback": _done(
        "pool.submit(gate.wait).add_done_callback(then)", "futures.ThreadPoolExecutor(1)"
    ),
    "ThreadPool.apply": _pool("ThreadPool(1)", "pool.apply(function)"),
    "ThreadPool.imap": _pool("ThreadPool(1)", "list(pool.imap(function, [1]))"),
    "callback": _done("pool.apply_async(abs, (1,), callback=then)"),
    "error_callback": _done('pool.apply_async(func=int, args=("x",), error_callback=then)'),
    "callback of map_async": _done("pool.map_async(abs, [1], None, then)"),
    "Context.run": fixture("context = contextvars.copy_context()\nyield context.run"),
    "Context.run of import": "CONTEXT = contextvars.copy_context()\n"
    + fixture("yield CONTEXT.run"),
    "an empty context": fixture("yield contextvars.Context().run"),
    "Context.run in a pool": fixture(
        """
        context = contextvars.copy_context()
        with futures.ThreadPoolExecutor(1) as pool:
            yield lambda function: pool.submit(context.run, function).result(20)
        """
    ),
    "its partial in a pool": fixture(
        """
        context = contextvars.copy_context()
        with futures.ThreadPoolExecutor(1) as pool:
            yield lambda function: pool.submit(functools.partial(context.run, function)).result(20)
        """
    ),
    "Context.run in a thread": fixture(
        """
        context = contextvars.copy_context()
        def hand(function):
            thread = threading.Thread(target=context.run, args=(function,))
            thread.start()
            thread.join()
        yield hand
        """
    ),
}

PROCESSES = {
    "ProcessPoolExecutor": _pool(
        "futures.ProcessPoolExecutor(1)", "pool.submit(function).result(30)"
    ),
    "its map": _pool("futures.ProcessPoolExecutor(1)", "list(pool.map(function, [1]))"),
    "one task each": _pool(
        "futures.ProcessPoolExecutor(1, max_tasks_per_child=1, mp_context="
        "multiprocessing.get_context('spawn'))",
        "pool.submit(function).result(30)",
    ),
    "fork server": _pool(
        "futures.ProcessPoolExecutor(1, multiprocessing.get_context('forkserver'))",
        "pool.submit(function).result(30)",
    ),
    "callback": _done(
        "pool.submit(time.sleep, 0.05).add_done_callback(then)", "futures.ProcessPoolExecutor(1)"
    ),
    "Pool.apply": _pool(_context("fork"), "pool.apply(function)"),
    "Pool.map": _pool(_context("fork"), "pool.map(function, [1])"),
    "Pool.starmap": _pool(_context("fork"), "pool.starmap(function, [(1,)])"),
    "Pool.imap, one task each": _pool(
        _context("fork", ", maxtasksperchild=1"), "list(pool.imap(function, [1]))"
    ),
    "Pool of spawn": _pool(_context("spawn"), "pool.apply_async(function).get(30)"),
    "Pool of fork server": _pool(_context("forkserver"), "pool.apply(function)"),
    "callback of a Pool": _done("pool.apply_async(abs, (1,), callback=then)", _context("fork")),
    **{
        f"Process, {name}": _started(
            f"multiprocessing.get_context({name!r}).Process(target=function)"
        )
        for name in ("fork", "forkserver")
    },
}

if sys.version_info < (3, 14):
    PROCESSES["InterpreterPoolExecutor"] = """
import pickle, queue, sys, types

class InterpreterPoolExecutor(futures.ThreadPoolExecutor):
    pass

class Pickled(queue.SimpleQueue):
    # What goes to another interpreter is pickled.
    def put(self, item):
        if item is not None:
            task = item.fn, item.args, item.kwargs
            item.fn, item.args, item.kwargs = pickle.loads(pickle.dumps(task))
        super().put(item)

@pytest.fixture(scope="module")
def hand_over():
    stand_in = types.ModuleType("concurrent.futures.interpreter")
    stand_in.InterpreterPoolExecutor = InterpreterPoolExecutor
    sys.modules[stand_in.__name__] = stand_in
    with InterpreterPoolExecutor(1) as pool:
        pool._work_queue = Pickled()
        yield lambda function: pool.submit(function).result(20)
    del sys.modules[stand_in.__name__]
"""
else:
    PROCESSES["InterpreterPoolExecutor"] = _pool(
        "futures.InterpreterPoolExecutor(1)", "pool.submit(function).result(30)"
    )

_LOOP = """
loop = asyncio.new_event_loop()
async def wait(function):
    function()
    await asyncio.sleep(0.02)
def hand(function):
    {0}
yield hand
loop.close()
"""
_RUNNER = """
async def run(function):
    loop = asyncio.get_running_loop()
    {0}
async def generated(function):
    function()
    yield
with asyncio.Runner() as runner:
    yield lambda function: runner.run(run(function))
"""
_OTHER_THREAD = """
loop = asyncio.new_event_loop()
thread = threading.Thread(target=loop.run_forever)
thread.start()
async def run(function):
    {0}
yield lambda function: asyncio.run_coroutine_threadsafe(run(function), loop).result(20)
loop.call_soon_threadsafe(loop.stop)
thread.join()
loop.close()
"""

LOOPS = {
    **{
        name: fixture(_LOOP.format(body))
        for name, body in {
            "run_until_complete": "loop.run_until_complete(acall(function))",
            "call_soon": "loop.call_soon(function); loop.run_until_complete(wait(sdk.rest))",
            "call_later": "loop.call_later(0, function); loop.run_until_complete(wait(sdk.rest))",
            "a task made before": "loop.run_until_complete(loop.create_task(acall(function)))",
        }.items()
    },
    **{
        name: fixture(_RUNNER.format(body))
        for name, body in {
            "Runner": "function()",
            "task": "await asyncio.create_task(acall(function))",
            "task of a context": (
                "await asyncio.create_task(acall(function), context=contextvars.copy_context())"
            ),
            "gather": "await asyncio.gather(acall(function), acall(sdk.rest))",
            "call_at": "loop.call_at(loop.time(), function); await asyncio.sleep(0.02)",
            "to_thread": "await asyncio.to_thread(function)",
            "run_in_executor": "await loop.run_in_executor(None, function)",
            "generator": "[None async for _ in generated(function)]",
            "a future's callback": (
                "future = loop.create_future(); future.add_done_callback(function); "
                "future.set_result(1); await asyncio.sleep(0)"
            ),
        }.items()
    },
    "Runner with a context": fixture(
        """
        context = contextvars.copy_context()
        with asyncio.Runner() as runner:
            yield lambda function: runner.run(acall(function), context=context)
        """
    ),
    "task of an old context": fixture(
        """
        context = contextvars.copy_context()
        async def run(function):
            await asyncio.create_task(acall(function), context=context)
        yield lambda function: asyncio.run(run(function))
        """
    ),
    "add_reader": fixture(
        """
        loop = asyncio.new_event_loop()
        def hand(function):
            one, other = socket.socketpair()
            loop.add_reader(one, lambda: (function(), loop.remove_reader(one), loop.stop()))
            other.send(b"x")
            loop.run_forever()
            one.close(), other.close()
        yield hand
        loop.close()
        """
    ),
    **{
        f"{name} of another thread": fixture(_OTHER_THREAD.format(body))
        for name, body in {
            "loop": "function()",
            "task": "await asyncio.create_task(acall(function))",
            "to_thread": "await asyncio.to_thread(function)",
            "call_later": (
                "asyncio.get_running_loop().call_later(0, function); await asyncio.sleep(0.02)"
            ),
        }.items()
    },
    "IsolatedAsyncioTestCase": fixture(
        """
        import unittest
        def hand(function):
            class Case(unittest.IsolatedAsyncioTestCase):
                async def asyncSetUp(self): function()
                async def test(self): pass
            Case("test").debug()
        yield hand
        """
    ),
}

if sys.version_info >= (3, 12):
    LOOPS["eager task"] = fixture(
        _RUNNER.format(
            "loop.set_task_factory(asyncio.eager_task_factory); "
            "await asyncio.gather(acall(function), loop.create_task(acall(sdk.rest)))"
        )
    )

_GENERATOR = """
KEPT = []
async def generate(function):
    try:
        yield
    finally:
        await asyncio.sleep(0)
        function()
async def begin(function):
    KEPT.append(generate(function))
    await anext(KEPT[0])
"""

LEFT = {
    "thread": """
        GATE, THREADS = threading.Event(), []
        def leave(function):
            THREADS.append(threading.Thread(target=lambda: (wait_for(GATE), function())))
            THREADS[0].start()
        def let_go(): GATE.set(); THREADS[0].join()
    """,
    **{
        f"_thread.{name}": f"""
        import _thread
        GATE, DONE = threading.Event(), threading.Event()
        def leave(function):
            _thread.{name}(lambda: (wait_for(GATE), function(), DONE.set()), ())
        def let_go(): GATE.set(); wait_for(DONE)
        """
        for name in ("start_new_thread", "start_new")
    },
    "task of a pool": """
        GATE, POOL = threading.Event(), futures.ThreadPoolExecutor(1)
        def leave(function): POOL.submit(lambda: (wait_for(GATE), function()))
        def let_go(): GATE.set(); POOL.shutdown()
    """,
    "a future's callback": """
        FUTURE = futures.Future()
        def leave(function): FUTURE.add_done_callback(function)
        def let_go(): FUTURE.set_result(1)
    """,
    "call_later": """
        LOOP = asyncio.new_event_loop()
        def leave(function): LOOP.call_later(0, function)
        def let_go(): LOOP.run_until_complete(asyncio.sleep(0.02)); LOOP.close()
    """,
    "task": """
        LOOP, KEPT = asyncio.new_event_loop(), []
        async def late(function):
            await asyncio.sleep(0)
            function()
        async def begin(function): KEPT.append(asyncio.create_task(late(function)))
        def leave(function): LOOP.run_until_complete(begin(function))
        def let_go(): LOOP.run_until_complete(asyncio.sleep(0.02)); LOOP.close()
    """,
    "task that is cancelled": """
        RUNNER, KEPT = asyncio.Runner(), []
        async def late(function):
            try:
                await asyncio.sleep(60)
            finally:
                function()
        async def begin(function):
            KEPT.append(asyncio.create_task(late(function)))
            await asyncio.sleep(0)
        def leave(function): RUNNER.run(begin(function))
        def let_go(): RUNNER.close()
    """,
    "task of another thread": """
        LOOP, GATE, READY = asyncio.new_event_loop(), asyncio.Event(), threading.Event()
        THREAD = threading.Thread(target=LOOP.run_forever)
        async def late(function):
            READY.set()
            await GATE.wait()
            function()
            LOOP.stop()
        def leave(function):
            THREAD.start()
            asyncio.run_coroutine_threadsafe(late(function), LOOP)
            wait_for(READY)
        def let_go(): LOOP.call_soon_threadsafe(GATE.set); THREAD.join(); LOOP.close()
    """,
    "reader": """
        LOOP, SOCKETS = asyncio.new_event_loop(), socket.socketpair()
        def leave(function):
            LOOP.add_reader(SOCKETS[0], lambda: (function(), LOOP.remove_reader(SOCKETS[0])))
        def let_go():
            SOCKETS[1].send(b"x")
            LOOP.run_until_complete(asyncio.sleep(0.02))
            [each.close() for each in (LOOP, *SOCKETS)]
    """,
    "generator thrown away": _GENERATOR
    + """
LOOP = asyncio.new_event_loop()
def leave(function): LOOP.run_until_complete(begin(function))
def let_go(): KEPT.clear(); LOOP.run_until_complete(asyncio.sleep(0.02)); LOOP.close()
""",
    "generator at shutdown": _GENERATOR
    + """
RUNNER = asyncio.Runner()
def leave(function): RUNNER.run(begin(function))
def let_go(): RUNNER.close()
""",
}


def _initializer(make: str, *, is_process: bool = False) -> str:
    """A way to leave an initializer, which a worker calls that is only started for another test."""
    told = "sdk.TRIED += POOLS[0].submit(sdk.tried).result(30)"
    return f"""
POOLS = []
def leave(function): POOLS.append({make})
def let_go():
    {told if is_process else "POOLS[0].submit(int).result(20)"}
    POOLS.pop().shutdown()
"""


INITIALIZERS = {
    "ThreadPoolExecutor": _initializer("futures.ThreadPoolExecutor(1, initializer=function)"),
    "by position": _initializer("futures.ThreadPoolExecutor(1, '', function, (1,))"),
    "its subclass": """
class Mine(futures.ThreadPoolExecutor):
    def __init__(self, function):
        super().__init__(1, initializer=function)
"""
    + _initializer("Mine(function)"),
    "executor of a loop": """
LOOP = asyncio.new_event_loop()
def leave(function): LOOP.set_default_executor(futures.ThreadPoolExecutor(1, "", function))
def let_go(): LOOP.run_until_complete(LOOP.run_in_executor(None, int)); LOOP.close()
""",
    **{
        f"ProcessPoolExecutor, {name}": _initializer(
            f"futures.ProcessPoolExecutor(1, multiprocessing.get_context({name!r}), function)",
            is_process=True,
        )
        for name in ("fork", "spawn", "forkserver")
    },
}

if sys.version_info >= (3, 14):
    INITIALIZERS["InterpreterPoolExecutor"] = _initializer(
        "futures.InterpreterPoolExecutor(1, initializer=function)", is_process=True
    )
else:
    INITIALIZERS["InterpreterPoolExecutor"] = """
import pickle, sys, types

class InterpreterPoolExecutor(futures.ThreadPoolExecutor):
    def __init__(self, *args):
        super().__init__(*args)
        # What goes to another interpreter is pickled.
        self._initializer, self._initargs = pickle.loads(
            pickle.dumps((self._initializer, self._initargs))
        )

STAND_IN = types.ModuleType("concurrent.futures.interpreter")
STAND_IN.InterpreterPoolExecutor = InterpreterPoolExecutor
""" + _initializer(
        "(sys.modules.update({STAND_IN.__name__: STAND_IN}), "
        "InterpreterPoolExecutor(1, '', function, (1,)))[1]"
    ).replace("POOLS.pop()", "del sys.modules[STAND_IN.__name__]; POOLS.pop()")

POOLS_WITH_INITIALIZERS = {
    "threads": "futures.ThreadPoolExecutor(1, initializer=sdk.use)",
    "processes": "futures.ProcessPoolExecutor(1, initializer=sdk.use)",
}


def test_threads_and_contexts(suite: Suite) -> None:
    """A thread, a pool's or a new one, and a context of one's own act for the test that hands them work."""
    assert run_ways(suite, THREADS) == {}


def test_processes(suite: Suite) -> None:
    """A process of a pool acts for the test that hands it work, however it was started."""
    assert run_ways(suite, PROCESSES) == {}


def test_loops_and_what_is_left(suite: Suite) -> None:
    """A loop acts for the test that gives it work, and what a test has left on one acts for that test."""
    assert run_ways(suite, LOOPS, LEFT) == {}


def test_initializers(suite: Suite) -> None:
    """A pool's initializer acts for whoever made the pool, and not for whoever first gives it work."""
    assert run_ways(suite, {}, INITIALIZERS) == {}


@pytest.mark.parametrize("pool", POOLS_WITH_INITIALIZERS)
def test_each_user_of_a_pool_depends_on_what_its_initializer_uses(suite: Suite, pool: str) -> None:
    """Where a fixture made the pool: the verdict does not depend on which test comes first."""
    make = POOLS_WITH_INITIALIZERS[pool]
    suite.be_nobodys_child()
    suite.write_files(
        {"conftest.py": CONFTEST, "sdk.py": "class Client:\n    def send(self): pass\n"}
    )
    suite.write(
        test_it=f"""
            from concurrent import futures
            import pytest, sdk

            def use():
                try:
                    sdk.Client().send()
                except Exception:
                    pass

            @pytest.fixture(scope="module")
            def pool():
                with {make.replace("sdk.use", "use")} as pool:
                    yield pool

            def test_first(pool):
                pool.submit(int).result(30)

            def test_second(pool):
                pool.submit(int).result(30)
        """
    )

    for selected in ((), ("-k", "second")):
        outcome = suite.run(*selected)
        tests = outcome.cases.values()
        assert tests, outcome.output
        assert all(test.says_missing("sdk") for test in tests), outcome.output
        assert "Fixture 'pool', which the test depends on, used" in outcome.output


def test_what_is_said_in_a_worker_names_who_is_charged(suite: Suite) -> None:
    """A test as a test, a fixture as a fixture, and neither where a process knows only an id."""
    suite.be_nobodys_child()
    suite.write_files(
        {"conftest.py": CONFTEST, "sdk.py": "class Client:\n    def send(self): pass\n"}
    )
    suite.write(
        test_it="""
            import multiprocessing, subprocess, sys
            from concurrent import futures
            import pytest, sdk

            FORK = multiprocessing.get_context("fork")

            def tell(who):
                try:
                    sdk.Client().send()
                except Exception as error:
                    return "".join(f"<{who}> {line}\\n" for line in str(error).splitlines())

            @pytest.fixture(scope="module")
            def older():
                with futures.ProcessPoolExecutor(1, FORK) as pool:
                    pool.submit(int).result(20)
                    yield pool

            @pytest.fixture(scope="module")
            def using():
                with futures.ProcessPoolExecutor(1, FORK) as pool:
                    print(pool.submit(tell, "fixture").result(20))

            @pytest.fixture(scope="module")
            def starting():
                code = "import test_it; print(test_it.tell('child'))"
                print(subprocess.check_output([sys.executable, "-c", code], text=True))

            def test_own():
                with futures.ProcessPoolExecutor(1, FORK) as pool:
                    print(pool.submit(tell, "test").result(20))

            def test_first(older): pass

            def test_older(older):
                print(older.submit(tell, "older").result(20))

            def test_using(using): pass

            def test_starting(starting): pass
        """
    )

    outcome = suite.run("-s", "-p", "no:randomly")

    said = {
        who: re.findall(rf"<{who}> (.*)$", outcome.output, re.MULTILINE)
        for who in ("test", "older", "fixture", "child")
    }
    assert all(said.values()), outcome.output
    assert said["test"][0] == "needs @pytest.mark.sdk: called sdk:Client.send"
    assert said["test"][1].startswith("Test invoked 'sdk' without @pytest.mark.sdk at ")
    assert said["test"][1].endswith("on behalf of test_it.py::test_own")
    assert said["fixture"][1].startswith("Fixture 'using' used 'sdk'")
    for who, work in (("older", "gave work to this process"), ("child", "started this process")):
        assert said[who][1].startswith("'sdk' was used without @pytest.mark.sdk on the test")
        assert said[who][1].endswith(f"on behalf of the test or fixture that {work}")
        assert "fixture_uses_resources" not in "".join(said[who])


def test_a_traceback_that_a_thread_prints_shows_little_of_the_guards(suite: Suite) -> None:
    """A call that is blocked there is printed with the frame of what stands in its place, and not with those below."""
    suite.be_nobodys_child()
    suite.write_files(
        {"conftest.py": CONFTEST, "sdk.py": "class Client:\n    def send(self): pass\n"}
    )
    suite.write(
        test_it="""
            import threading, sdk

            def test_it():
                thread = threading.Thread(target=sdk.Client().send)
                thread.start()
                thread.join()
        """
    )

    outcome = suite.run("-s", "-p", "no:threadexception")

    frames = re.findall(
        r'^  File ".*/imbue/resource_guards/(.*)", line', outcome.output, re.MULTILINE
    )
    below = [each for each in frames if not each.startswith("scope/")]  # that carry the scope
    assert below == ["intercept/wrappers.py"], outcome.output


def test_a_test_that_has_ended_is_found_as_a_test(request: pytest.FixtureRequest) -> None:
    """The ledger knows what an id stands for, after its end and in a fork too."""
    ledger = Ledger()
    scope = ledger.open(request.node, frozenset())
    ledger.close(scope)
    fixture_scope = ledger.open(OwnerName("pool", OwnerKind.FIXTURE), frozenset())

    found = ledger.find(scope.id, frozenset({"sdk"}))

    assert (found.owner, found.kind) == (request.node.nodeid, OwnerKind.TEST)
    assert ledger.find(fixture_scope.id, frozenset()).kind is OwnerKind.FIXTURE
    assert ledger.find(99, frozenset()).kind is OwnerKind.OTHER


def test_two_workers(suite: Suite) -> None:
    """With two workers of pytest-xdist it is the same."""
    few = {
        name: table[name]
        for table, name in (
            (THREADS, "ThreadPoolExecutor"),
            (PROCESSES, "Pool.apply"),
            (LOOPS, "Runner"),
        )
    }

    assert run_ways(suite, few, {"task": LEFT["task"]}, "-n2", "--dist=loadfile") == {}


def test_nothing_leads_to_a_session_that_has_ended(suite: Suite) -> None:
    """What is noted of generators goes with the session, whether they live, were left, or are at their end."""
    suite.guard_tool()
    suite.write_files(
        {
            "other/conftest.py": """
def pytest_unconfigure(config):
    from imbue.resource_guards.intercept.handover import generators
    print("at the end:", generators._BEGUN, generators._GOING, generators._ENDING)
""",
            "other/test_it.py": """
import asyncio

KEPT = []

async def generate():
    yield 1
    yield 2

async def begin():
    for kept in (KEPT, []):
        kept.append(generate())
        await anext(kept[0])

def test_it():
    asyncio.new_event_loop().run_until_complete(begin())
    from imbue.resource_guards.intercept.handover import generators
    assert generators._BEGUN and generators._GOING
""",
        }
    )

    outcome = suite.run("other", "-s", "-W", "ignore")

    assert outcome.counts == {"passed": 1}, outcome.output
    assert "at the end: {} {} {}" in outcome.output


def test_what_is_left_runs_between_tests(suite: Suite) -> None:
    """A task of another thread's loop that acts when no test runs is charged to the test that left it."""
    suite.write(
        sdk="def send(): pass",
        conftest="""
            import asyncio, threading

            LOOP, DONE, GATES = asyncio.new_event_loop(), threading.Event(), []

            def pytest_register_resource_guards(registry):
                registry.register_sdk_guard("sdk", targets=["sdk:send"])

            def pytest_runtest_logfinish(nodeid):
                LOOP.call_soon_threadsafe(GATES.pop().set)
                assert DONE.wait(20)
        """,
        test_it="""
            import asyncio, threading, sdk
            from conftest import DONE, GATES, LOOP

            async def late(ready):
                GATES.append(asyncio.Event())
                ready.set()
                await GATES[0].wait()
                try:
                    sdk.send()
                except Exception:
                    pass
                DONE.set()

            def test_leaves():
                threading.Thread(target=LOOP.run_forever, daemon=True).start()
                ready = threading.Event()
                asyncio.run_coroutine_threadsafe(late(ready), LOOP)
                assert ready.wait(20)
        """,
    )

    outcome = suite.run()

    assert outcome.counts == {"passed": 1}, outcome.output
    assert "test_leaves used 'sdk' without @pytest.mark.sdk" in outcome.output
