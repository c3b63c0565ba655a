"""Whose a context's scope is: where a scheduler or a thread runs that of the context, else the running one.

A loop or reactor that the tests themselves run in the main thread, a thread that enters a context by itself, and a
session that is run from within a loop.
"""

from __future__ import annotations

from support.handing_over import fixture
from support.handing_over import run_ways
from support.suite import Suite

_GUEST = """
import queue, trio
CALLS, GATE, DONE = queue.SimpleQueue(), trio.Event(), []

async def late(function):
    await GATE.wait()
    function()

def turn_until(condition):
    while not condition():
        CALLS.get(timeout=30)()

def leave(function):
    trio.lowlevel.start_guest_run(
        late,
        function,
        run_sync_soon_threadsafe=CALLS.put,
        done_callback=DONE.append,
    )

def let_go():
    CALLS.put(GATE.set)
    turn_until(lambda: DONE)
"""

_REACTOR = """
from twisted.internet import defer, reactor
FIRED, DONE = defer.Deferred(), defer.Deferred()

@defer.inlineCallbacks
def inline(function):
    yield FIRED
    function()
    DONE.callback(None)

async def coroutine(function):
    await FIRED
    function()
    DONE.callback(None)

def leave(function):
    {0}

def let_go():
    reactor.callWhenRunning(FIRED.callback, None)
    # As trial waits for what its tests return.
    DONE.addBoth(lambda _: reactor.crash())
    reactor.run(installSignalHandlers=False)
"""

LEFT = {
    "trio as a guest": _GUEST,
    **{
        f"twisted, {call}": _REACTOR.format(call)
        for call in ("inline(function)", "defer.ensureDeferred(coroutine(function))")
    },
}

THREADS = {
    "a context that a thread enters": """
        GATE, DONE = threading.Event(), threading.Event()

        def leave(function):
            context = contextvars.copy_context()
            def late():
                wait_for(GATE)
                context.run(function)
                DONE.set()
            threading.Thread(target=late).start()

        def let_go():
            GATE.set()
            wait_for(DONE)
    """,
    "a thread that trio has abandoned": """
        import trio
        GATE, DONE = threading.Event(), threading.Event()

        def leave(function):
            async def main():
                with trio.CancelScope() as scope:
                    def late():
                        trio.from_thread.run_sync(scope.cancel)
                        wait_for(GATE)
                        function()
                        DONE.set()
                    await trio.to_thread.run_sync(late, abandon_on_cancel=True)
            trio.run(main)

        def let_go():
            GATE.set()
            wait_for(DONE)
    """,
}

_WITHIN_A_LOOP = """
    import asyncio, pytest
    from _pytest.main import pytest_runtestloop as run

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(session):
        async def main():
            return run(session)
        return asyncio.run(main())
"""

PUT_BACK = {
    "values put back": fixture(
        """
        before = list(contextvars.copy_context().items())
        def hand(function):
            for variable, value in before:
                variable.set(value)
            function()
        yield hand
        """
    ),
}


def test_schedulers_that_a_test_runs(suite: Suite) -> None:
    """A loop that the main thread runs by calls of the tests acts for who has left the work on it."""
    assert run_ways(suite, {}, LEFT) == {}


def test_contexts_of_threads(suite: Suite) -> None:
    """A thread that enters a context acts for whom that was copied from, whatever runs in the main thread."""
    assert run_ways(suite, {}, THREADS) == {}


def test_a_session_within_a_running_loop(suite: Suite) -> None:
    """Where a loop runs around all tests, a test still acts for itself after older values were put back."""
    suite.write(within_a_loop=_WITHIN_A_LOOP)

    assert run_ways(suite, PUT_BACK, plugins=("within_a_loop",)) == {}
