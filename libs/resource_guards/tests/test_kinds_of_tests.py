"""Tests of every kind, and pytest's own options: the verdict is the same."""

from __future__ import annotations

import pytest

from support.suite import Outcome
from support.suite import Suite


def assert_right(outcome: Outcome, count: int) -> None:
    """Each test has the verdict that its name says."""
    for name, test in outcome.tests.items():
        if "unmarked" in name:
            assert test.says_missing(), (name, test.text, outcome.output)
        elif "superfluous" in name:
            assert test.says_superfluous(), (name, outcome.output)
        else:
            assert test.outcome == "passed", (name, test.text, outcome.output)
    assert len(outcome.tests) == count, sorted(outcome.tests)
    assert "INTERNALERROR" not in outcome.output


def test_unittest(suite: Suite) -> None:
    """Cases with set-ups of each width, asynchronous ones among them."""
    suite.guard_tool()
    suite.write(
        test_it="""
            import subprocess, unittest, pytest

            def tool():
                subprocess.run(["tool"])

            class InClassSetUp(unittest.TestCase):
                @classmethod
                def setUpClass(cls): tool()
                def test_class_unmarked(self): pass
                @pytest.mark.tool
                def test_class_marked(self): pass

            class InClassTearDown(unittest.TestCase):
                @classmethod
                def tearDownClass(cls): tool()
                def test_class_down_unmarked(self): pass
                @pytest.mark.tool
                def test_class_down_marked(self): pass

            class InClassCleanup(unittest.TestCase):
                @classmethod
                def setUpClass(cls): cls.addClassCleanup(tool)
                def test_class_cleanup_unmarked(self): pass
                @pytest.mark.tool
                def test_class_cleanup_marked(self): pass

            class InCleanup(unittest.TestCase):
                def setUp(self): self.addCleanup(tool)
                def test_cleanup_unmarked(self): pass
                @pytest.mark.tool
                def test_cleanup_marked(self): pass

            @pytest.mark.tool
            class Marked(unittest.TestCase):
                def test_in_marked_class(self): tool()
                def test_superfluous_in_marked_class(self): pass

            class Async(unittest.IsolatedAsyncioTestCase):
                async def asyncSetUp(self):
                    if "set_up" in self.id():
                        tool()
                async def asyncTearDown(self):
                    if "tear_down" in self.id():
                        tool()
                async def test_async_unmarked(self): tool()
                async def test_async_set_up_unmarked(self): pass
                async def test_async_tear_down_unmarked(self): pass
                @pytest.mark.tool
                async def test_async_marked(self): tool()
                @pytest.mark.tool
                async def test_async_tear_down_marked(self): pass
                @pytest.mark.tool
                async def test_async_superfluous(self): pass

            class SubTests(unittest.TestCase):
                def test_sub_unmarked(self):
                    for n in range(3):
                        with self.subTest(n=n):
                            if n == 1:
                                tool()
                @pytest.mark.tool
                def test_sub_marked(self):
                    for n in range(3):
                        with self.subTest(n=n):
                            if n == 2:
                                tool()
        """
    )

    assert_right(suite.run(), count=18)


def test_functions_that_pytest_makes_fixtures_of(suite: Suite) -> None:
    """The set-up and tear-down functions of modules, classes and methods."""
    suite.guard_tool()
    suite.write(
        test_module="""
            import subprocess, pytest

            def setup_module(): subprocess.run(["tool"])
            def test_module_unmarked(): pass

            @pytest.mark.tool
            def test_module_marked(): pass
        """,
        test_module_down="""
            import subprocess, pytest

            def teardown_module(): subprocess.run(["tool"])
            def test_module_down_unmarked(): pass

            @pytest.mark.tool
            def test_module_down_marked(): pass
        """,
        test_function="""
            import subprocess, pytest

            def setup_function(function):
                if "setup" in function.__name__:
                    subprocess.run(["tool"])

            def teardown_function(function):
                if "down" in function.__name__:
                    subprocess.run(["tool"])

            def test_setup_unmarked(): pass
            def test_down_unmarked(): pass
            def test_neither(): pass

            @pytest.mark.tool
            def test_setup_marked(): pass

            @pytest.mark.tool
            def test_down_marked(): pass
        """,
        test_class="""
            import subprocess, pytest

            class TestClass:
                def setup_method(self, method):
                    if "marked" in method.__name__:
                        subprocess.run(["tool"])

                def test_method_unmarked(self): pass

                @pytest.mark.tool
                def test_method_marked(self): pass

                @pytest.mark.tool
                def test_method_superfluous(self): pass

            class TestWhole:
                @classmethod
                def teardown_class(cls):
                    subprocess.run(["tool"])

                def test_whole_unmarked(self): pass

                @pytest.mark.tool
                def test_whole_marked(self): pass
        """,
    )

    assert_right(suite.run(), count=14)


def test_items_of_other_plugins(suite: Suite) -> None:
    """An item that is no function, from a file that is no module, with marks of its own."""
    suite.guard_tool()
    suite.write(
        conftest="""
            import subprocess, pytest

            def pytest_register_resource_guards(registry):
                registry.register_resource_guard("tool")

            def pytest_collect_file(file_path, parent):
                if file_path.suffix == ".commands":
                    return Commands.from_parent(parent, path=file_path)

            class Commands(pytest.File):
                def collect(self):
                    for line in self.path.read_text().splitlines():
                        name, mark, command = line.split(",")
                        item = Command.from_parent(self, name=name)
                        item.command = command.split()
                        if mark:
                            item.add_marker(mark)
                        yield item

            class Command(pytest.Item):
                def setup(self):
                    if "set_up" in self.name:
                        subprocess.run(["tool"])

                def runtest(self):
                    subprocess.run(self.command)

                def reportinfo(self):
                    return self.path, 0, self.name
        """
    )
    suite.write_files(
        {
            "test.commands": "item_unmarked,,tool\n"
            "item_marked,tool,tool\n"
            "item_superfluous,tool,true\n"
            "item_innocent,,true\n"
            "item_set_up_unmarked,,true\n"
            "item_set_up_marked,tool,true\n"
        }
    )

    assert_right(suite.run(), count=6)


def test_documents(suite: Suite) -> None:
    """Examples in text files and docstrings, whose marks come from the file they stand in."""
    suite.guard_tool()
    example = ">>> import subprocess\n>>> _ = subprocess.run(['tool'])\n"
    suite.write_files(
        {
            "test_unmarked.txt": example,
            "test_innocent.txt": ">>> 1 + 1\n2\n",
            "marked.py": "import pytest\npytestmark = pytest.mark.tool\n\n"
            "def in_marked_module():\n    '''\n"
            + "".join(f"    {line}\n" for line in example.splitlines())
            + "    '''\n\ndef superfluous():\n    '''\n    >>> 1 + 1\n    2\n    '''\n",
        }
    )

    outcome = suite.run("--doctest-modules", "--doctest-glob=*.txt")

    assert_right(outcome, count=4)


def test_asynchronous_tests(suite: Suite) -> None:
    """Tasks, threads and callbacks of a test are its own; a shared loop's next test is not theirs."""
    suite.write(
        conftest="""
            def pytest_register_resource_guards(registry):
                registry.register_sdk_guard("tool", targets=["sdk:Client.send"])
        """,
        sdk="class Client:\n    async def send(self): pass\n",
        test_it="""
            import asyncio, subprocess, pytest, sdk

            pytestmark = pytest.mark.asyncio(loop_scope="module")

            async def send():
                try:
                    await sdk.Client().send()
                except Exception:
                    pass

            async def test_unmarked(): await send()
            async def test_task_unmarked(): await asyncio.create_task(send())
            async def test_gather_unmarked(): await asyncio.gather(*(send() for _ in range(3)))

            async def test_group_unmarked():
                async with asyncio.TaskGroup() as group:
                    group.create_task(send())

            async def test_callback_unmarked():
                done = asyncio.Event()
                def callback():
                    asyncio.ensure_future(send()).add_done_callback(lambda _: done.set())
                asyncio.get_running_loop().call_soon(callback)
                await done.wait()

            async def test_to_thread_unmarked():
                await asyncio.to_thread(lambda: asyncio.new_event_loop().run_until_complete(send()))

            @pytest.mark.tool
            async def test_marked(): await asyncio.create_task(send())

            @pytest.mark.tool
            async def test_superfluous(): await asyncio.sleep(0)
        """,
    )

    outcome = suite.run("-Wignore", plugins=("asyncio",))

    assert_right(outcome, count=8)


def test_a_mark_that_is_added_while_a_test_runs(suite: Suite) -> None:
    """It counts from then on, in the test, in a fixture of its own and in a shared one."""
    suite.guard_tool()
    suite.write(
        test_it="""
            import subprocess, pytest

            @pytest.fixture
            def marking(request):
                request.node.add_marker("tool")

            @pytest.fixture(scope="module")
            def server():
                subprocess.run(["tool"], check=True)

            def test_marked_by_fixture(marking):
                subprocess.run(["tool"], check=True)

            def test_marked_by_itself(request):
                request.node.add_marker(pytest.mark.tool)
                subprocess.run(["tool"], check=True)

            def test_marked_before_the_server(marking, request):
                request.getfixturevalue("server")

            def test_superfluous(marking):
                pass

            def test_unmarked(server):
                pass
        """
    )

    assert_right(suite.run(), count=5)


# ---- options


SUITE = """
    import subprocess, pytest

    @pytest.fixture(scope="module")
    def server():
        yield
        subprocess.run(["tool"])

    def test_1_innocent(): print("innocent")
    def test_2_unmarked(): subprocess.run(["tool"])

    @pytest.mark.tool
    def test_3_marked(): subprocess.run(["tool"], check=True)

    @pytest.mark.tool
    def test_4_superfluous(): pass

    @pytest.mark.tool
    def test_5_server_marked(server): pass

    def test_6_server_unmarked(server): pass
"""


@pytest.fixture
def guarded(suite: Suite) -> Suite:
    """A suite with the tests above."""
    suite.guard_tool()
    suite.write(test_it=SUITE)
    return suite


@pytest.mark.parametrize(
    "option",
    [
        "-s",
        "--capture=fd",
        "--capture=sys",
        "--capture=tee-sys",
        "--capture=no",
        "--setup-show",
        "-vv",
        "-q",
        "--durations=0",
        "--maxfail=9",
        "--showlocals",
        "--import-mode=importlib",
        "-pno:terminal",
        "-Wdefault",
        "--strict-markers",
    ],
)
@pytest.mark.parametrize("workers", [(), ("-n2",)], ids=["one process", "two workers"])
def test_options_that_change_no_verdict(
    guarded: Suite, option: str, workers: tuple[str, ...]
) -> None:
    """Whatever is shown or captured."""
    if option == "-pno:terminal" and workers:
        pytest.skip("xdist needs the terminal plugin")
    assert_right(guarded.run(option, *workers), count=6)


def test_the_first_failure_ends_it(guarded: Suite) -> None:
    """With ``-x`` and ``--maxfail`` a violation is a failure like any other."""
    assert list(guarded.run("-x").tests) == ["test_1_innocent", "test_2_unmarked"]
    assert len(guarded.run("--maxfail=2").tests) == 4


def test_last_failed_and_stepwise(guarded: Suite) -> None:
    """A test that failed for a violation is run again by ``--lf``, ``--ff`` and ``--sw``."""
    keep = ("-pcacheprovider", "-pstepwise")
    guarded.run(*keep)
    failed = {"test_2_unmarked", "test_4_superfluous", "test_6_server_unmarked"}

    assert set(guarded.run(*keep, "--lf").tests) == failed
    assert set(list(guarded.run(*keep, "--ff").tests)[:3]) == failed
    assert list(guarded.run(*keep, "--sw").tests) == ["test_1_innocent", "test_2_unmarked"]
    assert next(iter(guarded.run(*keep, "--sw").tests)) == "test_2_unmarked"


@pytest.mark.parametrize("option", ["--collect-only", "--setup-plan", "--fixtures", "--markers"])
def test_options_that_run_nothing(guarded: Suite, option: str) -> None:
    """Nothing is judged, and nothing is run."""
    outcome = guarded.run(option)

    assert outcome.code == pytest.ExitCode.OK, outcome.output
    assert guarded.runs_of() == []
    assert guarded.leftovers() == []


def test_the_debugger(guarded: Suite) -> None:
    """``--pdb`` stops where a test fails by itself; a violation alone has no place to stop at."""
    guarded.write(
        test_other="""
            import subprocess

            def test_fails_unmarked():
                subprocess.run(["tool"])
                assert False, "for its own reason"
        """
    )

    outcome = guarded.run("--pdb", "--pdbcls=fake_debugger:Debugger", plugins=("fake_debugger",))

    assert "INTERNALERROR" not in outcome.output
    assert outcome.output.count("STOPPED") == 1, outcome.output
    assert outcome["test_fails_unmarked"].says_missing()
    assert outcome["test_2_unmarked"].says_missing()


@pytest.fixture(autouse=True)
def fake_debugger(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    """A debugger that says where it stops, and goes on."""
    monkeypatch.setenv("PYTHONPATH", str(suite.path))
    suite.write(
        fake_debugger="""
            import pdb

            class Debugger(pdb.Pdb):
                def interaction(self, *_):
                    print("STOPPED")
        """
    )
