"""Suites about work that one test hands to a worker, which others use too: who is charged with it.

A worker is a thread, process, loop or task that lives longer than a test. Each way of handing work over is a few
lines of a module, which define ``hand_over``; the tests beside it are always the same, in two orders.
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
import os

class Client:
    def send(self):
        with open({evidence!r}, "a") as evidence:
            evidence.write("sent\\n")

def sent():
    try:
        with open({evidence!r}) as evidence:
            return len(evidence.readlines())
    except FileNotFoundError:
        return 0

TRIED = []

def tried():
    found = list(TRIED)
    TRIED.clear()
    return found

def use():
    TRIED.append(1)
    # Nothing escapes, so that the worker lives on, and the test fails by its verdict alone.
    try:
        Client().send()
    except BaseException:
        pass

def use_for(*_):
    use()

def rest(*_):
    pass
"""

HEAD = """
import asyncio, contextvars, functools, multiprocessing, threading, time
from concurrent import futures
import pytest, sdk

pytestmark = [pytest.mark.filterwarnings("ignore")]

"""

RIGHT = {
    "test_innocent": "passed",
    "test_unmarked": "missing",
    "test_marked": "passed",
    "test_innocent_again": "passed",
    "test_superfluous": "superfluous",
}
"""What is right of each test, in the first order."""

_TESTS = {
    "test_innocent": "rest",
    "test_unmarked": "use",
    "test_marked": "use",
    "test_innocent_again": "rest",
    "test_superfluous": "rest",
}

_LEFT = """
{mark}
{each}{async}def test_leaves({fixtures}):
    {use}
    {await}leave(sdk.use)

{each}{async}def test_innocent({fixtures}):
    before = sdk.sent()
    {await}let_go()
    assert sdk.tried(), "what was left has not run"
    assert sdk.sent() == before + {sent}
"""


def tests_of(way: str, *, is_reversed: bool) -> str:
    """The tests of one way: a marked one starts the worker, or one that uses nothing."""
    names = list(_TESTS)
    if is_reversed:
        names = ["test_marked", "test_innocent", "test_unmarked", "test_superfluous"]
    is_async = "# async" in way
    each = "".join(f"@{found}\n" for found in re.findall(r"^# each: (.*)$", way, re.MULTILINE))
    blocks = [HEAD, textwrap.dedent(way)]
    for name in names:
        mark = "@pytest.mark.sdk\n" if name in ("test_marked", "test_superfluous") else ""
        call = f"hand_over(sdk.{_TESTS[name]})"
        if is_async:
            blocks.append(f"{mark}{each}async def {name}(hand_over):\n    await {call}\n")
        else:
            blocks.append(f"{mark}def {name}(hand_over):\n    {call}\n")
    return "\n".join(blocks)


def files_of(ways: Mapping[str, str], evidence: str) -> dict[str, str]:
    """A suite of all ways, each with a module for each order."""
    files = {"conftest.py": CONFTEST, "sdk.py": SDK.format(evidence=evidence)}
    for at, way in enumerate(ways.values()):
        files[f"test_{at}_forward.py"] = tests_of(way, is_reversed=False)
        files[f"test_{at}_reverse.py"] = tests_of(way, is_reversed=True)
    return files


def left_files_of(left: Mapping[str, str]) -> dict[str, str]:
    """A suite of tests that leave something behind, with the mark and without, and of innocent ones after them."""
    files = {}
    for at, source in enumerate(left.values()):
        words = {"async": "", "await": "", "fixtures": "left" if "def left(" in source else ""}
        each = "".join(
            f"@{found}\n" for found in re.findall(r"^# each: (.*)$", source, re.MULTILINE)
        )
        if "# async" in source:
            words |= {"async": "async ", "await": "await "}
        words["each"] = each
        marked = {
            "mark": "@pytest.mark.sdk",
            "use": "sdk.Client().send(); sdk.tried()",
            "sent": "1",
        }
        unmarked = {"mark": "", "use": "", "sent": "0"}
        for name, more in (("marked", marked), ("unmarked", unmarked)):
            files[f"test_left_{at}_{name}.py"] = (
                HEAD + textwrap.dedent(source) + _LEFT.format(**words, **more)
            )
    return files


def wrong_left(outcome: Outcome, left: Mapping[str, str]) -> dict[str, object]:
    """For each way of leaving something behind that came out wrong, what was said."""
    wrong: dict[str, object] = {}
    for at, way in enumerate(left):
        for name in ("marked", "unmarked"):
            module = f"test_left_{at}_{name}"
            said = {
                test: each.outcome
                for (where, test), each in outcome.cases.items()
                if where == module
            }
            late = f"{module}.py::test_leaves invoked 'sdk' without" in outcome.output
            if set(said.values()) != {"passed"} or late != (name == "unmarked"):
                wrong[f"{way}, {name}"] = (said, "told late" if late else "not told late")
    return wrong


def verdicts(outcome: Outcome, at: int, order: str) -> dict[str, str]:
    """What a run said of the tests of one way."""
    found = {}
    for (module, name), test in outcome.cases.items():
        if module == f"test_{at}_{order}":
            said = test.outcome
            if test.says_missing("sdk"):
                said = "missing"
            elif test.says_superfluous("sdk"):
                said = "superfluous"
            found[name] = said
    return found


def wrong_of(outcome: Outcome, ways: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """For each way that came out wrong, what was said of its tests in place of what is right."""
    wrong: dict[str, dict[str, str]] = {}
    for at, way in enumerate(ways):
        for order in ("forward", "reverse"):
            said = verdicts(outcome, at, order)
            bad = {
                name: f"{said.get(name)} for {right}"
                for name, right in RIGHT.items()
                if said.get(name) != right
                and (name in said or order == "forward" or name != "test_innocent_again")
            }
            if bad:
                wrong[f"{way}, {order}"] = bad
    return wrong


def run_ways(
    suite: Suite, ways: Mapping[str, str], *arguments: str, plugins: tuple[str, ...] = ()
) -> Outcome:
    """Run all ways in one suite."""
    suite.write_files(files_of(ways, str(suite.path / "sdk.evidence")))
    return suite.run(*arguments, plugins=plugins)
