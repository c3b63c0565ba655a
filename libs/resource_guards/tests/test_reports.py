"""A violation in pytest's own reports: structured, complete, and the same wherever it is read."""

from __future__ import annotations

import pytest

from support.suite import Suite

TESTS = """
    import subprocess, pytest

    def test_unmarked():
        subprocess.run(["tool"])

    @pytest.mark.tool
    def test_superfluous():
        pass

    def test_skips():
        subprocess.run(["tool"])
        pytest.skip("no tool")

    @pytest.mark.xfail(strict=True)
    def test_xfails():
        subprocess.run(["tool"], check=True)

    def test_fails():
        assert subprocess.run(["tool"]).returncode == 0
"""


@pytest.mark.parametrize("style", ["auto", "long", "short", "line", "native", "no"])
@pytest.mark.parametrize("workers", [(), ("-n2",)], ids=["one process", "two workers"])
def test_every_traceback_style(suite: Suite, style: str, workers: tuple[str, ...]) -> None:
    """All styles, and the short summary, show what happened: the fact first."""
    suite.guard_tool()
    suite.write(test_it=TESTS)

    outcome = suite.run(f"--tb={style}", "-rA", *workers)

    assert outcome.counts == {"failed": 5}
    assert "INTERNALERROR" not in outcome.output
    summary = outcome.output.partition("short test summary info")[2]
    fact = "needs @pytest.mark.tool: ran tool"
    assert f"FAILED test_it.py::test_unmarked - {fact}\n" in summary
    assert "FAILED test_it.py::test_superfluous - @pytest.mark.tool is not needed: tool" in summary
    assert f"FAILED test_it.py::test_skips - {fact}\n" in summary
    assert f"FAILED test_it.py::test_fails - {fact}" in summary
    if style not in ("no", "line"):
        assert outcome.output.count("  Fix: add @pytest.mark.tool above test_it.py:") == 4
        assert "  Then: Skipped: no tool" in outcome.output
        is_cut = style == "auto"
        assert ("  Then: AssertionError: assert 127 == 0" in outcome.output) is is_cut
        assert ('assert subprocess.run(["tool"])' in outcome.output) is not is_cut
    else:
        assert "Fix: add" not in outcome.output


def test_the_place_of_a_violation_is_the_test(suite: Suite) -> None:
    """What reads the crash's place, as annotations of a CI do, is given the test's own line."""
    suite.guard_tool()
    suite.write(
        conftest="""
            def pytest_register_resource_guards(registry):
                registry.register_resource_guard("tool")

            def pytest_runtest_logreport(report):
                if report.failed:
                    crash = report.longrepr.reprcrash
                    print(f"AT {crash.path}:{crash.lineno}")
        """,
        test_it=TESTS,
    )

    outcome = suite.run("-s", "--deselect=test_it.py::test_xfails")

    places = [line for line in outcome.output.splitlines() if "AT " in line]
    assert [place.rpartition("/")[2] for place in places] == [
        "test_it.py:4",
        "test_it.py:7",
        "test_it.py:11",
        "test_it.py:19",
    ]


def test_junit_has_the_whole_text(suite: Suite) -> None:
    """A JUnit report carries what the terminal shows, and counts the test once."""
    suite.guard_tool()
    suite.write(test_it=TESTS)

    outcome = suite.run()

    assert len(outcome.tests) == 5
    for name in ("test_unmarked", "test_skips", "test_xfails", "test_fails"):
        assert outcome[name].says_missing(), outcome[name].text
        assert "Fix: add @pytest.mark.tool" in outcome[name].text


def test_a_later_plugin_cannot_hide_it(suite: Suite) -> None:
    """A plugin that turns failures into passes in its own report hook comes before the verdict."""
    suite.guard_tool()
    suite.write(
        conftest="""
            import pytest

            def pytest_register_resource_guards(registry):
                registry.register_resource_guard("tool")

            @pytest.hookimpl(wrapper=True)
            def pytest_runtest_makereport(item, call):
                report = yield
                report.outcome = "passed"
                report.longrepr = None
                return report
        """,
        test_it=TESTS,
    )

    outcome = suite.run("--deselect=test_it.py::test_superfluous")

    assert outcome.counts == {"failed": 4}


def test_no_warnings_of_its_own(suite: Suite) -> None:
    """With warnings as errors the reports are the same."""
    suite.guard_tool()
    suite.write(test_it=TESTS)

    assert suite.run("-Werror").counts == {"failed": 5}


def test_doctests_and_unittests(suite: Suite) -> None:
    """Tests that are no functions are judged like the others."""
    suite.guard_tool()
    suite.write(
        test_it="""
            import subprocess, unittest, pytest

            def documented():
                '''
                >>> import subprocess
                >>> subprocess.run(["tool"]).returncode
                127
                '''

            class TestCase(unittest.TestCase):
                def setUp(self):
                    if "set_up" in self.id():
                        subprocess.run(["tool"])

                def tearDown(self):
                    if "tear_down" in self.id():
                        subprocess.run(["tool"])

                def test_unmarked(self):
                    subprocess.run(["tool"])

                def test_unmarked_set_up(self):
                    pass

                def test_unmarked_tear_down(self):
                    pass

                @pytest.mark.tool
                def test_marked_tear_down(self):
                    pass

                @pytest.mark.tool
                def test_superfluous(self):
                    pass
        """
    )

    outcome = suite.run("--doctest-modules")

    assert outcome["test_it.documented"].says_missing()
    for name in ("test_unmarked", "test_unmarked_set_up", "test_unmarked_tear_down"):
        assert outcome[name].says_missing(), name
    assert outcome["test_marked_tear_down"].outcome == "passed"
    assert outcome["test_superfluous"].says_superfluous()
    assert suite.runs_of() == [""]


@pytest.mark.parametrize(
    "dist", ["load", "loadscope", "loadfile", "loadgroup", "worksteal", "each"]
)
def test_each_dist_mode_of_xdist(suite: Suite, dist: str) -> None:
    """Every mode gives each test the same verdict as one process does.

    No verdict depends on where a test runs, so none on loadgroup's promise to keep the tests of a group together:
    pytest-xdist 3.8 does not keep it with pytest 9.2, guarded or not.
    """
    suite.guard_tool()
    suite.write(
        test_it="""
            import subprocess, pytest

            @pytest.mark.parametrize("n", range(4))
            def test_unmarked(n):
                subprocess.run(["tool"])

            @pytest.mark.tool
            @pytest.mark.xdist_group("together")
            @pytest.mark.parametrize("n", range(4))
            def test_marked(n):
                subprocess.run(["tool"], check=True)

            @pytest.mark.tool
            @pytest.mark.parametrize("n", range(4))
            def test_superfluous(n):
                pass
        """
    )
    each = ["--tx=2*popen"] if dist == "each" else ["-n2"]

    outcome = suite.run(f"--dist={dist}", *each, plugins=("xdist",))

    for name, test in outcome.tests.items():
        if "unmarked" in name:
            assert test.says_missing()
        elif "superfluous" in name:
            assert test.says_superfluous()
        else:
            assert test.outcome == "passed"
    assert len(outcome.tests) == 12
    assert len(suite.runs_of()) == (8 if dist == "each" else 4)
    assert suite.leftovers() == []


def test_a_process_that_outlives_its_test(suite: Suite) -> None:
    """Its late use is told in the summary, and charged to no other test."""
    suite.guard_tool()
    suite.write(
        test_it="""
            import pathlib, subprocess, time, pytest

            def wait_for(name):
                deadline = time.monotonic() + 10
                while not pathlib.Path(name).exists() and time.monotonic() < deadline:
                    time.sleep(0.01)

            LATE = "while ! [ -e go ]; do sleep 0.01; done; tool late; touch done"

            @pytest.mark.tool
            def test_starts_it():
                subprocess.run(["tool", "now"], check=True)
                subprocess.Popen(["sh", "-c", LATE])

            def test_next():
                pathlib.Path("go").touch()
                wait_for("done")

            @pytest.mark.tool
            def test_superfluous():
                pass
        """
    )

    outcome = suite.run()

    assert outcome["test_starts_it"].outcome == "passed"
    assert outcome["test_next"].outcome == "passed"
    assert outcome["test_superfluous"].says_superfluous()
    assert (
        "Late use of tool by a process or thread that test_it.py::test_starts_it left running"
        in outcome.output
    )


@pytest.mark.parametrize("workers", [(), ("-n1",)], ids=["one process", "a worker"])
def test_a_late_blocked_use_fails_the_run(suite: Suite, workers: tuple[str, ...]) -> None:
    """All tests pass, and the run fails, since one left something behind that lacks a mark."""
    suite.guard_tool()
    suite.write(
        test_it="""
            import pathlib, subprocess, time

            LATE = "while ! [ -e go ]; do sleep 0.01; done; tool late; touch done"

            def test_starts_it():
                subprocess.Popen(["sh", "-c", LATE])

            def test_next():
                pathlib.Path("go").touch()
                deadline = time.monotonic() + 10
                while not pathlib.Path("done").exists() and time.monotonic() < deadline:
                    time.sleep(0.01)
        """
    )

    outcome = suite.run(*workers)

    assert outcome.counts == {"passed": 2}
    assert outcome.code == pytest.ExitCode.TESTS_FAILED
    assert "test_starts_it used 'tool' without @pytest.mark.tool" in outcome.output
    assert suite.runs_of() == []


@pytest.mark.parametrize("workers", [(), ("-n1",)], ids=["one process", "a worker"])
def test_a_removed_private_directory_fails_the_run(suite: Suite, workers: tuple[str, ...]) -> None:
    """A test that empties the temporary directory ends the run, which tells why."""
    suite.guard_tool()
    suite.write(
        test_it="""
            import os, shutil, pytest

            def test_cleans_up_too_much():
                for name in os.listdir(os.environ["TMPDIR"]):
                    shutil.rmtree(os.path.join(os.environ["TMPDIR"], name))

            def test_next():
                pass

            @pytest.mark.tool
            def test_with_another_state():
                pass
        """
    )

    outcome = suite.run(*workers)

    assert outcome.code in (pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.INTERRUPTED)
    assert "was removed while tests ran" in outcome.output
    assert "INTERNALERROR" not in outcome.output


def test_a_private_directory_removed_by_a_fixture(suite: Suite) -> None:
    """The next scope cannot be published, which ends the run as clearly."""
    suite.guard_tool()
    suite.write(
        test_it="""
            import os, shutil, pytest

            @pytest.fixture(scope="module")
            def wide():
                yield

            def test_first(request):
                for name in os.listdir(os.environ["TMPDIR"]):
                    shutil.rmtree(os.path.join(os.environ["TMPDIR"], name))
                request.getfixturevalue("wide")

            @pytest.mark.tool
            def test_never(wide):
                raise AssertionError("it has run")
        """
    )

    outcome = suite.run()

    assert outcome.code == pytest.ExitCode.TESTS_FAILED
    assert "could not be written" in outcome.output or "was removed" in outcome.output
    assert "Traceback" not in outcome.output
    assert "it has run" not in outcome.output


def test_subtests(suite: Suite) -> None:
    """The report of a subtest is not the end of its test."""
    suite.guard_tool()
    suite.write(
        test_it="""
            import subprocess, unittest, pytest

            subtests_needed = pytest.mark.skipif(
                int(pytest.__version__.partition(".")[0]) < 9, reason="pytest 9 has subtests"
            )

            @subtests_needed
            @pytest.mark.tool
            def test_marked(subtests):
                with subtests.test("one"):
                    pass
                subprocess.run(["tool"], check=True)

            @subtests_needed
            @pytest.mark.tool
            def test_superfluous(subtests):
                with subtests.test("one"):
                    pass

            class TestCase(unittest.TestCase):
                @pytest.mark.tool
                def test_case_marked(self):
                    with self.subTest("one"):
                        pass
                    subprocess.run(["tool"], check=True)

                @pytest.mark.tool
                def test_case_superfluous(self):
                    with self.subTest("one"):
                        pass
        """
    )

    outcome = suite.run()

    assert outcome["test_case_marked"].outcome == "passed"
    assert outcome["test_case_superfluous"].says_superfluous()
    if outcome["test_marked"].outcome != "skipped":
        assert outcome["test_marked"].outcome == "passed", outcome.output
        assert outcome["test_superfluous"].says_superfluous()
    assert "SUBFAIL" not in outcome.output


def test_a_sub_directorys_wrapper_cannot_hide_it(suite: Suite) -> None:
    """A conftest that collection finds late, and that wants to be outermost, is not."""
    suite.guard_tool()
    suite.write(
        sub__conftest="""
            import pytest

            @pytest.hookimpl(wrapper=True, tryfirst=True)
            def pytest_runtest_makereport(item, call):
                report = yield
                report.outcome = "passed"
                return report
        """,
        sub__test_it="""
            import subprocess

            def test_unmarked():
                subprocess.run(["tool"])
        """,
    )

    for workers in ((), ("-n2",)):
        assert suite.run(*workers)["test_unmarked"].says_missing()


def test_many_tests_that_share_a_fixture_are_judged_once_each(suite: Suite) -> None:
    """The work for a test does not grow with the number of those that share its fixtures."""
    suite.guard_tool()
    suite.write(
        conftest="""
            import pytest

            def pytest_register_resource_guards(registry):
                registry.register_resource_guard("tool")

            @pytest.fixture(scope="session", autouse=True)
            def shared():
                yield

            def pytest_runtestloop():
                from imbue.resource_guards.lifecycle.accounts import TestAccount

                wait = TestAccount.wait

                def counting(self):
                    counting.calls += 1
                    return wait(self)

                counting.calls = 0
                TestAccount.wait = counting

            def pytest_unconfigure():
                from imbue.resource_guards.lifecycle.accounts import TestAccount

                print("WAITED", TestAccount.wait.calls)
        """,
        test_it="""
            import pytest

            @pytest.mark.parametrize("n", range(300))
            def test_it(n):
                pass
        """,
    )

    outcome = suite.run("-q", "-s")

    assert outcome.counts == {"passed": 300}
    # Once when each test ends, and for all but the last once more when the fixture does.
    assert "WAITED 300" in outcome.output


@pytest.mark.parametrize("workers", [(), ("-n2",)], ids=["one process", "two workers"])
def test_parameters_of_which_some_need_the_mark(suite: Suite, workers: tuple[str, ...]) -> None:
    """When all have run, the summary says which, whether the test has the mark or not."""
    suite.guard_tool()
    suite.write(
        test_it="""
            import subprocess, pytest

            EACH = pytest.mark.parametrize("way", ["with", "without", "with-more"])

            def run(way):
                if "out" not in way:
                    subprocess.run(["tool"])

            @EACH
            def test_unmarked(way): run(way)

            @EACH
            @pytest.mark.tool
            def test_marked(way): run(way)

            @pytest.mark.parametrize(
                "way", [pytest.param("with", marks=pytest.mark.tool), "without"]
            )
            def test_right(way): run(way)

            @pytest.mark.parametrize("n", range(2))
            def test_all_unmarked(n): run("with")

            @pytest.mark.tool
            @pytest.mark.parametrize("n", range(2))
            def test_none(n): pass
        """
    )

    outcome = suite.run(*workers)

    for test in ("unmarked", "marked"):
        sentence = (
            f"test_it.py::test_{test} needs @pytest.mark.tool for some of its parameters only: "
        )
        assert sentence in outcome.output, outcome.output
    lines = [line for line in outcome.output.splitlines() if "parameters only" in line]
    assert len(lines) == 2
    assert all("[with]" in line and "[with-more]" in line for line in lines)
    assert not any("[without]" in line for line in lines)
