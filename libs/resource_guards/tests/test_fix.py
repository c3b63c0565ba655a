"""Marks that fix themselves: a run that learns, and source that is right afterwards."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from support.suite import WORKERS
from support.suite import Suite

HEADER = """\
import subprocess

import pytest


def use(*words):
    subprocess.run(["tool", *words], check=True)


"""

# Each is a module before and after; `use()` uses the tool.
CASES = {
    "a class whose tests another takes": (
        """\
class TestA:
    def test_a(self):
        use()

    def test_b(self):
        use()


class TestB:
    test_a = TestA.test_a
""",
        """\
class TestA:
    @pytest.mark.tool
    def test_a(self):
        use()

    @pytest.mark.tool
    def test_b(self):
        use()


class TestB:
    test_a = TestA.test_a
""",
    ),
    "a class that another inherits": (
        """\
class TestBase:
    def test_a(self):
        use()

    def test_b(self):
        use()


class TestDerived(TestBase):
    pass
""",
        """\
@pytest.mark.tool
class TestBase:
    def test_a(self):
        use()

    def test_b(self):
        use()


class TestDerived(TestBase):
    pass
""",
    ),
    "a class with others in it": (
        """\
class TestSome:
    def test_a(self):
        use()

    def test_b(self):
        use()

    class TestOther:
        def test_idle(self):
            pass


class TestAll:
    def test_a(self):
        use()

    class TestInner:
        def test_b(self):
            use()

        def test_c(self):
            use()
""",
        """\
class TestSome:
    @pytest.mark.tool
    def test_a(self):
        use()

    @pytest.mark.tool
    def test_b(self):
        use()

    class TestOther:
        def test_idle(self):
            pass


@pytest.mark.tool
class TestAll:
    def test_a(self):
        use()

    class TestInner:
        def test_b(self):
            use()

        def test_c(self):
            use()
""",
    ),
    "a class that another inherits and overrides": (
        """\
class TestBase:
    def test_a(self):
        use()

    def test_b(self):
        use()


class TestDerived(TestBase):
    def test_a(self):
        pass

    def test_b(self):
        pass
""",
        """\
class TestBase:
    @pytest.mark.tool
    def test_a(self):
        use()

    @pytest.mark.tool
    def test_b(self):
        use()


class TestDerived(TestBase):
    def test_a(self):
        pass

    def test_b(self):
        pass
""",
    ),
    "functions": (
        """\
def test_needs():
    use()


@pytest.mark.tool
def test_has_too_much():
    pass


@pytest.mark.tool  # right as it is
async def test_not_run():
    pass


@pytest.mark.tool
def test_right():
    use()
""",
        """\
@pytest.mark.tool
def test_needs():
    use()


def test_has_too_much():
    pass


@pytest.mark.tool  # right as it is
async def test_not_run():
    pass


@pytest.mark.tool
def test_right():
    use()
""",
    ),
    "a module's mark moves down": (
        """\
pytestmark = pytest.mark.tool


def test_needs():
    use()


def test_does_not():
    pass


class TestAll:
    def test_a(self):
        use()

    def test_b(self):
        use()
""",
        """\
@pytest.mark.tool
def test_needs():
    use()


def test_does_not():
    pass


@pytest.mark.tool
class TestAll:
    def test_a(self):
        use()

    def test_b(self):
        use()
""",
    ),
    "a module's mark stays where all need it": (
        """\
pytestmark = [pytest.mark.tool]


def test_a():
    use()


def test_b():
    use()
""",
        None,
    ),
    "one of a list": (
        """\
pytestmark = [pytest.mark.tool, pytest.mark.filterwarnings("ignore")]


def test_a():
    pass
""",
        """\
pytestmark = [pytest.mark.filterwarnings("ignore")]


def test_a():
    pass
""",
    ),
    "a class's mark moves down": (
        """\
@pytest.mark.tool
class TestSome:
    def test_a(self):
        use()

    def test_b(self):
        pass

    def test_skipped(self):
        pytest.skip("it keeps what it has")
""",
        """\
class TestSome:
    @pytest.mark.tool
    def test_a(self):
        use()

    def test_b(self):
        pass

    @pytest.mark.tool
    def test_skipped(self):
        pytest.skip("it keeps what it has")
""",
    ),
    "marks move up to a class": (
        """\
class TestAll:
    def test_a(self):
        use()

    @pytest.mark.parametrize("x", [1, 2])
    def test_b(self, x):
        use()


class TestOne:
    def test_alone(self):
        use()

    def test_idle(self):
        pass
""",
        """\
@pytest.mark.tool
class TestAll:
    def test_a(self):
        use()

    @pytest.mark.parametrize("x", [1, 2])
    def test_b(self, x):
        use()


class TestOne:
    @pytest.mark.tool
    def test_alone(self):
        use()

    def test_idle(self):
        pass
""",
    ),
    "a module's tests, of which one is skipped": (
        """\
def test_a():
    use()


def test_b():
    use()


@pytest.mark.skip
def test_c():
    use()
""",
        """\
@pytest.mark.tool
def test_a():
    use()


@pytest.mark.tool
def test_b():
    use()


@pytest.mark.skip
def test_c():
    use()
""",
    ),
    "a module with one mark already": (
        """\
pytestmark = pytest.mark.filterwarnings("ignore")


def test_a():
    use()


def test_b():
    use()
""",
        """\
pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.tool]


def test_a():
    use()


def test_b():
    use()
""",
    ),
    "a module with a list of marks": (
        """\
pytestmark = [
    pytest.mark.filterwarnings("ignore"),  # they are many
]


def test_a():
    use()


def test_b():
    use()
""",
        """\
pytestmark = [
    pytest.mark.filterwarnings("ignore"),  # they are many
    pytest.mark.tool,
]


def test_a():
    use()


def test_b():
    use()
""",
    ),
    "a module whose marks are made elsewhere": (
        """\
pytestmark = [pytest.mark.filterwarnings("ignore")] * 2


def test_a():
    use()


class TestAll:
    def test_b(self):
        use()

    def test_c(self):
        use()
""",
        """\
pytestmark = [pytest.mark.filterwarnings("ignore")] * 2


@pytest.mark.tool
def test_a():
    use()


@pytest.mark.tool
class TestAll:
    def test_b(self):
        use()

    def test_c(self):
        use()
""",
    ),
    "a class's pytestmark": (
        """\
class TestNone:
    pytestmark = pytest.mark.tool

    def test_a(self):
        pass
""",
        """\
class TestNone:
    def test_a(self):
        pass
""",
    ),
    "parameters": (
        """\
@pytest.mark.parametrize("x", [0, 1, pytest.param(2, id="two")])
def test_a(x):
    if x:
        use()


@pytest.mark.tool
@pytest.mark.parametrize(("x", "y"), [(0, 1), (2, 3)])
def test_b(x, y):
    if x:
        use()


@pytest.mark.parametrize("x", [pytest.param(0, marks=pytest.mark.tool), 1])
def test_c(x):
    pass
""",
        """\
@pytest.mark.parametrize("x", [0, pytest.param(1, marks=pytest.mark.tool), pytest.param(2, id="two", marks=pytest.mark.tool)])
def test_a(x):
    if x:
        use()


@pytest.mark.parametrize(("x", "y"), [(0, 1), pytest.param(2, 3, marks=pytest.mark.tool)])
def test_b(x, y):
    if x:
        use()


@pytest.mark.parametrize("x", [pytest.param(0), 1])
def test_c(x):
    pass
""",
    ),
    "stacked parameters": (
        """\
@pytest.mark.parametrize("y", ["a", "b"])
@pytest.mark.parametrize("x", [0, 1])
def test_a(x, y):
    if y == "b":
        use()
""",
        """\
@pytest.mark.parametrize("y", ["a", pytest.param("b", marks=pytest.mark.tool)])
@pytest.mark.parametrize("x", [0, 1])
def test_a(x, y):
    if y == "b":
        use()
""",
    ),
    "an alias": (
        """\
tool = pytest.mark.tool


def test_a():
    use()


@tool
def test_b():
    pass
""",
        """\
tool = pytest.mark.tool


@tool
def test_a():
    use()


def test_b():
    pass
""",
    ),
    "a fixture of the module": (
        """\
@pytest.fixture(scope="module")
def shared():
    yield
    use()


def test_a(shared):
    pass


def test_b():
    pass
""",
        """\
@pytest.fixture(scope="module")
def shared():
    yield
    use()


@pytest.mark.tool
def test_a(shared):
    pass


def test_b():
    pass
""",
    ),
    "a failing and a skipping test that use it": (
        """\
def test_failing():
    use()
    raise OSError


def test_skipping():
    use()
    pytest.skip("later")


@pytest.mark.tool
def test_failing_too_early():
    raise OSError
""",
        """\
@pytest.mark.tool
def test_failing():
    use()
    raise OSError


@pytest.mark.tool
def test_skipping():
    use()
    pytest.skip("later")


@pytest.mark.tool
def test_failing_too_early():
    raise OSError
""",
    ),
    "methods of unittest": (
        """\
import unittest


class Case(unittest.TestCase):
    def test_a(self):
        use()

    def test_b(self):
        pass
""",
        """\
import unittest


class Case(unittest.TestCase):
    @pytest.mark.tool
    def test_a(self):
        use()

    def test_b(self):
        pass
""",
    ),
}


@pytest.fixture
def tool(suite: Suite) -> Suite:
    """A suite whose settings guard a program."""
    suite.tool()
    suite.write_files({"pytest.ini": "[pytest]\nresource_guards = tool\naddopts = -Wignore\n"})
    return suite


def violations(text: str) -> int:
    """How many violations a run's output tells."""
    return text.count("without @pytest.mark.tool") + sum(
        text.count(f"but never {verb} tool") for verb in ("invoked", "used")
    )


def test_one_mark_for_a_module(tool: Suite) -> None:
    """A module whose tests all need the mark gets it once, behind its imports; so do two marks."""
    tool.tool("other")
    tool.write_files({"pytest.ini": "[pytest]\nresource_guards = tool other\n"})
    tests = """\
def test_a():
    use()
    subprocess.run(["other"], check=True)


@pytest.mark.parametrize("x", [1, 2])
def test_b(x):
    use()
    subprocess.run(["other"], check=True)


class TestAll:
    def test_c(self):
        use()
        subprocess.run(["other"], check=True)
"""
    path = tool.path / "test_it.py"
    path.write_text(HEADER + tests)

    outcome = tool.run("--resource-guards-fix=write")

    imported = "import pytest\n"
    marks = "\npytestmark = [pytest.mark.other, pytest.mark.tool]\n"
    assert path.read_text() == HEADER.replace(imported, imported + marks) + tests
    assert "2 marks added, 0 removed in 1 file; 0 left to change by hand" in outcome.output
    assert violations(tool.run().output) == 0


@WORKERS
def test_each_case(tool: Suite, workers: tuple[str, ...]) -> None:
    """The marks are right, the rest is as it was; nothing is left to fix, nor to complain of."""
    paths = {}
    for number, (name, (before, _)) in enumerate(CASES.items()):
        paths[name] = tool.path / f"test_{number}.py"
        paths[name].write_text(HEADER + before)

    outcome = tool.run("--resource-guards-fix=write", "-v", *workers)

    assert violations(outcome.output) == 0, outcome.output
    for name, (before, after) in CASES.items():
        assert paths[name].read_text() == HEADER + (after or before), name
    fixed = {name: path.read_bytes() for name, path in paths.items()}
    enforced = tool.run(*workers)
    assert violations(enforced.output) == 0, enforced.output
    again = tool.run("--resource-guards-fix=write", *workers)
    assert "0 marks added, 0 removed in 0 files; 0 left" in again.output, again.output
    assert fixed == {name: path.read_bytes() for name, path in paths.items()}


def test_a_difference_writes_nothing(tool: Suite) -> None:
    """``diff`` shows what ``write`` would do."""
    path = tool.path / "test_it.py"
    path.write_text(HEADER + "def test_a():\n    use()\n")

    outcome = tool.run("--resource-guards-fix=diff")

    assert path.read_text() == HEADER + "def test_a():\n    use()\n"
    assert "+@pytest.mark.tool\n def test_a():" in outcome.output
    assert "1 mark would be added, 0 would be removed in 1 file; 0 left to change by hand" in (
        outcome.output
    )
    assert tool.runs_of() == [""]


def test_what_is_left_to_a_person(tool: Suite) -> None:
    """Each is listed with its place and the reason, and its file is as it was."""
    tool.write_files(
        {
            "conftest.py": """
                import pytest

                def pytest_generate_tests(metafunc):
                    if "generated" in metafunc.fixturenames:
                        metafunc.parametrize("generated", [0, 1])

                def pytest_collection_modifyitems(items):
                    for item in items:
                        if item.name == "test_marked_by_a_hook":
                            item.add_marker(pytest.mark.tool)
            """,
            "test_it.py": HEADER
            + """
VALUES = [0, 1]

@pytest.mark.parametrize("x", VALUES)
def test_values(x):
    x and use()

@pytest.mark.parametrize("x", [0, 1])
@pytest.mark.parametrize("y", [0, 1])
def test_both(x, y):
    x and y and use()

def test_generated(generated):
    generated and use()

def test_marked_by_a_hook():
    pass

def make():
    def inner():
        use()
    return inner

test_made = make()
""",
        }
    )
    before = (tool.path / "test_it.py").read_bytes()

    outcome = tool.run("--resource-guards-fix=write", "-v")

    left = outcome.output.partition("guards: fix")[2]
    for text in (
        "test_it.py:14: add @pytest.mark.tool by hand (test_values): ",
        "test_it.py::test_both[1-1]: some of its parameters need @pytest.mark.tool",
        "test_it.py::test_generated[1]: some of its parameters need",
        "test_it.py::test_marked_by_a_hook: its @pytest.mark.tool is superfluous, but comes from",
        "test_it.py:33: add @pytest.mark.tool by hand (test_made): It is an assignment, which",
        "0 marks added, 0 removed in 0 files; 5 left to change by hand",
    ):
        assert text in left, left
    assert (tool.path / "test_it.py").read_bytes() == before


def test_which_tests_are_left_alone(tool: Suite) -> None:
    """Those that did not run to the end are counted and listed."""
    tool.write(
        test_it="""
            import pytest

            @pytest.mark.tool
            def test_skipped(): pytest.skip("why not")

            @pytest.mark.tool
            def test_failing(): raise OSError

            @pytest.mark.tool
            def test_deselected(): pass
        """
    )
    before = (tool.path / "test_it.py").read_bytes()

    outcome = tool.run("--resource-guards-fix=write", "-k", "not deselected")

    for name in ("skipped", "failed", "deselected"):
        assert f"1 test left alone: {name}" in outcome.output
    for name in ("test_skipped", "test_failing", "test_deselected"):
        assert f"  test_it.py::{name}" in outcome.output
    assert (tool.path / "test_it.py").read_bytes() == before


def test_tests_that_another_file_defines(tool: Suite) -> None:
    """Inherited tests: marked where they are defined, or where they are inherited."""
    tool.write_files(
        {
            "base.py": """
                import subprocess

                class Base:
                    word = ""

                    def test_always(self):
                        subprocess.run(["tool"], check=True)

                    def test_sometimes(self):
                        if self.word:
                            subprocess.run(["tool"], check=True)
            """,
            "test_it.py": """
                from base import Base

                class TestAll(Base):
                    word = "a"

                class TestSome(Base):
                    pass
            """,
        }
    )
    tool.write_files({"pytest.ini": "[pytest]\nresource_guards = tool\npythonpath = .\n"})

    outcome = tool.run("--resource-guards-fix=write")

    assert "left to change by hand" in outcome.output
    enforced = tool.run()
    assert violations(enforced.output) == 0, enforced.output
    assert "@pytest.mark.tool" in (tool.path / "base.py").read_text()
    assert "@pytest.mark.tool\nclass TestAll(Base):" in (tool.path / "test_it.py").read_text()


def test_files_outside_of_the_root(tool: Suite, tmp_path: Path) -> None:
    """They are never touched, nor is a link that leads there."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "test_other.py").write_text(HEADER + "def test_a():\n    use()\n")
    (tool.path / "test_linked.py").symlink_to(outside / "test_other.py")

    outcome = tool.run("--resource-guards-fix=write", ".", "--rootdir", str(tool.path))

    assert "test_linked.py: it is outside" in outcome.output, outcome.output
    assert "@pytest.mark" not in (outside / "test_other.py").read_text()


def test_a_file_that_cannot_be_written(tool: Suite) -> None:
    """It is as it was, and listed; nothing else is left behind."""
    tool.write_files(
        {
            "conftest.py": """
        import os
        from imbue.resource_guards.report import files

        def fail(*_, **__):
            raise OSError(28, "No space left on device")

        def pytest_sessionfinish():
            files.tempfile.mkstemp = fail
    """
        }
    )
    path = tool.path / "test_it.py"
    path.write_text(HEADER + "def test_a():\n    use()\n")

    outcome = tool.run("--resource-guards-fix=write")

    assert outcome.code == pytest.ExitCode.TESTS_FAILED
    said = "test_it.py: cannot be written: No space left on device. No file was changed."
    assert said in outcome.output
    assert path.read_text() == HEADER + "def test_a():\n    use()\n"
    assert not list(tool.path.glob(".test_it*"))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--resource-guards-fix=write", "--resource-guards=off"), "see nothing while"),
        (("--resource-guards-fix=both",), "invalid choice: 'both'"),
    ],
)
def test_bad_options(tool: Suite, arguments: tuple[str, ...], said: str) -> None:
    """One clear error before tests run."""
    tool.write(test_it="def test_a(): pass")

    outcome = tool.run(*arguments)

    assert outcome.code == pytest.ExitCode.USAGE_ERROR
    assert said in outcome.output


@pytest.mark.parametrize("instead", ["None", "types.ModuleType('libcst')"], ids=["none", "a stub"])
def test_without_libcst(tool: Suite, instead: str) -> None:
    """It says what to install."""
    stub = f"import sys, types\nsys.modules['libcst'] = {instead}\n"
    tool.write_files({"no_libcst.py": stub})
    tool.write(test_it="def test_a(): pass")

    outcome = tool.run("--resource-guards-fix=write", plugins=("no_libcst",))

    assert outcome.code == pytest.ExitCode.USAGE_ERROR
    assert "pip install 'resource-guards[fix]'" in outcome.output


def run_program(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run ``python -m imbue.resource_guards``."""
    command = [sys.executable, "-m", "imbue.resource_guards", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("instead", ["None", "types.ModuleType('libcst')"], ids=["none", "a stub"])
def test_the_command_without_libcst(tool: Suite, instead: str) -> None:
    """It says the same, before it looks at the report."""
    code = (
        f"import sys, types; sys.modules['libcst'] = {instead}; "
        "from imbue.resource_guards.__main__ import main; sys.exit(main())"
    )

    done = subprocess.run(
        [sys.executable, "-c", code, "fix", "no.json", "--diff"],
        cwd=tool.path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert "pip install 'resource-guards[fix]'" in done.stderr


def test_from_many_machines_to_one(tool: Suite) -> None:
    """Reports of the parts of a suite are put together, shown, and applied to the source."""
    one, two = tool.path / "test_one.py", tool.path / "test_two.py"
    one.write_text(HEADER + "def test_a():\n    use()\n\n\ndef test_b():\n    use()\n")
    two.write_text(HEADER + "@pytest.mark.tool\ndef test_c():\n    pass\n")
    tool.run("--resource-guards=warn", "--resource-guards-json=a.json", "-k", "test_a")
    tool.run("--resource-guards=warn", "--resource-guards-json=b.json", "-k", "not test_a")

    merged = run_program("merge", "a.json", "b.json", "-o", "all.json")
    assert merged.returncode == 0, merged.stderr
    outcomes = [each["outcome"] for each in json.loads(Path("all.json").read_text())["tests"]]
    assert outcomes == ["passed"] * 3
    shown = run_program("report", "all.json", "-v").stdout
    assert "3 tests, not counting violations: 3 passed" in shown
    assert "test_two.py::test_c: passed, marked, not used - superfluous mark" in shown
    difference = run_program("fix", "all.json", "--diff")
    assert "+pytestmark = pytest.mark.tool" in difference.stdout
    assert "-@pytest.mark.tool" in difference.stdout
    assert one.read_text().count("pytest.mark") == 0
    written = run_program("fix", "all.json", "--write")
    assert written.returncode == 0, written.stdout
    assert one.read_text().count("pytestmark = pytest.mark.tool\n") == 1
    assert two.read_text().count("@pytest.mark.tool\n") == 0
    assert violations(tool.run().output) == 0

    again = run_program("fix", "all.json", "--write")
    assert again.returncode == 1
    assert "test_one.py: it differs from the file of the run (another revision" in again.stdout


def test_from_a_run_that_enforced(tool: Suite) -> None:
    """A test that was blocked may not have come to what it declares: that mark is left to it."""
    tool.tool("other")
    tool.write_files({"pytest.ini": "[pytest]\nresource_guards = tool other\n"})
    path = tool.path / "test_it.py"
    path.write_text(
        HEADER
        + """\
@pytest.mark.other
def test_a():
    if subprocess.run(["tool"]).returncode == 0:
        subprocess.run(["other"], check=True)
"""
    )
    tool.run("--resource-guards-json=a.json")

    written = run_program("fix", "a.json", "--write")

    assert "1 mark added, 0 removed in 1 file" in written.stdout, written.stdout
    assert tool.run().counts == {"passed": 1}


def test_reports_of_different_revisions(tool: Suite) -> None:
    """They are not put together."""
    path = tool.path / "test_it.py"
    path.write_text(HEADER + "def test_a():\n    use()\n")
    tool.run("--resource-guards-json=a.json")
    path.write_text(path.read_text() + "\n")
    tool.run("--resource-guards-json=b.json")

    merged = run_program("merge", "a.json", "b.json", "-o", "all.json")

    assert merged.returncode == 2
    assert "test_it.py is not the same file in the runs of a.json and b.json" in (merged.stderr)
    assert not Path("all.json").exists()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "No such file"),
        ("{", "cannot be read as a report"),
        ("[]", "is not a report of resource guards"),
        ('{"format": "resource-guards-report", "version": 3}', "has version 3 of the report"),
        ('{"format": "resource-guards-report", "version": 1}', "cannot be read as a report"),
    ],
)
@pytest.mark.parametrize("command", [["report"], ["fix", "--diff"], ["merge", "-o", "all.json"]])
def test_a_file_that_is_no_report(
    suite: Suite, content: str | None, said: str, command: list[str]
) -> None:
    """One clear error that names the file."""
    if content is not None:
        (suite.path / "a.json").write_text(content)

    done = run_program(*command, "a.json")

    assert done.returncode == 2
    assert said in done.stderr
    assert "a.json" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_run_that_is_not_to_be_trusted(tool: Suite) -> None:
    """Where uses may be lost, nothing is changed."""
    path = tool.path / "test_it.py"
    path.write_text(
        HEADER
        + """
def test_a():
    use()
    import os, pathlib
    journal = pathlib.Path(os.environ["PATH"].split(":")[0]).parent / "journal"
    with journal.open("ab") as file:
        file.write(b"no record\\n")
"""
    )
    before = path.read_text()

    outcome = tool.run("--resource-guards-fix=write")

    assert path.read_text() == before, outcome.output
    assert "Nothing was changed, because this run is unreliable" in outcome.output
