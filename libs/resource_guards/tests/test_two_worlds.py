"""The verdict of a test is the same on a machine that has the program and on one that has not."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from support.suite import Suite

SUITE = '''
import os, subprocess, sys
import pytest

FOLDER = {folder!r}

def link():
    # Each worker has its own.
    path = os.path.abspath(f"link-{os.getpid()}")
    if not os.path.lexists(path):
        os.symlink(FOLDER, path)
    return path

def attempt(start):
    # As code does that can do without the program.
    try:
        start()
    except (FileNotFoundError, PermissionError):
        pass

def in_fork(call):
    pid = os.fork()
    if not pid:
        try:
            call()
        finally:
            os._exit(127)
    os.waitpid(pid, 0)

USES = {
    "name": lambda: subprocess.run(["tool"]),
    "popen": lambda: subprocess.Popen(["tool"]).wait(),
    "path": lambda: subprocess.run([FOLDER + "/tool"]),
    "own PATH with the folder": lambda: subprocess.run(["tool"], env={"PATH": "/nowhere:" + FOLDER}),
    "posix_spawnp": lambda: os.waitpid(os.posix_spawnp("tool", ["tool"], os.environ), 0),
    "execvp": lambda: in_fork(lambda: os.execvp("tool", ["tool"])),
    "execv": lambda: in_fork(lambda: os.execv(FOLDER + "/tool", ["tool"])),
    "slashes": lambda: subprocess.run([FOLDER + "///tool"]),
    "a link to the folder": lambda: subprocess.run([link() + "/tool"]),
    "a relative path": lambda: subprocess.run([os.path.relpath(FOLDER) + "/tool"]),
    "a detour": lambda: subprocess.run([FOLDER + "/../" + os.path.basename(FOLDER) + "/tool"]),
    "from its folder": lambda: subprocess.run(["./tool"], cwd=FOLDER),
    "from there, as a name": lambda: subprocess.run(["x"], executable="./tool", cwd=FOLDER),
    "a script": lambda: subprocess.run(["sh", FOLDER + "/tool"]),
    "a script from its folder": lambda: subprocess.run(["sh", "-e", "tool"], cwd=FOLDER),
    "a script by a link": lambda: subprocess.run(["sh", "-e", "--", link() + "/tool", "x"]),
    "in a child": lambda: subprocess.run([sys.executable, "-c", CHILD]),
}
CHILD = f"""if True:
    import os, subprocess
    os.chdir("/")
    try:
        subprocess.run([{link()!r} + "//tool"])
    except FileNotFoundError:
        pass
"""
NO_USES = {
    "own PATH": lambda: subprocess.run(["tool"], env={"PATH": "/nowhere"}),
    "own PATH, execvpe": lambda: in_fork(
        lambda: os.execvpe("tool", ["tool"], {"PATH": "/nowhere"})),
    "another folder": lambda: subprocess.run(["/nowhere/tool"]),
    "the working directory": lambda: subprocess.run(["./tool"]),
    "another name": lambda: subprocess.run(["tool-extra"]),
    "another script": lambda: subprocess.run(["sh", "./tool"]),
    "from another folder": lambda: subprocess.run(["./tool"], cwd="/"),
    "no part of a text": lambda: subprocess.run(["sh", "-c", ":", FOLDER + "/tool"]),
    "nothing": lambda: None,
}

IN_DOUBT = {
    "a parameter of a text": lambda: subprocess.run(["sh", "-c", ": $0", FOLDER + "/tool"]),
    "part of a text": lambda: subprocess.run(["sh", "-c", "! test -x " + FOLDER + "/tool || :"]),
}

@pytest.mark.parametrize("way", IN_DOUBT)
def test_in_doubt_unmarked(way):
    attempt(IN_DOUBT[way])

@pytest.mark.tool
@pytest.mark.parametrize("way", IN_DOUBT)
def test_in_doubt_marked(way):
    attempt(IN_DOUBT[way])

@pytest.mark.parametrize("way", USES)
def test_use_unmarked(way):
    attempt(USES[way])

@pytest.mark.tool
@pytest.mark.parametrize("way", USES)
def test_use_marked(way):
    attempt(USES[way])

@pytest.mark.parametrize("way", NO_USES)
def test_none_unmarked(way):
    attempt(NO_USES[way])

@pytest.mark.tool
@pytest.mark.parametrize("way", NO_USES)
def test_none_marked(way):
    attempt(NO_USES[way])

def test_missing_executable(monkeypatch, tmp_path):
    # As a suite does that tests what is done without the program.
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(FileNotFoundError):
        subprocess.run(["tool"])
    with pytest.raises(FileNotFoundError):
        os.posix_spawnp("tool", ["tool"], os.environ)
'''


@pytest.mark.parametrize("workers", [(), ("-n2",)], ids=["one process", "two workers"])
@pytest.mark.parametrize("world", ["installed", "missing"])
def test_the_verdict_is_the_same(suite: Suite, world: str, workers: tuple[str, ...]) -> None:
    """An attempt counts where it finds the program if that is installed, and nowhere else."""
    if world == "installed":
        suite.tool()
    suite.write_files({"test_it.py": SUITE.replace("{folder!r}", repr(str(suite.bin)))})
    suite.write(
        conftest="""
            def pytest_register_resource_guards(registry):
                registry.register_resource_guard("tool")
        """
    )

    outcome = suite.run(*workers)

    for name, test in outcome.tests.items():
        if name.startswith("test_use_unmarked"):
            assert test.says_missing(), (name, outcome.output)
        elif name.startswith("test_none_marked"):
            assert test.says_superfluous(), (name, outcome.output)
        else:
            assert test.outcome == "passed", (name, outcome.output)
    assert len(outcome.tests) == 2 * 17 + 2 * 9 + 2 * 2 + 1
    assert len(suite.runs_of()) == (17 if world == "installed" else 0)


SPELLINGS: dict[str, Callable[[Path], str]] = {
    "a slash at its end": lambda folder: f"{folder}/",
    "two slashes": lambda folder: f"{folder.parent}//{folder.name}",
    "a link": lambda folder: str(link_to(folder)),
    "relative": os.path.relpath,
    "a detour": lambda folder: f"{folder}/../{folder.name}",
}
"""How the folder of the program may be written on PATH."""


def link_to(folder: Path) -> Path:
    """A link to a folder, beside it."""
    link = folder.with_name("a-link")
    link.symlink_to(folder)
    return link


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("world", ["installed", "missing"])
def test_however_path_is_written(
    suite: Suite, monkeypatch: pytest.MonkeyPatch, world: str, spelling: str
) -> None:
    """A folder on PATH is the same one, whichever way PATH or the path of a start is written."""
    if world == "installed":
        suite.tool()
    before = os.environ["PATH"].split(os.pathsep)
    path = [SPELLINGS[spelling](suite.bin) if each == str(suite.bin) else each for each in before]
    assert path != before
    monkeypatch.setenv("PATH", os.pathsep.join(path))
    suite.write_files({"test_it.py": SUITE.replace("{folder!r}", repr(str(suite.bin)))})
    suite.write(
        conftest="""
            def pytest_register_resource_guards(registry):
                registry.register_resource_guard("tool")
        """
    )

    outcome = suite.run("-k", "test_use_unmarked or test_none_unmarked")

    for name, test in outcome.tests.items():
        is_use = name.startswith("test_use_unmarked")
        assert test.says_missing() if is_use else test.outcome == "passed", (name, outcome.output)
    assert len(outcome.tests) == 17 + 9


def test_a_shell_that_does_not_find_it(suite: Suite) -> None:
    """What a shell tries where the program is missing is not seen; marked, it is superfluous there."""
    suite.write(
        conftest="""
            def pytest_register_resource_guards(registry):
                registry.register_resource_guard("tool")
        """,
        test_it="""
            import subprocess

            def test_it():
                subprocess.run(["sh", "-c", "tool"])
        """,
    )

    assert suite.run().outcomes == {"test_it": "passed"}
