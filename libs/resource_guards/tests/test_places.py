"""A message names the line to add or to remove."""

from __future__ import annotations

import subprocess
import sys

import pytest

from imbue.resource_guards.kinds import ViolationKind
from imbue.resource_guards.messages.explanations import TOPICS
from imbue.resource_guards.report.places import line_of
from support.suite import Suite

SUITE = """
import subprocess
import pytest
from imbue.resource_guards.resource_guards import fixture_uses_resources
from pytest import mark

tool = mark.tool


@pytest.fixture
@fixture_uses_resources("tool")
def idle():
    pass


@mark.parametrize("value", [1])
def test_missing(value):
    subprocess.run(["tool"])


@mark.parametrize("value", [1])
@tool
def test_alias(value):
    pass


class TestMethods:
    pytestmark = [
        mark.skipif(False, reason="never"),
        pytest.mark.tool,
    ]

    def test_method(self):
        pass


@mark.parametrize("value", [pytest.param(1, marks=mark.tool), 2])
def test_value(value):
    pass


def test_idle(idle):
    pass
"""

PYTESTMARK = """
import pytest

pytestmark = [pytest.mark.tool]

def test_it():
    pass
"""


@pytest.mark.parametrize("workers", [(), ("-n2",)], ids=["one process", "two workers"])
def test_the_place_is_told(suite: Suite, workers: tuple[str, ...]) -> None:
    """Of functions, aliases, classes, parameters, modules and fixtures, relative to the root."""
    suite.guard_tool()
    suite.write(test_it=SUITE, test_module=PYTESTMARK)

    said = suite.run(*workers).output

    lines = SUITE.splitlines()
    for fix, source in {
        "add @pytest.mark.tool above": '@mark.parametrize("value", [1])',
        "remove it from the test, at": "@tool",
        "remove it from class TestMethods, at": "        pytest.mark.tool,",
        "remove it from this parameter of the test, at": (
            '@mark.parametrize("value", [pytest.param(1, marks=mark.tool), 2])'
        ),
        "remove 'tool' from its @fixture_uses_resources at": '@fixture_uses_resources("tool")',
    }.items():
        assert f"Fix: {fix} test_it.py:{lines.index(source) + 1}" in said, said
    assert "from pytestmark of the module, at test_module.py:4 (or move it" in said, said


@pytest.mark.parametrize(
    ("source", "level", "qualname", "line"),
    [
        ("@a\n@m.git\ndef f(): ...", "function", "f", 2),
        ("@a\n@m.git\ndef f(): ...", "function", "g", 0),
        ("@m.git\n@m.git\ndef f(): ...", "function", "f", 0),
        ("if 1:\n  @m.git\n  def f(): ...", "function", "f", 2),
        ("try: pass\nexcept E:\n  @m.git\n  def f(): ...", "function", "f", 3),
        ("class A:\n class B:\n  @m.git\n  async def f(self): ...", "function", "A.B.f", 3),
        ("@p('v', [param(1,\n marks=m.git)])\ndef f(v): ...", "param", "f", 2),
        ("@m.git()\nclass A: ...", "class", "A", 1),
        ("class A:\n pytestmark: list = [m.git]", "class", "A", 2),
        ("pytestmark = []\npytestmark += [m.git]", "module", "", 2),
        ("x = m.git", "module", "", 0),
        ("pytestmark: list", "module", "", 0),
        ("def f(:", "function", "f", 0),
        ("\0", "function", "f", 0),
    ],
)
def test_the_line_of_a_mark(source: str, level: str, qualname: str, line: int) -> None:
    """It is found on what it stands on; 0 where there is none, or more than one."""
    assert line_of(source, level, qualname, "git") == line


def test_the_line_of_one_of_two_definitions() -> None:
    """The line that the definition begins at tells them apart; the last one counts otherwise."""
    source = "@m.git\ndef f(): ...\n\n@m.git\ndef f(): ..."

    assert line_of(source, "function", "f", "git", near=1) == 1
    assert line_of(source, "function", "f", "git") == 4


def explain(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command."""
    return subprocess.run(
        [sys.executable, "-m", "imbue.resource_guards", "explain", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("kind", ViolationKind)
def test_each_kind_is_explained(kind: ViolationKind) -> None:
    """The command that messages name says more, in lines that a terminal can show."""
    done = explain(TOPICS[kind])

    assert done.returncode == 0
    assert "What to do" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 110


def test_all_kinds_are_explained_at_once() -> None:
    """With ``all``, each has its text; with an unknown kind, an error says how to list them."""
    done = explain("all")
    assert all(f"{topic}\n\n" in done.stdout for topic in TOPICS.values())

    wrong = explain("colours")
    assert wrong.returncode == 2
    assert "'colours'" in wrong.stderr
    assert "python -m imbue.resource_guards explain lists all." in wrong.stderr


def test_what_a_blocked_call_says(suite: Suite) -> None:
    """The place below the root directory; of a fixture, what it is; of parameters, those alone."""
    suite.write(
        conftest="""
            from imbue.resource_guards.resource_guards import register_sdk_guard

            register_sdk_guard("sdk", targets=["sdk:send"])
        """,
        sdk="def send(): pass",
        test_it="""
            import pytest, sdk

            @pytest.fixture(scope="module")
            def shared():
                sdk.send()

            def test_shared(shared):
                pass

            @pytest.mark.parametrize("uses", [True, False])
            def test_some(uses):
                if uses:
                    sdk.send()
        """,
    )

    outcome = suite.run("-opythonpath=.")

    shared = outcome["test_shared"].text
    assert "needs @pytest.mark.sdk for fixture 'shared': called sdk:send" in shared
    assert "Fixture 'shared', which the test depends on, used 'sdk' without" in shared
    assert "pytest_fixture_setup" not in shared
    some = outcome["test_some[True]"].text
    assert "Test invoked 'sdk' without @pytest.mark.sdk" in some
    assert outcome["test_some[False]"].outcome == "passed"


def test_parameters_that_need_the_mark(suite: Suite) -> None:
    """The fix names the test, and what to write if only some of its parameters need the mark."""
    suite.guard_tool()
    suite.write(
        test_it="""
            import subprocess, pytest

            @pytest.mark.parametrize("uses", [True, False])
            def test_it(uses):
                if uses:
                    subprocess.run(["tool"])
        """
    )

    text = suite.run()["test_it[True]"].text

    assert "Test invoked 'tool' without @pytest.mark.tool at test_it.py:7 (blocked)" in text
    assert (
        "Fix: add marks=pytest.mark.tool to its pytest.param in parametrize, or, if all of its parameters need it, "
        "add @pytest.mark.tool above test_it.py:4, or do not use tool in it."
    ) in text
