"""Until a process is started there is no audit hook; and the first start is seen, whatever starts it."""

from __future__ import annotations

import pytest

from support.suite import Suite

BY_PATH = {
    "subprocess": "subprocess.run([TOOL], check=True)",
    "asyncio": "asyncio.run(by_asyncio())",
    "posix_spawn": "os.waitpid(os.posix_spawn(TOOL, [TOOL], os.environ), 0)",
    "posix.posix_spawnp": "os.waitpid(posix.posix_spawnp(TOOL, [TOOL], os.environ), 0)",
    "execv in a fork": "in_fork(lambda: os.execv(TOOL, [TOOL]))",
    "execle in a fork": "in_fork(lambda: os.execle(TOOL, TOOL, os.environ))",
    "a name from before": "os.waitpid(posix_spawn_from_before(TOOL, [TOOL], {}), 0)",
    "a name of the module": "os.waitpid(posix_spawn(TOOL, [TOOL], {}), 0)",
}
"""Ways past the shim, so that only the hook sees them."""

SUITE = """
import asyncio, os, posix, subprocess, sys
from os import posix_spawn

import pytest
from before import posix_spawn_from_before

TOOL = {tool!r}

async def by_asyncio():
    await (await asyncio.create_subprocess_exec(TOOL)).wait()

def in_fork(call):
    pid = os.fork()
    if not pid:
        try:
            call()
        finally:
            os._exit(1)
    os.waitpid(pid, 0)

def test_first():
    try:
        {way}
    except Exception:
        pass

@pytest.mark.tool
def test_second():
    {way}
"""


@pytest.fixture(autouse=True)
def outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """The suites are no children of this run, whose guards would make a hook in each."""
    monkeypatch.delenv("RESOURCE_GUARDS_SCOPE", raising=False)


@pytest.mark.parametrize("way", BY_PATH)
@pytest.mark.parametrize("held", [False, True], ids=["", "held from before"])
def test_the_first_start_is_seen(suite: Suite, way: str, held: bool) -> None:  # noqa: FBT001
    """By path and in the first test of all: it is blocked, and the marked one after it runs."""
    tool = suite.tool()
    suite.write_files({"before.py": "from os import posix_spawn as posix_spawn_from_before"})
    suite.write(
        conftest=f"""
            {"import before" if held else ""}

            def pytest_register_resource_guards(registry):
                registry.register_resource_guard("tool")
        """,
        test_it=SUITE.format(tool=str(tool), way=BY_PATH[way]),
    )

    outcome = suite.run()

    assert outcome["test_first"].says_missing(), outcome.output
    assert outcome["test_second"].outcome == "passed", outcome.output
    assert suite.runs_of() == [""]


def test_when_the_hook_is_made(suite: Suite) -> None:
    """Not before the first start, and Python's own functions are back then; also at the end."""
    suite.guard_tool()
    suite.write(
        test_it="""
            import atexit, os, posix, subprocess

            FUNCTIONS = ["posix_spawn", "posix_spawnp", "execv", "execve", "system"]

            def are_pythons_own():
                return {
                    type(getattr(module, name)).__name__ == "builtin_function_or_method"
                    for module in (os, posix)
                    for name in FUNCTIONS
                } | {subprocess.Popen._execute_child.__name__ == START.__name__}

            START = subprocess.Popen._execute_child

            def test_before():
                from imbue.resource_guards.intercept import audit
                assert not audit.is_made()
                assert os.system.__name__ == "system"  # and looks like it
                assert are_pythons_own() == {False, True}

            def test_after():
                subprocess.run(["true"], check=True)
                from imbue.resource_guards.intercept import audit
                assert audit.is_made()
                assert are_pythons_own() == {True}
        """
    )
    suite.write_files(
        {
            "other/test_nothing.py": "def test_nothing(): pass",
            "other/conftest.py": """
import os

def pytest_unconfigure(config):
    print("at the end:", type(os.system).__name__)
""",
        }
    )

    outcome = suite.run("test_it.py")
    assert outcome.outcomes == {"test_before": "passed", "test_after": "passed"}, outcome.output

    outcome = suite.run("other", "-s")
    assert "at the end: builtin_function_or_method" in outcome.output


def test_where_someone_holds_a_function_from_before(suite: Suite) -> None:
    """The hook is there from the start."""
    suite.tool()
    suite.write(
        conftest="""
            from os import execv

            def pytest_register_resource_guards(registry):
                registry.register_resource_guard("tool")
        """,
        test_it="""
            def test_it():
                from imbue.resource_guards.intercept import audit
                assert audit.is_made()
        """,
    )

    assert suite.run().outcomes == {"test_it": "passed"}


def test_the_environment_looks_untouched(suite: Suite) -> None:
    """A start changes nothing in `os.environ`, and what is started knows its scope all the same."""
    suite.guard_tool()
    suite.write(
        test_it="""
            import os, subprocess, pytest

            NAME = "RESOURCE_GUARDS_SCOPE"

            def test_unmarked_is_named_for_the_child_alone():
                before = dict(os.environ)
                seen = subprocess.check_output(["printenv", NAME], text=True)
                assert dict(os.environ) == before
                assert before[NAME].endswith("=*:")
                assert seen.strip("\\n") != before[NAME]
                assert seen.rpartition("=")[2].partition(":")[0].isdecimal()

            def test_a_copy_is_named(tmp_path):
                copied = {**os.environ, "EXTRA": "1"}
                seen = subprocess.check_output(["printenv", NAME], text=True, env=copied)
                assert seen.rpartition("=")[2].partition(":")[0].isdecimal()
        """
    )

    assert set(suite.run().outcomes.values()) == {"passed"}


UNSEEN = """
import ctypes, os, sys, pytest

libc = ctypes.CDLL(None)

def start(*words):
    # As a library in C does that starts programs by itself: Python is not told.
    assert libc.system(" ".join(words).encode()) != -1

def test_unmarked():
    start("tool", "one")

@pytest.mark.tool
def test_marked():
    start("tool", "two")

@pytest.mark.tool
def test_superfluous():
    pass

@pytest.mark.sdk
def test_marked_child():
    start(sys.executable, "-c", "'import sdk; sdk.call()'")

def test_unmarked_child():
    start(sys.executable, "-c", "'import sdk; sdk.call()'")
"""


def test_a_start_that_python_is_not_told_of(suite: Suite) -> None:
    """A child without a name for its scope asks the state file: shims and Pythons alike."""
    suite.tool()
    suite.write(
        conftest="""
            def pytest_register_resource_guards(registry):
                registry.register_resource_guard("tool")
                registry.register_sdk_guard("sdk", targets=["sdk:call"])
        """,
        sdk="def call(): pass",
        test_it=UNSEEN,
    )

    outcome = suite.run()

    assert outcome["test_unmarked"].says_missing(), outcome.output
    assert outcome["test_marked"].outcome == "passed", outcome.output
    assert outcome["test_superfluous"].says_superfluous(), outcome.output
    assert outcome["test_marked_child"].outcome == "passed", outcome.output
    assert outcome["test_unmarked_child"].says_missing("sdk"), outcome.output
    assert suite.runs_of() == ["two"]
