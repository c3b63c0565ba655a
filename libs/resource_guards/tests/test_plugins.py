"""Beside the plugins that a suite may have, each test still has the one right verdict."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import execnet
import pytest

from support.suite import Outcome
from support.suite import Suite

# Every right and wrong pair of mark and use, of a program and of an SDK.
TESTS = """
    import subprocess, pytest, sdk

    def tool():
        subprocess.run(["tool"])

    def call():
        try:
            sdk.send()
        except Exception:
            pass

    def test_plain(): pass
    def test_tool_unmarked(): tool()
    def test_sdk_unmarked(): call()

    @pytest.mark.tool
    def test_tool_marked(): tool()

    @pytest.mark.sdk
    def test_sdk_marked(): call()

    @pytest.mark.tool
    def test_tool_superfluous(): pass

    @pytest.mark.sdk
    def test_sdk_superfluous(): pass

    def test_hidden():
        tool()
        pytest.skip("no tool")

    @pytest.fixture(scope="module")
    def server():
        yield
        tool()

    def test_server_unmarked(server): pass

    @pytest.mark.tool
    def test_server_marked(server): pass
"""

CONFTEST = """
    def pytest_register_resource_guards(registry):
        registry.register_resource_guard("tool")
        registry.register_sdk_guard("sdk", targets=["sdk:send"])
"""


@pytest.fixture
def guarded(suite: Suite) -> Suite:
    """A suite with the tests above."""
    suite.tool()
    suite.write(conftest=CONFTEST, sdk="def send(): pass", test_it=TESTS)
    return suite


def assert_right(outcome: Outcome) -> None:
    """Each of the tests above has its verdict."""
    assert outcome.code == pytest.ExitCode.TESTS_FAILED, outcome.output
    for name, test in outcome.tests.items():
        resource = "sdk" if "sdk" in name else "tool"
        if "unmarked" in name or name == "test_hidden":
            assert test.says_missing(resource), (name, outcome.output)
        elif "superfluous" in name:
            assert test.says_superfluous(resource), (name, outcome.output)
        else:
            assert test.outcome == "passed", (name, outcome.output)
    assert len(outcome.tests) == 10
    assert "INTERNALERROR" not in outcome.output


@pytest.mark.parametrize(
    ("plugin", "arguments"),
    [
        ("rerunfailures", ["--reruns=1"]),
        ("timeout", ["--timeout=60", "--timeout-method=signal"]),
        ("timeout", ["--timeout=60", "--timeout-method=thread"]),
        ("pytest_cov", ["--cov=."]),
        ("pytest_mock", []),
        ("pytest-subprocess", []),
        ("pyfakefs.pytest_plugin", []),
        ("pytest_socket", ["--disable-socket"]),
        ("asyncio", ["-oasyncio_mode=auto"]),
        ("anyio", []),
        ("randomly", []),
        ("django", []),
        ("xdist", ["-n4", "--maxprocesses=2"]),
    ],
    ids=lambda each: each if isinstance(each, str) else " ".join(each) or "-",
)
def test_every_verdict_beside(guarded: Suite, plugin: str, arguments: list[str]) -> None:
    """The plugin is loaded, and changes no verdict."""
    outcome = guarded.run(*arguments, plugins=(plugin,))

    assert_right(outcome)
    assert guarded.leftovers() == []


@pytest.mark.skipif(
    pytest.version_tuple >= (9, 2),
    reason="pytest-forked 1.7 cannot send the reports of this pytest, guarded or not",
)
def test_every_verdict_in_a_fork(guarded: Suite) -> None:
    """Tests that run in a fork each are judged there."""
    outcome = guarded.run("--forked", plugins=("pytest_forked",))

    assert_right(outcome)
    assert "Late use" not in outcome.output


@pytest.mark.parametrize("seed", range(5))
def test_any_order(guarded: Suite, seed: int) -> None:
    """With pytest-randomly the verdicts are the same for each seed."""
    assert_right(guarded.run(f"--randomly-seed={seed}", plugins=("randomly",)))


def test_a_rerun_starts_clean(suite: Suite) -> None:
    """Uses and verdicts of an earlier attempt are not those of the next."""
    suite.guard_tool()
    suite.write(
        test_it="""
            import subprocess, pytest

            TRIES = {}

            def first(name):
                TRIES[name] = TRIES.get(name, 0) + 1
                return TRIES[name] == 1

            @pytest.mark.tool
            def test_uses_it_at_last():
                if first("last"):
                    raise OSError
                subprocess.run(["tool"])

            @pytest.mark.tool
            def test_used_it_at_first():
                if first("first"):
                    subprocess.run(["tool"])
                    raise OSError

            def test_unmarked_at_first():
                if first("unmarked"):
                    subprocess.run(["tool"])
        """
    )

    outcome = suite.run("--reruns=1", "-rR", plugins=("rerunfailures",))

    assert outcome["test_uses_it_at_last"].outcome == "passed", outcome.output
    assert outcome["test_used_it_at_first"].says_superfluous()
    assert outcome["test_unmarked_at_first"].outcome == "passed"
    assert outcome.output.count("RERUN ") == 3


HANGS = """
    import subprocess, threading, pytest

    def test_unmarked_hangs():
        subprocess.run(["tool"])
        threading.Event().wait()

    @pytest.mark.tool
    def test_superfluous():
        pass
"""


def test_a_timeout_by_signal(suite: Suite) -> None:
    """The test fails for both reasons, and the next is judged as ever."""
    suite.guard_tool()
    suite.write(test_it=HANGS)

    outcome = suite.run("--timeout=1", "--timeout-method=signal", plugins=("timeout",))

    assert "Timeout" in outcome["test_unmarked_hangs"].text
    assert outcome["test_unmarked_hangs"].says_missing()
    assert outcome["test_superfluous"].says_superfluous()


def test_a_timeout_that_ends_the_process(suite: Suite) -> None:
    """Nothing can be told then; what it leaves behind goes with the next run."""
    suite.guard_tool()
    suite.write(test_it=HANGS)

    ended = suite.run("--timeout=1", "--timeout-method=thread", plugins=("timeout",))
    left = suite.leftovers()
    suite.run("--collect-only")

    assert ended.code == 1
    assert "Timeout" in ended.output
    assert len(left) == 1
    assert suite.leftovers() == []


def test_coverage_of_child_processes(suite: Suite) -> None:
    """A child Python is measured and guarded at once."""
    suite.guard_tool()
    suite.write_files({".coveragerc": "[run]\npatch = subprocess\nparallel = true\n"})
    suite.write(
        child="""
            import subprocess
            subprocess.run(["tool"])
            print("measured")
        """,
        test_it="""
            import subprocess, sys, pytest

            def test_unmarked():
                subprocess.run([sys.executable, "child.py"])

            @pytest.mark.tool
            def test_marked():
                subprocess.run([sys.executable, "child.py"], check=True)
        """,
    )

    outcome = suite.run("--cov=.", "--cov-report=term", plugins=("pytest_cov",))

    assert outcome["test_unmarked"].says_missing()
    assert outcome["test_marked"].outcome == "passed"
    (child,) = [line.split() for line in outcome.output.splitlines() if "child.py " in line]
    assert child[1:] == ["3", "0", "100%"]


def test_mocks(suite: Suite) -> None:
    """What pytest-mock replaces is no use; what it only watches is."""
    suite.tool()
    suite.write(
        conftest=CONFTEST,
        sdk="class Client:\n    def send(self): pass\n    def other(self): pass\n\ndef send(): pass",
        test_it="""
            import subprocess, pytest, sdk

            def test_replaced(mocker):
                mocker.patch("sdk.send")
                mocker.patch("subprocess.run")
                sdk.send()
                subprocess.run(["tool"])

            @pytest.mark.sdk
            def test_superfluous(mocker):
                mocker.patch.object(sdk, "send")
                sdk.send()

            @pytest.mark.sdk
            def test_watched(mocker):
                spy = mocker.spy(sdk, "send")
                sdk.send()
                spy.assert_called_once()

            def test_watched_unmarked(mocker):
                mocker.spy(sdk, "send")
                try:
                    sdk.send()
                except Exception:
                    pass
        """,
    )

    outcome = suite.run(plugins=("pytest_mock",))

    assert outcome["test_replaced"].outcome == "passed", outcome.output
    assert outcome["test_superfluous"].says_superfluous("sdk")
    assert outcome["test_watched"].outcome == "passed"
    assert outcome["test_watched_unmarked"].says_missing("sdk")


def test_faked_commands(suite: Suite) -> None:
    """A command that pytest-subprocess answers is no use; one that it lets through is."""
    suite.guard_tool()
    suite.write(
        test_it="""
            import subprocess, pytest

            def test_faked(fp):
                fp.register(["tool", "--version"], stdout="9")
                assert subprocess.check_output(["tool", "--version"]).strip() == b"9"

            @pytest.mark.tool
            def test_superfluous(fp):
                fp.register(["tool"])
                subprocess.run(["tool"])

            @pytest.mark.tool
            def test_let_through(fp):
                fp.allow_unregistered(True)
                subprocess.run(["tool", "really"], check=True)

            def test_let_through_unmarked(fp):
                fp.pass_command(["tool", "never"])
                subprocess.run(["tool", "never"])
        """
    )

    outcome = suite.run(plugins=("pytest-subprocess",))

    assert outcome["test_faked"].outcome == "passed", outcome.output
    assert outcome["test_superfluous"].says_superfluous()
    assert outcome["test_let_through"].outcome == "passed"
    assert outcome["test_let_through_unmarked"].says_missing()
    assert suite.runs_of() == ["really"]


def test_a_fake_file_system(suite: Suite) -> None:
    """pyfakefs neither blinds the guards nor breaks them."""
    tool = suite.tool()
    suite.write(
        conftest=CONFTEST,
        sdk="def send(): pass",
        test_it=f"""
            import os, subprocess, pytest, sdk

            WAYS = {{
                "bare": lambda: subprocess.run(["tool", "x"]),
                "path": lambda: subprocess.run(["{tool}", "x"]),
                "cleared": lambda: subprocess.run(["tool", "x"], env={{"PATH": os.environ["PATH"]}}),
                "real PATH": lambda: subprocess.run(["tool", "x"], env={{"PATH": "{suite.bin}:/bin"}}),
            }}

            def attempt(way):
                try:
                    way()
                except Exception:
                    pass

            @pytest.mark.parametrize("way", WAYS)
            def test_unmarked(fs, way):
                attempt(WAYS[way])

            @pytest.mark.tool
            @pytest.mark.parametrize("way", WAYS)
            def test_marked(fs, way):
                assert not os.path.exists("{tool}")
                WAYS[way]()

            def test_sdk_unmarked(fs):
                attempt(sdk.send)

            @pytest.mark.sdk
            def test_sdk_marked(fs):
                sdk.send()

            @pytest.mark.tool
            def test_superfluous(fs):
                open("/a", "w").close()

            @pytest.fixture(scope="module")
            def server(fs_module):
                yield
                subprocess.run(["tool", "x"])

            @pytest.mark.tool
            def test_with_server(server):
                pass
        """,
    )

    outcome = suite.run(plugins=("pyfakefs.pytest_plugin",))

    assert outcome.code == pytest.ExitCode.TESTS_FAILED
    for name, test in outcome.tests.items():
        if "unmarked" in name:
            assert test.says_missing("sdk" if "sdk" in name else "tool"), (name, outcome.output)
        elif "superfluous" in name:
            assert test.says_superfluous(), outcome.output
        else:
            assert test.outcome == "passed", (name, outcome.output)
    assert len(outcome.tests) == 12
    assert suite.runs_of() == ["x"] * 5
    assert suite.leftovers() == []


def test_django_blocks_its_database(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    """pytest-django's own blocker and database fixtures work as ever, and guards beside them."""
    suite.tool()
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "site_settings")
    monkeypatch.setenv("PYTHONPATH", str(suite.path))
    suite.write(
        conftest=CONFTEST,
        sdk="def send(): pass",
        site_settings="""
            SECRET_KEY = "no secret"
            DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
            USE_TZ = True
        """,
        test_it="""
            import subprocess, pytest
            from django.db import connection

            def ask():
                with connection.cursor() as cursor:
                    return cursor.execute("select 1").fetchone()

            def test_blocked_database():
                with pytest.raises(RuntimeError, match="Database access not allowed"):
                    ask()

            @pytest.mark.django_db
            def test_database():
                assert ask() == (1,)

            @pytest.mark.django_db
            def test_unmarked():
                ask()
                subprocess.run(["tool"])

            @pytest.mark.tool
            @pytest.mark.django_db
            def test_marked():
                subprocess.run(["tool"], check=True)

            @pytest.mark.tool
            def test_superfluous(db):
                ask()
        """,
    )

    outcome = suite.run(plugins=("django",))

    assert outcome["test_unmarked"].says_missing(), outcome.output
    assert outcome["test_superfluous"].says_superfluous()
    for name in ("test_blocked_database", "test_database", "test_marked"):
        assert outcome[name].outcome == "passed"


def test_a_socket_blocker_keeps_its_message(suite: Suite) -> None:
    """pytest-socket's error comes through, and a guarded SDK beneath it is judged all the same."""
    suite.write(
        conftest="""
            def pytest_register_resource_guards(registry):
                registry.register_sdk_guard("sdk", targets=["sdk:send"])
        """,
        sdk="""
            import socket

            def send():
                socket.create_connection(("127.0.0.1", 9))
        """,
        test_it="""
            import pytest, sdk

            @pytest.mark.sdk
            def test_marked():
                sdk.send()

            def test_unmarked():
                sdk.send()
        """,
    )

    outcome = suite.run("--disable-socket", plugins=("pytest_socket",))

    assert "SocketBlockedError" in outcome["test_marked"].text
    assert not outcome["test_marked"].says_missing("sdk")
    assert outcome["test_unmarked"].says_missing("sdk")
    assert "SocketBlockedError" not in outcome["test_unmarked"].text


# ---- xdist


def test_a_worker_that_crashes(suite: Suite) -> None:
    """The tests that it had finished and those of its replacement are judged, and nothing stays."""
    suite.guard_tool()
    suite.write(
        test_it="""
            import os, subprocess, pytest

            def test_0_unmarked(): subprocess.run(["tool"])
            def test_1_crashes(): os._exit(9)
            def test_2_unmarked(): subprocess.run(["tool"])

            @pytest.mark.tool
            def test_3_superfluous(): pass
        """
    )

    outcome = suite.run("-n1")
    suite.run("--collect-only")

    assert outcome["test_0_unmarked"].says_missing(), outcome.output
    assert "crashed while running" in outcome.output
    assert outcome["test_2_unmarked"].says_missing()
    assert outcome["test_3_superfluous"].says_superfluous()
    assert suite.leftovers() == []


WAITING = """
    import os, subprocess, pytest
    from pathlib import Path

    @pytest.fixture(scope="session")
    def server():
        yield
        subprocess.run(["tool"])

    def test_0_unmarked(server): pass

    @pytest.mark.tool
    def test_1_marked(server): pass

    def test_2_crashes_once(request):
        if not Path("crashed").exists():
            Path("crashed").touch()
            # An answer of the controller: it has been told by now that the test may run again.
            request.config.failures_db.get_test_reruns(request.node.nodeid)
            os._exit(9)

    def test_3_plain(): pass
"""


@pytest.mark.parametrize("reruns", [0, 1])
def test_a_crash_while_verdicts_wait(suite: Suite, reruns: int) -> None:
    """The run says how many verdicts are lost and fails, even if the test passes when run again."""
    suite.guard_tool()
    suite.write(test_it=WAITING)

    outcome = suite.run(
        *("-n1", f"--reruns={reruns}", "--resource-guards-json=all.json"),
        plugins=("rerunfailures",),
    )

    assert outcome.code == pytest.ExitCode.TESTS_FAILED
    assert "Worker gw0 crashed before 2 tests that it had run could be judged" in outcome.output
    assert "test_it.py::test_0_unmarked and others" in outcome.output
    document = json.loads((suite.path / "all.json").read_text())
    assert len(document["problems"]) == 1
    outcomes = {each["nodeid"][-5:]: each["outcome"] for each in document["tests"]}
    assert outcomes["_once"] == ("passed" if reruns else "crashed"), outcome.output
    assert outcomes["plain"] == "passed"


def test_a_crash_while_nothing_waits(suite: Suite) -> None:
    """Where the crashed test passes when it is run again, all is right."""
    suite.guard_tool()
    suite.write(test_it=WAITING.replace("(server)", "()").replace("@pytest.mark.tool", ""))

    outcome = suite.run("-n1", "--reruns=1", plugins=("rerunfailures",))

    assert outcome.code == pytest.ExitCode.OK, outcome.output


def test_a_second_interpreter(guarded: Suite) -> None:
    """A worker may run another Python, here one with options of its own."""
    outcome = guarded.run(
        "--dist=load", f"--tx=popen//python={sys.executable} -X dev", plugins=("xdist",)
    )

    assert_right(outcome)


@pytest.fixture
def remote_worker(tmp_path: Path) -> Iterator[str]:
    """An execnet server on a loopback socket, as it would run on another machine."""
    script = Path(execnet.__path__[0]) / "script" / "socketserver.py"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    with (tmp_path / "server.log").open("wb") as log:
        server = subprocess.Popen(
            [sys.executable, "-u", str(script), address, "--loop"],
            cwd=tmp_path,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        yield address
    finally:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()


def test_a_remote_worker(guarded: Suite, remote_worker: str) -> None:
    """It makes its own shims and private directory, wherever it is."""
    outcome = guarded.run(
        "--dist=load", f"--tx=socket={remote_worker}//chdir={guarded.path}", plugins=("xdist",)
    )

    assert_right(outcome)
