"""Two runs compared: which tests need other resources than before, for people, for GitHub and for programs."""

from __future__ import annotations

import json
import subprocess
import sys
from itertools import takewhile
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from imbue.resource_guards.errors import ResourceGuardMisconfiguration
from imbue.resource_guards.report.comparing import Comparison
from imbue.resource_guards.report.comparing import compare
from imbue.resource_guards.report.comparing import needs
from imbue.resource_guards.report.comparison_shown import SHOWN
from imbue.resource_guards.report.document import Document
from imbue.resource_guards.report.evidence import Declaration
from imbue.resource_guards.report.evidence import TestRecord
from imbue.resource_guards.report.evidence import UsedResource
from imbue.resource_guards.report.gaps import Gap
from imbue.resource_guards.report.seconds import Seconds
from support.suite import Suite

HEADER = """
    import subprocess, pytest

    def use(name="tool"): subprocess.run([name], check=True)
"""

BASE = (
    HEADER
    + """
    def test_gains(): pass

    @pytest.mark.tool
    def test_loses(): use()

    @pytest.mark.tool
    def test_stays(): use()

    def test_is_skipped(): pass

    def test_goes(): pass
"""
)

HEAD = (
    HEADER
    + """
    @pytest.mark.tool
    def test_gains(): use()

    def test_loses(): pass

    @pytest.mark.tool
    def test_stays(): use()

    @pytest.mark.skip(reason="for | now")
    def test_is_skipped(): pass

    @pytest.mark.tool
    def test_comes(): use()
"""
)


def run_both(suite: Suite, base: str = BASE, head: str = HEAD, *arguments: str) -> None:
    """Run a suite as it was and as it is."""
    suite.name_guards("tool")
    suite.write(test_it=base)
    suite.run("--resource-guards-json=base.json")
    suite.write(test_it=head)
    suite.run("--resource-guards-json=head.json", *arguments)


def program(suite: Suite, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Compare the two in the suite's folder."""
    command = [sys.executable, "-m", "imbue.resource_guards", "compare", "base.json", "head.json"]
    return subprocess.run(
        [*command, *arguments], cwd=suite.path, capture_output=True, text=True, check=False
    )


def test_what_has_changed(suite: Suite) -> None:
    """Tests that newly need a resource or no longer do, new and gone ones, skips, and the seconds of both."""
    run_both(suite)

    done = program(suite)

    *lines, seconds = done.stdout.splitlines()
    assert lines == [
        "Newly need tool (1 test):",
        "  test_it.py::test_gains",
        "No longer need tool (1 test):",
        "  test_it.py::test_loses",
        "New tests (1 test):",
        "  test_it.py::test_comes: needs tool",
        "Tests that are gone (1 test):",
        "  test_it.py::test_goes",
        "Tests that are newly skipped (1 test):",
        "  test_it.py::test_is_skipped: for | now",
    ]
    assert seconds.startswith("tool: 0.")
    assert " s in BASE, 0." in seconds
    assert (done.returncode, done.stderr) == (0, "")


def test_what_fails(suite: Suite) -> None:
    """With --fail-on-new the command ends with 1 where a resource spreads, and says how far."""
    run_both(suite)

    done = program(suite, "--fail-on-new", "--format=json")

    assert done.returncode == 1
    assert done.stderr == ("2 tests newly need tool. Avoid it there, or leave out --fail-on-new.\n")
    assert json.loads(done.stdout)["spread"] == {
        "tool": ["test_it.py::test_gains", "test_it.py::test_comes"]
    }


def test_what_does_not_fail(suite: Suite) -> None:
    """Tests that need less, are gone, are skipped, or are new and need nothing, spread nothing."""
    head = HEADER + "    def test_loses(): pass\n    def test_new(): pass\n"
    run_both(suite, BASE, head)

    done = program(suite, "--fail-on-new")

    assert (done.returncode, done.stderr) == (0, "")
    assert "Tests that are gone (4 tests):" in done.stdout


def test_the_same_twice(suite: Suite) -> None:
    """Nothing has changed, and that is said."""
    run_both(suite, BASE, BASE)

    lines = program(suite, "--fail-on-new").stdout.splitlines()

    assert lines[0] == "No test of both runs needs a different resource than before."
    assert len(lines) == 2


def test_marks_count_where_a_test_did_not_run(suite: Suite) -> None:
    """A run that leaves tests out says of them what their marks say: nothing is lost, and a new mark is a gain."""
    run_both(suite, BASE, HEAD, "-m", "not tool")

    data = json.loads(program(suite, "--format=json").stdout)

    assert data["newly_needed"] == {"tool": ["test_it.py::test_gains"]}
    assert data["no_longer_needed"] == {"tool": ["test_it.py::test_loses"]}
    assert data["new_tests"] == {"test_it.py::test_comes": ["tool"]}
    assert data["seconds"]["tool"]["head"] == {"seconds": 0, "tests": 0, "tests_without": 0}


def test_for_programs(suite: Suite) -> None:
    """All of it as JSON."""
    run_both(suite)

    data: dict[str, Any] = json.loads(program(suite, "--format=json").stdout)

    assert (data["format"], data["version"]) == ("resource-guards-comparison", 1)
    assert data["gone_tests"] == {"test_it.py::test_goes": []}
    assert data["new_skips"] == {"test_it.py::test_is_skipped": "for | now"}
    assert data["seconds"]["tool"]["base"]["tests"] == 2
    assert data["problems"] == {"base": [], "head": []}


@pytest.mark.parametrize("name", ["base.json", "head.json"])
def test_a_file_that_is_no_report(suite: Suite, name: str) -> None:
    """It is one line that names the file, and exit code 2."""
    run_both(suite)
    (suite.path / name).write_text("{}")

    done = program(suite, "--fail-on-new")

    assert done.returncode == 2
    assert done.stderr == (
        f"error: {name} is not a report of resource guards. Write one with --resource-guards-json {name}\n"
    )


def record(name: str = "a", outcome: str = "passed", **changes: Any) -> TestRecord:
    """A test."""
    return TestRecord(name, outcome, **changes)


MARK = [Declaration("tool", "function")]
USED = {"tool": UsedResource(1)}


@pytest.mark.parametrize(
    ("test", "expected"),
    [
        (record(used=USED), True),
        (record(), False),
        (record(declared=MARK), False),
        (record(declared=[Declaration("tool", "function", optional=True)]), True),
        (record(declared=MARK, unsure={"tool": ["a library"]}), True),
        (record(declared=MARK, blocked=True), True),
        (record(declared=MARK, finished=False), True),
        (record(outcome="failed", declared=MARK), True),
        (record(outcome="failed"), False),
        (record(outcome="skipped", declared=MARK), True),
        (record(outcome="deselected", declared=MARK), True),
        (record(outcome="not run"), False),
        (record(declared=[Declaration("other", "function")], outcome="skipped"), False),
    ],
)
def test_what_a_test_needs(test: TestRecord, expected: bool) -> None:  # noqa: FBT001 - a parameter
    """What it used; and what it is marked with, where its run does not prove that it needs nothing."""
    assert needs(test, "tool") is expected


def test_a_resource_that_only_one_run_guards() -> None:
    """Of the other run nothing is known: that is said, and no test counts as one that newly needs it."""
    base = Document({"old": "old"}, [record(used={"old": UsedResource(1)})])
    head = Document({"tool": "the tool"}, [record(used=USED), record("b", used=USED)])

    found = compare(base, head)

    assert (found.gained, found.lost, found.spread) == ({}, {}, {})
    assert found.new == {"b": ["tool"]}
    lines = list(SHOWN["text"](found))
    assert lines[0].startswith("tool is guarded only in HEAD")
    assert lines[1].startswith("old is guarded only in BASE")


def test_a_mark_that_was_there_before() -> None:
    """It is no new need that a test with a mark for nothing fails now, and so proves nothing any more."""
    base = Document({"tool": "tool"}, [record(declared=MARK)])
    failed = Document({"tool": "tool"}, [record(outcome="failed", declared=MARK)])
    uses = Document({"tool": "tool"}, [record(declared=MARK, used=USED)])

    assert compare(base, failed).gained == {}
    assert compare(base, uses).gained == {"tool": ["a"]}


def test_new_skips() -> None:
    """A test that was skipped or left out before is no news; a new one that is skipped is."""
    base = Document(
        tests=[record("a", "skipped"), record("b", "deselected"), record("c", "failed")]
    )
    skipped = [record(name, "skipped", reason="why") for name in "abcd"]

    assert compare(base, Document(tests=skipped)).skips == {"c": "why", "d": "why"}


def test_a_run_that_is_not_to_be_trusted() -> None:
    """Its problem comes first, in each format."""
    found = compare(Document(problems=["a use was lost"]), Document())

    assert next(SHOWN["text"](found)) == "BASE is unreliable: a use was lost"
    assert "- BASE is unreliable&#58; a use was lost" in list(SHOWN["markdown"](found))
    assert json.loads("".join(SHOWN["json"](found)))["problems"]["base"] == ["a use was lost"]


def test_projects_of_one_repository() -> None:
    """A report of one project and a merged one are compared by their places in the repository."""
    alone = Document({"tool": "tool"}, [record("test_it.py::test_a")], root="services/one")
    merged = Document(
        {"tool": "tool"}, [record("services/one/test_it.py::test_a", used=USED)], root="."
    )

    found = compare(alone, merged)

    assert (found.gained, found.new) == ({"tool": ["services/one/test_it.py::test_a"]}, {})


@pytest.mark.parametrize("root", ["base", "head"])
def test_a_report_without_a_place(root: str) -> None:
    """Where no name is in both, and one does not say where its project is, that is an error, and not new and gone tests."""
    base = Document(tests=[record("test_it.py::test_a")], root="." if root == "base" else None)
    head = Document(tests=[record("one/test_it.py::test_a")], root="." if root == "head" else None)

    with pytest.raises(ResourceGuardMisconfiguration) as raised:
        compare(base, head)

    which = "HEAD" if root == "base" else "BASE"
    assert str(raised.value).startswith(f"{which} does not say where its project is")
    same = Document(tests=[record("one/test_it.py::test_a")])
    assert not compare(same, Document(tests=same.tests, root=".")).gone
    assert not compare(Document(), Document(root=".")).gone


MANY = st.builds(
    lambda count, name: [f"{number}{name}" for number in range(count)],
    st.integers(0, 600),
    st.builds(lambda text, times: text * times, st.text(max_size=3), st.integers(0, 200)),
)
"""Names, of which there may be many, and long ones."""


@pytest.mark.slow
@settings(max_examples=30, deadline=None)
@given(MANY, MANY, MANY, MANY, st.integers(1, 4))
def test_markdown_fits_into_a_comment(
    names: list[str], others: list[str], labels: list[str], said: list[str], resources: int
) -> None:
    """GitHub takes 65,536 characters. Each list begins with its first rows, and counts those that are left out."""
    marks = [f"mark{number}" for number in range(resources)]
    many = dict.fromkeys(names, marks)
    found = Comparison(
        dict(zip([*marks, *labels], [*marks, *labels], strict=True)),
        gained=dict.fromkeys(marks, names),
        lost=dict.fromkeys(marks, others),
        new=many,
        gone=dict.fromkeys(others, marks),
        uncollected_before=many,
        uncollected_now=many,
        skips=dict(zip(names, said, strict=False)),
        seconds={mark: (Seconds(), Seconds()) for mark in labels},
        problems_before=said,
        gaps_now=[Gap(each) for each in said],
    )

    lines = list(SHOWN["markdown"](found))

    assert len("\n".join(lines)) <= 65_536
    new = lines[lines.index("### New tests") + 4 :] if names else []
    rows = list(takewhile(lambda line: line.startswith("|"), new))
    left = [line for line in new[len(rows) : len(rows) + 2] if line.startswith("and ")]
    more = int(left[0].split()[1]) if left else 0
    assert len(rows) + more == len(names)
    assert bool(left) <= (len(rows) == 100 or len("\n".join(rows)) + 3000 > 6000)


def test_foreign_text() -> None:
    """Names and reasons cannot break a line, a table, or give a command to a CI server."""
    name = "::error::a|b\n`<img>`"
    head = Document({"tool": name}, [record(name, "skipped", reason="x\n| <b>", declared=MARK)])
    base = Document({"tool": name}, [record(name)])

    found = compare(base, head)

    for line in SHOWN["text"](found):
        assert line.isprintable()
        assert not line.lstrip().startswith("::")
    markdown = list(SHOWN["markdown"](found))
    rows = [line for line in markdown if "<code>" in line]
    assert all("\n" not in line and "<img" not in line and "<b>" not in line for line in rows)
    assert rows[0].count("|") == 4
