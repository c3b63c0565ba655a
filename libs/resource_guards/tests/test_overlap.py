"""Tests that overlap in one process are not judged, and the run says so and fails."""

from __future__ import annotations

import json

import pytest

from support.suite import Suite

TESTS = """
    import asyncio, subprocess, pytest

    async def test_unmarked():
        await asyncio.sleep(0)
        subprocess.run(["tool"], check=True)
        await asyncio.sleep(0)

    @pytest.mark.tool
    async def test_marked():
        await asyncio.sleep(0)
        subprocess.run(["tool"], check=True)
        await asyncio.sleep(0)

    @pytest.mark.tool
    async def test_superfluous():
        for _ in range(9):
            await asyncio.sleep(0)
"""

# The bodies of all tests run in one loop, and pytest's own protocol when one has ended.
IN_ONE_LOOP = """
    import asyncio, pytest

    async def run(items):
        bodies = {asyncio.ensure_future(item.function()): item for item in items}
        while bodies:
            done, _ = await asyncio.wait(bodies, return_when=asyncio.FIRST_COMPLETED)
            for body in done:
                item = bodies.pop(body)
                item.runtest = body.result
                item.config.hook.pytest_runtest_protocol(item=item, nextitem=None)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(session):
        asyncio.run(run(session.items))
        return True
"""

# The set-ups of a file come first, then the bodies, then the tear-downs.
IN_STEPS = """
    import asyncio, pytest
    from _pytest.runner import call_and_report

    GROUP = []

    def pytest_runtest_protocol(item, nextitem):
        GROUP.append(item)
        item.runtest = lambda: asyncio.run(item.function())
        item._initrequest()
        if len(GROUP) == 3:
            for each in GROUP:
                call_and_report(each, "setup", log=False)
                each.session._setupstate.stack.popitem()
            for each in GROUP:
                call_and_report(each, "call")
            for each in GROUP[1:]:
                each.session._setupstate.setup(each)
                call_and_report(each, "teardown", nextitem=None)
        return True
"""

LINE = "Tests overlap in this process (run by {}): "


@pytest.fixture
def overlapping(suite: Suite) -> Suite:
    """A suite that guards a program, with tests that a plugin can let overlap."""
    suite.guard_tool()
    suite.write(test_it=TESTS)
    return suite


@pytest.mark.parametrize("plugin", [IN_ONE_LOOP, IN_STEPS], ids=["in one loop", "in steps"])
def test_they_are_not_judged(overlapping: Suite, plugin: str) -> None:
    """One line names the plugin and two of the tests, and no test has a verdict."""
    overlapping.write(several=plugin)

    outcome = overlapping.run("--resource-guards-json=all.json", plugins=("several",))

    assert outcome.code == pytest.ExitCode.TESTS_FAILED
    (line,) = [each for each in outcome.output.splitlines() if "overlap in this process" in each]
    assert line.startswith(LINE.format("several"))
    assert line.count("test_it.py::") == 2
    assert "ran at the same time. What each of them uses cannot be told apart" in line
    assert "without @pytest.mark" not in outcome.output
    assert "but never" not in outcome.output
    assert json.loads((overlapping.path / "all.json").read_text())["problems"] == [line]
    assert overlapping.leftovers() == []


def test_one_that_ran_before_its_turn(overlapping: Suite) -> None:
    """Where it is the only one, it is judged as little."""
    overlapping.write(several=IN_ONE_LOOP)

    outcome = overlapping.run("-k", "test_marked", plugins=("several",))

    assert outcome.code == pytest.ExitCode.TESTS_FAILED
    assert (
        LINE.format("several") + "test_it.py::test_marked ran before it was set up"
        in outcome.output
    )
    assert "but never" not in outcome.output


def test_those_that_run_afterwards(overlapping: Suite) -> None:
    """What they use goes through, since nobody can say whose it is."""
    overlapping.write(several=IN_ONE_LOOP)

    overlapping.run("-k", "marked", plugins=("several",))

    assert len(overlapping.runs_of()) == 2


JUDGED = """
    import subprocess, pytest

    def test_unmarked({}):
        subprocess.run(["tool"])

    @pytest.mark.tool
    def test_marked({}):
        subprocess.run(["tool"], check=True)

    @pytest.mark.tool
    def test_superfluous({}):
        pass
"""


@pytest.mark.parametrize(
    ("plugins", "options"),
    [
        ((), ()),
        (("pytest_run_parallel.plugin",), ("--parallel-threads=4",)),
        (("rerunfailures",), ("--reruns=2",)),
        (("around",), ()),
        (("greenlets",), ()),
    ],
    ids=["alone", "threads", "reruns", "a loop around", "a loop left running"],
)
def test_what_is_no_overlap(
    suite: Suite, plugins: tuple[str, ...], options: tuple[str, ...]
) -> None:
    """One test in many threads, or once more, or with a loop that runs nothing of the tests."""
    suite.guard_tool()
    suite.write(
        test_it=JUDGED.replace("{}", ""),
        around="""
            import asyncio, pytest

            @pytest.hookimpl(wrapper=True)
            def pytest_runtestloop(session):
                asyncio._set_running_loop(asyncio.new_event_loop())
                try:
                    return (yield)
                finally:
                    asyncio._get_running_loop().close()
                    asyncio._set_running_loop(None)
        """,
        greenlets="""
            import asyncio, pytest

            @pytest.fixture(scope="session", autouse=True)
            def browser():
                loop = asyncio.new_event_loop()
                task = loop.create_task(asyncio.sleep(0))
                asyncio._set_running_loop(loop)
                yield
                asyncio._set_running_loop(None)
                loop.run_until_complete(task)
                loop.close()
        """,
    )

    outcome = suite.run(*options, plugins=plugins)

    assert outcome["test_unmarked"].says_missing(), outcome.output
    assert outcome["test_superfluous"].says_superfluous()
    assert outcome["test_marked"].outcome == "passed"
    assert "Tests overlap" not in outcome.output


def test_pytest_in_pytest(suite: Suite) -> None:
    """A test may run pytest in its own process, whose tests are another session's."""
    suite.guard_tool()
    suite.write(
        test_it="""
            import subprocess, pytest

            pytest_plugins = ["pytester"]

            @pytest.mark.tool
            def test_outer(pytester):
                pytester.makepyfile("def test_inner(subtests):\\n with subtests.test(): pass")
                pytester.inline_run("-presource_guards")
                subprocess.run(["tool"], check=True)
        """
    )

    outcome = suite.run()

    assert outcome["test_outer"].outcome == "passed", outcome.output
    assert "Tests overlap" not in outcome.output
