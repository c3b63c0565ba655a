"""Reports of several projects of one repository: put together, shown and applied, with equal names apart."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from imbue.resource_guards.errors import ResourceGuardMisconfiguration
from imbue.resource_guards.report.document import Document
from imbue.resource_guards.report.document import read_document
from imbue.resource_guards.report.evidence import Axis
from imbue.resource_guards.report.evidence import Source
from imbue.resource_guards.report.evidence import TestRecord
from imbue.resource_guards.report.merging import merge_documents
from imbue.resource_guards.report.repository import place_in_repository
from support.suite import Suite

PROJECTS = ("services/one", "services/two", "three")

TESTS = """
import subprocess

import pytest


def test_missing():
    subprocess.run(["tool"], check=True)


@pytest.mark.tool
class TestA:
    def test_superfluous(self):
        pass


@pytest.mark.parametrize("path", ["a/b", "::"])
def test_names(path):
    pass
"""


@pytest.fixture(name="monorepo")
def monorepo_fixture(suite: Suite) -> Suite:
    """A repository with three projects that have a file of the same name, with other content."""
    suite.tool()
    (suite.path / ".git").mkdir()
    for name in PROJECTS:
        settings = "[pytest]\nresource_guards = tool\nresource_guards_mode = warn\n"
        suite.write_files(
            {
                f"{name}/pytest.ini": settings,
                f"{name}/tests/test_it.py": f'"""Of {name}."""\n{TESTS}',
            }
        )
    return suite


def run_in(project: str, *arguments: str) -> None:
    """Run a project's tests in its own directory."""
    options = ("-presource_guards", "-pno:cacheprovider", "--resource-guards-json=report.json")
    done = call(project, "pytest", *options, *arguments)
    assert done.returncode == 0, done.stdout


def program(folder: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command line in a folder of the repository."""
    return call(folder, "imbue.resource_guards", *arguments)


def call(folder: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a module in a folder of the repository."""
    return subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def reports(*names: str) -> list[str]:
    """The reports of some projects."""
    return [f"{name}/report.json" for name in names]


@pytest.mark.git
def test_three_projects_put_together(monorepo: Suite) -> None:
    """Each test is there, by a name that can be pasted; and one fix in the repository's root changes all."""
    (monorepo.path / ".git").rmdir()
    subprocess.run(["git", "init", "-q"], check=True)
    for name in PROJECTS:
        run_in(name)

    merged = program(".", "merge", *reports(*PROJECTS), "-o", "all.json")

    assert (merged.returncode, merged.stderr) == (0, "")
    document = read_document(Path("all.json"))
    assert len(document.tests) == 4 * len(PROJECTS)
    assert sorted(document.sources) == sorted(f"{name}/tests/test_it.py" for name in PROJECTS)
    wheres = {
        use.where for each in document.tests for used in each.used.values() for use in used.uses
    }
    assert wheres == {f"{name}/tests/test_it.py:9" for name in PROJECTS}
    shown = program(".", "report", "all.json", "-v").stdout
    for name in PROJECTS:
        nodeid = f"{name}/tests/test_it.py::TestA::test_superfluous"
        assert f"{nodeid}: passed, marked, not used - superfluous mark" in shown
        pasted = call(".", "pytest", "-presource_guards", "-pno:cacheprovider", "-q", nodeid)
        assert "1 passed" in pasted.stdout

    fixed = program(".", "fix", "all.json", "--write")

    assert "3 marks added, 3 removed in 3 files; 0 left to change by hand" in fixed.stdout, fixed
    for name in PROJECTS:
        text = (monorepo.path / name / "tests/test_it.py").read_text()
        assert "@pytest.mark.tool\ndef test_missing" in text
        assert text.count("@pytest.mark.tool") == 1
        run_in(name, "--resource-guards=enforce")


def test_a_fix_in_another_directory(monorepo: Suite) -> None:
    """A report whose files are not there is refused in one line, which names the directory to give; that works."""
    for name in PROJECTS:
        run_in(name)
    program(".", "merge", *reports(*PROJECTS), "-o", "all.json")
    project, other = PROJECTS[:2]
    report = str(monorepo.path / "all.json")

    failed = program(project, "fix", report, "--diff")

    up = os.path.relpath(monorepo.path, monorepo.path / project)
    assert (failed.returncode, failed.stdout) == (2, "")
    assert failed.stderr == (
        "error: no file of this report is here: its paths start at the root of the repository. "
        f"Add --root={up}\n"
    )
    assert program(project, "fix", report, "--diff", f"--root={up}").stdout.startswith("---")
    alone = program(project, "fix", f"{monorepo.path}/{other}/report.json", "--diff", "--root=/")
    assert f"start at {other} in the repository. Add --root=PATH with its path" in alone.stderr


def test_a_single_project(monorepo: Suite) -> None:
    """Its report is fixed in its own directory as ever, and from elsewhere with --root."""
    for name in PROJECTS[:2]:
        run_in(name)
    path = monorepo.path / PROJECTS[0] / "tests/test_it.py"

    here = program(PROJECTS[0], "fix", "report.json", "--diff")
    there = program(".", "fix", *reports(PROJECTS[0]), "--diff", "--root", PROJECTS[0])

    assert here.stdout == there.stdout
    assert "+++ b/tests/test_it.py" in here.stdout
    written = program(PROJECTS[0], "fix", "report.json", "--write", "--dirty")
    assert written.returncode == 0, written.stdout
    assert path.read_text().count("@pytest.mark.tool") == 1


@pytest.mark.usefixtures("monorepo")
def test_parts_of_one_project() -> None:
    """They are put together as ever; and the result with what other projects have."""
    run_in(PROJECTS[0], "-k", "TestA")
    Path(PROJECTS[0], "report.json").rename("a.json")
    run_in(PROJECTS[0], "-k", "not TestA")
    Path(PROJECTS[0], "report.json").rename("b.json")
    run_in(PROJECTS[2])

    assert program(".", "merge", "a.json", "b.json", "-o", "one.json").returncode == 0
    one = read_document(Path("one.json"))
    assert {each.nodeid for each in one.tests} == {
        each.nodeid for each in read_document(Path("a.json")).tests
    }
    assert one.root == PROJECTS[0]
    last = program(".", "merge", "one.json", *reports(PROJECTS[2]), "-o", "all.json")
    assert last.returncode == 0, last.stderr
    tests = [each.nodeid for each in read_document(Path("all.json")).tests]
    assert [each.partition("/tests/")[0] for each in tests] == [PROJECTS[0]] * 4 + [PROJECTS[2]] * 4
    again = program(".", "merge", "all.json", "one.json", "-o", "again.json")
    assert again.returncode == 0
    assert len(read_document(Path("again.json")).tests) == 8


@pytest.mark.usefixtures("monorepo")
def test_reports_of_version_1() -> None:
    """Among themselves they merge as before; with projects that are known apart, one line says what to do."""
    run_in(PROJECTS[0])
    run_in(PROJECTS[1])
    old = []
    for name in PROJECTS[:2]:
        data = json.loads(Path(name, "report.json").read_text())
        del data["root"], data["fixtures"]
        for test in data["tests"]:
            del test["seconds"]
        old.append(f"{name.rpartition('/')[2]}.json")
        Path(old[-1]).write_text(json.dumps(data | {"version": 1}))

    apart = program(".", "merge", *old, "-o", "all.json")
    alike = program(".", "merge", old[0], old[0], "-o", "all.json")
    mixed = program(".", "merge", old[0], *reports(*PROJECTS[:2]), "-o", "all.json")

    assert apart.returncode == 2
    assert (
        "tests/test_it.py is not the same file in the runs of one.json and two.json" in apart.stderr
    )
    assert alike.returncode == 0
    assert mixed.returncode == 2
    assert "one.json does not say where its project is in the repository" in mixed.stderr
    assert mixed.stderr.count("\n") == 1


def test_the_place_in_a_repository(tmp_path: Path) -> None:
    """The nearest directory with .git, a file or a directory, counts, as for git; links are followed."""
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    (tmp_path / ".git").mkdir()
    assert place_in_repository(below) == "a/b"
    assert place_in_repository(tmp_path) == "."
    (tmp_path / "link").symlink_to(below)
    assert place_in_repository(tmp_path / "link") == "a/b"
    (tmp_path / "a" / ".git").write_text("gitdir: elsewhere\n")
    assert place_in_repository(below) == "b"


def test_no_repository(suite: Suite) -> None:
    """A report says nothing of its place, and merges as before."""
    suite.guard_tool()
    suite.write(test_it="def test_it(): pass")
    suite.run("--resource-guards-json=a.json")

    assert "root" not in json.loads((suite.path / "a.json").read_text())
    done = program(".", "merge", "a.json", "a.json", "-o", "all.json")
    assert done.returncode == 0


def test_names_that_are_no_paths_below() -> None:
    """What is outside of its project has its path from the repository, or an absolute one as it is."""
    one = Document(tests=[TestRecord(f"{path}::test_a") for path in ("a.py", "../b.py", "/c.py")])
    one.root = "services/one"
    source = Source("a.py", 3, "test_a")
    one.tests[0].axes, one.tests[0].classes = [Axis(["x"], source), Axis(["y"], None)], [source]
    two = Document(tests=[TestRecord("a.py::test_a")], root=".")

    merged = merge_documents({"1": one, "2": two})

    assert [each.nodeid for each in merged.tests] == [
        "services/one/a.py::test_a",
        "services/b.py::test_a",
        "/c.py::test_a",
        "a.py::test_a",
    ]
    moved = Source("services/one/a.py", 3, "test_a")
    assert merged.tests[0].axes == [Axis(["x"], moved), Axis(["y"], None)]
    assert merged.tests[0].classes == [moved]
    with pytest.raises(ResourceGuardMisconfiguration, match="3 does not say"):
        merge_documents({"1": one, "2": two, "3": Document()})
