"""What a report of a missing mark advises: what can carry the mark, by what is known of the test."""

from __future__ import annotations

import pytest

from support.suite import Suite

HEADER = """\
import subprocess

import pytest

"""

LAMBDA = 'test_it = lambda: subprocess.run(["tool"]) and None\n'
MADE = """\
def made():
    def test():
        subprocess.run(["tool"])
    return test

test_it = made()
"""
HIDDEN = """\
def plain(function):
    return lambda: function()

@plain
def test_it():
    subprocess.run(["tool"])
"""
NOWHERE = "exec('def test_it(): subprocess.run([\"tool\"])')\n"

BASE = """
    import subprocess

    class Base:
        def test_it(self):
            subprocess.run(["tool"])

        test_lambda = lambda self: subprocess.run(["tool"]) and None
"""
HEIR = """\
from base import Base

class TestIt(Base):
    test_lambda = None
"""
HEIR_OF_LAMBDA = """\
from base import Base

class TestIt(Base):
    test_it = None
"""
MADE_HEIR = """\
import base

TestIt = type("TestIt", (base.Base,), {})
"""
TAKEN_OVER = """\
from base import Base

class TestIt:
    test_it = Base.test_it
"""

BY_MARK = """\
@pytest.mark.parametrize("word", ["", "up"])
def test_it(word):
    word and subprocess.run(["tool"])
"""
BY_FIXTURE = """\
@pytest.fixture(params=["", "up"])
def word(request):
    return request.param

def test_it(word):
    word and subprocess.run(["tool"])
"""
BY_HOOK = """\
def pytest_generate_tests(metafunc):
    metafunc.parametrize("word", ["", "up"])

def test_it(word):
    word and subprocess.run(["tool"])
"""
ONE_SET = """\
@pytest.fixture(params=["", "up"])
def word(request):
    return request.param

@pytest.fixture(params=[1])
def number(request):
    return request.param

@pytest.mark.parametrize("word", ["up"], indirect=True)
@pytest.mark.parametrize("other", ["up"])
def test_it(word, number, other):
    word and subprocess.run(["tool"])
"""
TWO_WAYS = """\
@pytest.fixture(params=["", "up"])
def word(request):
    return request.param

class TestIt:
    pytestmark = pytest.mark.parametrize(("a", "b"), ((1, 2), (3, 4)))

    def test_it(self, word, a, b):
        word and subprocess.run(["tool"])
"""
HEIR_WITH_PARAMETERS = """\
class Base:
    @pytest.mark.parametrize("word", ["", "up"])
    def test_it(self, word):
        word and subprocess.run(["tool"])

class TestIt(Base):
    pass
"""

MARK = "@pytest.mark.tool"
AT_HEIR = f"add {MARK} to class TestIt at test_it.py"
TO_HEIR = "which inherits the test, or, if all classes that inherit it need it,"
PARAM = "add marks=pytest.mark.tool to its pytest.param in"
IF_ALL = "or, if all of its parameters need it,"
FOR_ALL = f"{IF_ALL} add {MARK}"
WORD = "the params of fixture 'word' at test_it.py:5"


@pytest.fixture
def tool(suite: Suite) -> Suite:
    """A suite whose settings guard a program."""
    suite.name_guards("tool")
    return suite


def check(suite: Suite, source: str, advised: str) -> None:
    """The report of a module's first test that lacks the mark advises this."""
    suite.write(base=BASE, test_it=HEADER + source)
    text = next(each.text for each in suite.run().tests.values() if each.says_missing())
    said = text.partition("Fix: ")[2].partition("\n")[0]
    assert said == f"{advised}, or do not use tool in it."


@pytest.mark.parametrize(
    ("source", "advised"),
    [
        (LAMBDA, f"rewrite the lambda at test_it.py:5 as a def, and add {MARK} above it"),
        (MADE, "wrap the assigned value at test_it.py:10 in pytest.mark.tool(...)"),
        (HIDDEN, f"add {MARK} above test_it.py:8"),
        (NOWHERE, f"add {MARK} to the test"),
    ],
    ids=["a lambda", "another value", "behind a decorator", "in no file"],
)
def test_how_a_test_is_defined(tool: Suite, source: str, advised: str) -> None:
    """A decorator is advised where one can stand, and the line where it is known."""
    check(tool, source, advised)


@pytest.mark.parametrize(
    ("source", "advised"),
    [
        (HEIR, f"{AT_HEIR}:7, {TO_HEIR} add {MARK} above base.py:5"),
        (
            HEIR_OF_LAMBDA,
            f"{AT_HEIR}:7, {TO_HEIR} rewrite the lambda at base.py:8 as a def, and add {MARK} above it",
        ),
        (MADE_HEIR, f"add {MARK} to class TestIt, {TO_HEIR} add {MARK} above base.py:5"),
        (TAKEN_OVER, f"add {MARK} above base.py:5"),
    ],
    ids=["inherited", "a lambda", "by a class that is made", "taken over"],
)
def test_an_inherited_test(tool: Suite, source: str, advised: str) -> None:
    """The class that inherits it comes first: others that do may not need the mark."""
    check(tool, source, advised)


@pytest.mark.parametrize(
    ("source", "advised"),
    [
        (BY_MARK, f"{PARAM} parametrize, {FOR_ALL} above test_it.py:5"),
        (BY_FIXTURE, f"{PARAM} {WORD}, {FOR_ALL} above test_it.py:9"),
        (BY_HOOK, f"{PARAM} pytest_generate_tests, {FOR_ALL} above test_it.py:8"),
        (ONE_SET, f"add {MARK} above test_it.py:13"),
        (TWO_WAYS, f"{PARAM} parametrize or in {WORD}, {FOR_ALL} above test_it.py:12"),
        (
            HEIR_WITH_PARAMETERS,
            f"{PARAM} parametrize, {IF_ALL} {AT_HEIR}:10, {TO_HEIR} add {MARK} above test_it.py:6",
        ),
    ],
    ids=["by a mark", "by a fixture", "by a hook", "of one set", "by two ways", "inherited"],
)
def test_a_parametrised_test(tool: Suite, source: str, advised: str) -> None:
    """A set of parameters comes first, where it is made, and what is right for all of them next."""
    check(tool, source, advised)


def test_what_is_advised_for_a_value_works(tool: Suite) -> None:
    """A function that is made has the mark that is put around it."""
    tool.write(
        test_it=HEADER + MADE.replace("test_it = made()", "test_it = pytest.mark.tool(made())")
    )

    assert tool.run().outcomes == {"test_it": "passed"}
