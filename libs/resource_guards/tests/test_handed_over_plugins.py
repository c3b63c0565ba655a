"""Tests that pytest-trio and pytest-twisted run: what they hand over is charged to them, and their fixtures to these."""

from __future__ import annotations

import textwrap

import pytest

from support.handing_over import fixture
from support.handing_over import run_ways
from support.suite import Suite

_TRIO_MARK = "pytestmark.append(pytest.mark.trio)"

_TRIO = """
# async
import trio

async def finally_set(function, event):
    function()
    event.set()
"""


def _of_trio(body: str) -> str:
    """A way whose fixture lives as long as its test: pytest-trio has no others."""
    return f"{_TRIO}\n@pytest.fixture\nasync def hand_over():\n" + textwrap.indent(
        textwrap.dedent(body).strip("\n"), "    "
    )


TRIO = {
    name: _of_trio(body)
    for name, body in {
        "acall": "yield acall",
        "returned": "return acall",
        "to_thread": "yield trio.to_thread.run_sync",
        "there and back": """
            def hand(function):
                return trio.to_thread.run_sync(trio.from_thread.run, acall, function)
            yield hand
        """,
        "nursery": """
            async def hand(function):
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(acall, function)
            yield hand
        """,
        "nursery of a fixture": """
            async with trio.open_nursery() as nursery:
                async def hand(function):
                    done = trio.Event()
                    nursery.start_soon(finally_set, function, done)
                    await done.wait()
                yield hand
        """,
    }.items()
}
TRIO["its own nursery"] = (
    _TRIO
    + """
@pytest.fixture
def hand_over(nursery):
    async def hand(function):
        done = trio.Event()
        nursery.start_soon(finally_set, function, done)
        await done.wait()
    return hand
"""
)
TRIO["a fixture that is no coroutine"] = f"{_TRIO}\n{fixture('yield acall')}"

LEFT_BY_TRIO = {
    "thread": f"""
        # async
        import trio
        {_TRIO_MARK}
        GATE, DONE = threading.Event(), threading.Event()

        async def leave(function):
            with trio.CancelScope() as scope:
                def late():
                    trio.from_thread.run_sync(scope.cancel)
                    wait_for(GATE)
                    function()
                    DONE.set()
                await trio.to_thread.run_sync(late, abandon_on_cancel=True)

        async def let_go():
            GATE.set()
            wait_for(DONE)
    """
}

_TWISTED = """
import pytest_twisted
from twisted.internet import defer, reactor, task, threads

def then(call):
    deferred = defer.Deferred()
    call(lambda: deferred.callback(None))
    return deferred

@defer.inlineCallbacks
def inline(function):
    yield task.deferLater(reactor, 0, lambda: None)
    function()

async def coroutine(function):
    await task.deferLater(reactor, 0, lambda: None)
    function()

def looping(function):
    loop = task.LoopingCall(lambda: (function(), loop.stop()))
    return loop.start(0.01, now=False)
"""

_TWISTED_TESTS = {
    "returning": "# returning\n",
    "inline": "# generator\n# each: pytest_twisted.inlineCallbacks\n",
    "coroutine": "# async\n# each: pytest_twisted.ensureDeferred\n",
}

_TWISTED_FIXTURES = {
    "async_yield_fixture": ("module", "yield"),
    "async_fixture": ("function", "return"),
}

_TWISTED_CALLS = {
    "inlineCallbacks": "inline(function)",
    "ensureDeferred": "defer.ensureDeferred(coroutine(function))",
    "deferLater": "task.deferLater(reactor, 0, function)",
    "LoopingCall": "looping(function)",
    "deferToThread": "threads.deferToThread(function)",
    "blockingCallFromThread": (
        "threads.deferToThread(threads.blockingCallFromThread, reactor, function)"
    ),
    "callFromThread": (
        "then(lambda end: reactor.callInThread(reactor.callFromThread, lambda: (function(), end())))"
    ),
    "callWhenRunning": "then(lambda end: reactor.callWhenRunning(lambda: (function(), end())))",
}

TWISTED = {
    f"{tests}, {kind}, {name}": f"""{form}{_TWISTED}
@pytest_twisted.{kind}(scope={scope!r})
async def hand_over():
    {gives} lambda function: {call}
"""
    for tests, form in _TWISTED_TESTS.items()
    for kind, (scope, gives) in _TWISTED_FIXTURES.items()
    for name, call in _TWISTED_CALLS.items()
}

LEFT_BY_TWISTED = {
    f"{tests}, {call}": f"""{form}{_TWISTED}
GATE, FIRED, DONE = threading.Event(), defer.Deferred(), defer.Deferred()

def ended(function):
    function()
    DONE.callback(None)

@defer.inlineCallbacks
def late(function):
    while not GATE.is_set():
        yield task.deferLater(reactor, 0.01, lambda: None)
    ended(function)

async def late_coroutine(function):
    while not GATE.is_set():
        await task.deferLater(reactor, 0.01, lambda: None)
    ended(function)

def late_thread(function):
    wait_for(GATE)
    reactor.callFromThread(ended, function)

def leave(function):
    {call}
    return defer.succeed(None)

def let_go():
    GATE.set()
    FIRED.callback(None)
    return DONE
"""
    for tests, form in _TWISTED_TESTS.items()
    if tests != "returning"  # which could do nothing afterwards
    for call in (
        "late(function)",
        "defer.ensureDeferred(late_coroutine(function))",
        "threads.deferToThread(late_thread, function)",
        "FIRED.addCallback(lambda _: ended(function))",
        "FIRED.addBoth(lambda _: ended(function))",
    )
}


def test_marked_tests_of_trio(suite: Suite) -> None:
    """A test that pytest-trio runs is charged with its tasks and threads, and with what it has left."""
    ways = {name: f"{way}\n{_TRIO_MARK}\n" for name, way in TRIO.items()}

    assert run_ways(suite, ways, LEFT_BY_TRIO, plugins=("trio",)) == {}


def test_trio_mode(suite: Suite) -> None:
    """With ``trio_mode`` it is the same."""
    assert run_ways(suite, TRIO, {}, "-otrio_mode=true", plugins=("trio",)) == {}


@pytest.mark.parametrize("reactor", ["default", "asyncio"])
def test_tests_of_twisted(suite: Suite, reactor: str) -> None:
    """A test that pytest-twisted runs is charged with what the one reactor does for it, now or after its end."""
    options = (f"--reactor={reactor}",)

    assert run_ways(suite, TWISTED, LEFT_BY_TWISTED, *options, plugins=("twisted",)) == {}


# ---- a guarded program, which fixtures of one context run beside their test


_PROGRAM = """
    import pytest, trio
    from imbue.resource_guards.resource_guards import fixture_uses_resources

    async def tool():
        await trio.run_process(["tool"])
"""


def _program(suite: Suite, tests: str) -> None:
    suite.tool("other")
    suite.guard_tool()
    conftest = suite.path / "conftest.py"
    conftest.write_text(
        conftest.read_text().rstrip() + '\n    registry.register_resource_guard("other")\n'
    )
    suite.write(test_it=textwrap.dedent(_PROGRAM) + textwrap.dedent(tests))


def test_programs_of_trio(suite: Suite) -> None:
    """A program that trio starts in a test, a nursery or a thread is a use of that test."""
    _program(
        suite,
        """
        import subprocess

        @pytest.mark.tool
        async def test_marked(): await tool()

        async def test_unmarked(): await tool()

        @pytest.mark.tool
        async def test_superfluous(): await trio.sleep(0)

        async def test_unmarked_in_a_nursery():
            async with trio.open_nursery() as nursery:
                nursery.start_soon(tool)

        async def test_unmarked_in_a_thread():
            await trio.to_thread.run_sync(subprocess.run, ["tool"])

        async def test_innocent(): await trio.sleep(0)
        """,
    )

    outcome = suite.run("-otrio_mode=true", plugins=("trio",))

    for name, test in outcome.tests.items():
        if "unmarked" in name:
            assert test.says_missing(), (name, outcome.output)
    assert outcome["test_superfluous"].says_superfluous()
    assert outcome.counts == {"passed": 2, "failed": 4}, outcome.output


def test_one_fixture_of_trio_does_not_act_for_another(suite: Suite) -> None:
    """The test and its fixtures take turns in one context, and each use is still that of whoever makes it."""
    _program(
        suite,
        """
        @pytest.fixture
        @fixture_uses_resources("tool")
        async def yielding():
            async with trio.open_nursery() as nursery:
                nursery.start_soon(tool)
            yield
            await trio.sleep(0)

        @pytest.fixture
        async def beside():
            for _ in range(9):
                await trio.sleep(0)
            yield

        @pytest.fixture
        @fixture_uses_resources("other")
        async def returning(beside):
            await trio.run_process(["other"])

        @pytest.fixture
        @fixture_uses_resources("tool", "other")
        def plain(returning, yielding):
            import subprocess
            subprocess.run(["tool"])
            yield
            subprocess.run(["other"])

        @pytest.mark.tool
        @pytest.mark.other
        async def test_marked(plain): await trio.sleep(0)

        @pytest.mark.tool
        async def test_unmarked(yielding, beside): await trio.run_process(["other"], check=False)

        @pytest.mark.other
        async def test_other_marked(returning, beside): await trio.sleep(0)

        @pytest.mark.tool
        async def test_tool_marked(yielding): await trio.sleep(0)

        @pytest.mark.tool
        @pytest.mark.other
        async def test_superfluous_beside(yielding, beside): await trio.sleep(0)
        """,
    )

    outcome = suite.run("-otrio_mode=true", plugins=("trio",))

    assert outcome["test_marked"].outcome == "passed", outcome.output
    assert outcome["test_unmarked"].says_missing("other"), outcome.output
    assert "Fixture 'yielding'" not in outcome["test_unmarked"].text
    assert outcome["test_superfluous_beside"].says_superfluous("other")
    assert outcome["test_other_marked"].outcome == "passed"
    assert outcome["test_tool_marked"].outcome == "passed"


def test_between_the_steps_of_trio_the_test_acts(suite: Suite) -> None:
    """What pytest-trio itself calls in that context, after the last step of a fixture, is not that fixture's doing."""
    _program(
        suite,
        """
        import subprocess

        async def waiting(started):
            started.set()
            def abort(_):
                subprocess.run(["tool"])
                return trio.lowlevel.Abort.SUCCEEDED
            await trio.lowlevel.wait_task_rescheduled(abort)

        @pytest.fixture
        @fixture_uses_resources("other")
        async def tasks(nursery):
            yield nursery
            await trio.run_process(["other"])

        @pytest.mark.other
        async def test_unmarked(tasks):
            started = trio.Event()
            tasks.start_soon(waiting, started)
            await started.wait()

        @pytest.mark.tool
        @pytest.mark.other
        async def test_marked(tasks):
            started = trio.Event()
            tasks.start_soon(waiting, started)
            await started.wait()
        """,
    )

    outcome = suite.run("-otrio_mode=true", plugins=("trio",))

    assert outcome["test_unmarked"].says_missing(), outcome.output
    assert "Test invoked 'tool'" in outcome["test_unmarked"].text
    assert "Fixture" not in outcome["test_unmarked"].text
    assert outcome["test_marked"].outcome == "passed", outcome.output


def test_a_fixture_of_trio_that_was_not_run_has_not_failed_to_use(suite: Suite) -> None:
    """What a fixture declares is missed where the test passed, and not where it may not have come to it."""
    _program(
        suite,
        """
        @pytest.fixture
        @fixture_uses_resources("tool")
        async def failing():
            raise OSError
            await tool()

        @pytest.fixture
        @fixture_uses_resources("tool")
        async def idle(): await trio.sleep(0)

        @pytest.fixture
        @fixture_uses_resources("tool")
        async def never(failing): await tool()

        async def test_failing(failing): pass

        async def test_never(never): pass

        async def test_idle(idle): pass
        """,
    )

    outcome = suite.run("-otrio_mode=true", plugins=("trio",))

    for name in ("test_failing", "test_never"):
        assert "OSError" in outcome[name].text
        assert "but never" not in outcome[name].text, outcome.output
    assert "Fixture 'idle' declares 'tool' but never used tool" in outcome["test_idle"].text


def test_a_fixture_of_trio_that_the_test_does_not_get_is_not_run(suite: Suite) -> None:
    """By autouse or `getfixturevalue` alone pytest-trio makes a fixture and runs nothing of it: it has missed nothing."""
    _program(
        suite,
        """
        RUN = []

        @pytest.fixture(autouse=True)
        @fixture_uses_resources("tool")
        async def automatic():
            RUN.append("automatic")
            await tool()
            yield

        @pytest.fixture
        @fixture_uses_resources("other")
        async def asked(): await trio.run_process(["other"])

        @pytest.fixture
        def asking(request): return request.getfixturevalue("asked")

        async def test_neither(): assert not RUN

        async def test_asks(request): request.getfixturevalue("asked")

        @pytest.mark.tool
        async def test_superfluous(): await trio.sleep(0)

        @pytest.mark.tool
        async def test_gets_it(automatic): assert RUN.pop()

        async def test_unmarked_gets_it(automatic): assert RUN.pop()

        @pytest.mark.other
        async def test_through_another(asking): await trio.sleep(0)

        async def test_unmarked_through_another(asking): await trio.sleep(0)
        """,
    )

    outcome = suite.run("-otrio_mode=true", plugins=("trio",))

    assert outcome["test_unmarked_gets_it"].says_missing(), outcome.output
    assert outcome["test_unmarked_through_another"].says_missing("other"), outcome.output
    assert outcome["test_superfluous"].says_superfluous(), outcome.output
    assert "Fixture" not in outcome["test_superfluous"].text
    assert outcome.counts == {"passed": 4, "failed": 2, "error": 1}, outcome.output
