"""Reports as Markdown, and in the summary of a job of GitHub Actions."""

from __future__ import annotations

import html
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from imbue.resource_guards.messages.foreign import shown
from imbue.resource_guards.report.document import Document
from imbue.resource_guards.report.evidence import Declaration
from imbue.resource_guards.report.evidence import TestRecord
from imbue.resource_guards.report.evidence import UsedResource
from imbue.resource_guards.report.formats import rendered
from imbue.resource_guards.report.github_summary import MOST
from imbue.resource_guards.report.github_summary import SUMMARY
from imbue.resource_guards.report.markdown import markdown
from imbue.resource_guards.report.markdown_text import code
from imbue.resource_guards.report.markdown_text import plain
from imbue.resource_guards.report.markdown_text import table
from support.suite import WORKERS
from support.suite import Suite

TESTS = """
    import subprocess, pytest

    def use(): subprocess.run(["tool"], check=True)

    def test_missing(): use()

    @pytest.mark.tool
    def test_superfluous(): pass

    @pytest.mark.tool
    @pytest.mark.parametrize("x", ["a|b", "<b>", "`c`", "d\\\\"], ids=str)
    def test_names(x): use()
"""


@pytest.fixture(name="guarded")
def guarded_fixture(suite: Suite) -> Suite:
    """A suite with violations of both kinds, and odd names."""
    suite.name_guards("tool")
    suite.write(test_it=TESTS)
    return suite


@pytest.fixture(name="job")
def job_fixture(guarded: Suite, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of a job's summary, to which another step has written."""
    path = guarded.path / "summary.md"
    path.write_text("before")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(path))
    return path


def as_html(text: str) -> str:
    """What a reader of Markdown makes of it, with tables and HTML, as GitHub has them."""
    page: str = MarkdownIt("commonmark", {"html": True}).enable("table").render(text)
    return page


def test_the_command(guarded: Suite) -> None:
    """A table of resources, one of violations, and with -v one of the tests of each resource."""
    guarded.run("--resource-guards-json=a.json")
    command = [sys.executable, "-m", "imbue.resource_guards", "report", "a.json"]

    done = subprocess.run(
        [*command, "--format=markdown", "-v"], capture_output=True, text=True, check=True
    )

    lines = done.stdout.splitlines()
    assert lines[0] == "## Resource guards"
    assert lines[2] == "| resource | marked | used | missing | superfluous | seconds | saved |"
    assert lines[4].startswith("| `tool` | 5 | 5 | 1 | 1 | 0.")
    (line,) = [each for each in lines if each.startswith("| `test_it.py::test_missing` | `tool` |")]
    assert "| missing mark | `tool` at `test_it.py:" in line
    assert "| `test_it.py::test_superfluous` | `tool` | superfluous mark |  |" in lines
    assert "<details><summary>tool&#58; 6 tests</summary>" in lines
    page = as_html(done.stdout)
    assert page.count("<table>") == 3
    for name in ("test_names[a|b]", "test_names[<b>]", "test_names[`c`]"):
        assert f"<td><code>test_it.py::{html.escape(name)}</code></td>" in page, page
    assert "<b>" not in page


def test_the_other_formats_of_the_command(guarded: Suite) -> None:
    """It shows the table as before, and JSON as it was."""
    guarded.run("--resource-guards-json=a.json", "--resource-guards-output=markdown:a.md")
    command = [sys.executable, "-m", "imbue.resource_guards", "report", "a.json"]

    shown_json = subprocess.check_output([*command, "--format=json"])
    shown_table = subprocess.check_output([*command, "--format=table"])
    shown_markdown = subprocess.check_output([*command, "--format=markdown", "-v"])

    assert shown_json == (guarded.path / "a.json").read_bytes()
    assert shown_table == subprocess.check_output(command)
    assert shown_markdown == (guarded.path / "a.md").read_bytes()


@WORKERS
@pytest.mark.parametrize(
    "option",
    ["--resource-guards-report", "--resource-guards-json=a", "--resource-guards-output=table:a"],
)
def test_the_summary_of_a_job(
    guarded: Suite, job: Path, option: str, workers: tuple[str, ...]
) -> None:
    """A run that makes a report adds it, once, behind what is there; the run's outcome is its own."""
    outcome = guarded.run(option, *workers)

    text = job.read_text()
    assert text.startswith("before\n## Resource guards\n"), outcome.output
    assert text.count("Resource guards") == 1
    assert "missing mark" in text
    assert outcome.counts == {"failed": 2, "passed": 4}


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--resource-guards-fix=diff",),
        ("--resource-guards-report", "-oresource_guards_github_summary=false"),
    ],
    ids=["no report", "a fix", "the setting"],
)
def test_no_summary(guarded: Suite, job: Path, arguments: tuple[str, ...]) -> None:
    """A run that makes no report adds nothing, and none does where the setting says so."""
    guarded.run(*arguments)

    assert job.read_text() == "before"


@pytest.mark.parametrize("where", ["no/folder/summary.md", ".", "pipe"])
def test_a_summary_that_cannot_be_written(
    guarded: Suite, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """It is a line at the end, and the run is what it would be."""
    os.mkfifo(guarded.path / "pipe")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", where)

    outcome = guarded.run("--resource-guards-report", "-k", "names")

    assert outcome.code == pytest.ExitCode.OK, outcome.output
    assert (
        f"The report could not be added to the summary of the job (GITHUB_STEP_SUMMARY={where}): "
        in outcome.output
    )


@WORKERS
def test_a_setting_that_cannot_be_read(guarded: Suite, workers: tuple[str, ...]) -> None:
    """It is a usage error before any test."""
    outcome = guarded.run("-oresource_guards_github_summary=perhaps", *workers)

    assert outcome.code == pytest.ExitCode.USAGE_ERROR
    assert "resource_guards_github_summary: " in outcome.output
    assert "Write true or false." in outcome.output
    assert guarded.runs_of("tool") == []


def test_a_summary_is_no_larger_than_github_shows() -> None:
    """Of very many violations, with very long names, the first are shown and the others counted."""
    tests = [
        TestRecord(
            f"test_{number}[{'|' * 100_000}]", "passed", violations={"tool": ["missing mark"]}
        )
        for number in range(MOST + 5)
    ]
    document = Document({"tool": "tool"}, tests, problems=["|" * 100_000] * (MOST + 1))

    text = rendered(SUMMARY, document)

    assert len(text) < 2**20
    assert text.count(b"missing mark") == MOST
    assert b"\nand 5 more\n" in text
    assert b"\nand 1 more\n" in text


def test_a_run_that_is_not_to_be_trusted() -> None:
    """It says so, with what was wrong."""
    lines = list(markdown(Document(problems=["a use was lost"])))

    assert lines[lines.index("| This run is unreliable |") + 2] == "| a use was lost |"


def test_the_marks_of_tests() -> None:
    """Each test of a resource says whether its mark is there, or says that it is optional."""
    used = {"tool": UsedResource(3)}
    tests = [
        TestRecord(
            "a", "passed", declared=[Declaration("tool", "function")], used=used, seconds=1.5
        ),
        TestRecord("b", "skipped", declared=[Declaration("tool", "function", optional=True)]),
        TestRecord("c", "passed", used=used),
    ]

    lines = list(markdown(Document({"tool": "tool"}, tests), verbose=True))

    assert "| `a` | passed | marked | 3 | 1.5 s |" in lines
    assert "| `b` | skipped | optional | 0 |  |" in lines
    assert "| `c` | passed | none | 3 | unknown |" in lines


@given(
    st.lists(
        st.text(max_size=8) | st.text("`|\\<>&*_ \n#[]!~:", max_size=8), min_size=1, max_size=4
    )
)
@settings(deadline=None, derandomize=True)
def test_any_text_in_a_table(texts: list[str]) -> None:
    """It is one cell, and a reader sees what it is, as code and as plain text."""
    page = as_html(
        "\n".join(table(["code", "plain"], [(code(each), plain(each)) for each in texts]))
    )

    rows = page.partition("<tbody>")[2].split("<tr>")[1:]
    assert len(rows) == len(texts)
    for row, text in zip(rows, texts, strict=True):
        first, second = (cell.partition("</td>")[0] for cell in row.split("<td>")[1:])
        safe = shown(text)
        assert html.unescape(first) == (f"<code>{safe}</code>" if safe else "")
        assert html.unescape(second).strip() == safe.strip()
        assert "<" not in second
