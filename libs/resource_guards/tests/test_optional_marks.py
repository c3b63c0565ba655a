"""Marks of tests that use a resource only at times."""

from __future__ import annotations

import pytest

from support.suite import WORKERS
from support.suite import Suite

SOMETIMES = """
    import os, subprocess, pytest

    @pytest.mark.tool(optional=True)
    def test_does_not(): pass

    @pytest.mark.tool(optional=True)
    def test_does(): subprocess.run(["tool"], check=True)

    @pytest.mark.tool
    class TestClass:
        @pytest.mark.tool(optional=True)
        def test_closest(self): pass

    @pytest.mark.tool(optional=True)
    class TestOther:
        @pytest.mark.tool
        def test_superfluous(self): pass
        def test_inherited(self): pass
"""


@WORKERS
def test_optional(suite: Suite, workers: tuple[str, ...]) -> None:
    """It may use the resource and need not; the closest mark counts; `-m` selects it."""
    suite.guard_tool()
    suite.write(test_it=SOMETIMES)

    outcome = suite.run("-m", "tool", *workers)

    assert outcome["test_superfluous"].says_superfluous()
    del outcome.tests["test_superfluous"]
    assert outcome.counts == {"passed": 4, "failed": 1}, outcome.output


@WORKERS
@pytest.mark.parametrize(
    "arguments", ["'why'", "optional=False", "reason='x'", "optional=1", "True"]
)
def test_other_arguments(suite: Suite, workers: tuple[str, ...], arguments: str) -> None:
    """They are an error that names the test, and what can be written."""
    suite.guard_tool()
    suite.write(
        test_it=f"""
            import pytest

            @pytest.mark.tool({arguments})
            def test_it(): pass
        """
    )

    outcome = suite.run(*workers)

    assert outcome.code != 0
    assert f"test_it.py::test_it: @pytest.mark.tool({arguments}): the mark of" in outcome.output
    assert outcome.tests == {}
    assert (
        "or @pytest.mark.tool(optional=True) if the test uses it only sometimes" in outcome.output
    )


def test_the_fix_keeps_optional_marks(suite: Suite) -> None:
    """Used or not."""
    suite.guard_tool()
    suite.write(test_it=SOMETIMES)

    before = (suite.path / "test_it.py").read_text()

    outcome = suite.run("--resource-guards-fix=write")

    assert (suite.path / "test_it.py").read_text() == before
    assert "TestOther::test_superfluous: it did not use tool: remove its own" in outcome.output


def test_arguments_of_marks_that_cannot_be_compared(suite: Suite) -> None:
    """As arrays cannot, of which each element would be: marks that were exchanged for others are read again."""
    suite.guard_tool()
    with (suite.path / "conftest.py").open("a") as conftest:
        conftest.write("""
import pytest

class Array:
    __hash__ = None

    def __eq__(self, other):
        raise ValueError("ambiguous")

def pytest_runtest_setup(item):
    for node in item.listchain():
        node.own_markers[:] = [
            pytest.Mark("data", (Array(),), {}, _ispytest=True) if each.name == "data" else each
            for each in node.own_markers
        ]
""")
    suite.write(
        test_it="""
            import subprocess
            import pytest
            from conftest import Array

            @pytest.mark.data(Array())
            @pytest.mark.tool
            def test_it(): subprocess.run(["tool"])

            @pytest.mark.data(Array())
            @pytest.mark.tool
            class TestThem:
                def test_one(self): subprocess.run(["tool"])

                def test_another(self): subprocess.run(["tool"])
        """
    )

    outcome = suite.run()

    assert outcome.counts == {"passed": 3}, outcome.output
