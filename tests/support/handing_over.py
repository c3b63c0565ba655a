"""Suites about work that one test hands to a worker, which others use too: who is charged with it.

A worker is a thread, process, loop or task that lives longer than a test. A *way* of handing work over is a few
lines of a module that define a fixture ``hand_over``: a function that has another called by the worker, and
waits. The tests beside it are always the same, in two orders. A way of *leaving* work behind defines ``leave``, which
arranges for a function to be called, and ``let_go``, which another test calls to have that happen.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping

from support.suite import Outcome
from support.suite import Suite

CONFTEST = """
def pytest_register_resource_guards(registry):
    registry.register_sdk_guard("sdk", targets=["sdk:Client.send"])
"""

SDK = """
import os, pathlib

EVIDENCE = pathlib.Path({evidence!r} + os.environ.get("PYTEST_XDIST_WORKER", ""))
TRIED = []

class Client:
    def send(self):
        with EVIDENCE.open("a") as evidence:
            evidence.write("sent\\n")

def use(*_):
    TRIED.append(True)
    # Nothing escapes, so that the worker lives on, and the test fails by its verdict alone.
    try:
        Client().send()
    except BaseException:
        pass

def rest(*_):
    pass

def tried():
    return TRIED

def called(name):
    return {{"use": use, "rest": rest}}[name]()

def sent():
    return EVIDENCE.read_text().count("sent") if EVIDENCE.exists() else 0
"""

HEAD = """
import asyncio, contextvars, functools, multiprocessing, random, socket, threading, time
from concurrent import futures
from multiprocessing.pool import ThreadPool
import pytest, sdk

pytestmark = [pytest.mark.filterwarnings("ignore")]

def wait_for(event):
    assert event.wait(30)

async def acall(function):
    function()
"""

FORWARD = {
    "test_innocent": ("rest", "passed"),
    "test_unmarked": ("use", "missing"),
    "test_marked": ("use", "passed"),
    "test_innocent_again": ("rest", "passed"),
    "test_superfluous": ("rest", "superfluous"),
}
"""The tests of a way: what each hands over, and what is right of it. One that uses nothing starts the worker."""

REVERSE = {
    name: FORWARD[name]
    for name in ("test_marked", "test_innocent", "test_unmarked", "test_superfluous")
}
"""The same where one that uses the resource starts the worker."""

_ORDERS = {"forward": FORWARD, "reverse": REVERSE}

_MARKED = ("test_marked", "test_superfluous")

_LEFT = """
{mark}{each}{kind}def test_leaves({fixtures}):
    {use}
    {wait}leave(sdk.use)

{each}{kind}def test_innocent({fixtures}):
    before = sdk.sent()
    {wait}let_go()
    assert sdk.TRIED.pop(), "what was left has not run"
    assert sdk.sent() == before + {sent}
"""

_FORMS = {
    "marked": {"mark": "@pytest.mark.sdk\n", "use": "sdk.Client().send()", "sent": 1},
    "unmarked": {"mark": "", "use": "pass", "sent": 0},
}


def fixture(body: str) -> str:
    """A way whose fixture lives as long as its module, from the body of that."""
    head = '@pytest.fixture(scope="module")\ndef hand_over():\n'
    return head + textwrap.indent(textwrap.dedent(body).strip("\n"), "    ")


def run_ways(
    suite: Suite,
    ways: Mapping[str, str],
    left: Mapping[str, str] | None = None,
    *arguments: str,
    plugins: tuple[str, ...] = (),
) -> dict[str, object]:
    """Run all ways in one suite.

    Returns:
        For each that came out wrong, what was said of its tests.
    """
    left = left or {}
    files = {"conftest.py": CONFTEST, "sdk.py": SDK.format(evidence=str(suite.path / "evidence"))}
    for at, way in enumerate(ways.values()):
        for order, tests in _ORDERS.items():
            files[f"test_{at}_{order}.py"] = _handing_over(way, tests)
    for at, way in enumerate(left.values()):
        for form, words in _FORMS.items():
            files[f"test_left_{at}_{form}.py"] = _leaving(way, words)
    suite.be_nobodys_child()
    suite.write_files(files)
    outcome = suite.run("--tb=short", *arguments, plugins=plugins)
    return {**_wrongly_handed_over(outcome, ways), **_wrongly_left(outcome, left)}


def _each(way: str) -> tuple[str, str, str]:
    """What stands before each test of a way, whether it is a coroutine, and what it waits by."""
    decorators = re.findall(r"^# each: (.*)$", way, re.MULTILINE)
    kinds = {
        "# async": ("async ", "await "),
        "# generator": ("", "yield "),
        "# returning": ("", "return "),
    }
    kind, wait = next((kinds[each] for each in kinds if each in way), ("", ""))
    return "".join(f"@{each}\n" for each in decorators), kind, wait


def _handing_over(way: str, tests: Mapping[str, tuple[str, str]]) -> str:
    each, kind, wait = _each(way)
    blocks = [HEAD, textwrap.dedent(way)]
    for name, (function, _) in tests.items():
        mark = "@pytest.mark.sdk\n" if name in _MARKED else ""
        head = f"{mark}{each}{kind}def {name}(hand_over):"
        blocks.append(f"{head}\n    {wait}hand_over(sdk.{function})\n")
    return "\n".join(blocks)


def _leaving(way: str, words: Mapping[str, object]) -> str:
    each, kind, wait = _each(way)
    tests = _LEFT.format(
        **words,
        each=each,
        kind=kind,
        wait=wait,
        fixtures="left" if "def left(" in way else "",
    )
    return f"{HEAD}{textwrap.dedent(way)}{tests}"


def _said(outcome: Outcome, module: str) -> dict[str, str]:
    said = {}
    for (where, name), test in outcome.cases.items():
        if where == module:
            said[name] = test.outcome
            if test.says_missing("sdk"):
                said[name] = "missing"
            elif test.says_superfluous("sdk"):
                said[name] = "superfluous"
    return said


def _wrongly_handed_over(outcome: Outcome, ways: Mapping[str, str]) -> dict[str, object]:
    wrong: dict[str, object] = {}
    for at, way in enumerate(ways):
        for order, tests in _ORDERS.items():
            said = _said(outcome, f"test_{at}_{order}")
            right = {name: verdict for name, (_, verdict) in tests.items()}
            if said != right:
                wrong[f"{way}, {order}"] = said or outcome.output[-2000:]
    return wrong


def _wrongly_left(outcome: Outcome, left: Mapping[str, str]) -> dict[str, object]:
    wrong: dict[str, object] = {}
    for at, way in enumerate(left):
        for form in _FORMS:
            module = f"test_left_{at}_{form}"
            said = _said(outcome, module)
            # Nobody waits for it: the run fails, and names the test that has left it.
            is_told = f"{module}.py::test_leaves used 'sdk' without" in outcome.output
            if set(said.values()) != {"passed"} or is_told != (form == "unmarked"):
                wrong[f"{way}, left, {form}"] = said, "told" if is_told else "not told"
    return wrong
