"""The report of a run: the table, the JSON file with its schema, JUnit, and annotations."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from importlib import resources
from typing import Any

import jsonschema
import pytest

from support.suite import WORKERS
from support.suite import Suite

SCHEMA = json.loads(
    (resources.files("imbue.resource_guards") / "report" / "schema.json").read_text()
)

SDK = """
class Client:
    def send(self): pass
"""

TESTS = """
    import os, subprocess, sys, pytest, sdk

    pytestmark = []

    def test_unmarked():
        subprocess.run(["tool", "a"])

    @pytest.mark.tool
    def test_marked(shared):
        subprocess.run(["tool", "b"])
        subprocess.run(["tool", "c"])

    @pytest.mark.sdk
    @pytest.mark.tool
    def test_both():
        sdk.Client().send()
        subprocess.run([sys.executable, "-c", "import sdk; sdk.Client().send()"], check=True)

    @pytest.mark.tool
    class TestA:
        def test_superfluous(self):
            pass

        @pytest.mark.parametrize(("x", "y"), [(0, 1), pytest.param(2, 3, marks=pytest.mark.sdk)])
        def test_parameters(self, x, y):
            subprocess.run(["tool"])
            if x:
                sdk.Client().send()

    def test_skipped():
        pytest.skip("why not")

    def test_failing():
        raise OSError

    def test_deselected():
        pass

    @pytest.fixture(scope="module")
    def shared():
        yield
        subprocess.run(["tool", "d"])
"""


@pytest.fixture
def reported(suite: Suite) -> Suite:
    """A suite with a bit of everything."""
    suite.tool()
    suite.write_files({"sdk.py": SDK, "pytest.ini": "[pytest]\npythonpath = .\n"})
    suite.write(
        conftest="""
            def pytest_register_resource_guards(registry):
                registry.register_resource_guard("tool")
                registry.register_sdk_guard("sdk", targets=["sdk:Client.send"])
        """,
        test_it=TESTS,
    )
    return suite


def read_json(suite: Suite) -> dict[str, Any]:
    """The report that a run has written, when it has been checked against the schema."""
    data: dict[str, Any] = json.loads((suite.path / "out/report.json").read_text())
    jsonschema.validate(data, SCHEMA)
    return data


REPORT = ("--resource-guards-report", "--resource-guards-json=out/report.json")


@WORKERS
def test_the_table(reported: Suite, workers: tuple[str, ...]) -> None:
    """A row for each resource, 80 columns wide, and the same from several workers."""
    outcome = reported.run(*REPORT, "-k", "not deselected", *workers)

    table = outcome.output.partition("guards: report")[2]
    assert re.search(
        r"resource +marked +used +programs +SDK +conn\. +child +missing +superf", table
    )
    # Marked: test_marked, test_both, TestA's three. Used: unmarked, marked, parameters twice.
    # Each is a number of tests, however often one of them has used it.
    assert re.search(r"tool +5 +4 +4 +0 +0 +0 +1 +2\n", table), table
    assert re.search(r"sdk +2 +2 +0 +2 +0 +1 +0 +0\n", table), table
    assert "8 tests: " not in table
    assert re.search(r"9 tests: (1 deselected, )?4 failed, 3 passed, 1 skipped", table), table
    assert all(len(line) <= 80 for line in table.splitlines()[:6])


def test_the_tests_with_v(reported: Suite) -> None:
    """With -v each test that declares or uses a resource."""
    outcome = reported.run(*REPORT, "-v")

    table = outcome.output.partition("guards: report")[2]
    assert "test_it.py::test_unmarked: passed, unmarked, used once - missing mark" in table
    assert "test_it.py::test_marked: passed, marked, used 3 times\n" in table
    assert (
        "test_it.py::TestA::test_superfluous: passed, marked, not used - superfluous mark" in table
    )


@WORKERS
def test_the_file(reported: Suite, workers: tuple[str, ...]) -> None:
    """Each test with its marks, uses and place, by the schema; the same from several workers."""
    reported.run(*REPORT, "-k", "not deselected", *workers)

    data = read_json(reported)
    tests = {test["nodeid"].rpartition("::")[2]: test for test in data["tests"]}
    assert data["resources"] == [{"mark": "tool", "name": "tool"}, {"mark": "sdk", "name": "sdk"}]
    assert list(data["sources"]) == ["test_it.py"]
    assert [name for name, test in tests.items() if test["outcome"] == "deselected"] == [
        "test_deselected"
    ]
    assert tests["test_skipped"]["outcome"] == "skipped"
    assert tests["test_failing"]["outcome"] == "failed"
    assert tests["test_unmarked"]["outcome"] == "passed"  # its own, guards left aside
    assert tests["test_unmarked"]["violations"] == {"tool": ["missing mark"]}
    use = tests["test_unmarked"]["used"]["tool"]["uses"][0]
    assert use["what"] == "tool a"
    assert use["where"] == "test_it.py:7"
    assert {each["fixture"] for each in tests["test_marked"]["used"]["tool"]["uses"]} == {
        None,
        "shared",
    }
    assert tests["test_both"]["used"]["sdk"]["ways"] == {"sdk": 2, "child": 1}
    second = tests["test_parameters[2-3]"]
    assert second["parameters"] == {"x": 1, "y": 1}
    assert second["axes"][0]["argnames"] == ["x", "y"]
    assert sorted((each["resource"], each["level"]) for each in second["declared"]) == [
        ("sdk", "param"),
        ("tool", "class"),
    ]
    assert second["source"]["qualname"] == "TestA.test_parameters"
    assert all(test["finished"] for test in data["tests"])


def test_junit(reported: Suite) -> None:
    """A property for each resource that a test used."""
    junit = reported.path / "own.xml"
    reported.run(f"--junitxml={junit}")

    found = {
        case.get("name"): [each.get("value") for each in case.iter("property")]
        for case in ET.parse(junit).getroot().iter("testcase")  # noqa: S314 - pytest has written it
    }
    assert found["test_both"] == ["sdk"]
    assert found["test_unmarked"] == ["tool"]
    assert found["test_parameters[2-3]"] == ["sdk", "tool"]
    assert found["test_superfluous"] == []


@WORKERS
def test_a_run_that_stops_early(reported: Suite, workers: tuple[str, ...]) -> None:
    """With -x the report says what did not run."""
    reported.run(*REPORT, "-x", *workers)

    outcomes = [test["outcome"] for test in read_json(reported)["tests"]]
    assert len(outcomes) == 9
    assert "not run" in outcomes


def test_a_worker_that_crashes(reported: Suite) -> None:
    """Its test is told as crashed, and what other tests did is kept."""
    reported.write(
        test_crash="""
            import os, subprocess

            def test_0_before():
                subprocess.run(["tool"])

            def test_1_crashes():
                os._exit(1)
        """
    )

    outcome = reported.run(*REPORT, "-n1", "--resource-guards=warn", "test_crash.py")

    tests = {test["nodeid"]: test for test in read_json(reported)["tests"]}
    assert tests["test_crash.py::test_1_crashes"]["outcome"] == "crashed", outcome.output
    assert tests["test_crash.py::test_0_before"]["used"]["tool"]["count"] == 1


def test_a_file_that_cannot_be_written(reported: Suite) -> None:
    """The run fails and says that the report is lost."""
    reported.write_files({"file": ""})

    outcome = reported.run("--resource-guards-json=file/report.json", "-k", "skipped")

    assert outcome.code == pytest.ExitCode.TESTS_FAILED
    assert "cannot be written" in outcome.output
    assert "The report is lost" in outcome.output


def test_annotations(reported: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    """A violation that is a test's failure is annotated at the test's line on GitHub."""
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.delenv("GITHUB_WORKSPACE", raising=False)

    outcome = reported.run(plugins=("pytest_github_actions_annotate_failures",))

    annotations = [line for line in outcome.output.splitlines() if line.startswith("::error")]
    assert any(
        "file=test_it.py,line=6" in line and "needs @pytest.mark.tool: ran tool" in line
        for line in annotations
    ), annotations
    source = (reported.path / "test_it.py").read_text().splitlines()
    place = f"line={source.index('    def test_superfluous(self):') + 1}:"
    fact = "@pytest.mark.tool is not needed: tool was not used"
    assert any(place in line and fact in line for line in annotations), annotations


@WORKERS
@pytest.mark.parametrize(
    "option",
    ["--resource-guards-report", "--resource-guards-json=a.json", "--resource-guards-fix=diff"],
)
@pytest.mark.parametrize("why", ["nothing is guarded", "resource guards are off"])
def test_a_report_of_nothing(suite: Suite, option: str, why: str, workers: tuple[str, ...]) -> None:
    """Asking for one is an error, rather than a table that says nothing."""
    suite.write(test_it="def test_it(): pass")
    if why == "resource guards are off":
        suite.guard_tool()
        workers = (*workers, "--resource-guards=off")

    outcome = suite.run(option, *workers)

    assert outcome.code != 0, outcome.output
    assert why in outcome.output, outcome.output
    assert not (suite.path / "a.json").exists()


def test_starts_in_a_child_python_are_counted_as_here(suite: Suite) -> None:
    """Each counts, whichever Python of the run starts the program."""
    suite.name_guards("tool")
    suite.write(
        test_it="""
            import subprocess, sys, pytest

            CODE = "import subprocess; [subprocess.run(['tool', str(n)]) for n in range(3)]"

            @pytest.mark.tool
            def test_here():
                exec(CODE)

            @pytest.mark.tool
            def test_in_a_child():
                subprocess.run([sys.executable, "-c", CODE], check=True)
        """
    )

    suite.run("--resource-guards-json=report.json")

    tests = json.loads((suite.path / "report.json").read_text())["tests"]
    assert [test["used"]["tool"]["count"] for test in tests] == [3, 3]
