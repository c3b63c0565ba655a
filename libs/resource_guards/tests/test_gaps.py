"""Runs that were not whole: a file that could not be collected, a run that was broken off."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from imbue.resource_guards.report.comparing import compare
from imbue.resource_guards.report.document import Document
from imbue.resource_guards.report.evidence import TestRecord
from imbue.resource_guards.report.evidence import UsedResource
from imbue.resource_guards.report.gaps import Gap
from imbue.resource_guards.report.markdown import markdown
from imbue.resource_guards.report.merging import merge_documents
from imbue.resource_guards.report.page.writer import page_data
from support.suite import WORKERS
from support.suite import Suite

FINE = "import subprocess, pytest\n\n@pytest.mark.tool\ndef test_fine(): subprocess.run(['tool'])\n"
OTHER = "def test_other(): pass\n"
BROKEN = "import not_there\n" + OTHER


@pytest.fixture
def guarded(suite: Suite) -> Suite:
    """A suite of two files, of which both can be collected, and the report of its run."""
    suite.name_guards("tool")
    suite.write(test_fine=FINE, test_other=OTHER)
    suite.run("--resource-guards-json=base.json")
    return suite


def report(suite: Suite, name: str = "head.json") -> dict[str, Any]:
    """A report that a run has written."""
    data: dict[str, Any] = json.loads((suite.path / name).read_text())
    return data


def program(suite: Suite, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command in the suite's folder."""
    command = [sys.executable, "-m", "imbue.resource_guards", *arguments]
    return subprocess.run(command, cwd=suite.path, capture_output=True, text=True, check=False)


@WORKERS
def test_a_file_that_cannot_be_collected(guarded: Suite, workers: tuple[str, ...]) -> None:
    """The report names it and says why; a comparison does not call its tests gone, and all else says it too."""
    guarded.write(test_other=BROKEN)
    options = ("--resource-guards-json=head.json", "--continue-on-collection-errors", *workers)

    outcome = guarded.run(*options, "--resource-guards-report")

    why = "ModuleNotFoundError: No module named 'not_there'"
    assert report(guarded)["gaps"] == [{"reason": why, "uncollected": "test_other.py"}]
    assert report(guarded)["problems"] == []
    said = f"test_other.py could not be collected: {why}"
    assert f"not the whole suite: {said}" in outcome.output

    lines = program(guarded, "compare", "base.json", "head.json").stdout.splitlines()
    assert lines[:4] == [
        f"HEAD is not the whole suite: {said}",
        "No test of both runs needs a different resource than before.",
        "Tests that HEAD could not collect (1 test):",
        "  test_other.py::test_other",
    ]
    assert not any("gone" in line for line in lines)
    merged = program(guarded, "merge", "head.json", "--output", "all.json")
    assert f"head.json is not the whole suite: {said}" in merged.stdout
    assert report(guarded, "all.json")["gaps"] == report(guarded)["gaps"]
    assert f"not the whole suite: {said}" in program(guarded, "report", "all.json").stdout
    fixed = program(guarded, "fix", "head.json", "--diff")
    assert (fixed.returncode, fixed.stderr) == (0, "")


@WORKERS
@pytest.mark.parametrize(
    ("raises", "why"),
    [
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
        ("pytest.exit('enough')", "Exit: enough"),
    ],
)
def test_a_run_that_is_broken_off(
    guarded: Suite, raises: str, why: str, workers: tuple[str, ...]
) -> None:
    """The report says by what. What was collected is known, and nothing of it is gone."""
    guarded.write(test_fine=FINE.replace("subprocess.run(['tool'])", raises))

    guarded.run("--resource-guards-json=head.json", *workers)

    reasons = [each["reason"] for each in report(guarded)["gaps"]]
    assert reasons[0] == why if not workers else why in " ".join(reasons)
    lines = program(guarded, "compare", "base.json", "head.json").stdout
    assert "HEAD is not the whole suite: it ended early: " in lines
    assert "gone" not in lines


def test_a_collection_that_is_broken_off(guarded: Suite) -> None:
    """Which tests there are is not known then, so that none of them counts as gone."""
    guarded.write(test_fine="raise KeyboardInterrupt")

    guarded.run("--resource-guards-json=head.json")

    assert report(guarded)["gaps"] == [{"reason": "KeyboardInterrupt", "uncollected": "."}]
    lines = program(guarded, "compare", "base.json", "head.json").stdout
    assert (
        "HEAD is not the whole suite: it ended before all tests were known: KeyboardInterrupt"
        in lines
    )
    assert "Tests that HEAD could not collect (2 tests):" in lines
    assert "gone" not in lines


def test_a_run_that_stops_at_a_failure(guarded: Suite) -> None:
    """``-x`` leaves tests out as well."""
    guarded.write(test_fine="def test_fine(): assert 0")

    guarded.run("--resource-guards-json=head.json", "-x")

    assert report(guarded)["gaps"] == [{"reason": "stopping after 1 failures"}]


def test_collection_errors_end_the_run(guarded: Suite) -> None:
    """Without --continue-on-collection-errors no test runs, and that is said beside the file."""
    guarded.write(test_other=BROKEN)

    guarded.run("--resource-guards-json=head.json")

    file, end = report(guarded)["gaps"]
    assert file["uncollected"] == "test_other.py"
    assert end == {"reason": "Interrupted: 1 error during collection"}


def test_a_whole_run_has_none(guarded: Suite) -> None:
    """Nothing is said of it, also where the user selects."""
    guarded.run("--resource-guards-json=head.json", "-k", "fine")

    assert "gaps" not in report(guarded)
    assert "not the whole" not in program(guarded, "compare", "base.json", "head.json").stdout


def test_what_the_base_could_not_collect() -> None:
    """Of a test in it nobody knows whether it is new, or newly needs something."""
    test = TestRecord("a/b.py::test", "passed", used={"tool": UsedResource(1)})
    new = TestRecord("a/b.py_::test", "passed", used={"tool": UsedResource(1)})
    head = Document({"tool": "tool"}, [test, new])

    file = compare(Document({"tool": "tool"}, gaps=[Gap("why", "a/b.py")]), head)
    folder = compare(Document({"tool": "tool"}, gaps=[Gap("why", "a")]), head)

    assert (list(file.uncollected_before), list(file.new)) == ([test.nodeid], [new.nodeid])
    assert file.spread == {"tool": [new.nodeid]}
    assert (list(folder.uncollected_before), folder.spread) == ([test.nodeid, new.nodeid], {})


def test_projects_put_together() -> None:
    """What could not be collected is told from the repository's root, as tests are; each gap once."""
    documents = {
        "1.json": Document(gaps=[Gap("why", "a.py"), Gap("why", "."), Gap("stop")], root="one"),
        "2.json": Document(gaps=[Gap("stop")], root="two"),
    }

    merged = merge_documents(documents)

    assert merged.gaps == [Gap("why", "one/a.py"), Gap("why", "one"), Gap("stop")]


def test_markdown_and_the_page() -> None:
    """Both say it; the page does not say that there are no violations."""
    document = Document({"tool": "tool"}, gaps=[Gap("why", "a.py")])

    assert page_data(document)["problems"] == [
        "not the whole suite: a.py could not be collected: why"
    ]
    lines = list(markdown(document))
    assert "| a.py could not be collected&#58; why |" in lines
