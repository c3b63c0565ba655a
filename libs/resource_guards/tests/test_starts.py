"""Every start by this Python is seen, the first of all too, whatever function and module object starts it."""

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


def test_what_stands_before_pythons_functions(suite: Suite) -> None:
    """It looks like them, needs no audit hook, and is gone at the end, from copies as well."""
    suite.guard_tool()
    suite.write_files(
        {
            "other/test_nothing.py": """
import importlib, os, posix, subprocess

def test_nothing():
    from imbue.resource_guards.intercept import audit
    importlib.reload(subprocess)
    subprocess.run(["true"], check=True)
    assert not audit.is_made()
    for name in ("posix_spawn", "posix_spawnp", "execv", "execve", "system"):
        ours = getattr(os, name)
        assert ours is getattr(posix, name)
        assert (ours.__name__, ours.__module__) == (name, "posix")
        assert type(ours.__wrapped__).__name__ == "builtin_function_or_method"
    assert os.execve in os.supports_fd
""",
            "other/conftest.py": """
import os, subprocess

def pytest_unconfigure(config):
    own = [os.system, os.posix_spawn, os.execve, subprocess._fork_exec]
    print("at the end:", {type(each).__name__ for each in own}, len(os.supports_fd))
""",
        }
    )

    outcome = suite.run("other", "-s")

    assert outcome.outcomes == {"test_nothing": "passed"}, outcome.output
    assert "at the end: {'builtin_function_or_method'}" in outcome.output


COPIES = {
    "reloaded": "import subprocess; importlib.reload(subprocess)",
    "imported anew": "del sys.modules['subprocess']; import subprocess",
    "from its file": """
    spec = importlib.util.spec_from_file_location("copy_of_it", subprocess.__file__)
    copy = importlib.util.module_from_spec(spec); spec.loader.exec_module(copy)
    subprocess = copy""",
    "made before": "from before import copy as subprocess",
}


@pytest.mark.parametrize("how", COPIES)
@pytest.mark.parametrize("first", ["", "subprocess.run(['true'])"], ids=["first", "not first"])
@pytest.mark.parametrize("freeze", ["", "import gc; gc.freeze()"], ids=["", "frozen"])
def test_another_object_of_the_module(suite: Suite, how: str, first: str, freeze: str) -> None:
    """A start by a copy of `subprocess` is seen, the first start of all as well as any other.

    It is as well if the collector was told to leave all objects alone, and so tells of none.
    """
    tool = suite.tool()
    suite.write_files(
        {
            "before.py": """
import importlib.util, subprocess, sys
spec = importlib.util.spec_from_file_location("before_copy", subprocess.__file__)
copy = importlib.util.module_from_spec(spec)
sys.modules["before_copy"] = copy
spec.loader.exec_module(copy)
"""
        }
    )
    suite.write(
        conftest=f"""
            import before
            {freeze}

            def pytest_register_resource_guards(registry):
                registry.register_resource_guard("tool")
        """,
        test_it=f"""
import importlib, importlib.util, subprocess, sys
import pytest

def start(word):
    global subprocess
    {first}
    {COPIES[how]}
    subprocess.run([word])

def test_by_name():
    start("tool")

def test_by_path():
    start({str(tool)!r})

@pytest.mark.tool
def test_marked():
    start("tool")
""",
    )

    outcome = suite.run()

    assert outcome["test_by_name"].says_missing(), outcome.output
    assert outcome["test_by_path"].says_missing(), outcome.output
    assert outcome["test_marked"].outcome == "passed", outcome.output
    assert suite.runs_of() == [""]


def test_where_someone_holds_a_function_from_before(suite: Suite) -> None:
    """An audit hook is there from the start, and sees what that function starts."""
    tool = suite.tool()
    suite.write(
        conftest="""
            from os import execv, system

            def pytest_register_resource_guards(registry):
                registry.register_resource_guard("tool")
                registry.register_resource_guard("shell", binaries=["sh"])
        """,
        test_it=f"""
            import os, pytest
            from conftest import execv, system

            def test_the_hook():
                from imbue.resource_guards.intercept import audit
                assert audit.is_made()

            def test_it():
                pid = os.fork()
                if not pid:
                    execv({str(tool)!r}, ["tool"])
                assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 127

            @pytest.mark.tool
            def test_ours_is_told_once():
                os.waitpid(os.posix_spawn({str(tool)!r}, ["tool"], os.environ), 0)
        """,
    )

    outcome = suite.run("--resource-guards-json=report.json")

    assert outcome["test_the_hook"].outcome == "passed", outcome.output
    assert outcome["test_it"].says_missing(), outcome.output
    assert outcome["test_ours_is_told_once"].outcome == "passed", outcome.output
    assert suite.runs_of() == [""]


WAYS = {
    "subprocess": "subprocess.run([NAME], check=False)",
    "asyncio": "asyncio.run(by_asyncio())",
    "posix_spawnp": "os.waitpid(os.posix_spawnp(NAME, [NAME], os.environ), 0)",
    "execvp in a fork": "in_fork(lambda: os.execvp(NAME, [NAME]))",
    "execlpe in a fork": "in_fork(lambda: os.execlpe(NAME, NAME, os.environ))",
    "spawnvp": "os.spawnvp(os.P_WAIT, NAME, [NAME])",
    "by the path of the shim": "subprocess.run([shutil.which(NAME)])",
    "without our variable": "subprocess.run([NAME], env={'PATH': os.environ['PATH']})",
    "as executable": "subprocess.run(['another', 'x'], executable=NAME)",
    "in a child": "subprocess.run([sys.executable, '-c', f'import subprocess; subprocess.run([{NAME!r}])'])",
}
"""Ways to start a program by its bare name."""


@pytest.mark.parametrize("way", WAYS)
def test_a_bare_name(suite: Suite, way: str) -> None:
    """The use is noted once, where it starts; the program runs by its real path, or exits with 127."""
    suite.tool(script='tr "\\0" " " < /proc/$$/cmdline > cmdline')
    suite.write(
        conftest="""
            def pytest_register_resource_guards(registry):
                registry.register_resource_guard("tool")
        """,
        test_it=f"""
            import asyncio, os, pathlib, shutil, subprocess, sys
            import pytest

            NAME = "tool"

            async def by_asyncio():
                await (await asyncio.create_subprocess_exec(NAME)).wait()

            def in_fork(call):
                pid = os.fork()
                if not pid:
                    call()
                os.waitpid(pid, 0)

            @pytest.mark.tool
            def test_marked():
                {WAYS[way]}
                assert "resource-guards-" not in pathlib.Path("cmdline").read_text()

            def test_unmarked():
                {WAYS[way]}
        """,
    )

    outcome = suite.run("--resource-guards-json=report.json")

    assert outcome["test_marked"].outcome == "passed", outcome.output
    assert outcome["test_unmarked"].says_missing(), outcome.output
    said = outcome["test_unmarked"].text
    assert "more time" not in said  # it is seen once
    assert "ran tool" in said or "ran another" in said, outcome["test_unmarked"].text
    assert len(suite.runs_of()) == 1


def test_a_name_that_the_program_sees(suite: Suite) -> None:
    """A program that is called by its bare name sees itself called so, as without guards."""
    suite.guard_tool()
    (suite.bin / "tool").unlink()
    (suite.bin / "tool").symlink_to("/bin/sh")
    suite.write(
        test_it="""
            import subprocess, pytest

            @pytest.mark.tool
            def test_it():
                done = subprocess.run(["tool", "-c", "echo $0"], capture_output=True, text=True)
                assert done.stdout == "tool\\n"
        """
    )

    assert suite.run().outcomes == {"test_it": "passed"}


def test_a_program_that_is_ended_at_once(suite: Suite) -> None:
    """Its use is known, however soon it dies: marked ones pass and unmarked ones fail, always."""
    suite.guard_tool()
    suite.write(
        test_it="""
            import subprocess, pytest

            def start_and_end():
                with subprocess.Popen(["tool"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as it:
                    it.kill()

            @pytest.mark.tool
            @pytest.mark.parametrize("n", range(10))
            def test_marked(n):
                start_and_end()

            @pytest.mark.parametrize("n", range(10))
            def test_unmarked(n):
                start_and_end()
        """
    )

    outcome = suite.run()

    assert outcome.counts == {"passed": 10, "failed": 10}, outcome.output
    assert all(test.says_missing() for name, test in outcome.tests.items() if "unmarked" in name)


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


def test_another_object_for_the_environment(suite: Suite) -> None:
    """What a test puts in place of `os.environ` is what its programs get, and shims stay on PATH."""
    suite.guard_tool()
    suite.write(
        test_it="""
            import os, subprocess
            import pytest

            def test_replaced():
                # For good, as a suite does that never puts it back.
                os.environ = {**os.environ, "OWN": "mine"}

            @pytest.mark.tool
            @pytest.mark.parametrize("program", ["tool", "/bin/sh"])
            def test_it(program):
                words = [program] if program == "tool" else [program, "-c", "tool"]
                subprocess.run(words, check=True)
                pid = os.fork()
                if not pid:
                    os.execve("/bin/sh", ["sh", "-c", "test $OWN = mine"], os.environ)
                assert os.waitpid(pid, 0)[1] == 0

            def test_unmarked():
                subprocess.run(["sh", "-c", "tool"])
        """
    )

    outcome = suite.run()

    assert outcome["test_it[tool]"].outcome == "passed", outcome.output
    assert outcome["test_it[/bin/sh]"].outcome == "passed", outcome.output
    assert outcome["test_unmarked"].says_missing(), outcome.output


def test_modules_that_must_not_be_asked(suite: Suite) -> None:
    """Who holds a function of a module's is looked for, and no lazy or odd module is loaded, or ends the run."""
    suite.guard_tool()
    suite.write_files({"lazy.py": "raise ImportError('loaded')"})
    conftest = (suite.path / "conftest.py").read_text()
    suite.write(
        conftest=f"""
import importlib.util, sys
from _posixsubprocess import fork_exec

spec = importlib.util.find_spec("lazy")
spec.loader = importlib.util.LazyLoader(spec.loader)
lazy = sys.modules["lazy"] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(lazy)

class Holder:
    fork_exec = fork_exec

class Odd:
    @property
    def __dict__(self):
        raise RuntimeError("asked")

sys.modules["a_class"], sys.modules["odd"], sys.modules["none"] = Holder, Odd(), None
{conftest}
""",
        test_it=f"""
import subprocess

def test_it():
    subprocess.run([{str(suite.bin / "tool")!r}])
""",
    )

    outcome = suite.run()

    assert outcome.outcomes == {"test_it": "failed"}, outcome.output
    assert outcome["test_it"].says_missing()
