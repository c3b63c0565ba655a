"""What a person sees at the end of a run: in a terminal of some width, as it was committed in `golden`.

After a change that is meant, `WRITE_GOLDEN=1 pytest libs/resource_guards/tests/test_terminal.py` writes these files anew.
"""

from __future__ import annotations

import difflib
import os
import pty
import re
import subprocess
import sys
import termios
from collections.abc import Mapping
from pathlib import Path

import pytest

from imbue.resource_guards.report.ending import fix_command
from imbue.resource_guards.report.ending import is_read_by_a_program
from support.suite import WORKERS
from support.suite import Suite

GOLDEN = Path(__file__).with_name("golden")

SUITE = {
    "pytest.ini": "[pytest]\nresource_guards = tool other\n",
    "conftest.py": """
        import subprocess
        import pytest
        from imbue.resource_guards.resource_guards import fixture_uses_resources

        @pytest.fixture(scope="session")
        def server():
            subprocess.run(["tool", "serve", "--port", "8080"])

        @pytest.fixture
        @fixture_uses_resources("other")
        def contract():
            pass
    """,
    "test_calls.py": """
        import subprocess
        import pytest

        {calls}

        @pytest.mark.parametrize("word", ["one", "two", "three"])
        def test_words(word):
            subprocess.run(["tool", word], check=True)

        @pytest.mark.parametrize("word", ["", "up"])
        def test_some(word):
            if word:
                subprocess.run(["tool", word])
    """,
    "sub/test_fixtures.py": """
        import subprocess
        import pytest

        @pytest.mark.tool
        def test_marked(server): pass

        def test_server(server): pass

        def test_own_failure(server):
            assert 1 + 1 == 3

        def test_contract(contract): pass

        def test_long():
            subprocess.run(["sh", "-c", "tool build --target a/very/long/path/to/some/file.txt --verbose"])

        def test_wrong():
            import subprocess
            done = subprocess.run(["tool"], capture_output=True, text=True)
            assert done.stdout == "up"

        @pytest.mark.tool
        @pytest.mark.parametrize("number", [1, 2, 3])
        def test_idle(number): pass

        @pytest.mark.other
        class TestIdle:
            def test_one(self): pass
            def test_two(self): pass

        def test_plain(): pass
    """,
}

CALLS = """
        def test_call_{number}():
            subprocess.run(["tool", "call", "{number}"], check=True)
"""

VIOLATIONS = 35
"""How many tests of the suite fail."""

CASES: dict[str, tuple[int, tuple[str, ...], Mapping[str, str]]] = {
    "columns_80": (80, (), {}),
    "columns_120": (120, (), {}),
    "tb_line": (80, ("--tb=line",), {}),
    "tb_line_without_summary": (80, ("--tb=line", "-rN"), {}),
    "tb_no": (80, ("--tb=no",), {}),
    "q": (80, ("-q",), {}),
    "qq": (80, ("-qq",), {}),
    "no_summary": (80, ("--no-summary",), {}),
    "warn": (80, ("--resource-guards=warn",), {}),
    "one_test": (80, ("sub/test_fixtures.py::test_wrong",), {}),
    "a_program_reads_it": (80, ("-k", "idle", "--tb=no"), {"AI_AGENT": "1"}),
    "dumb": (80, ("-k", "some or Idle"), {"TERM": "dumb"}),
    "color": (80, ("-k", "some or Idle", "--color=yes"), {}),
}


@pytest.fixture(name="wrong")
def wrong_fixture(suite: Suite) -> Suite:
    """A suite in which more than thirty tests have violations."""
    suite.tool()
    suite.tool("other")
    calls = "".join(CALLS.format(number=number) for number in range(21))
    suite.write_files(
        {name: text.replace("{calls}", calls.strip()) for name, text in SUITE.items()}
    )
    return suite


def seen(
    suite: Suite, columns: int, arguments: tuple[str, ...], variables: Mapping[str, str]
) -> str:
    """What a run writes to a terminal, without what differs from run to run."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (50, columns))
    environment = {
        name: text
        for name, text in os.environ.items()
        if name not in {"CI", "AI_AGENT", "CLAUDECODE", "COLUMNS", "NO_COLOR", "FORCE_COLOR"}
    }
    environment |= {"TERM": "xterm", "PYTHONDONTWRITEBYTECODE": "1"} | dict(variables)
    command = [sys.executable, "-mpytest", "-presource_guards", "-pno:cacheprovider", *arguments]
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
        env=environment,
        cwd=suite.path,
    ) as process:
        os.close(theirs)
        written = b""
        while chunk := _read(ours):
            written += chunk
    os.close(ours)
    assert process.returncode == 1
    text = written.decode().replace("\r\n", "\n").replace(str(suite.path), "SUITE")
    if "--color=yes" not in arguments:
        text = re.sub(r"\x1b\[[0-9;]*m", "", text)
    # What comes before is pytest's header and progress, in which versions differ.
    text = text[text.index("[100%]") + 6 :] if "[100%]" in text else text
    # Quoted before Python 3.15.
    text = re.sub(r"Command (\[.*?\]) returned", r"Command '\1' returned", text)
    text = re.sub(r"\bin \d+\.\d+s\b", "in 0.12s", text).replace("\x1b", "ESC")
    return "\n".join(line.rstrip() for line in text.strip().splitlines()) + "\n"


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 65536)
    except OSError:  # how Linux says that nobody has the other end open any more
        return b""


def test_the_mark_is_whole_at_80_columns(suite: Suite) -> None:
    """In the short summary, whatever the name of the fixture that needs it; one of unittest has no class in its name."""
    suite.name_guards("long_mark")
    suite.write(
        test_it="""
            import subprocess, unittest, pytest

            @pytest.fixture(name="a_name_of_20_letters", scope="module")
            def fixture(): subprocess.run(["long_mark"])

            def test_of_a_fixture(a_name_of_20_letters): pass

            class TestUnit(unittest.TestCase):
                @classmethod
                def setUpClass(cls): subprocess.run(["long_mark"])
                def test_a(self): pass
        """
    )

    text = seen(suite, 80, (), {})

    assert "ERROR test_it.py::test_of_a_fixture - needs @pytest.mark.long_mark " in text
    assert "E   needs @pytest.mark.long_mark for fixture 'a_name_of_20_letters': ran long" in text
    assert "ERROR test_it.py::TestUnit::test_a - needs @pytest.mark.long_mark " in text
    assert "E   needs @pytest.mark.long_mark for fixture 'setUpClass': ran long_mark" in text


@pytest.mark.parametrize("case", CASES)
def test_the_end_of_a_run(wrong: Suite, case: str) -> None:
    """It is the text that was committed."""
    text = seen(wrong, *CASES[case])

    path = GOLDEN / f"{case}.txt"
    if os.environ.get("WRITE_GOLDEN"):
        path.write_text(text)
    expected = path.read_text()
    assert text == expected, "\n".join(
        difflib.unified_diff(
            expected.splitlines(), text.splitlines(), "committed", "now", lineterm=""
        )
    )


@pytest.mark.parametrize("variable", ["", "CI"])
def test_it_is_short(wrong: Suite, monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    """34 failing tests take fewer than 150 lines, and fewer than 60 with --tb=line; in CI too."""
    if variable:
        monkeypatch.setenv(variable, "true")
    whole = wrong.run()

    assert whole.counts["failed"] + whole.counts["error"] == VIOLATIONS
    assert len(whole.output.splitlines()) < 150
    one_less = wrong.run("--tb=line", "--deselect=test_calls.py::test_call_20")
    assert len(one_less.output.splitlines()) < 60


@WORKERS
def test_what_blocked_programs_say_is_not_repeated(suite: Suite, workers: tuple[str, ...]) -> None:
    """Neither in the terminal nor in JUnit, nor of subtests and doctests, whose own report is as short."""
    suite.guard_tool()
    suite.write(
        test_it="""
            '''
            >>> import subprocess
            >>> subprocess.run(["tool"], check=True).returncode
            0
            '''
            import subprocess, sys

            def test_run():
                print("own words", file=sys.stderr)
                subprocess.run(["tool"])

            def test_sub(subtests):
                with subtests.test("a"):
                    subprocess.run(["tool"])
        """
    )

    outcome = suite.run("--doctest-modules", "-ojunit_logging=all", *workers)

    junit = (suite.path.parent / "junit.xml").read_text()
    assert "blocked 'tool'" not in outcome.output
    assert "blocked 'tool'" not in junit
    assert outcome.output.count("own words") == 1
    assert "Then: subprocess.CalledProcessError: Command" in outcome.output
    assert "UNEXPECTED EXCEPTION" not in outcome.output


@WORKERS
def test_verbose_shows_all(wrong: Suite, workers: tuple[str, ...]) -> None:
    """With -v each test has its report; without, its line in the short summary."""
    verbose = wrong.run("-v", *workers).output
    brief = wrong.run(*workers).output

    for number in range(21):
        name = f"test_call_{number}"
        assert re.search(rf"_ {name} _", verbose), name
        assert (
            f"FAILED test_calls.py::{name} - needs @pytest.mark.tool: ran tool call {number}\n"
            in brief
        )
    assert len(re.findall(r"_ test_call_\d+ _", brief)) < 10
    assert "more reports are cut to one line each above; -v shows all of them." in brief


@WORKERS
def test_the_summary_is_the_same_from_workers(wrong: Suite, workers: tuple[str, ...]) -> None:
    """By resource, with files, fixtures, and the command that is to be run next as the last line."""
    *_, command, last = wrong.run(*workers, "sub").output.splitlines()
    summary = wrong.run(*workers, "sub").output.partition("= resource guards =")[2]

    assert "tool: 4 tests need @pytest.mark.tool: sub/test_fixtures.py (4)" in summary, summary
    assert "  through fixture 'server' (2)" in summary
    assert "other: 1 test needs @pytest.mark.other" not in summary
    assert "tool: 3 tests do not need their @pytest.mark.tool: sub/test_fixtures.py (3)" in summary
    assert "other: fixture 'contract' declares it but did not use it" in summary
    assert "--resource-guards-fix=write" in command
    assert command.endswith(" sub")
    assert "failed" in last


def test_the_command_can_be_run(wrong: Suite) -> None:
    """It is a line for a shell, with the arguments of the run, also those that a shell would split."""
    pytest.importorskip("libcst")
    output = wrong.run("-k", "call_1 or idle", "--resource-guards-report").output
    command = output.splitlines()[-2]

    assert "'call_1 or idle'" in command
    said = subprocess.run(  # noqa: S602 - as a person would run it
        command.replace("python -m pytest", f"{sys.executable} -m pytest"),
        shell=True,
        cwd=wrong.path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert said.returncode == 0, said.stdout + said.stderr
    after = wrong.run("-k", "call_1 or idle")
    assert after.code == 0, after.output


def test_the_command() -> None:
    """It is started as the run was, and has no second order to fix."""
    for program, started in [
        ("/bin/pytest", "pytest"),
        ("/lib/pytest/__main__.py", "python -m pytest"),
    ]:
        assert fix_command(program, ["--resource-guards-fix=diff", Path("a b")]) == (
            f"{started} --resource-guards-fix=write 'a b'"
        )
    shown = ["-q", "-vv", "--tb=short", "--resource-guards=warn", "--resource-guards-report"]
    kept = ["-x", "-k", "a", "--resource-guards-require=b", "-p", "no:randomly"]
    assert fix_command("pytest", [*shown, *kept]) == (
        f"pytest --resource-guards-fix=write {' '.join(kept)}"
    )


def test_who_reads_it() -> None:
    """A variable of a program says so, or CI without a terminal."""
    assert is_read_by_a_program({"CLAUDECODE": "1"}, is_terminal=True)
    assert is_read_by_a_program({"CI": "true"}, is_terminal=False)
    assert not is_read_by_a_program({"CI": "true"}, is_terminal=True)
    assert not is_read_by_a_program({}, is_terminal=False)


def test_nothing_is_said_twice(wrong: Suite) -> None:
    """Not of a fixture and the body, and not by the blocked program on its stderr."""
    wrong.write(
        test_it="""
            import subprocess, pytest

            @pytest.fixture
            def one(): subprocess.run(["sh", "-c", "tool; echo on stderr >&2"])

            def test_it(one): subprocess.run(["tool"])
        """
    )

    blocked = wrong.run("test_it.py")
    warned = wrong.run("test_it.py", "--resource-guards=warn")

    assert "resource guards: blocked" not in blocked.output
    assert "on stderr" in blocked.output
    assert blocked.output.count("Fix: ") == 1
    assert warned.output.count("ResourceGuardWarning") == 1
    assert "1 warning in" in warned.output


def test_the_table_counts_as_pytest_does(wrong: Suite) -> None:
    """The numbers of a report at the end of a run are those of pytest's last line."""
    lines = wrong.run("--resource-guards-report").output.splitlines()

    (table,) = [line for line in lines if " tests: " in line]
    for part in table.partition(": ")[2].split(", "):
        number, outcome = part.split()
        assert re.search(rf"\b{number} {outcome}s?\b", lines[-1]), (table, lines[-1])


def test_without_a_terminal_plugin(wrong: Suite) -> None:
    """Verdicts do not need it."""
    outcome = wrong.run("-pno:terminal")

    assert outcome.code == 1
    assert outcome.counts["failed"] + outcome.counts["error"] == VIOLATIONS
    assert wrong.run("-pno:terminal", "--resource-guards-list").code == 0


FURTHER = """
    import subprocess, unittest, pytest

    @pytest.fixture
    def down():
        yield
        subprocess.run(["tool"], check=True)

    def test_twice(down): subprocess.run(["tool"], check=True)

    def test_subtests(subtests):
        for number in range(3):
            with subtests.test(number=number):
                subprocess.run(["tool"], check=True)

    class TestUnit(unittest.TestCase):
        def tearDown(self): subprocess.run(["tool"], check=True)
        def test_unit(self): subprocess.run(["tool"], check=True)
"""


def test_further_reports_of_a_test(wrong: Suite) -> None:
    """In its tear-down and in subtests: the fact, and in one line how it ended."""
    wrong.write(test_it=FURTHER)

    output = wrong.run("test_it.py").output

    assert output.count("def run(*popenargs") == 0, output
    assert output.count("subprocess.CalledProcessError") == output.count("  Then: subprocess.")
    summary = output.partition("short test summary info")[2]
    lines = [line for line in summary.splitlines() if "test_it.py::" in line]
    assert len(lines) == 8
    (other,) = [line for line in lines if "needs @pytest.mark.tool: ran " not in line]
    assert "contains 3 failed subtests" in other


def test_of_two_fixtures_the_blocked_one_is_told(wrong: Suite) -> None:
    """A fixture that another test's mark allows, and one that is blocked: the second is what failed the test."""
    wrong.write(
        test_it="""
            import subprocess, pytest

            @pytest.fixture(scope="module")
            def allowed(): subprocess.run(["tool", "allowed"])

            @pytest.fixture(scope="class")
            def blocked(allowed): subprocess.run(["tool", "blocked"], check=True)

            @pytest.mark.tool
            def test_marked(allowed): pass

            class TestIt:
                def test_it(self, blocked): pass
        """
    )

    text = wrong.run("test_it.py")["test_it"].text

    assert "needs @pytest.mark.tool for fixture 'blocked': ran tool blocked" in text
    assert "  Then: subprocess.CalledProcessError" in text
