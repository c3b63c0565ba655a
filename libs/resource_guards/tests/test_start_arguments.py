"""How the functions of `os` are called: by position or by name, rightly or wrongly, as without guards."""

from __future__ import annotations

import pytest

from support.suite import Suite

CALLS = {
    "execve, all by name": "os.execve(path=word, argv=[word], env=dict(os.environ))",
    "execve, two by name": "os.execve(word, env=dict(os.environ), argv=[word])",
    "execve, env by name": "os.execve(word, [word], env=os.environ)",
    "execve of a path object": "os.execve(pathlib.Path(word), argv=(word,), env={})",
    "execve of octets": "os.execve(env={}, argv=[word.encode()], path=word.encode())",
    "system": "os.system(command=word)",
    "posix_spawn with options": "wait(os.posix_spawn(word, [word], {}, setsigdef=[], file_actions=[]))",
    "posix_spawn of a path object": "wait(os.posix_spawn(pathlib.Path(word), [word], {}))",
    "posix_spawnp of a path object": "wait(os.posix_spawnp(pathlib.Path(name), [word], {}))",
}

WRONG = [
    "os.execve()",
    "os.execve(TOOL)",
    "os.execve(TOOL, argv=[TOOL])",
    "os.execve(TOOL, [TOOL], {}, path=TOOL)",
    "os.execve(TOOL, [TOOL], path=TOOL)",
    "os.execve(TOOL, [TOOL], {}, other=1)",
    "os.execve(TOOL, [TOOL], {}, 1)",
    "os.execve(TOOL, 'text', {})",
    "os.execve(1.5, [TOOL], env={})",
    "os.execv(path=TOOL, argv=[TOOL])",
    "os.execv(TOOL)",
    "os.execv(TOOL, [TOOL], {})",
    "os.posix_spawn(TOOL, [TOOL])",
    "os.posix_spawn(path=TOOL, argv=[TOOL], env={})",
    "os.posix_spawn(TOOL, [TOOL], {}, other=1)",
    "os.posix_spawnp(TOOL, [TOOL], {}, {})",
    "os.system()",
    "os.system('true', 'true')",
    "os.system('true', command='true')",
    "os.system(cmd=TOOL)",
    "os.system(1)",
]


@pytest.fixture(autouse=True)
def outside(suite: Suite) -> None:
    """The suites are no children of this run, whose guards would be in each."""
    suite.be_nobodys_child()


@pytest.mark.parametrize("call", CALLS)
def test_by_name_and_by_position(suite: Suite, call: str) -> None:
    """A start is seen whichever way its arguments are given, as those that CPython names can be."""
    suite.guard_tool()
    path = str(suite.bin / "tool") if call != "system" else "tool"
    suite.write_files({"other": "#!/bin/sh\n"})
    (suite.path / "other").chmod(0o755)
    suite.write(
        test_it=f"""
            import os, pathlib, pytest

            def wait(pid):
                os.waitpid(pid, 0)

            def start(word, name):
                pid = os.fork()
                if not pid:
                    try:
                        {CALLS[call]}
                    finally:
                        os._exit(1)
                wait(pid)

            def test_unmarked():
                start({path!r}, "tool")

            @pytest.mark.tool
            def test_marked():
                start({path!r}, "tool")

            @pytest.mark.tool
            def test_superfluous():
                start({str(suite.path / "other")!r}, "true")
        """
    )

    outcome = suite.run()

    assert outcome["test_unmarked"].says_missing(), outcome.output
    assert outcome["test_marked"].outcome == "passed", outcome.output
    assert outcome["test_superfluous"].says_superfluous(), outcome.output
    assert suite.runs_of() == [""]


def test_wrong_calls(suite: Suite) -> None:
    """They raise what CPython's own functions do, in the same words, and are no use."""
    suite.guard_tool()
    suite.write(
        test_it=f"""
            import os, types
            import pytest

            TOOL = {str(suite.bin / "tool")!r}

            def raised(call, **names):
                with pytest.raises(TypeError) as caught:
                    eval(call, {{"TOOL": TOOL, **names}})
                return str(caught.value)

            @pytest.mark.parametrize("call", {WRONG!r})
            def test_it(call):
                names = ("execv", "execve", "posix_spawn", "posix_spawnp", "system")
                plain = types.SimpleNamespace(**{{n: getattr(os, n).__wrapped__ for n in names}})
                assert raised(call, os=os) == raised(call, os=plain)
        """
    )

    outcome = suite.run()

    assert outcome.counts == {"passed": len(WRONG)}, outcome.output
    assert suite.runs_of() == []


def test_the_scope_in_an_environment_by_name(suite: Suite) -> None:
    """A program that gets its environment by name knows for whom it runs, and nothing else changes."""
    suite.guard_tool()
    suite.write(
        test_it="""
            import os, pathlib

            NAME = "RESOURCE_GUARDS_SCOPE"

            def test_it():
                for environment in (os.environ, dict(os.environ), {}):
                    pid = os.fork()
                    if not pid:
                        words = ["sh", "-c", "echo $RESOURCE_GUARDS_SCOPE > seen"]
                        os.execve("/bin/sh", words, env=environment)
                    os.waitpid(pid, 0)
                    seen = pathlib.Path("seen").read_text().strip("\\n")
                    scope = seen.rpartition("=")[2].partition(":")[0]
                    assert scope.isdecimal() if environment else seen == ""
        """
    )

    assert suite.run().outcomes == {"test_it": "passed"}


SPY = """
    import _posixsubprocess, os, subprocess

    TRIED = []
    original = _posixsubprocess.fork_exec

    def fork_exec(arguments, paths, *rest):
        TRIED.append([os.fsdecode(path) for path in paths])
        return original(arguments, paths, *rest)

    for module in (_posixsubprocess, subprocess):
        for name, value in list(vars(module).items()):
            if value is original:
                setattr(module, name, fork_exec)
"""


def test_paths_that_lead_nowhere_are_tried_once(suite: Suite) -> None:
    """A child tries from the first path that is there; all of them where it may see others than its parent."""
    suite.guard_tool()
    suite.tool("other")
    suite.write(
        spy=SPY,
        test_it="""
            import os, subprocess, sys
            import pytest, spy

            @pytest.fixture(autouse=True)
            def path(monkeypatch, tmp_path):
                (tmp_path / "there").mkdir()
                (tmp_path / "there" / "flat").write_text("")
                folders = [str(tmp_path / "gone"), str(tmp_path / "there"), os.environ["PATH"]]
                monkeypatch.setenv("PATH", ":".join(folders))

            def all_of(name):
                return [f"{folder}/{name}" for folder in os.get_exec_path()]

            def tried(name, **options):
                subprocess.run([name], check=True, **options)
                return spy.TRIED.pop()

            def test_from_the_first_that_is_there():
                (first, *_) = paths = tried("other")
                assert os.path.exists(first)
                assert len(paths) < len(all_of("other"))
                assert paths == all_of("other")[-len(paths):]

            def test_by_its_path():
                path = tried("other")[0]
                # From Python 3.15 on it is posix_spawn that starts a path by itself.
                assert tried(path, start_new_session=True) == [path]

            def test_what_cannot_be_run_stays(tmp_path):
                (tmp_path / "there" / "other").write_text("")
                assert tried("other") == all_of("other")[1:]

            def test_elsewhere(tmp_path):
                os.environ["PATH"] = "gone:there:" + os.environ["PATH"]
                (tmp_path / "there" / "other").write_text("")
                assert tried("other", cwd=tmp_path) == all_of("other")[1:]

            def test_nothing_found():
                with pytest.raises(FileNotFoundError):
                    subprocess.run(["gone"])
                assert spy.TRIED.pop() == all_of("gone")

            @pytest.mark.parametrize("options", [
                {"preexec_fn": lambda: None},
                {"user": os.getuid()},
                {"group": os.getgid()},
            ])
            def test_for_others(options):
                assert tried("other", **options) == all_of("other")
        """,
    )

    outcome = suite.run(plugins=("spy",))

    assert outcome.counts == {"passed": 8}, outcome.output
