"""What Windows has of the guards, tried on Linux: without shims, locks, rights and forks of POSIX.

``tests/support/as_on_windows`` stands for the modules of Windows that are used. It was not run on Windows.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from pathlib import Path

import pytest

import dev
from imbue.resource_guards.intercept import windows_starts
from support.suite import WORKERS
from support.suite import Suite

STAND_IN = dev.ROOT / "tests" / "support" / "as_on_windows"

TOOL = """
    import os, subprocess, sys, pytest

    def test_forgotten():
        subprocess.run(["tool", "one"])

    def test_swallowed():
        try:
            subprocess.run(["tool", "two"])
        except BaseException:
            pass

    @pytest.mark.tool
    def test_marked():
        assert subprocess.run(["tool", "three"]).returncode == 0

    @pytest.mark.tool
    def test_by_the_shell():
        subprocess.run("tool four", shell=True, check=True)

    def test_by_the_shell_unmarked():
        subprocess.run("echo x && tool five", shell=True)

    @pytest.mark.tool
    def test_not_used():
        pass

    @pytest.mark.tool
    def test_used_by_another_program():
        subprocess.run(["sh", "-c", "tool six"], check=True)

    def test_child_python():
        code = "import subprocess; subprocess.run(['tool', 'seven'])"
        subprocess.run([sys.executable, "-c", code])

    @pytest.mark.tool
    def test_marked_child_python():
        code = "import subprocess; subprocess.run(['tool', 'eight'], check=True)"
        subprocess.run([sys.executable, "-c", code], check=True)

    def test_by_os_system():
        os.system("tool nine")

    def test_nothing():
        subprocess.run(["sh", "-c", "true"], check=True)
"""


@pytest.fixture
def as_on_windows(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> Suite:
    """A suite that runs with what there is on Windows."""
    suite.be_nobodys_child()
    monkeypatch.setenv("RESOURCE_GUARDS_WITHOUT_POSIX", "1")
    monkeypatch.setenv("PYTHONPATH", str(STAND_IN))
    return suite


@WORKERS
def test_programs_are_guarded_where_python_starts_them(
    as_on_windows: Suite, workers: tuple[str, ...]
) -> None:
    """Each start by Python is judged, in children too; what other programs start leaves the mark in doubt."""
    suite = as_on_windows
    suite.tool()
    suite.write(test_it=TOOL)
    result = suite.run("-oresource_guards=tool", *workers)
    missing = {name for name, test in result.tests.items() if test.says_missing()}
    assert missing == {
        "test_forgotten",
        "test_swallowed",
        "test_by_the_shell_unmarked",
        "test_child_python",
        "test_by_os_system",
    }
    superfluous = {name for name, test in result.tests.items() if test.says_superfluous()}
    assert superfluous == {"test_not_used"}
    assert result.counts["passed"] == 5
    assert sorted(suite.runs_of()) == ["eight", "four", "six", "three"]
    assert "this system has no shims, which see what other programs start" in result.output
    assert "programs are guarded where Python starts them" in result.output
    assert not [*suite.temporary.glob("resource-guards-*")]


def test_calls_and_addresses_are_guarded(as_on_windows: Suite) -> None:
    """They need nothing of the system's: a call, a connection, one of asyncio and one of a child Python are seen."""
    suite = as_on_windows
    suite.write(
        sdk="""
            class Client:
                def send(self):
                    return 1
        """,
        test_it="""
            import asyncio, socket, subprocess, sys, pytest, sdk
            from contextlib import closing

            @pytest.fixture(scope="module")
            def server():
                with socket.create_server(("127.0.0.1", 0)) as server:
                    yield server.getsockname()

            @pytest.mark.rates
            def test_call():
                assert sdk.Client().send()

            def test_call_unmarked():
                sdk.Client().send()

            def test_connection_unmarked():
                with closing(socket.socket()) as connection:
                    connection.settimeout(1)
                    connection.connect(("127.0.0.1", 9))

            def test_child_unmarked():
                code = "import socket; socket.create_connection(('127.0.0.1', 9), 1)"
                subprocess.run([sys.executable, "-c", code])

            def test_asyncio_unmarked():
                async def go():
                    await asyncio.open_connection("127.0.0.1", 9)
                asyncio.run(go())

            @pytest.mark.rates
            def test_not_used():
                pass
        """,
        conftest="""
            def pytest_register_resource_guards(registry):
                registry.register_sdk_guard("rates", targets=["sdk:Client.send"])
                registry.register_address_guard("rates", "127.0.0.1:9")
        """,
    )
    result = suite.run()
    assert result.counts == {"passed": 1, "failed": 5}, result.output
    for name in ("call", "connection", "child", "asyncio"):
        assert result[f"test_{name}_unmarked"].says_missing("rates"), result.output
    assert result["test_not_used"].says_superfluous("rates")
    assert "no shims" not in result.output


def test_many_children_write_at_once(as_on_windows: Suite) -> None:
    """No record of one is lost to another's."""
    suite = as_on_windows
    suite.tool()
    suite.write(
        test_it="""
            import subprocess, sys, pytest

            CODE = "import subprocess\\nfor _ in range(5): subprocess.run(['tool'])"

            @pytest.mark.tool
            def test_it():
                children = [subprocess.Popen([sys.executable, "-c", CODE]) for _ in range(8)]
                assert [each.wait() for each in children] == [0] * 8
        """
    )
    result = suite.run("-oresource_guards=tool", "--resource-guards-json=report.json")
    assert result.counts == {"passed": 1}, result.output
    (test,) = json.loads((suite.path / "report.json").read_text())["tests"]
    assert test["used"]["tool"]["count"] == 40


def test_a_dead_process_leaves_nothing(as_on_windows: Suite) -> None:
    """The directory of a run that was killed is removed by the next one, and that of one that lives is not."""
    suite = as_on_windows
    suite.tool()
    suite.write(test_it="import os\ndef test_it():\n    os._exit(9)\n")
    suite.run("-oresource_guards=tool")
    assert len([*suite.temporary.glob("resource-guards-*")]) == 1
    suite.write(
        test_it="""
            import subprocess, sys

            def test_inner():
                inner = [sys.executable, "-m", "pytest", "-presource_guards", "-oresource_guards=tool", "test_other.py"]
                assert subprocess.run(inner).returncode == 0
        """,
        test_other="def test_it(): pass",
    )
    result = suite.run("-oresource_guards=tool", "test_it.py")
    assert result.counts == {"passed": 1}, result.output
    assert not [*suite.temporary.glob("resource-guards-*")]


@pytest.mark.parametrize(
    ("layers", "said"),
    [
        ("shim", "the layer 'shim' is not live here"),
        ("spawn children", ""),
        ("wheel", "there is no layer 'wheel'. The layers are 'shim', 'spawn',"),
    ],
    ids=["not live", "live", "unknown"],
)
def test_a_project_demands_layers(as_on_windows: Suite, layers: str, said: str) -> None:
    """Where one is not live, the run ends before its first test and says why."""
    suite = as_on_windows
    suite.tool()
    suite.write(test_it="def test_it(): pass")
    result = suite.run("-oresource_guards=tool", f"-oresource_guards_require_layers={layers}")
    assert (result.code, said in result.output) == (4 if said else 0, True)


def test_the_list_of_guards_says_what_is_off(as_on_windows: Suite) -> None:
    """It names the layer that the system does not have, and why."""
    suite = as_on_windows
    suite.tool()
    result = suite.run("-oresource_guards=tool", "--resource-guards-list")
    assert "shim on PATH: OFF: shims are scripts for the shell" in result.output
    assert "spawn hook: live" in result.output


@pytest.mark.parametrize("arguments", [(), ("-n2",)], ids=["one process", "two workers"])
def test_layers_are_demanded_where_nothing_is_guarded(
    as_on_windows: Suite, arguments: tuple[str, ...]
) -> None:
    """A misspelt layer is an error there as well; with guards off nothing is demanded."""
    suite = as_on_windows
    suite.write(test_it="def test_it(): pass")
    result = suite.run("-oresource_guards_require_layers=wheel", *arguments)
    assert (result.code, "there is no layer 'wheel'" in result.output) == (4, True)
    off = ("--resource-guards=off", "-oresource_guards_require_layers=shim")
    assert suite.run(*off, *arguments).code == 0


def test_each_file_of_a_program_is_guarded(
    as_on_windows: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One for Windows' shell that stands beside one for others, as those of npm do, is seen too."""
    suite = as_on_windows
    monkeypatch.setenv("PATHEXT", ".exe;.cmd")
    suite.tool()
    suite.tool("tool.cmd")
    suite.write(
        test_it="""
            import subprocess

            def test_it():
                subprocess.run(["tool.cmd"])
        """
    )
    result = suite.run("-oresource_guards=tool")
    assert result["test_it"].says_missing()
    assert suite.runs_of("tool.cmd") == []


def test_a_start_that_waits_for_its_program_keeps_no_other_waiting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """`os.spawnv` in the mode P_WAIT returns when the program ends, as `os.system` does."""
    late: list[bool] = []

    class Noted:
        def __init__(self, *, returns_late: bool = False) -> None:
            late.append(returns_late)

        def __enter__(self) -> None:
            """Begin."""

        def __exit__(self, *_: object) -> None:
            """End."""

    monkeypatch.setattr(windows_starts, "NamingScope", Noted)
    for name, arguments in {
        "spawnv wait": (0, "x", ["x"]),
        "spawnv": (1, "x", ["x"]),
        "system": ("x",),
        "execv": ("x", ["x"]),
    }.items():
        windows_starts._of_os(name.split()[0], lambda *_: None)(*arguments)
    assert late == [True, False, True, False]


def test_a_wrong_call_gets_its_own_error() -> None:
    """What lacks an argument goes to the function itself, which says so."""
    with pytest.raises(TypeError, match="argument"):
        windows_starts._of_os("execv", os.execv)("x")


def test_an_environment_names_who_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    """That which `os.spawnve` is given gets the scope, and keeps what else it has."""
    monkeypatch.setattr(windows_starts, "with_scope", lambda value: value + b" named")
    given: list[object] = []
    spawnve = windows_starts._of_os("spawnve", lambda *args: given.append(args[-1]))
    spawnve(1, "x", ["x"], {"RESOURCE_GUARDS_SCOPE": "s", "A": "1"})
    assert given == [{"RESOURCE_GUARDS_SCOPE": "s named", "A": "1"}]


SHELL_LINES = {
    "as Python writes it": (r'C:\Windows\system32\cmd.exe /c "git log"', "git log"),
    "upper case": ("cmd /C git log", "git log"),
    "no space": ('cmd /C"git log"', "git log"),
    "after another option": ('cmd /d/c "git log"', "git log"),
    "a path in quotes": (r'"C:\a /c b\cmd.exe" /k git', "git"),
    "letters whose case has another length": (r'C:\İİİ\cmd.exe /c "git log"', "git log"),
    "no command": ("cmd", ""),
}


@pytest.mark.parametrize(("line", "command"), SHELL_LINES.values(), ids=SHELL_LINES)
def test_what_the_shell_is_told(line: str, command: str) -> None:
    """It stands behind /c or /k, however they are written."""
    assert windows_starts._for_shell(line) == command


LINES = {
    "plain": ("git log -1", [["git", "log", "-1"]]),
    "quotes": (r'"C:\Program Files\git.exe" log', [["C:\\Program Files\\git.exe", "log"]]),
    "quotes in quotes": (r'git -m "a \"b\" c"', [["git", "-m", 'a "b" c']]),
    "backslashes before a quote": (r'git "a\\" b', [["git", "a\\", "b"]]),
    "backslashes elsewhere": (r"git C:\x\\y", [["git", "C:\\x\\\\y"]]),
    "empty word": ('git "" x', [["git", "", "x"]]),
    "several": ("a 1 && b 2 | c", [["a", "1"], ["b", "2"], ["c"]]),
    "a separator in quotes": ('echo "a & b"', [["echo", "a & b"]]),
    "brackets": ("(git log)", [["git", "log"]]),
    "nothing": ("  ", []),
}


@pytest.mark.parametrize(("line", "words"), LINES.values(), ids=LINES)
def test_command_lines(line: str, words: list[list[str]]) -> None:
    """They are read as the C library and cmd of Windows read them."""
    assert list(windows_starts.commands(line)) == words


def test_where_a_program_is_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """One without a folder beside this program, here, in the system's folders and along PATH; others where they say."""
    monkeypatch.setenv("PATH", os.pathsep.join(["/one", "/two"]))
    monkeypatch.setenv("SystemRoot", "C:\\Windows")
    found = windows_starts.candidates("git.exe")
    own = str(Path(sys.executable).parent)
    system = ["C:/Windows/System32", "C:/Windows"]
    assert found == [f"{folder}/git.exe" for folder in [own, ".", *system, "/one", "/two"]]
    assert windows_starts.candidates("C:\\git\\git")[:2] == ["C:/git/git.exe", "C:/git/git"]


def test_both_sides_of_the_seam_have_the_same_names() -> None:
    """What is asked of the system is there on Windows, too."""
    system = importlib.import_module("imbue.resource_guards.system")
    windows = importlib.import_module("imbue.resource_guards.system_windows")
    of_posix = {"O_DIRECTORY", "O_NOFOLLOW", "getuid", "register_at_fork"}
    text = Path(str(system.__file__)).read_text("utf-8")
    names = {
        line.split(" as ")[1].split()[0]
        for line in text.splitlines()
        if "    from posix import" in line
    }
    names |= {"hold", "hold_if_free", "is_private", "is_open_to_owner", "is_absolute", "append"}
    assert {name for name in names - of_posix if not hasattr(windows, name)} == set()
