"""Binary guards, as a user meets them: a real program, a real pytest in a process of its own."""

from __future__ import annotations

import os

import pytest

from support.suite import Suite

TWO_WAYS = pytest.mark.parametrize("workers", [(), ("-n2",)], ids=["one process", "two workers"])


@TWO_WAYS
def test_unmarked_use_is_blocked_and_fails(suite: Suite, workers: tuple[str, ...]) -> None:
    """A test without the mark fails, the program does not run, and the text names both."""
    suite.guard_tool()
    suite.write(
        test_it="""
            import subprocess

            def test_unmarked():
                subprocess.run(["tool", "up", "two words"])
        """
    )

    outcome = suite.run(*workers)

    test = outcome["test_unmarked"]
    assert test.outcome == "failed"
    assert "invoked 'tool' without @pytest.mark.tool" in test.text
    assert "tool up 'two words'" in test.text
    assert suite.runs_of() == []
    assert suite.leftovers() == []


@TWO_WAYS
def test_marked_use_passes(suite: Suite, workers: tuple[str, ...]) -> None:
    """A test with the mark passes, and the program has run."""
    suite.guard_tool()
    suite.write(
        test_it="""
            import subprocess, pytest

            @pytest.mark.tool
            def test_marked():
                assert subprocess.run(["tool", "up"]).returncode == 0
        """
    )

    outcome = suite.run(*workers)

    assert outcome.outcomes == {"test_marked": "passed"}
    assert suite.runs_of() == ["up"]


@TWO_WAYS
def test_superfluous_mark_fails(suite: Suite, workers: tuple[str, ...]) -> None:
    """A test with the mark that passes without the program fails, and is told which mark to remove."""
    suite.guard_tool()
    suite.write(
        test_it="""
            import pytest

            @pytest.mark.tool
            def test_marked():
                pass
        """
    )

    outcome = suite.run(*workers)

    assert outcome["test_marked"].outcome == "failed"
    assert "never invoked tool" in outcome["test_marked"].text
    assert "@pytest.mark.tool is not needed" in outcome["test_marked"].text


def test_a_failing_test_keeps_its_own_message(suite: Suite) -> None:
    """A test that fails for its own reason shows that reason, below the violation."""
    suite.guard_tool()
    suite.write(
        test_it="""
            import subprocess, pytest

            def test_unmarked():
                assert subprocess.run(["tool"]).returncode == 0, "the tool did not run"

            @pytest.mark.tool
            def test_marked_and_unused():
                assert 1 == 2, "arithmetic"
        """
    )

    outcome = suite.run()

    assert "the tool did not run" in outcome["test_unmarked"].text
    assert outcome["test_unmarked"].says_missing()
    assert "Then: AssertionError: the tool did not run" in outcome["test_unmarked"].text
    assert "FAILED test_it.py::test_unmarked - needs @pytest.mark.tool" in outcome.output
    assert "arithmetic" in outcome["test_marked_and_unused"].text
    assert not outcome["test_marked_and_unused"].says_superfluous()


@pytest.mark.parametrize(
    "hiding",
    [
        "try: run()\n                except BaseException: pass",
        "run(); pytest.skip('no tool here')",
        "run(); pytest.xfail('it never works')",
        "run(); pytest.importorskip('no_such_module')",
    ],
    ids=["except", "skip", "xfail", "importorskip"],
)
def test_nothing_in_the_body_hides_a_missing_mark(suite: Suite, hiding: str) -> None:
    """Whatever a test does after a blocked call, it fails."""
    suite.guard_tool()
    suite.write(
        test_it=f"""
            import subprocess, pytest

            def run():
                subprocess.run(["tool"])

            def test_it():
                {hiding}
        """
    )

    assert suite.run("-rsx")["test_it"].says_missing()


@pytest.mark.parametrize("mark", ["xfail", "xfail(strict=True)", "xfail(raises=OSError)"])
def test_xfail_does_not_hide_a_missing_mark(suite: Suite, mark: str) -> None:
    """An expected failure is a failure when the test lacks a mark."""
    suite.guard_tool()
    suite.write(
        test_it=f"""
            import subprocess, pytest

            @pytest.mark.{mark}
            def test_it():
                subprocess.run(["tool"], check=True)
        """
    )

    assert suite.run()["test_it"].says_missing()


def test_skipped_and_expected_failures_keep_their_marks(suite: Suite) -> None:
    """Only a test that passed can have a superfluous mark."""
    suite.guard_tool()
    suite.write(
        test_it="""
            import pytest
            pytestmark = pytest.mark.tool

            def test_skipped():
                pytest.skip()

            @pytest.mark.skip
            def test_never_run():
                pass

            @pytest.mark.xfail
            def test_expected():
                assert False
        """
    )

    outcome = suite.run()

    assert set(outcome.outcomes.values()) == {"skipped"}
    assert outcome.code == 0


def test_marks_at_every_level(suite: Suite) -> None:
    """A mark counts on the function, the class, the module and one parameter."""
    suite.guard_tool()
    use = 'subprocess.run(["tool"], check=True)'
    suite.write(
        test_function=f"""
            import subprocess, pytest

            @pytest.mark.tool
            def test_function():
                {use}

            @pytest.mark.tool
            class TestClass:
                def test_method(self):
                    {use}

                def test_unused(self):
                    pass

            @pytest.mark.parametrize("n", [1, pytest.param(2, marks=pytest.mark.tool)])
            def test_parameter(n):
                if n == 2:
                    {use}
        """,
        test_module=f"""
            import subprocess, pytest
            pytestmark = [pytest.mark.tool]

            def test_in_module():
                {use}
        """,
    )

    outcome = suite.run("--strict-markers")

    assert outcome["test_unused"].says_superfluous()
    assert outcome.counts == {"passed": 5, "failed": 1}


def test_all_violations_of_a_test_are_told_at_once(suite: Suite) -> None:
    """Two missing marks and a superfluous one are three texts in one failure."""
    suite.tool("one")
    suite.tool("two")
    suite.tool("three")
    suite.write(
        conftest="""
            def pytest_register_resource_guards(registry):
                for name in ("one", "two", "three"):
                    registry.register_resource_guard(name)
        """,
        test_it="""
            import subprocess, pytest

            @pytest.mark.three
            def test_it():
                subprocess.run(["one"])
                subprocess.run(["two"])
        """,
    )

    test = suite.run()["test_it"]

    assert test.says_missing("one")
    assert test.says_missing("two")
    assert test.says_superfluous("three")
    assert "fix the blocked call first" in test.text


def test_one_mark_for_several_binaries(suite: Suite) -> None:
    """Any of a resource's binaries needs its mark, and any satisfies it."""
    suite.tool("tool")
    suite.tool("tool-compose")
    suite.write(
        conftest="""
            from imbue.resource_guards.resource_guards import register_resource_guard
            register_resource_guard("tool", binaries=["tool", "tool-compose"])
        """,
        test_it="""
            import subprocess, pytest

            def test_unmarked():
                subprocess.run(["tool-compose", "up"])

            @pytest.mark.tool
            def test_marked():
                subprocess.run(["tool-compose", "up"], check=True)
        """,
    )

    outcome = suite.run()

    assert outcome["test_unmarked"].says_missing()
    assert "tool-compose up" in outcome["test_unmarked"].text
    assert outcome["test_marked"].outcome == "passed"


@pytest.mark.parametrize("name", ["tool-compose", "tool.exe", "Tool_2"])
def test_names_with_hyphens_and_dots(suite: Suite, name: str) -> None:
    """Such a resource is guarded under a mark with underscores."""
    mark = name.replace("-", "_").replace(".", "_")
    suite.tool(name)
    suite.write(
        conftest=f"""
            from imbue.resource_guards.resource_guards import register_resource_guard
            register_resource_guard("{name}")
        """,
        test_it=f"""
            import subprocess, pytest

            def test_unmarked():
                subprocess.run(["{name}"])

            @pytest.mark.{mark}
            def test_marked():
                subprocess.run(["{name}"], check=True)

            @pytest.mark.{mark}
            def test_superfluous():
                pass
        """,
    )

    outcome = suite.run("--strict-markers")

    assert f"invoked '{name}' without @pytest.mark.{mark}" in outcome["test_unmarked"].text
    assert outcome["test_marked"].outcome == "passed"
    assert outcome["test_superfluous"].says_superfluous(name)
    assert suite.runs_of(name) == [""]


def test_a_binary_that_is_not_installed_stays_so(suite: Suite) -> None:
    """There is no shim for it: `shutil.which` finds nothing, and skipif works."""
    suite.guard_tool()
    (suite.bin / "tool").unlink()
    suite.write(
        test_it="""
            import shutil, pytest

            def test_which():
                assert shutil.which("tool") is None

            @pytest.mark.tool
            @pytest.mark.skipif(shutil.which("tool") is None, reason="not installed")
            def test_needs_it():
                raise AssertionError
        """
    )

    outcome = suite.run()

    assert outcome.outcomes == {"test_which": "passed", "test_needs_it": "skipped"}


def test_a_cleared_environment_is_no_way_round(suite: Suite) -> None:
    """A shim that has lost the variable takes its scope from the state file."""
    suite.guard_tool()
    suite.write(
        test_it="""
            import os, subprocess, pytest

            def use():
                subprocess.run(["tool"], env={"PATH": os.environ["PATH"]})
                subprocess.run(["env", "-i", "PATH=" + os.environ["PATH"], "tool"])

            def test_unmarked():
                use()

            @pytest.mark.tool
            def test_marked():
                use()

            def test_unmarked_again():
                use()
        """
    )

    outcome = suite.run()

    assert outcome["test_unmarked"].says_missing()
    assert outcome["test_unmarked_again"].says_missing()
    assert outcome["test_marked"].outcome == "passed"
    assert suite.runs_of() == ["", ""]


def test_a_shim_passes_everything_on(suite: Suite) -> None:
    """Arguments, input, output, exit code and signals are those of the real program."""
    suite.guard_tool()
    suite.tool(
        "tool",
        script="""
            case $1 in
            args) shift; for a do printf '[%s]' "$a"; done ;;
            cat) cat; echo problem >&2; exit 42 ;;
            die) kill -TERM $$ ;;
            pwd) pwd ;;
            esac
        """,
    )
    suite.write(
        test_it=r"""
            import subprocess, pytest
            pytestmark = pytest.mark.tool

            def run(*args, **kwargs):
                return subprocess.run(["tool", *args], capture_output=True, text=True, **kwargs)

            @pytest.mark.parametrize(
                "arguments",
                [["a b", "", "*", "'", '"', "$HOME", "`x`", "\\", "\n", "a\nb\n", "\t", "-n"]],
            )
            def test_arguments(arguments):
                assert run("args", *arguments).stdout == "".join(f"[{a}]" for a in arguments)

            def test_long_arguments():
                done = run("args", "x" * 100_000, *["y"] * 10_000)
                assert len(done.stdout) == 100_002 + 30_000

            def test_streams_and_exit_code():
                done = run("cat", input="text\n")
                assert (done.stdout, done.stderr, done.returncode) == ("text\n", "problem\n", 42)

            def test_signal():
                assert run("die").returncode == -15

            def test_directory(tmp_path):
                assert run("pwd", cwd=tmp_path).stdout.strip() == str(tmp_path)
        """
    )

    outcome = suite.run()

    assert outcome.counts == {"passed": 5}, outcome.output


def test_outside_tests_everything_may_run(suite: Suite) -> None:
    """Imports, collection and session hooks belong to no test, and may use what they like."""
    suite.tool()
    suite.write(
        conftest="""
            import subprocess

            def pytest_register_resource_guards(registry):
                registry.register_resource_guard("tool")

            def pytest_sessionstart(session):
                subprocess.run(["tool", "start"], check=True)

            def pytest_runtest_logfinish():
                subprocess.run(["tool", "between"], check=True)

            def pytest_sessionfinish(session):
                subprocess.run(["tool", "finish"], check=True)
        """,
        test_it="""
            import subprocess
            subprocess.run(["tool", "collect"], check=True)

            def test_it():
                pass
        """,
    )

    outcome = suite.run()

    assert outcome.code == 0, outcome.output
    assert suite.runs_of() == ["start", "collect", "between", "finish"]


@pytest.mark.parametrize(
    "captured",
    [
        "ENV = {**os.environ}",
        "@pytest.fixture(scope='session')\ndef env(): return dict(os.environ)",
    ],
    ids=["at import", "in a session fixture"],
)
def test_an_environment_copied_earlier_names_the_right_test(suite: Suite, captured: str) -> None:
    """A use is charged to the test that starts the process, whenever its environment was made."""
    suite.guard_tool()
    argument, env = ("env", "env") if "fixture" in captured else ("tmp_path", "ENV")
    suite.write(
        test_it="import os, subprocess, pytest\n"
        + captured
        + f"""
def test_unmarked({argument}):
    subprocess.run(["tool"], env={env})

@pytest.mark.tool
def test_marked({argument}):
    subprocess.run(["tool"], env={env}, check=True)

def test_innocent({argument}):
    pass

@pytest.mark.tool
def test_superfluous({argument}):
    pass
"""
    )

    outcome = suite.run()

    assert outcome["test_unmarked"].says_missing()
    assert outcome["test_marked"].outcome == "passed"
    assert outcome["test_innocent"].outcome == "passed"
    assert outcome["test_superfluous"].says_superfluous()
    assert suite.runs_of() == [""]


def test_any_argument_can_be_recorded(suite: Suite) -> None:
    """Line ends and tabs, in whatever order, do not tear the journal."""
    suite.guard_tool()
    suite.write(
        test_it=r"""
            import itertools, subprocess, pytest

            @pytest.mark.tool
            @pytest.mark.parametrize("n", range(1, 4))
            def test_marked(n):
                for characters in itertools.product("\n\ta", repeat=n):
                    subprocess.run(["tool", "".join(characters)], check=True)
        """
    )

    assert suite.run().counts == {"passed": 3}


def test_a_mark_added_while_the_test_runs(suite: Suite) -> None:
    """Programs that are started after the mark was added are allowed, with any environment."""
    suite.guard_tool()
    suite.write(
        test_it="""
            import os, subprocess, pytest

            def test_by_itself(request):
                env = dict(os.environ)
                request.applymarker(pytest.mark.tool)
                subprocess.run(["tool"], check=True)
                subprocess.run(["tool"], check=True, env=env)
                subprocess.run(["tool"], check=True, env={"PATH": os.environ["PATH"]})

            @pytest.fixture
            def marking(request):
                request.node.add_marker("tool")
                subprocess.run(["tool"], check=True)

            def test_by_fixture(marking): pass

            def test_next():
                subprocess.run(["tool"])
        """
    )

    outcome = suite.run()

    assert outcome["test_by_itself"].outcome == "passed"
    assert outcome["test_by_fixture"].outcome == "passed"
    assert outcome["test_next"].says_missing()


def test_session_hooks_may_use_what_they_like_with_any_environment(suite: Suite) -> None:
    """What a hook starts between tests is not taken for a test's, if it has lost the variable."""
    suite.tool()
    suite.write(
        conftest="""
            import os, subprocess

            def pytest_register_resource_guards(registry):
                registry.register_resource_guard("tool")

            def run():
                subprocess.run(["tool"], env={"PATH": os.environ["PATH"]}, check=True)

            def pytest_runtest_logfinish(): run()
            def pytest_sessionfinish(): run()
        """,
        test_it="""
            import os, subprocess

            def test_one(): pass

            def test_unmarked():
                subprocess.run(["tool"], env={"PATH": os.environ["PATH"]})
        """,
    )

    outcome = suite.run()

    assert outcome["test_one"].outcome == "passed"
    assert outcome["test_unmarked"].says_missing()
    assert suite.runs_of() == ["", "", ""]


def test_a_path_that_a_test_leaves_replaced(suite: Suite) -> None:
    """The tests after it are guarded as before, and its change stays."""
    suite.guard_tool()
    suite.write(
        test_it=f"""
            import os, subprocess

            def test_replaces():
                os.environ["PATH"] = "{suite.bin}:/usr/bin:/bin:/added"

            def test_unmarked():
                assert os.environ["PATH"].endswith(":/added")
                subprocess.run("tool", shell=True)
        """
    )

    assert suite.run()["test_unmarked"].says_missing()
    assert suite.runs_of() == []


def test_a_temporary_directory_with_a_colon(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    """Shims could not be on PATH there, which is an error and not silence."""
    suite.guard_tool()
    suite.write(test_it="def test_never(): pass")
    folder = suite.path / "a:b"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))

    outcome = suite.run()

    assert outcome.code == pytest.ExitCode.USAGE_ERROR
    assert "contains a colon" in outcome.output
    assert list(folder.glob("resource-guards-*")) == []


@pytest.mark.parametrize("name", ["a b", "a'b", 'a"b', "a$HOME", "a`x`", "a\nb", "a*[", "é"])
def test_awkward_directories(suite: Suite, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The private directory and the real program may have any name."""
    folder = suite.path / name
    suite.guard_tool()
    (suite.bin / "tool").unlink()
    suite.tool("tool", folder=folder)
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    suite.write(
        test_it="""
            import subprocess, sys, pytest

            def test_unmarked():
                subprocess.run(["tool"])

            @pytest.mark.tool
            def test_marked():
                child = "import subprocess; subprocess.run(['tool'], check=True)"
                subprocess.run([sys.executable, "-c", child], check=True)
        """
    )

    outcome = suite.run(f"--basetemp={suite.temporary / 'base'}")

    assert outcome["test_unmarked"].says_missing()
    assert outcome["test_marked"].outcome == "passed", outcome.output
    assert suite.runs_of() == [""]


def test_without_a_path(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    """A session that begins with no PATH guards what is found by the system's own."""
    suite.be_nobodys_child()
    monkeypatch.delenv("PATH")
    suite.write(
        conftest="""
            def pytest_register_resource_guards(registry):
                registry.register_resource_guard("true")
        """,
        test_it="""
            import subprocess

            def test_it():
                subprocess.run(["/bin/sh", "-c", "/usr/bin/env true"])
        """,
    )

    assert suite.run()["test_it"].says_missing("true")
