"""Reports of what is rare: expected failures, several runs of a test, files that are gone."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from typing import cast

import pytest

from imbue.resource_guards.__main__ import main
from imbue.resource_guards.declare.registry import Registry
from imbue.resource_guards.lifecycle.accounts import FixtureAccount
from imbue.resource_guards.lifecycle.accounts import TestAccount
from imbue.resource_guards.report.evidence import TestRecord
from imbue.resource_guards.report.findings import Findings
from imbue.resource_guards.report.recorder import Recorder
from imbue.resource_guards.scope.scope import Scope
from support.items import COMMAND_ITEMS
from support.suite import Suite


@pytest.fixture
def tool(suite: Suite) -> Suite:
    """A suite whose settings guard two programs."""
    suite.name_guards("tool", "other")
    return suite


def test_expected_failures(tool: Suite) -> None:
    """What passes unexpectedly ran to the end, and is judged; what fails as expected proves nothing."""
    tool.write(
        test_it="""
            import subprocess, pytest

            @pytest.mark.xfail
            def test_xfails():
                raise OSError

            @pytest.mark.xfail
            def test_xpasses():
                subprocess.run(["tool"])

            @pytest.mark.tool
            @pytest.mark.xfail
            def test_superfluous(): pass

            @pytest.mark.tool
            @pytest.mark.xfail
            def test_marked():
                raise OSError
        """
    )

    outcome = tool.run("--resource-guards-report")

    assert "4 tests: 2 failed, 2 xfailed" in outcome.output
    assert outcome["test_xpasses"].says_missing()
    assert outcome["test_superfluous"].says_superfluous()


def test_a_resource_that_no_test_concerns(tool: Suite) -> None:
    """It has a row in the table, and no list of tests with -v."""
    tool.write(
        test_it="""
            import subprocess, pytest

            @pytest.mark.tool
            def test_marked():
                subprocess.run(["tool"])
        """
    )

    outcome = tool.run("--resource-guards-report", "-v")

    _, _, report = outcome.output.partition("1 test: 1 passed")
    lines = [line.strip() for line in report.splitlines()]
    assert "tool" in lines
    assert "other" not in lines
    assert "other " in outcome.output


def test_several_runs_of_the_same_tests(tool: Suite) -> None:
    """Put together, their uses are added up, and each violation is told once."""
    tool.write(
        test_it="""
            import os, subprocess, pytest

            def test_sometimes():
                if "TIMES" in os.environ:
                    for _ in range(int(os.environ["TIMES"])):
                        subprocess.run(["tool"])

            @pytest.mark.other
            def test_always():
                subprocess.run(["other"])
                if "TIMES" in os.environ:
                    subprocess.run(["other", "again"])

            def test_fails():
                assert "TIMES" not in os.environ
        """
    )
    files = [str(tool.path / f"{name}.json") for name in ("plain", "twice", "selected", "all")]
    plain, twice, selected, merged = files
    tool.run(f"--resource-guards-json={plain}")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("TIMES", "2")
        tool.run(f"--resource-guards-json={twice}")
    tool.run(f"--resource-guards-json={selected}", "-k", "always")

    assert main(["merge", twice, plain, selected, "--output", merged]) == 0

    report = json.loads(Path(merged).read_text())
    tests = {each["nodeid"].partition("::")[2]: each for each in report["tests"]}
    assert tests["test_fails"]["outcome"] == "failed"
    sometimes, always = tests["test_sometimes"], tests["test_always"]
    assert sometimes["outcome"] == "passed"
    assert sometimes["used"]["tool"]["count"] == 2
    assert sometimes["violations"] == {"tool": ["missing mark"]}
    assert sometimes["blocked"]
    assert always["used"]["other"]["count"] == 4
    assert always["used"]["other"]["ways"] == {"program": 4}
    assert always["violations"] == {}


def test_a_file_that_is_gone_at_the_end(tool: Suite) -> None:
    """The report has its tests, and the digest of what was imported."""
    tool.write(
        test_it="""
            import pathlib

            def test_it():
                pathlib.Path(__file__).unlink()
        """,
        test_other="def test_other(): pass",
    )

    tool.run("--resource-guards-json=all.json")

    report = json.loads((tool.path / "all.json").read_text())
    assert {each["nodeid"] for each in report["tests"]} == {
        "test_it.py::test_it",
        "test_other.py::test_other",
    }
    assert list(report["sources"]) == ["test_it.py", "test_other.py"]


def test_the_command_does_not_apply_what_cannot_be_trusted(
    tool: Suite, capsys: pytest.CaptureFixture[str]
) -> None:
    """It names the problem of the run, and changes nothing."""
    tool.write(test_it="def test_it(): pass")
    tool.run("--resource-guards-json=all.json")
    report = tool.path / "all.json"
    report.write_text(report.read_text().replace('"problems": []', '"problems": ["a torn record"]'))

    code = main(["fix", str(report), "--root", str(tool.path), "--write"])

    assert code == 2
    assert "is unreliable: a torn record" in capsys.readouterr().err


def test_an_item_that_tells_its_failure_as_text(tool: Suite) -> None:
    """The text stays, below the violation."""
    tool.write(conftest=COMMAND_ITEMS)
    tool.write_files({"test.commands": "the item's own"})

    outcome = tool.run()

    assert "told as text: the item's own" in outcome.output
    assert "without @pytest.mark.tool" in outcome.output
    assert outcome["command"].outcome == "failed"


def test_a_file_of_the_private_directory_that_is_removed(suite: Suite) -> None:
    """The run fails, since a process may have had nowhere to say what it saw."""
    suite.guard_tool()
    suite.write(
        test_it="""
            import glob, os

            def test_removes():
                (health,) = glob.glob(os.environ["TMPDIR"] + "/resource-guards-*/health")
                os.remove(health)
        """
    )

    outcome = suite.run()

    assert outcome.code == pytest.ExitCode.TESTS_FAILED
    assert "was removed while tests ran" in outcome.output


def test_connections_by_path(suite: Suite) -> None:
    """The message has the path of a socket, whether it was given as text or as bytes."""
    suite.write(
        conftest="""
            from imbue.resource_guards.resource_guards import register_connection_guard
            register_connection_guard("engine", lambda address: b"engine" in bytes(address, "ascii")
                if isinstance(address, str) else b"engine" in address)
        """,
        test_it="""
            import socket, pytest

            @pytest.mark.parametrize("path", ["engine.text", b"engine.bytes"])
            def test_unmarked(path):
                with socket.socket(socket.AF_UNIX) as connection:
                    connection.connect(path)

            @pytest.mark.parametrize("path", ["other.text", b"other.bytes"])
            def test_innocent(path):
                with socket.socket(socket.AF_UNIX) as connection, pytest.raises(FileNotFoundError):
                    connection.connect(path)
        """,
    )

    outcome = suite.run()

    assert outcome.counts == {"failed": 2, "passed": 2}, outcome.output
    for name in ("engine.text", "engine.bytes"):
        text = outcome[f"test_unmarked[{name}]"].text
        assert f"needs @pytest.mark.engine: connection to {name}" in text
        assert "at test_it.py:7 (blocked)" in text


def test_a_run_that_breaks_before_a_fixture_is_torn_down(suite: Suite) -> None:
    """The record of a test that depends on the fixture is whole nevertheless."""
    suite.guard_tool()
    suite.write(
        conftest="""
            import pytest

            def pytest_register_resource_guards(registry):
                registry.register_resource_guard("tool")

            @pytest.fixture(scope="session", autouse=True)
            def shared():
                yield

            def pytest_runtest_logfinish(nodeid):
                raise RuntimeError("a broken plugin")
        """,
        test_it="""
            import subprocess, pytest

            @pytest.mark.tool
            def test_it():
                subprocess.run(["tool"], check=True)
        """,
    )

    outcome = suite.run("--resource-guards-json=report.json")

    assert "INTERNALERROR> RuntimeError: a broken plugin" in outcome.output
    report = json.loads((suite.path / "report.json").read_text())
    assert [(each["outcome"], [*each["used"]]) for each in report["tests"]] == [
        ("passed", ["tool"])
    ]


def test_a_fixture_that_is_never_torn_down(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """What a test that waits for it did is in its record when records are asked for."""
    item = request.node
    recorder = Recorder(tmp_path, Registry(), Findings(), 0, is_worker=False)
    recorder.records[item.nodeid] = TestRecord(item.nodeid)
    account = TestAccount(item, Scope(7, item, frozenset()), frozenset())
    account.fixtures = (FixtureAccount(cast(Any, None), account.scope, None),)
    report: Any = SimpleNamespace(nodeid=item.nodeid, when="teardown", outcome="passed", duration=0)
    report.longrepr = None

    recorder.attach(report, account)
    recorder.pytest_runtest_logreport(report)

    assert [each.outcome for each in recorder.all_records()] == ["passed"]
