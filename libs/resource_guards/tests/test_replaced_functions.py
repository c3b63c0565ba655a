"""A test may replace what it likes in `os`, `sys` and the like: the interceptors call none of it."""

from __future__ import annotations

from support.suite import Suite

SUITE = """
import asyncio, functools, os, pathlib, shutil, socket, subprocess, sys, sysconfig, tempfile, threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

import sdk

HELPERS = {{
    "os", "posixpath", "genericpath", "pathlib", "shutil", "tempfile", "inspect", "traceback", "linecache",
    "shlex", "re", "stat", "weakref", "contextlib", "functools", "collections.abc", "importlib.util",
}}
TOOL = {tool!r}
MODULES = [os, os.path, sys, time, threading, shutil, tempfile, socket, subprocess]
CALLED = set()


def watched(module, name, real):
    # Notes a call that one of our modules makes, by itself or through a helper of the library. (What
    # stands before `submit` or `start` calls these, which then call what they did without us.)
    @functools.wraps(real)
    def call(*args, **kwargs):
        frame = FRAME(1)
        while frame is not None and frame.f_globals.get("__name__") in HELPERS:
            frame = frame.f_back
        where = frame.f_globals.get("__name__", "") if frame is not None else ""
        if where.startswith("imbue.resource_guards.") and ".report." not in where:
            CALLED.add(f"{{module.__name__}}.{{name}}, called by {{where}}:{{frame.f_lineno}}")
        return real(*args, **kwargs)

    return call


FRAME = sys._getframe


@pytest.fixture
def replaced(monkeypatch):
    # All of their functions, found and not listed. What makes threads run is a class, and stays.
    count = 0
    for module in MODULES:
        for name, value in list(vars(module).items()):
            if callable(value) and not isinstance(value, type) and name not in {skipped!r}:
                monkeypatch.setattr(module, name, watched(module, name, value))
                count += 1
    yield count


def uses(call):
    try:
        call()
    except Exception as error:
        assert "without @pytest.mark." in str(error), error


def start(program):
    with subprocess.Popen([program]) as process:
        process.wait()


def in_fork(call):
    pid = os.fork()
    if not pid:
        try:
            call()
        finally:
            os._exit(0)
    os.waitpid(pid, 0)


def connect():
    with socket.socket() as client:
        client.connect(("127.0.0.1", 9))


async def in_task():
    await asyncio.to_thread(sdk.send)
    await (await asyncio.create_subprocess_exec("tool")).wait()


def use_all():
    uses(lambda: start("tool"))
    uses(lambda: start(TOOL))
    uses(lambda: start("true"))
    uses(lambda: subprocess.run(["sh", TOOL]))
    uses(lambda: os.system("tool"))
    uses(lambda: os.waitpid(os.posix_spawnp("tool", ["tool"], os.environ), 0))
    uses(sdk.send)
    uses(lambda: in_fork(sdk.send))
    uses(lambda: in_fork(lambda: os.execv(TOOL, [TOOL])))
    uses(lambda: asyncio.run(in_task()))
    with ThreadPoolExecutor() as pool:
        uses(pool.submit(sdk.send).result)
    thread = threading.Thread(target=uses, args=[sdk.send])
    thread.start()
    thread.join()
    try:
        uses(connect)
    except AssertionError as error:
        assert "refused" in str(error)
    assert not CALLED, sorted(CALLED)


@pytest.mark.tool
@pytest.mark.sdk
@pytest.mark.address
def test_marked(replaced):
    assert replaced > 300
    use_all()


def test_unmarked(replaced):
    use_all()


def test_what_was_called_until_the_reports():
    assert not CALLED, sorted(CALLED)
"""

SKIPPED = (
    "_getframe",
    "settrace",
    "setprofile",
    "exc_info",
    "exception",
    "audit",
    "exit",
    "fspath",
)
"""What the watching itself needs, or what Python calls by itself at each step."""


def write(suite: Suite, sdk: str = "def send(): pass") -> None:
    """Write the suite, with a guard of each kind."""
    tool = suite.tool()
    suite.write_files(
        {
            "test_it.py": SUITE.format(tool=str(tool), skipped=SKIPPED),
            "sdk.py": sdk,
            "conftest.py": """
from imbue.resource_guards.resource_guards import register_connection_guard
from imbue.resource_guards.resource_guards import register_resource_guard
from imbue.resource_guards.resource_guards import register_sdk_guard
register_resource_guard("tool")
register_sdk_guard("sdk", targets=["sdk:send"])
register_connection_guard("address", lambda address: address[1:2] == (9,))
""",
        }
    )


def test_interceptors_call_nothing_that_a_test_can_replace(suite: Suite) -> None:
    """Whatever starts, is called or is connected to, in whichever thread, task or fork."""
    write(suite)

    outcome = suite.run()

    assert outcome["test_marked"].outcome == "passed", outcome.output
    for mark in ("tool", "sdk", "address"):
        assert outcome["test_unmarked"].says_missing(mark), outcome.output
    assert "CALLED" not in outcome["test_unmarked"].text, outcome.output
    assert outcome["test_what_was_called_until_the_reports"].outcome == "passed", outcome.output


def test_a_call_of_an_interceptor_would_be_seen(suite: Suite) -> None:
    """What the test above looks for is found where it is there."""
    write(suite)
    suite.write_files(
        {
            "sdk.py": """
import imbue.resource_guards.system as ours

exec("import os\\n\\ndef send(): os.path.realpath('.')", vars(ours))
send = ours.send
"""
        }
    )

    outcome = suite.run()

    assert outcome["test_marked"].outcome == "failed"
    assert "posixpath.realpath, called by imbue.resource_guards.system" in outcome.output


def test_a_builtin_function(suite: Suite) -> None:
    """A test that replaces `hasattr`, as some do to play an older library, has its starts seen."""
    suite.guard_tool()
    suite.write(
        test_it=f"""
            import builtins, os, pathlib, subprocess

            TOOL = pathlib.Path({str(suite.bin / "tool")!r})

            def test_unmarked(monkeypatch):
                real = hasattr
                older = lambda it, name: name not in ("__fspath__", "get") and real(it, name)
                monkeypatch.setattr(builtins, "hasattr", older)
                subprocess.run([TOOL])
        """
    )

    outcome = suite.run()

    assert outcome["test_unmarked"].says_missing(), outcome.output
    assert suite.runs_of() == []


def test_blockbuster(suite: Suite) -> None:
    """Beside what forbids blocking calls in a loop, starts are judged, and none of ours is one."""
    tool = suite.tool()
    suite.write(
        conftest="""
            import pytest
            from blockbuster import blockbuster_ctx

            def pytest_register_resource_guards(registry):
                registry.register_resource_guard("tool")

            @pytest.fixture(autouse=True)
            def no_blocking():
                with blockbuster_ctx():
                    yield
        """,
        test_it=f"""
            import asyncio, os, time
            import blockbuster
            import pytest

            async def start(program):
                process = await asyncio.create_subprocess_exec(program)
                return await process.wait()

            def test_it_forbids():
                async def block():
                    os.stat(".")
                with pytest.raises(blockbuster.BlockingError):
                    asyncio.run(block())

            @pytest.mark.parametrize("program", ["true", "/bin/true"])
            def test_unguarded(program):
                assert asyncio.run(start(program)) == 0

            @pytest.mark.tool
            @pytest.mark.parametrize("program", ["tool", {str(tool)!r}])
            def test_marked(program):
                assert asyncio.run(start(program)) == 0

            @pytest.mark.parametrize("program", ["tool", {str(tool)!r}])
            def test_unmarked(program):
                asyncio.run(start(program))
        """,
    )

    outcome = suite.run()

    for name, test in outcome.tests.items():
        if name.startswith("test_unmarked"):
            assert test.says_missing(), (name, outcome.output)
            assert "BlockingError" not in test.text
        else:
            assert test.outcome == "passed", (name, outcome.output)
    assert len(outcome.tests) == 7
