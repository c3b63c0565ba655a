"""Where there is much to tell, the first of it is told, and how much more there is."""

from __future__ import annotations

import pytest

from support.suite import Suite

LATE = """
import pathlib, subprocess, time, pytest

def wait_for(name):
    deadline = time.monotonic() + 10
    while not pathlib.Path(name).exists() and time.monotonic() < deadline:
        time.sleep(0.01)

@pytest.mark.tool
def test_starts_it():
    subprocess.run(["tool", "now"], check=True)
    late = "while ! [ -e go ]; do sleep 0.01; done; tool late; touch done"
    subprocess.Popen(["sh", "-c", late])

def test_next():
    pathlib.Path("go").touch()
    wait_for("done")
"""


@pytest.fixture
def tool(suite: Suite) -> Suite:
    """A suite whose settings guard a program."""
    suite.name_guards("tool")
    return suite


def test_uses_of_a_test(tool: Suite) -> None:
    """The first of its uses is shown, and the others counted."""
    tool.write(
        test_it="""
            import subprocess

            def test_unmarked():
                for number in range(7):
                    subprocess.run(["tool", f"number-{number}"])
        """
    )

    text = tool.run()["test_unmarked"].text

    assert "needs @pytest.mark.tool: ran tool number-0\n" in text
    assert "number-1" not in text
    assert " (blocked), and 6 more times\n" in text


def test_uses_in_collection(tool: Suite) -> None:
    """The same of what is used while tests are collected."""
    tool.write(
        test_it="""
            import subprocess

            for number in range(8):
                subprocess.run(["tool", f"number-{number}"])

            def test_it():
                pass
        """
    )

    outcome = tool.run()

    assert "tool number-4" in outcome.output
    assert "tool number-5" not in outcome.output
    assert "; and 3 more" in outcome.output


def test_parameters(tool: Suite) -> None:
    """Twenty parameters that need the mark are named, and the others counted."""
    tool.write(
        test_it="""
            import subprocess, pytest

            @pytest.mark.parametrize("number", range(25))
            def test_it(number):
                if number < 23:
                    subprocess.run(["tool"])
        """
    )

    outcome = tool.run()

    (line,) = [line for line in outcome.output.splitlines() if "some of its parameters" in line]
    assert "[0], [1]" in line
    assert "[19] and 3 more" in line


def test_tests_that_a_fix_leaves_alone(tool: Suite) -> None:
    """Ten are listed, and with -v all."""
    tool.write(
        test_it="""
            import pytest

            @pytest.mark.parametrize("number", range(12))
            def test_it(number):
                pytest.skip("why not")
        """
    )

    short = tool.run("--resource-guards-fix=diff").output
    whole = tool.run("--resource-guards-fix=diff", "-v").output

    assert "  test_it.py::test_it[7]\n  and 2 more (-v shows them)\n" in short
    assert "  test_it.py::test_it[8]\n" not in short
    assert "  test_it.py::test_it[9]\n" in whole
    assert "more (-v" not in whole


def test_late_uses_in_the_table(tool: Suite) -> None:
    """The table counts what was used by processes that had outlived their tests."""
    tool.write(test_it=LATE)

    outcome = tool.run("--resource-guards-report")

    assert outcome.counts == {"passed": 2}
    assert "1 late use, by processes or threads that tests left running" in outcome.output
