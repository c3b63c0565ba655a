"""Nothing of a session outlives it, and what lives on after it is left alone."""

from __future__ import annotations

import os
import select
import subprocess
import sys

import pytest

from support.suite import Outcome
from support.suite import Suite

SDK = """
    class Client:
        def send(self, value=7):
            return value

        @classmethod
        def of_class(cls, value=7):
            return value

    def send(value=7):
        return value
"""

CONFTEST = """
    def pytest_register_resource_guards(registry):
        registry.register_resource_guard("tool")
        registry.register_sdk_guard(
            "sdk", targets=["sdk:Client.send", "sdk:Client.of_class", "sdk:send"]
        )
"""

THREE_RUNS = """
    import contextlib, gc, io, sys, weakref
    import pytest

    KEPT = []

    class Watching:
        def __init__(self):
            self.outcomes = {}
            self.sessions = []

        @pytest.hookimpl(trylast=True)
        def pytest_configure(self, config):
            self.configs = [weakref.ref(config)]
            if config.pluginmanager.hasplugin("resource_guards"):
                from imbue.resource_guards.plugin import SESSION
                self.sessions.append(weakref.ref(config.stash[SESSION]))

        def pytest_runtest_logreport(self, report):
            if report.when == "call" or report.outcome != "passed":
                self.outcomes[report.nodeid.rpartition("::")[2]] = report.outcome

    def run():
        watching = Watching()
        with contextlib.redirect_stdout(io.StringIO()):
            pytest.main(sys.argv[1:], plugins=[watching])
        return watching.outcomes, [*watching.configs, *watching.sessions]

    for _ in range(3):
        outcomes, references = run()
        import sdk
        KEPT.extend(references)
        print(sorted(outcomes.items()))
        print({name: id(entry) for name, entry in vars(sdk.Client).items()}, id(sdk.send))
    gc.collect()
    print([type(each()).__name__ for each in KEPT if each() is not None])
"""


@pytest.mark.parametrize("imported", ["before", "during"])
def test_three_runs_in_one_process(suite: Suite, imported: str) -> None:
    """Each says the same, puts back what it has replaced, and leaves nothing of itself in memory."""
    suite.tool()
    suite.write(
        sdk=SDK,
        conftest=CONFTEST + ("\n    import sdk" if imported == "before" else ""),
        test_it="""
            import subprocess
            import pytest
            from sdk import Client, send

            connect = Client.of_class

            @pytest.mark.sdk
            def test_marked(): assert Client().send() == 7

            @pytest.mark.sdk
            def test_marked_function(): assert send() == 7

            @pytest.mark.sdk
            def test_marked_alias(): assert connect() == 7

            @pytest.mark.tool
            def test_marked_tool(): subprocess.run(["tool"], check=True)

            @pytest.mark.sdk
            def test_superfluous(): pass

            def test_unmarked(): send()
        """,
        three_runs=THREE_RUNS,
    )

    done = subprocess.run(
        [sys.executable, "three_runs.py", "-presource_guards", "-pno:cacheprovider", "test_it.py"],
        capture_output=True,
        text=True,
        check=True,
        cwd=suite.path,
    )

    *runs, kept = done.stdout.splitlines()
    assert runs[0::2] == [runs[0]] * 3
    assert runs[0] == str(
        [
            ("test_marked", "passed"),
            ("test_marked_alias", "passed"),
            ("test_marked_function", "passed"),
            ("test_marked_tool", "passed"),
            ("test_superfluous", "failed"),
            ("test_unmarked", "failed"),
        ]
    )
    assert runs[1::2] == [runs[1]] * 3
    # The loaders of the modules that pytest rewrites keep its own configs, guarded or not.
    assert "GuardSession" not in kept
    assert kept.count("Config") <= 2
    assert suite.leftovers() == []


LIVES_ON = """
    import multiprocessing, os, subprocess, sys

    def use(where):
        import sdk
        assert sdk.Client().send() == 7
        assert sdk.send() == 7
        assert subprocess.run(["tool", where]).returncode == 0
        assert subprocess.run("tool in-a-shell", shell=True).returncode == 0
        assert os.system("tool by-system") == 0

    def forked():
        pid = os.fork()
        if pid == 0:
            try:
                use("in-a-fork")
            except BaseException:
                import traceback
                traceback.print_exc()
                os._exit(1)
            os._exit(0)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

    def main():
        use("in-the-test")
        open("started", "w").close()
        open("go").read()
        use("after-it")
        assert forked() == 0
        for method in ("fork", "spawn", "forkserver"):
            worker = multiprocessing.get_context(method).Process(target=use, args=(method,))
            worker.start()
            worker.join()
            assert worker.exitcode == 0
        subprocess.run([sys.executable, "-c", "import lives_on; lives_on.use('in-python')"], check=True)
        return "well"

    def run():
        answer = "badly"
        try:
            answer = main()
        except BaseException:
            import traceback
            traceback.print_exc()
        with open("done", "w") as done:
            done.write(answer)

    if __name__ == "__main__":
        run()
"""


@pytest.mark.parametrize(
    "options", [[], ["-oresource_guards_native=true"]], ids=["plain", "native"]
)
def test_a_child_that_lives_on(suite: Suite, options: list[str]) -> None:
    """It goes on to use what was guarded, with no error and no output, and nothing is left behind."""
    suite.tool()
    suite.write(
        sdk=SDK,
        conftest=CONFTEST,
        lives_on=LIVES_ON,
        test_it="""
            import os, subprocess, sys
            import pytest

            @pytest.mark.sdk
            @pytest.mark.tool
            def test_it():
                with open("output", "w") as output:
                    child = subprocess.Popen(
                        [sys.executable, "lives_on.py"], stdout=output, stderr=output
                    )
                while not os.path.exists("started"):
                    assert child.poll() is None
        """,
    )
    outcome, said = run_and_go_on(suite, *options)

    assert outcome["test_it"].outcome == "passed", outcome.output
    assert said == "well", (suite.path / "output").read_text()
    assert (suite.path / "output").read_text() == ""
    assert len(suite.runs_of()) == 3 * USES
    assert suite.leftovers() == []


def test_a_fork_that_lives_on(suite: Suite) -> None:
    """A copy of pytest's own process, as a daemon is, goes on like any other child."""
    suite.tool()
    suite.write(
        sdk=SDK,
        conftest=CONFTEST,
        lives_on=LIVES_ON,
        test_it="""
            import os, sys
            import lives_on
            import pytest

            @pytest.mark.sdk
            @pytest.mark.tool
            def test_it():
                if os.fork() == 0:
                    output = os.open("output", os.O_CREAT | os.O_WRONLY)
                    os.dup2(output, 1)
                    os.dup2(output, 2)
                    lives_on.run()
                    os._exit(0)
                while not os.path.exists("started"):
                    pass
        """,
    )

    outcome, said = run_and_go_on(suite, "-s")

    assert outcome["test_it"].outcome == "passed", outcome.output
    assert said == "well", (suite.path / "output").read_text()
    assert (suite.path / "output").read_text() == ""
    assert len(suite.runs_of()) == 3 * USES
    assert suite.leftovers() == []


USES = 7  # in the test, after it, in a fork, by each of three methods, and in another Python


def run_and_go_on(suite: Suite, *options: str) -> tuple[Outcome, str]:
    """Run the suite, then let the process that lives on go on; gives what that says at its end."""
    os.mkfifo("go")
    os.mkfifo("done")
    done = os.open("done", os.O_RDWR)
    outcome = suite.run(*options)
    (suite.path / "go").write_text("on")
    readable, _, _ = select.select([done], [], [], 60)
    said = os.read(done, 10).decode() if readable else ""
    os.close(done)
    return outcome, said


def test_a_class_that_is_sent_by_value(suite: Suite) -> None:
    """A copy of a guarded class, in this process or another, is guarded by the session around it."""
    suite.write(
        sdk=SDK,
        conftest=CONFTEST,
        test_it="""
            import pickle, subprocess, sys
            import cloudpickle, pytest, sdk

            CHILD = "import pickle, sys; print(pickle.load(sys.stdin.buffer)().send(5))"

            def copied(what):
                cloudpickle.register_pickle_by_value(sdk)
                try:
                    return cloudpickle.dumps(what)
                finally:
                    cloudpickle.unregister_pickle_by_value(sdk)

            def in_child():
                return subprocess.run(
                    [sys.executable, "-c", CHILD], input=copied(sdk.Client), capture_output=True
                )

            @pytest.mark.sdk
            def test_here():
                copy = pickle.loads(copied(sdk.send))
                assert copy is not sdk.send
                assert copy(5) == 5

            def test_here_unmarked():
                pickle.loads(copied(sdk.send))(5)

            @pytest.mark.sdk
            def test_in_a_child():
                assert in_child().stdout == b"5\\n"

            def test_in_a_child_unmarked():
                assert in_child().stdout == b""

            @pytest.mark.sdk
            def test_superfluous():
                assert pickle.loads(pickle.dumps(sdk.Client)) is sdk.Client
                assert pickle.loads(pickle.dumps(sdk.Client.of_class)) == sdk.Client.of_class
                assert pickle.loads(pickle.dumps(sdk.send)) is sdk.send
                copied(sdk.Client)
        """,
    )

    outcome = suite.run()

    assert outcome["test_here"].outcome == "passed", outcome.output
    assert outcome["test_in_a_child"].outcome == "passed", outcome.output
    assert outcome["test_here_unmarked"].says_missing("sdk"), outcome.output
    assert outcome["test_in_a_child_unmarked"].says_missing("sdk"), outcome.output
    assert outcome["test_superfluous"].says_superfluous("sdk"), outcome.output
