"""Text that others wrote, where people and CI servers read it."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import example
from hypothesis import given
from hypothesis import strategies as st

from imbue.resource_guards.messages.foreign import shown
from imbue.resource_guards.messages.foreign import shown_lines
from support.suite import Suite

WORKERS = pytest.mark.parametrize("workers", [(), ("-n1",)], ids=["one process", "a worker"])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("plain text, äöü, 日本語", "plain text, äöü, 日本語"),
        ("a\nb\tc\rd", "a\\nb\\tc\\rd"),
        ("\x1b]0;title\x07", "\\x1b]0;title\\x07"),
        ("\x9b31m", "\\x9b31m"),
        ("\u202egnp.exe\u2066\u061c", "\\u202egnp.exe\\u2066\\u061c"),
        ("a\u2028b", "a\\u2028b"),
        ("\udcff", "\\udcff"),
        ("👩\u200d🔬", "👩\u200d🔬"),
        ("::error file=a::b", "\\x3a:error file=a::b"),
        ("  ::stop-commands::x", "  \\x3a:stop-commands::x"),
        ("test_it.py::test_a", "test_it.py::test_a"),
        ("a ##[error]b ##vso[task.x]", "a \\x23#[error]b \\x23#vso[task.x]"),
        ("## heading", "## heading"),
    ],
)
def test_what_is_shown(text: str, said: str) -> None:
    """Control characters are escapes, a CI command is none any more, and all else stays."""
    assert shown(text) == said


@given(st.text(st.characters(), max_size=50))
@example("\x85::error::")
@example("\n::error::")
def test_nothing_that_is_shown_controls_anything(text: str) -> None:
    """Whatever the text: one line, no controls, no command, and what was shown once stays so."""
    said = shown(text)

    assert len(said.splitlines()) <= 1
    assert not {unicodedata.category(each) for each in said} & {"Cc", "Cs", "Zl", "Zp"}
    assert not re.search(r"[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]", said)
    assert not said.strip().startswith("::")
    assert not re.search(r"##(vso)?\[", said)
    assert shown(said) == said


@given(st.lists(st.text(max_size=10), min_size=1))
def test_lines_stay_lines(lines: list[str]) -> None:
    """Of several lines each is shown by itself."""
    text = "\n".join(lines)

    assert shown_lines(text).split("\n") == [shown(each) for each in text.split("\n")]


@WORKERS
@pytest.mark.parametrize(
    "start",
    [
        'subprocess.run(["tool", *NASTY])',
        "subprocess.run([TOOL, *NASTY])",
        'subprocess.run(["sh", "-c", \'exec tool "$@"\', "sh", *NASTY])',
        'in_python("subprocess.run([sys.argv[1], *sys.argv[2:]])", TOOL, *NASTY)',
        'in_python("import os; os.execv(sys.argv[1], sys.argv[1:])", TOOL, *NASTY)',
    ],
    ids=["shim", "path", "sh", "child", "exec in a child"],
)
def test_arguments_in_a_report(suite: Suite, start: str, workers: tuple[str, ...]) -> None:
    """However a program is started, its arguments are quoted, on one line, and control nothing."""
    suite.guard_tool()
    suite.write(
        test_it=f"""
            import shutil, subprocess, sys

            TOOL = shutil.which("tool", path={str(suite.bin)!r})
            NASTY = ["a" + chr(10) + "::error::b", "c" + chr(9) + "d", chr(27) + "[31m" + chr(7), chr(0x202e)]

            def in_python(code, *words):
                subprocess.run([sys.executable, "-c", "import subprocess, sys; " + code, *words])

            def test_it():
                {start}
        """
    )

    outcome = suite.run(*workers)

    said = r"'a\n::error::b' 'c\td' '\x1b[31m\x07' '\u202e'"
    assert outcome["test_it"].says_missing()
    assert said in outcome.output
    assert said in outcome["test_it"].text
    assert not re.search("[\x1b\x07\u202e]|_rg_cut", outcome.output)
    assert not re.search(r"^\s*::", outcome.output, re.MULTILINE)
    assert suite.runs_of() == []


def test_a_program_named_as_a_command(suite: Suite) -> None:
    """A call whose first word is a command to GitHub is none in the report."""
    suite.guard_tool()
    suite.write(
        test_it=f"""
            import subprocess

            def test_it():
                subprocess.run(["::error::boo"], executable="{suite.bin / "tool"}")
        """
    )

    outcome = suite.run("--tb=native")

    assert outcome["test_it"].says_missing()
    assert "needs @pytest.mark.tool: ran ::error::boo" in outcome.output
    assert not re.search(r"^\s*::error", outcome.output, re.MULTILINE)
    assert not re.search(r"^\W*::error", outcome.output, re.MULTILINE)


def test_names_of_tests(suite: Suite) -> None:
    """A file whose name has control characters is listed, in the report and by the fix, with escapes."""
    suite.guard_tool()
    suite.write_files(
        {
            "test_\u202ea.py": """
            import subprocess

            def test_it():
                subprocess.run(["tool"], check=True)

            def test_failing():
                assert False
            """
        }
    )

    outcome = suite.run("--resource-guards-report", "--resource-guards-fix=write", "-v")

    _, _, ours = outcome.output.partition("resource guards: report")
    ours, _, _ = ours.partition("short test summary")
    assert r"test_\u202ea.py::test_it: passed, unmarked" in ours
    assert r"  test_\u202ea.py::test_failing" in ours
    assert r"changed test_\u202ea.py" in ours
    assert "\u202e" not in ours


@pytest.mark.parametrize(
    "settings",
    [
        "resource_guards = \x1b[31m",
        "resource_guards_mode = \x1b[31m",
        "resource_guards_warn = \x1b[31m",
    ],
)
def test_settings(suite: Suite, settings: str) -> None:
    """A usage error shows what is written in the settings, with escapes."""
    suite.guard_tool()
    suite.write_files({"pytest.ini": f"[pytest]\n{settings}\n"})
    suite.write(test_it="def test_it(): pass")

    outcome = suite.run()

    assert outcome.code == pytest.ExitCode.USAGE_ERROR
    assert r"\x1b[31m" in outcome.output
    assert "\x1b" not in outcome.output


@pytest.mark.parametrize(
    "arguments", ['"a\\tb", mark="a"', '"a", binaries=["a\\n"]', '"a", binaries=["a\\x1b"]']
)
def test_names_that_cannot_be_printed(suite: Suite, arguments: str) -> None:
    """They are refused: what tells children of them is a line of fields between tabs."""
    suite.write(
        conftest=f"""
            def pytest_register_resource_guards(registry):
                registry.register_resource_guard({arguments})
        """,
        test_it="def test_it(): pass",
    )

    outcome = suite.run()

    assert outcome.code == pytest.ExitCode.USAGE_ERROR
    assert "'a" in outcome.output
    assert "Traceback" not in outcome.output
