"""The fix in the edit loop: of the file that one has open, and of the one test that one runs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from support.suite import WORKERS
from support.suite import Outcome
from support.suite import Suite

HEADER = """\
import subprocess

import pytest


def use():
    subprocess.run(["tool"], check=True)


"""
USING = HEADER + "def test_a():\n    use()\n"
MARKED = HEADER + "@pytest.mark.tool\ndef test_a():\n    use()\n"


@pytest.fixture
def tool(suite: Suite) -> Suite:
    """A suite that guards a tool."""
    suite.name_guards("tool")
    return suite


def module(suite: Suite, text: str, name: str = "test_it.py") -> Path:
    """A module of the suite."""
    path = suite.path / name
    path.write_text(text)
    return path


def fix(suite: Suite, report: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Run ``python -m imbue.resource_guards fix`` in the suite."""
    command = [sys.executable, "-m", "imbue.resource_guards", "fix", report, *options]
    return subprocess.run(command, cwd=suite.path, capture_output=True, text=True, check=False)


@pytest.mark.git
@pytest.mark.parametrize("dirty", [(), ("--resource-guards-fix-dirty",)], ids=["", "said so"])
def test_a_file_that_is_not_committed(tool: Suite, dirty: tuple[str, ...]) -> None:
    """The file that one is editing is fixed like any other, whatever git says of it."""
    path = module(tool, "# committed\n" + USING)
    for command in (["init", "-q"], ["add", "."]):
        subprocess.run(["git", *command], cwd=tool.path, check=True)
    path.write_text("# not committed\n" + USING)

    outcome = tool.run("--resource-guards-fix=write", *dirty)

    assert path.read_text() == "# not committed\n" + MARKED
    assert "1 mark added, 0 removed in 1 file; 0 left to change by hand" in outcome.output


def test_git_is_not_asked(tool: Suite) -> None:
    """A fix runs no program."""
    tool.tool("git", script="exit 128")
    (tool.path / ".git").mkdir()
    path = module(tool, USING)

    tool.run("--resource-guards-fix=write")

    assert path.read_text() == MARKED
    assert tool.runs_of("git") == []


EDIT = "    import pathlib\n    file = pathlib.Path(__file__)\n    file.write_text('# edited\\n' + file.read_text())\n"


@pytest.mark.parametrize("output", ["diff", "check"])
def test_what_a_file_has_become_since(tool: Suite, output: str) -> None:
    """What is only shown is shown for the file as it is now, and that is said."""
    path = module(tool, USING + EDIT)

    said = tool.run(f"--resource-guards-fix={output}").output

    assert path.read_text() == "# edited\n" + USING + EDIT
    assert "test_it.py: this is for the file as it is now" in said
    assert ("run the tests again to write it" in said) == (output == "diff")
    assert "1 mark would be added, 0 would be removed in 1 file; 0 left to change by hand" in said
    if output == "diff":
        assert "@@ -8,6 +8,7 @@" in said  # one line further down than in the run
        assert "+@pytest.mark.tool\n def test_a():" in said


def test_of_another_machine(tool: Suite) -> None:
    """A report's fix refuses the file that differs from what its run has read, and fixes the others."""
    path, other = module(tool, USING), module(tool, USING, "test_other.py")
    tool.run("--resource-guards=warn", "--resource-guards-json=a.json")
    path.write_text("# edited\n" + USING)

    shown = fix(tool, "a.json", "--diff")
    written = fix(tool, "a.json", "--write", "--dirty")

    assert shown.stdout.count("+@pytest.mark.tool") == 2
    assert "test_it.py: this is for the file as it is now" in shown.stdout
    assert shown.returncode == 0
    assert path.read_text() == "# edited\n" + USING
    assert other.read_text() == MARKED
    assert "test_it.py: it differs from the file of the run" in written.stdout
    assert written.returncode == 1


@WORKERS
def test_a_check(tool: Suite, workers: tuple[str, ...]) -> None:
    """It writes nothing, says what would change in each file in one line, and fails."""
    path = module(tool, USING)
    module(tool, MARKED.replace("    use()\n", "    pass\n"), "test_other.py")

    outcome = tool.run("--resource-guards-fix=check", *workers)

    assert outcome.code == pytest.ExitCode.TESTS_FAILED
    assert "2 passed" in outcome.output
    assert path.read_text() == USING
    shown = outcome.output.partition("guards: fix")[2].splitlines()[1:4]
    assert shown == [
        "test_it.py: 1 mark would be added, 0 removed",
        "test_other.py: 0 marks would be added, 1 removed",
        "1 mark would be added, 1 would be removed in 2 files; 0 left to change by hand",
    ]


def test_a_check_of_what_is_right(tool: Suite) -> None:
    """It passes."""
    module(tool, MARKED)

    outcome = tool.run("--resource-guards-fix=check")

    assert outcome.code == pytest.ExitCode.OK
    assert "0 marks would be added, 0 would be removed in 0 files; 0 left" in outcome.output


@pytest.mark.parametrize(("source", "code"), [(USING, 1), (MARKED, 0)], ids=["wrong", "right"])
def test_a_check_of_a_report(tool: Suite, source: str, code: int) -> None:
    """The program's exit code says whether there is something to change, and nothing is written."""
    path = module(tool, source)
    tool.run("--resource-guards=warn", "--resource-guards-json=a.json")

    done = fix(tool, "a.json", "--check")

    assert done.returncode == code
    assert ("test_it.py: 1 mark would be added, 0 removed" in done.stdout) is bool(code)
    assert path.read_text() == source


SELECTIONS = pytest.mark.parametrize(
    "selection",
    [("test_it.py::{}",), ("-k", "{}"), ("--lf",), ("--deselect=test_it.py::test_else",)],
    ids=["by its id", "by -k", "by --lf", "by --deselect"],
)


def run_one(suite: Suite, name: str, selection: tuple[str, ...]) -> Outcome:
    """Fix by a run of one test, that a way of selecting tests has left over."""
    plugins: tuple[str, ...] = ()
    if "--lf" in selection:
        (suite.path / ".pytest_cache/v/cache").mkdir(parents=True)
        failed = f'{{"test_it.py::{name}": true}}'
        (suite.path / ".pytest_cache/v/cache/lastfailed").write_text(failed)
        plugins = ("cacheprovider",)
    words = [word.format(name.partition("::")[2] or name) for word in selection]
    if selection[0].startswith("test_it.py"):
        words = [f"test_it.py::{name}"]
    return suite.run("--resource-guards-fix=write", *words, plugins=plugins)


@SELECTIONS
def test_one_test(tool: Suite, selection: tuple[str, ...]) -> None:
    """A run of one test fixes that test."""
    text = HEADER + "def test_one():\n    use()\n\n\ndef test_else():\n    use()\n"
    path = module(tool, text)

    run_one(tool, "test_one", selection)

    assert path.read_text() == text.replace("def test_one", "@pytest.mark.tool\ndef test_one")


@SELECTIONS
@pytest.mark.parametrize(
    ("before", "place"),
    [
        ("pytestmark = pytest.mark.tool\n\n\ndef test_one():\n    pass\n", "the module"),
        (
            "@pytest.mark.tool\nclass TestIt:\n    def test_one(self):\n        pass\n",
            "class TestIt",
        ),
    ],
    ids=["of a module", "of a class"],
)
def test_a_mark_of_more_than_one_test(
    tool: Suite, selection: tuple[str, ...], before: str, place: str
) -> None:
    """A mark is not taken from a module or class of which the run has not seen all tests."""
    is_class = "TestIt" in place
    other = (
        "\n    def test_else(self):\n        use()\n"
        if is_class
        else "\n\ndef test_else():\n    use()\n"
    )
    path = module(tool, HEADER + before + other)
    name = "TestIt::test_one" if is_class else "test_one"
    if is_class and "--deselect" in selection[0]:
        selection = ("--deselect=test_it.py::TestIt::test_else",)

    outcome = run_one(tool, name, selection)

    assert path.read_text() == HEADER + before + other, outcome.output
    assert f"it must not have the @pytest.mark.tool of {place}, which also covers 1 test" in (
        outcome.output
    )
    tool.run("--resource-guards-fix=write")
    assert "@pytest.mark.tool\n    def test_else" in path.read_text() or (
        "@pytest.mark.tool\ndef test_else" in path.read_text()
    )


def test_a_class_that_was_not_looked_into(tool: Suite) -> None:
    """The tests of a class beside the one that runs are covered by a module's mark as well."""
    text = HEADER + (
        "pytestmark = pytest.mark.tool\n\n\nclass TestOne:\n    def test_one(self):\n        pass\n\n\n"
        "class TestElse:\n    class TestInner:\n        def test_else(self):\n            use()\n"
    )
    path = module(tool, text)

    outcome = tool.run("--resource-guards-fix=write", "test_it.py::TestOne::test_one")

    assert path.read_text() == text
    assert "of the module, which also covers 1 test that did not run" in outcome.output


@pytest.mark.parametrize("selection", [("test_it.py::test_one[1]",), ("-k", "1")], ids=["id", "-k"])
def test_one_set_of_parameters(tool: Suite, selection: tuple[str, ...]) -> None:
    """Of a parametrised test of which one set of values ran, that one is fixed."""
    text = HEADER + '@pytest.mark.parametrize("x", [0, 1])\ndef test_one(x):\n    use()\n'
    path = module(tool, text)

    tool.run("--resource-guards-fix=write", *selection)

    assert path.read_text() == text.replace("1]", "pytest.param(1, marks=pytest.mark.tool)]")


@pytest.mark.parametrize("selection", [("test_it.py::test_one[1]",), ("-k", "1")], ids=["id", "-k"])
def test_a_mark_of_all_parameters(tool: Suite, selection: tuple[str, ...]) -> None:
    """It stays where only one set of values has run."""
    values = '@pytest.mark.tool\n@pytest.mark.parametrize("x", [0, 1])\n'
    path = module(tool, HEADER + values + "def test_one(x):\n    pass\n")
    before = path.read_text()

    outcome = tool.run("--resource-guards-fix=write", *selection)

    assert path.read_text() == before
    assert (
        "whether its whole function needs @pytest.mark.tool is unknown: 1 test of it did not run"
        in outcome.output
    )


def test_an_inherited_test_of_one_class(tool: Suite) -> None:
    """What a base class gives to another class, too, is left, where that one did not run."""
    text = HEADER + (
        "class Base:\n    def test_one(self):\n        use()\n\n\nclass TestA(Base):\n    pass\n\n\n"
        "class TestB(Base):\n    pass\n"
    )
    path = module(tool, text)

    outcome = tool.run("--resource-guards-fix=write", "test_it.py::TestA")

    assert path.read_text() == text
    assert "1 test of it did not run; run all of them in one run" in outcome.output


def test_the_report_names_what_was_not_asked_for(tool: Suite) -> None:
    """Tests beside the one that was named are in the report, as those that ``-k`` leaves out."""
    module(tool, MARKED + "\n\ndef test_b():\n    pass\n")

    outcome = tool.run("--resource-guards-report", "test_it.py::test_b")

    assert "2 tests: 1 passed" in outcome.output
