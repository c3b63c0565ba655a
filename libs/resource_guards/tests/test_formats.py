"""Report formats: the built-in ones, and one that exists in a conftest alone."""

from __future__ import annotations

import json
from typing import TextIO

import pytest

from imbue.resource_guards.errors import ResourceGuardMisconfiguration
from imbue.resource_guards.report.document import Document
from imbue.resource_guards.report.formats import BUILT_IN
from imbue.resource_guards.report.formats import Format
from imbue.resource_guards.report.formats import Formats
from imbue.resource_guards.report.formats import rendered
from support.suite import WORKERS
from support.suite import Suite

CONFTEST = """
    import pytest

    @pytest.hookimpl(optionalhook=True)
    def pytest_register_resource_guards(registry):
        registry.register_binary_guard("tool")

    @pytest.hookimpl(optionalhook=True)
    def pytest_register_resource_guard_formats(formats):
        formats.add("users", "which tests use what", write)

    def write(document, file):
        for test in document.tests:
            for resource, used in test.used.items():
                file.write(f"{test.nodeid} {resource} {used.count}\\n")
"""

TESTS = """
    import subprocess, pytest

    @pytest.mark.tool
    def test_marked():
        subprocess.run(["tool"], check=True)
        subprocess.run(["tool"], check=True)

    def test_plain():
        pass
"""


def write_one_line(_document: Document, file: TextIO) -> None:
    """A format of which half of a surrogate pair is all."""
    file.write("\udc80\n")


@pytest.fixture(name="with_format")
def with_format_fixture(suite: Suite) -> Suite:
    """A suite whose conftest has a format of its own."""
    suite.tool()
    suite.write(conftest=CONFTEST, test_it=TESTS)
    return suite


@WORKERS
def test_a_format_of_a_conftest(with_format: Suite, workers: tuple[str, ...]) -> None:
    """One module adds it, and it is written beside the others, once, by the controller."""
    outcome = with_format.run(
        "--resource-guards-output=users:out/users.txt",
        "--resource-guards-output=json:again.json",
        "--resource-guards-output",
        "table:table.txt",
        "--resource-guards-json=report.json",
        *workers,
    )

    assert outcome.code == pytest.ExitCode.OK, outcome.output
    path = with_format.path
    assert (path / "out" / "users.txt").read_text() == "test_it.py::test_marked tool 2\n"
    assert (path / "again.json").read_bytes() == (path / "report.json").read_bytes()
    assert json.loads((path / "report.json").read_text())["version"] == 2
    assert (
        "test_it.py::test_marked: passed, marked, used 2 times" in (path / "table.txt").read_text()
    )


@WORKERS
@pytest.mark.parametrize("value", ["xml:out.xml", "users", "users:", ":out", "", "C:out"])
def test_no_such_format(with_format: Suite, value: str, workers: tuple[str, ...]) -> None:
    """It is a usage error, which names what was written and what can be, before any test."""
    outcome = with_format.run(f"--resource-guards-output={value}", *workers)

    assert outcome.code == pytest.ExitCode.USAGE_ERROR
    assert outcome.output.count("ERROR: ") == 1
    assert (
        f"--resource-guards-output: '{value}' cannot be read. Write FORMAT:PATH, where FORMAT is one "
        f"of: json (everything that the run saw, for the commands merge, report, compare and fix), "
        f"html (one page for a browser, with everything in it), table (the table of --resource-guards-report, with each test), markdown (tables for GitHub), "
        f"users (which tests use what)."
    ) in outcome.output
    assert not with_format.runs_of("tool")


@WORKERS
@pytest.mark.parametrize("option", ["json", "html", "discover-json"])
def test_an_empty_path(with_format: Suite, option: str, workers: tuple[str, ...]) -> None:
    """No file could be written, so the run does not start."""
    outcome = with_format.run(f"--resource-guards-{option}=", *workers)

    assert outcome.code == pytest.ExitCode.USAGE_ERROR
    assert f"--resource-guards-{option} has an empty value. Write a path, as in " in outcome.output
    assert not with_format.runs_of("tool")


def test_a_file_that_cannot_be_written(with_format: Suite) -> None:
    """The run fails and says which report is lost; the others are there."""
    with_format.write_files({"file": ""})

    outcome = with_format.run(
        "--resource-guards-output=users:file/users.txt", "--resource-guards-output=users:users.txt"
    )

    assert outcome.code == pytest.ExitCode.TESTS_FAILED
    assert "--resource-guards-output: " in outcome.output
    assert "users.txt cannot be written: " in outcome.output
    assert "The report is lost." in outcome.output
    assert (with_format.path / "users.txt").exists()


def test_a_format_that_fails(with_format: Suite) -> None:
    """The run fails, says where, and leaves no half of a file."""
    with_format.write(
        conftest=CONFTEST.replace("for test in document.tests:", "for test in [1, None]:")
    )

    outcome = with_format.run("--resource-guards-output=users:users.txt")

    assert outcome.code == pytest.ExitCode.TESTS_FAILED
    assert "the report format 'users' failed: AttributeError at conftest.py:1" in outcome.output
    assert not (with_format.path / "users.txt").exists()


@pytest.mark.parametrize(
    ("added", "said"),
    [
        ('"json", "", write', "The report format 'json' exists already"),
        ('"a:b", "", write', "A report format cannot be named 'a:b'"),
        ('"users"', "pytest_register_resource_guard_formats failed: TypeError at conftest.py:10"),
    ],
)
def test_a_format_that_cannot_be_added(with_format: Suite, added: str, said: str) -> None:
    """It is a usage error, where a format is asked for; else nobody calls the hook."""
    conftest = CONFTEST.replace('"users", "which tests use what", write', added)
    with_format.write(conftest=conftest)

    assert with_format.run().code == pytest.ExitCode.OK
    outcome = with_format.run("--resource-guards-output=json:report.json")

    assert outcome.code == pytest.ExitCode.USAGE_ERROR
    assert said in outcome.output


def test_the_built_in_formats() -> None:
    """Each has a name and says what it is for; a run knows them without any hook."""
    assert [each.name for each in Formats()] == ["json", "html", "table", "markdown"]
    assert all(each.purpose for each in BUILT_IN)


def test_the_names_of_formats() -> None:
    """A name is what can stand before a colon."""
    formats = Formats()
    for name in ("", "a b", "a:b", "table"):
        with pytest.raises(ResourceGuardMisconfiguration):
            formats.add(name, "nothing", write_one_line)
    formats.add("junit-2", "something", write_one_line)
    assert formats.read("junit-2:a:b")[1] == "a:b"


def test_half_of_a_surrogate_pair() -> None:
    """Text that UTF-8 cannot say is escaped, and the report is written."""
    format_ = Format("odd", "", write_one_line)

    assert rendered(format_, Document()) == b"\\udc80\n"
