"""What must not be seen, and what must stay as it would be without guards."""

from __future__ import annotations

import sys

import pytest

from support.suite import WORKERS
from support.suite import Suite


@WORKERS
def test_what_is_no_use(suite: Suite, workers: tuple[str, ...]) -> None:
    """Fakes, looking a program up and reading it are no uses; a mark for them is superfluous."""
    suite.guard_tool()
    suite.write(
        test_it=f"""
            import hashlib, os, pathlib, shutil, subprocess, sys, pytest

            TOOL = pathlib.Path("{suite.bin}/tool")

            @pytest.fixture
            def fake(tmp_path):
                path = tmp_path / "tool"
                path.write_text("#!/bin/sh\\necho fake\\n")
                path.chmod(0o755)
                return path

            def fake_first(fake, monkeypatch):
                monkeypatch.setenv("PATH", str(fake.parent), prepend=os.pathsep)
                assert subprocess.check_output(["tool"]) == b"fake\\n"
                assert subprocess.check_output("tool", shell=True) == b"fake\\n"
                child = "import subprocess; subprocess.run(['tool'], check=True)"
                assert subprocess.check_output([sys.executable, "-c", child]) == b"fake\\n"

            def fake_by_path(fake, monkeypatch):
                assert subprocess.check_output([fake]) == b"fake\\n"
                assert subprocess.check_output(["./tool"], cwd=fake.parent) == b"fake\\n"

            def fake_by_env(fake, monkeypatch):
                env = {{"PATH": f"{{fake.parent}}:{{os.environ['PATH']}}"}}
                assert subprocess.check_output(["tool"], env=env) == b"fake\\n"

            def looked_up(fake, monkeypatch):
                assert shutil.which("tool")
                assert os.access(TOOL, os.X_OK)

            def read(fake, monkeypatch):
                hashlib.sha256(TOOL.read_bytes())
                shutil.copy(TOOL, fake)

            def something_else(fake, monkeypatch):
                subprocess.run(["true", str(TOOL)], check=True)

            WAYS = [fake_first, fake_by_path, fake_by_env, looked_up, read, something_else]

            @pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
            def test_unmarked(way, fake, monkeypatch):
                way(fake, monkeypatch)

            @pytest.mark.tool
            @pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
            def test_marked(way, fake, monkeypatch):
                way(fake, monkeypatch)
        """
    )

    outcome = suite.run(*workers)

    assert len(outcome.tests) == 12
    for name, test in outcome.tests.items():
        if "unmarked" in name:
            assert test.outcome == "passed", (name, test.text)
        else:
            assert test.says_superfluous(), (name, test.text)
    assert suite.runs_of() == []


def test_an_attempt_to_run_what_is_not_installed(suite: Suite) -> None:
    """It is a use, so that the verdict is the same on every machine."""
    suite.guard_tool()
    (suite.bin / "tool").unlink()
    suite.write(
        test_it="""
            import os, subprocess, pytest

            def attempt():
                with pytest.raises(FileNotFoundError):
                    subprocess.run(["tool", "up"])

            def test_unmarked():
                try:
                    subprocess.run(["tool", "up"])
                except Exception:
                    pass

            @pytest.mark.tool
            def test_marked():
                attempt()

            @pytest.mark.tool
            def test_marked_execvp():
                pid = os.fork()
                if not pid:
                    try:
                        os.execvp("tool", ["tool"])
                    finally:
                        os._exit(0)
                os.waitpid(pid, 0)
        """
    )

    outcome = suite.run()

    assert outcome["test_unmarked"].says_missing()
    assert "tool up" in outcome["test_unmarked"].text
    assert outcome["test_marked"].outcome == "passed", outcome.output
    assert outcome["test_marked_execvp"].outcome == "passed", outcome.output


def test_names_that_differ_in_case(suite: Suite) -> None:
    """They are two resources."""
    for name in ("tool", "Tool"):
        suite.tool(name)
    suite.write(
        conftest="""
            from imbue.resource_guards.resource_guards import register_resource_guard
            register_resource_guard("tool")
            register_resource_guard("Tool")
        """,
        test_it="""
            import subprocess, pytest

            @pytest.mark.tool
            def test_lower(): subprocess.run(["tool"], check=True)

            @pytest.mark.Tool
            def test_upper(): subprocess.run(["Tool"], check=True)

            @pytest.mark.tool
            def test_wrong(): subprocess.run(["Tool"])
        """,
    )

    outcome = suite.run("--strict-markers")

    assert outcome["test_lower"].outcome == outcome["test_upper"].outcome == "passed"
    assert outcome["test_wrong"].says_missing("Tool")
    assert outcome["test_wrong"].says_superfluous("tool")


def test_a_multi_call_program_is_known_by_the_name_it_is_called_by(suite: Suite) -> None:
    """One file with many names is the guarded program only under the guarded name."""
    box = suite.tool("box", script='echo "called ${0##*/}"')
    for name in ("tool", "other"):
        (suite.bin / name).symlink_to(box)
    suite.write(
        conftest="""
            from imbue.resource_guards.resource_guards import register_resource_guard
            register_resource_guard("tool")
        """,
        test_it=f"""
            import os, subprocess, pytest

            def test_other():
                assert subprocess.check_output(["{suite.bin}/other"]) == b"called other\\n"
                assert subprocess.check_output(["other"]) == b"called other\\n"

            @pytest.mark.tool
            def test_tool():
                assert subprocess.check_output(["tool"]) == b"called tool\\n"
                assert subprocess.check_output(["{suite.bin}/tool"]) == b"called tool\\n"

            def test_link_to_the_name(tmp_path):
                (tmp_path / "x").symlink_to("{suite.bin}/tool")
                subprocess.run([tmp_path / "x"])
        """,
    )

    outcome = suite.run()

    assert outcome["test_other"].outcome == "passed", outcome.output
    assert outcome["test_tool"].outcome == "passed", outcome.output
    assert outcome["test_link_to_the_name"].says_missing()


def test_an_environment_changed_by_a_test_stays_changed(suite: Suite) -> None:
    """What a test sets, deletes or replaces in os.environ is what the next one finds."""
    suite.guard_tool()
    suite.write(
        test_it="""
            import os, subprocess, pytest

            @pytest.mark.tool
            def test_changes():
                os.environ["ADDED"] = "1"
                os.environ["HOME"] = "/elsewhere"
                os.environ.pop("LANG", None)
                subprocess.run(["tool"], check=True)

            def test_finds():
                assert os.environ["ADDED"] == "1"
                assert os.environ["HOME"] == "/elsewhere"
                assert "LANG" not in os.environ

            def test_emptied_on_purpose():
                printed = subprocess.check_output(["env"], env={"ONLY": "1"})
                assert printed == b"ONLY=1\\n"
        """
    )

    assert suite.run().counts == {"passed": 3}


def test_a_thread_that_outlives_its_test(suite: Suite) -> None:
    """It acts for the test that started it, and neither fails nor satisfies the next."""
    suite.write(
        sdk="def send(): pass",
        conftest="""
            def pytest_register_resource_guards(registry):
                registry.register_sdk_guard("sdk", targets=["sdk:send"])
        """,
        test_it="""
            import threading, pytest, sdk

            GO, DONE = threading.Event(), threading.Event()

            def late():
                GO.wait(20)
                try:
                    sdk.send()
                finally:
                    DONE.set()

            {mark}
            def test_starts():
                threading.Thread(target=late).start()
                {use}

            def test_next():
                GO.set()
                assert DONE.wait(20)

            @pytest.mark.sdk
            def test_superfluous():
                pass
        """.replace("{mark}", "@pytest.mark.sdk").replace("{use}", "sdk.send()"),
    )

    outcome = suite.run()

    assert outcome["test_starts"].outcome == "passed"
    assert outcome["test_next"].outcome == "passed"
    assert outcome["test_superfluous"].says_superfluous("sdk")


@pytest.mark.filterwarnings("ignore")
def test_a_blocked_thread_that_outlives_its_test(suite: Suite) -> None:
    """All tests pass, and the run fails, naming the test that left the thread behind."""
    suite.write(
        sdk="def send(): pass",
        conftest="""
            def pytest_register_resource_guards(registry):
                registry.register_sdk_guard("sdk", targets=["sdk:send"])
        """,
        test_it="""
            import threading, sdk

            GO, DONE = threading.Event(), threading.Event()

            def late():
                GO.wait(20)
                try:
                    sdk.send()
                except Exception:
                    pass
                DONE.set()

            def test_starts():
                threading.Thread(target=late).start()

            def test_next():
                GO.set()
                assert DONE.wait(20)
        """,
    )

    outcome = suite.run()

    assert outcome.counts == {"passed": 2}
    assert outcome.code == pytest.ExitCode.TESTS_FAILED
    assert "test_starts used 'sdk' without @pytest.mark.sdk" in outcome.output


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", ["sdk", "address"])
def test_a_thread_of_a_test_without_the_mark_serves_those_that_have_it(
    suite: Suite, kind: str
) -> None:
    """A pool that an unmarked test has opened works for later tests that are marked, and for no others."""
    suite.write(
        sdk="def send(): pass",
        conftest="""
            def pytest_register_resource_guards(registry):
                registry.register_sdk_guard("sdk", targets=["sdk:send"])
                registry.register_address_guard("address", "127.0.0.0/8")
        """,
        test_it="""
            import queue, socket, threading, pytest, sdk

            SERVER = socket.create_server(("127.0.0.1", 0))
            ASKED, ANSWERS = queue.Queue(), queue.Queue()

            def connect():
                socket.create_connection(SERVER.getsockname()).close()

            def work():
                for function in iter(ASKED.get, None):
                    try:
                        function()
                        ANSWERS.put("done")
                    except Exception:
                        ANSWERS.put("blocked")

            def ask():
                ASKED.put({"sdk": sdk.send, "address": connect}["{kind}"])
                return ANSWERS.get(timeout=20)

            def test_forgot_the_mark():
                threading.Thread(target=work).start()
                assert ask() == "blocked"

            @pytest.mark.{kind}
            def test_marked():
                assert [ask(), ask()] == ["done", "done"]

            def test_none_may():
                assert [ask(), ask()] == ["blocked", "blocked"]

            @pytest.mark.{kind}
            def test_again():
                assert ask() == "done"

            @pytest.mark.{kind}
            def test_idle():
                ASKED.put(None)
        """.replace("{kind}", kind),
    )

    outcome = suite.run()

    assert outcome.outcomes == {
        "test_forgot_the_mark": "failed",
        "test_marked": "passed",
        "test_none_may": "passed",
        "test_again": "passed",
        "test_idle": "failed",
    }
    assert outcome["test_forgot_the_mark"].says_missing(kind)
    assert outcome["test_idle"].says_superfluous(kind)
    assert "test_it.py::test_forgot_the_mark used" in outcome.output


INNER_CONFTEST = """
from imbue.resource_guards.resource_guards import register_resource_guard
register_resource_guard("{inner}", mark="inner")
"""

INNER_TEST = """
import subprocess, pytest

@pytest.mark.inner
def test_inner_marked(): subprocess.run(["{inner}"], check=True)

def test_inner_unmarked(): subprocess.run(["{inner}"])

@pytest.mark.inner
def test_inner_superfluous(): pass
"""

OUTER_TEST = """
    import subprocess, pytest

    @pytest.mark.tool
    @pytest.mark.parametrize("how", ["runpytest_inprocess", "runpytest_subprocess"])
    def test_outer_marked(pytester, how):
        pytester.makeconftest({conftest!r})
        pytester.makepyfile(test_inner={test!r})
        result = getattr(pytester, how)(
            "-pno:cacheprovider", "-pno:randomly", "-pno:django", "-pno:trio", "-pno:twisted"
        )
        result.assert_outcomes(passed=1, failed=2)
        result.stdout.fnmatch_lines(["*invoked '{inner}' without @pytest.mark.inner*"])

    def test_outer_unmarked():
        subprocess.run(["tool"])

    @pytest.mark.tool
    def test_outer_superfluous():
        pass
"""


@pytest.mark.parametrize("inner", ["tool", "other"])
def test_pytest_in_pytest(suite: Suite, inner: str) -> None:
    """Both levels are right, where they guard the same program and where the inner's uses it."""
    suite.tool("tool")
    suite.tool("other", script="tool")
    suite.write(
        conftest="""
            pytest_plugins = ["pytester"]
            def pytest_register_resource_guards(registry):
                registry.register_resource_guard("tool")
        """,
        test_it=OUTER_TEST.format(
            conftest=INNER_CONFTEST.format(inner=inner),
            test=INNER_TEST.format(inner=inner),
            inner=inner,
        ),
    )

    outcome = suite.run(load="auto")

    for how in ("runpytest_inprocess", "runpytest_subprocess"):
        assert outcome[f"test_outer_marked[{how}]"].outcome == "passed", outcome.output
    assert outcome["test_outer_unmarked"].says_missing()
    assert outcome["test_outer_superfluous"].says_superfluous()
    assert suite.leftovers() == []


@pytest.mark.skipif(sys.platform != "linux", reason="/proc tells from whom a process descends")
def test_a_process_without_its_variable_that_outlives_its_test(suite: Suite) -> None:
    """Though nothing of its environment is left, its late use is its own test's or fixture's."""
    suite.guard_tool()
    suite.write(
        test_it="""
            import os, pathlib, subprocess, time, pytest

            LATE = "while ! [ -e {go} ]; do sleep 0.01; done; echo | xargs tool {go}; touch {go}.done"

            def start(go):
                command = ["sh", "-c", LATE.format(go=go)]
                return subprocess.Popen(command, env={"PATH": os.environ["PATH"]})

            def let(go):
                pathlib.Path(go).touch()
                deadline = time.monotonic() + 10
                while not pathlib.Path(f"{go}.done").exists() and time.monotonic() < deadline:
                    time.sleep(0.01)

            @pytest.fixture(scope="module")
            def server():
                with start("in_fixture"):
                    yield

            @pytest.mark.tool
            def test_starts_it(server):
                start("in_test")
                subprocess.run(["tool"], check=True)

            def test_innocent():
                let("in_test")

            @pytest.mark.tool
            def test_superfluous():
                pass

            @pytest.mark.tool
            def test_uses_the_server(server):
                let("in_fixture")
        """
    )

    outcome = suite.run()

    assert outcome["test_innocent"].outcome == "passed", outcome.output
    assert outcome["test_starts_it"].outcome == "passed"
    assert outcome["test_superfluous"].says_superfluous()
    assert outcome["test_uses_the_server"].outcome == "passed"
    assert "test_it.py::test_starts_it may use tool, but left a process running" in outcome.output
    assert suite.runs_of() == ["", "in_fixture"]


def test_pools_and_loops_that_serve_several_tests(suite: Suite) -> None:
    """Their work is charged to the test that hands it over, and not to the one that made them."""
    suite.write(
        sdk="def send(): pass",
        conftest="""
            def pytest_register_resource_guards(registry):
                registry.register_sdk_guard("sdk", targets=["sdk:send"])
        """,
        ways="""
            import asyncio, functools, multiprocessing, threading
            from concurrent import futures
            from multiprocessing.pool import ThreadPool
            import sdk

            MADE = {"made at import": ThreadPool(1)}

            def made(name, make):
                if name not in MADE:
                    MADE[name] = make()
                return MADE[name]

            def call():
                sdk.send()

            def thread_pool(function):
                pool = made("threads", lambda: futures.ThreadPoolExecutor(1))
                pool.submit(function).result(20)

            def process_pool(function):
                pool = made("processes", lambda: futures.ProcessPoolExecutor(1))
                pool.submit(function).result(20)

            def multiprocessing_pool(how, kind, function):
                pool = made(kind, lambda: ThreadPool(1) if kind == "threads of multiprocessing"
                    else multiprocessing.get_context("fork").Pool(1))
                how(pool, function)

            def apply(pool, function): pool.apply(function)
            def apply_async(pool, function): pool.apply_async(function).get(20)
            def map_(pool, function): pool.map(ignoring, [function])
            def map_async(pool, function): pool.map_async(ignoring, [function]).get(20)
            def starmap(pool, function): pool.starmap(ignoring, [(function,)])
            def starmap_async(pool, function): pool.starmap_async(ignoring, [(function,)]).get(20)
            def imap(pool, function): list(pool.imap(ignoring, [function]))
            def imap_unordered(pool, function): list(pool.imap_unordered(ignoring, [function], 2))

            def ignoring(function):
                function()

            def running_loop():
                loop = asyncio.new_event_loop()
                threading.Thread(target=loop.run_forever, daemon=True).start()
                return loop

            def loop(function):
                async def run():
                    function()

                loop = made("loop", running_loop)
                asyncio.run_coroutine_threadsafe(run(), loop).result(20)

            def task_made_for_another_loop(function):
                loop = made("loop of tasks", running_loop)

                async def run():
                    function()

                async def wait(task):
                    await task

                # As synchronicity does it: the task is made here, what waits for it is handed over.
                task = asyncio.ensure_future(run(), loop=loop)
                asyncio.run_coroutine_threadsafe(wait(task), loop).result(20)

            def task_made_in_a_loop_for_another(function):
                async def make():
                    await asyncio.to_thread(task_made_for_another_loop, function)
                    task_made_for_another_loop(function)

                made("outer", asyncio.Runner).run(make())

            def to_thread_of_a_long_loop(function):
                runner = made("runner", asyncio.Runner)

                async def run():
                    await asyncio.to_thread(function)

                runner.run(run())

            WAYS = [
                thread_pool, process_pool, loop, to_thread_of_a_long_loop,
                task_made_for_another_loop, task_made_in_a_loop_for_another,
            ]
            for how in (
                apply, apply_async, map_, map_async, starmap, starmap_async, imap, imap_unordered
            ):
                for kind in ("made at import", "threads of multiprocessing", "pool"):
                    way = functools.partial(multiprocessing_pool, how, kind)
                    way.__name__ = f"{kind}, {how.__name__}"
                    WAYS.append(way)
        """,
        test_it="""
            import pytest, ways

            EACH = pytest.mark.parametrize("way", ways.WAYS, ids=lambda way: way.__name__)

            @EACH
            def test_first_of_all(way):
                way(int)

            @EACH
            @pytest.mark.sdk
            def test_marked(way):
                way(ways.call)

            @EACH
            def test_unmarked(way):
                try:
                    way(ways.call)
                except Exception:
                    pass

            @EACH
            def test_innocent(way):
                way(int)

            @EACH
            @pytest.mark.sdk
            def test_superfluous(way):
                way(int)
        """,
    )

    outcome = suite.run()

    assert len(outcome.tests) == 5 * 30
    for name, test in outcome.tests.items():
        if "unmarked" in name:
            assert test.says_missing("sdk"), (name, test)
        elif "superfluous" in name:
            assert test.says_superfluous("sdk"), (name, test)
        else:
            assert test.outcome == "passed", (name, test)
    assert "Late use" not in outcome.output
