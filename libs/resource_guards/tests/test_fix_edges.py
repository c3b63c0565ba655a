"""The fix, where files are not what they seem: it says what it leaves, and changes nothing by half."""

from __future__ import annotations

import os
import stat
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from imbue.resource_guards.fix.apply import Output
from imbue.resource_guards.fix.apply import apply
from imbue.resource_guards.fix.lines import Screen
from imbue.resource_guards.fix.lines import fix_lines
from imbue.resource_guards.fix.plan import make_plan
from imbue.resource_guards.report.document import from_data
from imbue.resource_guards.report.evidence import Axis
from imbue.resource_guards.report.evidence import Source
from imbue.resource_guards.report.evidence import TestRecord
from imbue.resource_guards.report.evidence import UsedResource
from imbue.resource_guards.report.sources import Sources
from support.suite import WORKERS
from support.suite import Suite

HEADER = """\
import subprocess

import pytest


def use():
    subprocess.run(["tool"], check=True)


"""
USING = HEADER + "def test_a():\n    use()\n"
MARKED = HEADER + "@pytest.mark.tool\ndef test_a():\n    use()\n"
WRITE = "--resource-guards-fix=write"


@pytest.fixture
def tool(suite: Suite) -> Suite:
    """A suite that guards a tool, and whose one file can be fixed."""
    suite.name_guards("tool")
    (suite.path / "test_other.py").write_text(USING)
    return suite


def check(outcome: Any, suite: Suite, said: str, *, others: str = MARKED) -> None:
    """The run says something of one file, has a summary, and has fixed the other file."""
    assert said in outcome.output
    assert "left to change by hand" in outcome.output
    assert "Traceback" not in outcome.output
    assert "INTERNALERROR" not in outcome.output
    assert (suite.path / "test_other.py").read_text() == others
    assert [path.name for path in suite.path.iterdir() if path.name.startswith(".")] == []


@WORKERS
@pytest.mark.parametrize("name", ["<generated>", "<string>", "generated.py"])
def test_code_of_no_file(tool: Suite, name: str, workers: tuple[str, ...]) -> None:
    """A test that was compiled from text is left to change by hand."""
    (tool.path / "test_it.py").write_text(
        f"import subprocess, pytest\n"
        f"source = 'def test_a():\\n    subprocess.run([\"tool\"], check=True)\\n'\n"
        f'exec(compile(source, "{name}", "exec"))\n'
    )

    outcome = tool.run(WRITE, *workers)

    check(outcome, tool, ": cannot be read (No such file" if "." in name else "test_it.py: add @")


@WORKERS
@pytest.mark.parametrize(
    ("act", "said"),
    [
        ("file.unlink()", "test_it.py: cannot be read (No such file or directory)"),
        (
            "file.write_text(file.read_text() + '# edited')",
            "test_it.py: it differs from the file of the run",
        ),
        ("file.unlink(); os.mkfifo(file)", "test_it.py: cannot be read (it is not a regular file)"),
        ("file.unlink(); file.mkdir()", "test_it.py: cannot be read (it is not a regular file)"),
        ("file.unlink(); file.symlink_to(file)", "test_it.py: cannot be read ("),
        ("file.chmod(0o444)", "test_it.py: it is read-only; not changed."),
    ],
)
def test_a_file_that_changes_during_the_run(
    tool: Suite, act: str, said: str, workers: tuple[str, ...]
) -> None:
    """It is left as it is, and named; the others are fixed."""
    (tool.path / "test_it.py").write_text(
        "import os, pathlib\n" + USING + f"    file = pathlib.Path(__file__)\n    {act}\n"
    )

    outcome = tool.run(WRITE, *workers)

    check(outcome, tool, said)


@WORKERS
def test_a_file_edited_after_the_import(tool: Suite, workers: tuple[str, ...]) -> None:
    """What a test module and a module of its base class contained when they were imported counts."""
    edit = "    import base, pathlib\n    for each in (__file__, base.__file__):\n"
    edit += "        path = pathlib.Path(each)\n        path.write_text(path.read_text() + '#')\n"
    (tool.path / "base.py").write_text(
        HEADER + "class Base:\n    def test_b(self):\n        use()\n"
    )
    (tool.path / "test_it.py").write_text(
        USING + edit + "\nfrom base import Base\n\nclass TestIt(Base):\n    pass\n"
    )

    outcome = tool.run(WRITE, *workers)

    check(outcome, tool, "test_it.py: it differs from the file of the run")
    # A second worker may come to it when the first has edited it, and then does not know.
    known = "base.py: it differs from the file of the run" in outcome.output
    assert known or (workers and "base.py: its content" in outcome.output), outcome.output
    assert "@pytest.mark" not in (tool.path / "base.py").read_text()


def test_a_module_generated_while_tests_are_collected(tool: Suite) -> None:
    """A module that a test module has made and imported is not touched: nobody knows what was imported."""
    text = HEADER + "class Base:\n    def test_b(self):\n        use()\n"
    (tool.path / "test_it.py").write_text(
        f"import pathlib\npathlib.Path('base.py').write_text({text!r})\n"
        "from base import Base\n\nclass TestIt(Base):\n    pass\n"
    )

    outcome = tool.run(WRITE)

    check(outcome, tool, "base.py: its content when the tests were imported is unknown")


@pytest.mark.skipif(os.getuid() != 0, reason="only root may give files away")
def test_the_owner_of_a_file(tool: Suite) -> None:
    """Root fixes another user's file, and leaves it to them."""
    path = tool.path / "test_other.py"
    os.chown(path, 65534, 65534)
    path.chmod(0o640)

    outcome = tool.run(WRITE)

    check(outcome, tool, "changed test_other.py")
    assert (path.stat().st_uid, path.stat().st_gid) == (65534, 65534)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_one_of_several_files_cannot_be_written(tool: Suite) -> None:
    """None is changed, the run fails, and says so once in one line."""
    (tool.path / "test_it.py").write_text(USING)
    tool.write(
        conftest="""
            import errno
            from imbue.resource_guards.report.files import StagedFile

            commit = StagedFile.commit

            def fail(self):
                if self._path.name == "test_other.py":
                    raise OSError(errno.ENOSPC, "No space left on device")
                commit(self)

            StagedFile.commit = fail
        """
    )

    outcome = tool.run(WRITE)

    said = "test_other.py: cannot be written: No space left on device. No file was changed."
    check(outcome, tool, said, others=USING)
    assert outcome.code == pytest.ExitCode.TESTS_FAILED
    assert (tool.path / "test_it.py").read_text() == USING
    assert "0 marks added, 0 removed in 0 files" in outcome.output


def test_an_error_of_our_own(tool: Suite) -> None:
    """The run ends with its summary, fails, and says in one line where the error is from."""
    tool.write(
        conftest="""
            from imbue.resource_guards.fix import apply

            def rewrite(*_):
                raise ZeroDivisionError("by design")

            apply.rewrite = rewrite
        """
    )

    outcome = tool.run(WRITE)

    assert outcome.code == pytest.ExitCode.TESTS_FAILED
    said = (
        "--resource-guards-fix: ZeroDivisionError at conftest.py:5: by design. No file was changed."
    )
    assert said in outcome.output
    assert "Traceback" not in outcome.output
    assert "1 passed" in outcome.output
    assert (tool.path / "test_other.py").read_text() == USING


NAMES = st.sampled_from(
    ["test_a", "TestA", "TestA.test_b", "", "..", "test_a.", "\ud800", "a" * 300]
)
PATHS = st.sampled_from(
    ["test_it.py", "missing.py", "folder", "..", "", "/dev/zero", "\ud800.py", "pipe"]
)
SOURCES = st.builds(
    lambda path, line, qualname: {"path": path, "line": line, "qualname": qualname},
    *(PATHS, st.integers(0, 10**20), NAMES),
)
MARKS = st.sampled_from(["tool", "class", "no mark", "\ud800"])
RECORDS = st.fixed_dictionaries(
    {
        "nodeid": st.text(max_size=3),
        "outcome": st.sampled_from(["passed", "failed", "not run"]),
        "source": st.none() | SOURCES,
        "cls": st.none() | SOURCES,
        "classes": st.lists(SOURCES, max_size=2),
        "parameters": st.dictionaries(st.sampled_from("ab"), st.integers(0, 10**20), max_size=2),
        "axes": st.lists(
            st.fixed_dictionaries(
                {
                    "argnames": st.lists(st.sampled_from("ab"), max_size=2),
                    "source": st.none() | SOURCES,
                }
            ),
            max_size=2,
        ),
        "declared": st.lists(
            st.fixed_dictionaries(
                {
                    "resource": MARKS,
                    "level": st.sampled_from(["function", "param", "class", "module", "other"]),
                    "source": st.none() | SOURCES,
                }
            ),
            max_size=2,
        ),
        "used": st.dictionaries(
            MARKS, st.just({"count": 1, "ways": {"program": 1}, "uses": []}), max_size=1
        ),
        "violations": st.just({}),
        "blocked": st.booleans(),
        "finished": st.booleans(),
    }
)


@given(st.lists(RECORDS, max_size=4), st.sampled_from(Output))
@settings(
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_any_report(tmp_path: Path, records: list[dict[str, Any]], output: Output) -> None:
    """A report that is readable never ends a fix in an error, whatever places it names."""
    source = tmp_path / "test_it.py"
    source.write_text(MARKED + "\n\nclass TestA:\n    def test_b(self):\n        pass\n")
    (tmp_path / "folder").mkdir(exist_ok=True)
    if not (tmp_path / "pipe").exists():
        os.mkfifo(tmp_path / "pipe")
    document = from_data(
        {
            "format": "resource-guards-report",
            "version": 1,
            "resources": [{"mark": mark, "name": mark} for mark in ("tool", "class", "\ud800")],
            "sources": {},
            "problems": [],
            "late_uses": [],
            "tests": records,
        }
    )
    from imbue.resource_guards.report.files import digest_of  # after LibCST

    known = {"test_it.py": digest_of(source.read_bytes()), "folder": "0" * 64, "pipe": "0" * 64}

    fixed = apply(make_plan(document.tests, document.labels), tmp_path, output, sources=known)

    assert not fixed.error
    lines = fix_lines(
        fixed,
        document,
        written=output is Output.WRITE,
        verbose=True,
        screen=Screen.TERMINAL,
    )
    for line in lines:
        assert line.isprintable() or "\t" in line
    compile(source.read_bytes(), "test_it.py", "exec")


def test_an_axis_without_arguments() -> None:
    """An empty `parametrize` does not tell a test's parameters apart, and stops nothing."""
    source = Source("test_it.py", 1, "test_a")
    tests = [
        TestRecord(nodeid, "passed", source, axes=[Axis([], source)], used=used)
        for nodeid, used in (("a", {"tool": UsedResource(1)}), ("b", {}))
    ]

    plan = make_plan(tests, ["tool"])

    assert plan.changes == {}
    assert len(plan.left) == 1


def known_of(sources: Sources, tmp_path: Path, name: str = "a.py") -> bool:
    """Whether it is known what a test's file contained."""
    (tmp_path / name).write_text("x = 1\n")
    sources.note(TestRecord("a", source=Source(name, 1, "test_a")))
    return name in sources.digests


def test_when_a_file_was_touched(tmp_path: Path) -> None:
    """One that was touched since the run began is known only if it was read before its import."""
    past, future = time.time_ns() - 10**12, time.time_ns() + 10**12

    assert known_of(Sources(tmp_path, future), tmp_path)
    assert not known_of(Sources(tmp_path, past), tmp_path)
    imported = Sources(tmp_path, past)
    imported.note_before_import("a.py")
    assert known_of(imported, tmp_path)


def test_a_test_module_that_another_has_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is read too late, and known only if nobody has touched it since the run began."""
    import sys
    import types

    (tmp_path / "a.py").touch()
    module = types.ModuleType("a")
    module.__file__ = str(tmp_path / "a.py")
    monkeypatch.setitem(sys.modules, "a", module)

    sources = Sources(tmp_path, 0)
    sources.note_before_import("a.py")

    assert sources.digests == {}


def test_workers_that_imported_different_content(tmp_path: Path) -> None:
    """Nobody knows then what the tests were."""
    sources = Sources(tmp_path, 0)
    sources.merge({"a.py": "1", "b.py": "2", "c.py": ""})
    sources.merge({"a.py": "1", "b.py": "3", "c.py": "4"})
    sources.merge({"b.py": "2"})

    assert sources.digests == {"a.py": "1"}
