"""A line that is given to a shell: what it certainly runs is known where the shell is started."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import hypothesis
import pytest
from hypothesis import strategies as st

from imbue.resource_guards.intercept.shell_lines import certain_commands
from imbue.resource_guards.intercept.shell_lines import variables_of
from imbue.resource_guards.intercept.starts import Start
from support.suite import Suite


def test_what_is_started_instead_keeps_the_rest() -> None:
    """Of a session around this one the next watcher is asked about it, as about what was asked for."""
    start = Start(["/bin/sh"], ["sh", "-c", "tool"], "/", replaces=True, is_open=False)
    start.environment, start.takes_line, start.where = {"PATH": "/bin"}, False, "test_it.py:1"

    other = start.instead("/bin/dash", ["sh", "-c", "/bin/tool"])

    changed = {"candidates": ("/bin/dash",), "arguments": ["sh", "-c", "/bin/tool"]}
    for name in Start.__slots__:
        assert getattr(other, name) == changed.get(name, getattr(start, name)), name


COMMANDS = {
    "tool a": [["tool", "a"]],
    "  tool -q 'a b' \"c d\" x'y'\"z\" ''\n": [["tool", "-q", "a b", "c d", "xyz", ""]],
    "/usr/bin/tool a=b": [["/usr/bin/tool", "a=b"]],
    "tool | sort | tool2": [["tool"], ["sort"], ["tool2"]],
    "tool a && tool b; tool c": [["tool", "a"]],
    "tool a;": [["tool", "a"]],
    "tool 2>&1 >/dev/null < /dev/null | sort": [["tool"], ["sort"]],
    "tool2 >/dev/null 3": [["tool2", "3"]],
    "exit 3 | tool": [["tool"]],
    "A=1 other | tool": [["tool"]],
    "tool $X | tool \"$X\" | tool *.py | tool '$X' '*'": [["tool", "$X", "*"]],
    "tool ~ | tool {a,b} | sort": [["sort"]],
    "$X tool || tool": [],
    "kill 1 | test -f x | echo": [],
}
"""Lines, and the commands of each that are certain and that a shell finds along PATH."""

ODD = (
    "",
    "|",
    "tool |",
    "tool | | tool",
    "tool &&",
    "tool ;; tool",
    "; tool",
    "tool &",
    "tool & tool",
    "tool |& tool",
    "tool && (tool)",
    "if tool; then tool; fi",
    "! tool",
    "{ tool; }",
    "tool | while read x",
    "time tool",
    "tool > file",
    "tool < file",
    "tool 2>&12",
    "tool 2>&1>/dev/null",
    "tool 2>&1'x'",
    "tool >&1:",
    "tool 3>/dev/null",
    "tool 12>/dev/null",
    "tool {x}>/dev/null",
    "tool>/dev/null",
    "-e | tool",
    "+e; tool",
    "tool '\0'",
    f"tool {'x' * (1 << 16)}",
    "tool > /dev/nullx",
    "tool <<X",
    "tool # tool",
    "tool a\ntool b",
    "tool \\a",
    "tool `tool`",
    "tool $(tool)",
    "tool ${X:?}",
    "tool $((1/0))",
    "tool $'a'",
    "tool 'a",
    'tool "a',
    'tool "\\""',
    "tool() { other; }",
    "tool \N{NO-BREAK SPACE}a",
)
"""Lines of which nothing is certain: part of them may be an error, or they are no plain commands."""


@pytest.mark.parametrize("line", COMMANDS)
def test_what_is_certain(line: str) -> None:
    """The commands of the first pipeline of a plain line are found, with their words as the shell passes them."""
    found = certain_commands(line)
    assert [each.words for each in found] == COMMANDS[line]
    assert [line[each.start : each.end] for each in found] == [each.words[0] for each in found]


@pytest.mark.parametrize("line", ODD)
def test_what_is_not(line: str) -> None:
    """Of a line that is not plain, no command is certain."""
    assert certain_commands(line) == []


ENVIRONMENTS = {
    "octets": ([b"PATH=/bin", b"X=a=b"], {b"PATH": b"/bin", b"X": b"a=b"}),
    "a mapping": ({"PATH": "/bin", b"X": b"1"}, {b"PATH": b"/bin", b"X": b"1"}),
    "no equals sign": ([b"PATH"], None),
    "no text": ({"PATH": 1}, None),
    "nothing to go through": (1, None),
    "a function of bash": ([b"PATH=/bin", b"BASH_FUNC_tool%%=() { :; }"], None),
    "a file that bash reads first": ({"PATH": "/bin", "BASH_ENV": "file"}, None),
    "options of bash": ({"SHELLOPTS": "noexec", "PATH": "/bin"}, None),
    "no PATH": ({"X": "1"}, None),
    "a tilde in PATH": ({"PATH": "~/bin:/bin"}, None),
    "a remote shell": ({"PATH": "/bin", "SSH_CLIENT": "1"}, None),
    "a shell in a remote shell": (
        [b"PATH=/bin", b"SSH2_CLIENT=1", b"SHLVL=1"],
        {b"PATH": b"/bin", b"SSH2_CLIENT": b"1", b"SHLVL": b"1"},
    ),
}


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_variables(name: str) -> None:
    """A shell's variables are read however they are given; with some of them a line may mean something else."""
    environment, expected = ENVIRONMENTS[name]
    assert variables_of(environment) == expected


def test_own_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """A shell that is given no variables has those of this process."""
    monkeypatch.setenv("RG_OTHER", "1")
    for environment in (None, os.environ):
        variables = variables_of(environment)
        assert variables is not None
        assert variables[b"RG_OTHER"] == b"1"


PARTS = (
    *("tool", "tool", "other", "tool -a", "other 'q w'", '"d q"', "x'y'", "$X", '"$X"', "a=b"),
    *("|", "|", "&&", "||", ";", ";;", "&", "(", ")", "{", "}", "!", "if", "then", "fi", "#", "\\"),
    *(
        "`",
        "'",
        '"',
        "*",
        "~",
        "\n",
        "exit 1",
        "cd .",
        "echo x",
        "2",
        "[",
        "time",
        "\N{LATIN SMALL LETTER E WITH ACUTE}",
    ),
    *(">/dev/null", "2>&1", "</dev/null", "<", "$(", "=", "set -n", "tool2", "é "),
)
LINES = st.lists(
    st.tuples(st.sampled_from(PARTS), st.sampled_from(("", " ", " "))), min_size=1, max_size=7
).map(lambda parts: "".join(word + space for word, space in parts))


@pytest.fixture(scope="module")
def recorders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with programs that note how they are called."""
    folder = tmp_path_factory.mktemp("recorders")
    for name in ("tool", "other"):
        path = folder / name
        path.write_text(f'#!/bin/sh\nprintf "%s\\0" {name} "$@" >> "$NOTES"\necho >> "$NOTES"\n')
        path.chmod(0o755)
    return folder


def _run(shell: str, line: str, folder: Path) -> list[list[str]]:
    """What the recorders note of a line, in any order."""
    notes, inside = folder / "notes", folder / "inside"
    inside.mkdir(exist_ok=True)
    notes.unlink(missing_ok=True)
    variables = {"PATH": str(folder), "NOTES": str(notes), "X": "of X"}
    subprocess.run(
        [shell, "-c", line],
        cwd=inside,
        env=variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        timeout=20,
    )
    if not notes.exists():
        return []
    return sorted(each.split("\0")[:-1] for each in notes.read_text().split("\n")[:-1])


@pytest.mark.parametrize("shell", ["dash", "bash"])
@hypothesis.settings(max_examples=400, deadline=None)
@hypothesis.given(line=LINES)
def test_shells_do_as_said(recorders: Path, shell: str, line: str) -> None:
    """What is said to be certain is run by a real shell, with just these arguments, and as well by its path."""
    commands = certain_commands(line)
    said = [each.words for each in commands if each.words[0] in ("tool", "other")]
    if not said:
        return
    program = shutil.which(shell) or pytest.skip(f"no {shell}")
    noted = _run(program, line, recorders)
    for words in said:
        assert words in noted
        assert noted.count(words) >= said.count(words)
    by_path = line
    for each in reversed(commands):
        if each.words[0] in ("tool", "other"):
            path = f"{recorders}/{each.words[0]}"
            by_path = by_path[: each.start] + path + by_path[each.end :]
    assert _run(program, by_path, recorders) == noted


WAYS = {
    "subprocess": "subprocess.run(\"tool a 'b c'\", shell=True)",
    "a list": 'subprocess.run(["sh", "-c", "tool a \'b c\'"])',
    "bash": 'subprocess.run(["bash", "-c", "tool a \'b c\'"])',
    "a pipeline": "subprocess.run(\"tool a 'b c' | cat\", shell=True)",
    "os.system": "os.system(\"tool a 'b c'\")",
    "os.popen": "os.popen(\"tool a 'b c'\").read()",
    "asyncio": "asyncio.run(by_asyncio())",
    "posix_spawn": (
        'os.waitpid(os.posix_spawn("/bin/sh", ["sh", "-c", "tool a \'b c\'"], os.environ), 0)'
    ),
    "an environment": "subprocess.run(\"tool a 'b c'\", shell=True, env=dict(os.environ))",
    "a PATH without shims": 'subprocess.run("tool a \'b c\'", shell=True, env={"PATH": FOLDER})',
    "a path": "subprocess.run(FOLDER + \"/tool a 'b c'\", shell=True)",
    "a relative path": "subprocess.run(\"./tool a 'b c'\", shell=True, cwd=FOLDER)",
}


@pytest.mark.parametrize("way", WAYS)
def test_a_line_is_judged_where_it_is_given(suite: Suite, way: str) -> None:
    """A plain line is seen by the start of its shell, in no shim: allowed with the mark, and refused without."""
    suite.be_nobodys_child()
    suite.guard_tool()
    suite.write(
        test_it=f"""
            import asyncio, os, subprocess, pytest

            FOLDER = {str(suite.bin)!r}

            async def by_asyncio():
                await (await asyncio.create_subprocess_shell("tool a 'b c'")).wait()

            def test_unmarked():
                {WAYS[way]}

            @pytest.mark.tool
            def test_marked():
                {WAYS[way]}
        """
    )
    outcome = suite.run("--resource-guards-json=out.json")
    assert outcome.outcomes == {"test_unmarked": "failed", "test_marked": "passed"}
    assert outcome["test_unmarked"].says_missing()
    assert suite.runs_of() == ["a b c"]
    report = json.loads((suite.path / "out.json").read_text())
    uses = [use for test in report["tests"] for use in test["used"]["tool"]["uses"]]
    assert [Path(use["where"].partition(":")[0]).name for use in uses] == ["test_it.py"] * 2
    assert not any(use["in_child"] for use in uses)  # as a shim's are


def test_what_the_shell_runs_instead(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a line leads to elsewhere is no use: a fake on PATH or of a shell, a function, a command of the shell's."""
    suite.be_nobodys_child()
    suite.name_guards("tool", "kill")
    suite.write(
        test_it="""
            import os, subprocess, pytest

            def test_fake(tmp_path, monkeypatch):
                fake = tmp_path / "tool"
                fake.write_text("#!/bin/sh\\necho fake $1")
                fake.chmod(0o755)
                monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
                assert subprocess.check_output("tool a", shell=True) == b"fake a\\n"

            def test_function():
                env = {**os.environ, "BASH_FUNC_tool%%": "() { echo function $1; }"}
                assert subprocess.check_output(["bash", "-c", "tool a"], env=env) == b"function a\\n"

            def test_built_in():
                subprocess.run("kill -0 $$", shell=True, check=True)
                subprocess.run("kill -l", shell=True, check=True)

            def test_fake_shell(tmp_path):
                for name in ("sh", "bash"):
                    shell = tmp_path / name
                    shell.write_text("#!/bin/sh\\necho fake $2")
                    shell.chmod(0o755)
                    assert subprocess.check_output([shell, "-c", "tool a"]) == b"fake tool a\\n"

            def test_other_folder_and_path_of_the_child(tmp_path):
                fake = tmp_path / "tool"
                fake.write_text("#!/bin/sh\\necho fake $1")
                fake.chmod(0o755)
                before = dict(os.environ)
                def enter():
                    os.environ["PATH"] = f"{tmp_path}:{before['PATH']}"
                    os.chdir(tmp_path)
                for line in ("tool a", "./tool a"):
                    found = subprocess.check_output(line, shell=True, preexec_fn=enter)
                    assert found == b"fake a\\n"

            def test_shell_of_another_name(tmp_path):
                (tmp_path / ".bash_profile").write_text("tool() { echo function $1; }")
                env = {**os.environ, "HOME": str(tmp_path)}
                login = subprocess.check_output(
                    ["-bash", "-c", "tool a"], executable="/bin/bash", env=env
                )
                assert login == b"function a\\n"

            def test_no_path(tmp_path):
                folder = os.path.dirname(os.environ["TOOL"])
                subprocess.run("tool a", shell=True, env={}, cwd=folder)

            def test_no_start():
                with pytest.raises(FileNotFoundError):
                    subprocess.run("tool a", shell=True, cwd="/no/such/folder")
                with pytest.raises(ValueError):
                    subprocess.run("tool 'a\\0'", shell=True)

            def test_never_run():
                subprocess.run("tool a | | tool b", shell=True)
                subprocess.run("false && tool b", shell=True)
        """
    )
    monkeypatch.setenv("TOOL", str(suite.bin / "tool"))
    assert suite.run().counts == {"passed": 9}
    assert suite.runs_of() == []


def test_a_line_of_many(suite: Suite) -> None:
    """Each program of a pipeline is judged for itself; what is refused says so and has its exit code."""
    suite.be_nobodys_child()
    suite.name_guards("tool", "other", "third")
    suite.write(
        test_it="""
            import subprocess, pytest

            @pytest.mark.tool
            @pytest.mark.third
            def test_pipeline():
                line = "tool 1 | other 2 || third 3 | tool 4"
                ended = subprocess.run(line, shell=True, capture_output=True, text=True)
                assert ended.returncode == 0
                assert "other" in ended.stderr

            def test_refused():
                ended = subprocess.run("exec tool", shell=True, capture_output=True, text=True)
                line = subprocess.run("tool", shell=True, capture_output=True, text=True)
                assert (line.returncode, line.stderr) == (ended.returncode, ended.stderr)
        """
    )
    outcome = suite.run()
    assert outcome["test_pipeline"].says_missing("other")
    assert not outcome["test_pipeline"].says_missing("tool")
    assert outcome["test_refused"].says_missing()
    assert "AssertionError" not in outcome["test_refused"].text
    assert sorted(suite.runs_of()) == ["1", "4"]
    assert suite.runs_of("third") == ["3"]
    assert suite.runs_of("other") == []


def test_lines_in_children_and_in_sessions_within(suite: Suite) -> None:
    """A Python that the test starts, and a pytest in it, tell of a line's programs as well."""
    suite.be_nobodys_child()
    suite.name_guards("tool")
    suite.write_files(
        {
            "inner/test_inner.py": """
                import subprocess, pytest

                @pytest.mark.tool
                def test_inner():
                    subprocess.run("tool inner", shell=True, check=True)
            """,
            "inner/pytest.ini": "[pytest]\nresource_guards = tool\n",
            "test_it.py": """
                import subprocess, sys, pytest

                CHILD = [sys.executable, "-c", "import os; os.system('tool child')"]
                INNER = [sys.executable, "-mpytest", "-q", "-presource_guards", "inner"]

                @pytest.mark.tool
                def test_child():
                    subprocess.run(CHILD, check=True)

                def test_child_unmarked():
                    subprocess.run(CHILD)

                @pytest.mark.tool
                def test_session():
                    subprocess.run(INNER, check=True)

                def test_session_unmarked():
                    subprocess.run(INNER)
            """,
        }
    )
    outcome = suite.run("test_it.py")
    assert outcome.outcomes == {
        "test_child": "passed",
        "test_child_unmarked": "failed",
        "test_session": "passed",
        "test_session_unmarked": "failed",
    }
    assert outcome["test_child_unmarked"].says_missing()
    assert outcome["test_session_unmarked"].says_missing()
    assert suite.runs_of() == ["child", "inner"]


@pytest.mark.skipif(sys.platform != "linux", reason="the native layer is for Linux")
def test_a_use_is_counted_once_with_the_native_layer(
    suite: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It sends the path of a program to the shim, which records the use."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(suite.path))
    suite.be_nobodys_child()
    suite.name_guards("tool")
    suite.write(
        test_it="""
            import os, subprocess, sys, pytest

            CHILD = [sys.executable, "-c", "import os; os.system('tool child')"]

            @pytest.mark.tool
            def test_it():
                os.system("tool 1")
                subprocess.run("tool 2 | cat", shell=True, check=True)
                subprocess.run("tool 3", shell=True, check=True, env=dict(os.environ))
                subprocess.run(CHILD, check=True)
        """
    )
    outcome = suite.run("-oresource_guards_native=true", "--resource-guards-json=out.json")
    assert outcome.outcomes == {"test_it": "passed"}
    (test,) = json.loads((suite.path / "out.json").read_text())["tests"]
    assert sorted(each["what"] for each in test["used"]["tool"]["uses"]) == [
        *("tool 1", "tool 2", "tool 3", "tool child")
    ]
    assert sorted(suite.runs_of()) == ["1", "2", "3", "child"]


def test_the_path_of_a_shim_is_not_shown(suite: Suite) -> None:
    """What `shutil.which` finds is told by its name: the private directory has another one in each run."""
    suite.be_nobodys_child()
    suite.guard_tool()
    suite.write(
        test_it="""
            import shutil, subprocess

            def test_it():
                subprocess.run(shutil.which("tool") + " a", shell=True)
        """
    )
    outcome = suite.run()
    assert "needs @pytest.mark.tool: ran tool a" in outcome["test_it"].text
    assert suite.runs_of() == []
