"""However a run ends, it leaves nothing behind; and what a killed one had to leave is swept."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from imbue.resource_guards.intercept.private_directory import OWNED
from imbue.resource_guards.intercept.private_directory import PREFIX
from imbue.resource_guards.intercept.private_directory import private_directory
from support.suite import Suite

# A plugin that looks at the process after all of pytest's own clean-up.
WITNESS = """
    import os

    BEFORE = os.environ["PATH"], os.environ.get("RESOURCE_GUARDS_SCOPE")

    def pytest_unconfigure(config):
        config.add_cleanup(look)

    def look():
        after = os.environ["PATH"], os.environ.get("RESOURCE_GUARDS_SCOPE")
        print("environment:", "as before" if after == BEFORE else after)
"""

ENDS = {
    "passing": ("assert True", ()),
    "failing": ("assert False", ()),
    "violation": ("subprocess.run(['tool'])", ()),
    "exit first": ("assert False", ("-x",)),
    "interrupted": ("raise KeyboardInterrupt", ()),
    "pytest.exit": ("pytest.exit('enough')", ()),
    "internal error": ("", ("-pbreaks",)),
    "collection error": ("", ("nosuch.py",)),
    "collect only": ("", ("--collect-only",)),
}


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("workers", [(), ("-n2",)], ids=["one process", "two workers"])
def test_nothing_is_left(suite: Suite, end: str, workers: tuple[str, ...]) -> None:
    """No directory, PATH entry or variable survives the run."""
    body, arguments = ENDS[end]
    suite.guard_tool()
    suite.write(
        witness=WITNESS,
        breaks="def pytest_runtest_protocol(): raise RuntimeError('a broken plugin')",
        test_it=f"""
            import subprocess, pytest

            def test_it():
                {body or "pass"}

            @pytest.mark.tool
            def test_other():
                subprocess.run(["tool"])
        """,
    )

    outcome = suite.run("-s", "-pwitness", *arguments, *workers)

    assert "environment: as before" in outcome.output
    assert suite.leftovers() == []


def test_a_test_that_changes_path_keeps_its_change(suite: Suite) -> None:
    """Only the shims' own entry is taken off PATH."""
    suite.guard_tool()
    suite.write(
        witness=WITNESS,
        test_it="""
            import os

            def test_it():
                os.environ["PATH"] += ":/added/by/a/test"
        """,
    )

    output = suite.run("-s", "-pwitness").output

    assert f"environment: ('{os.environ['PATH']}:/added/by/a/test'" in output


def test_a_killed_worker_is_swept(suite: Suite) -> None:
    """What a worker killed by SIGKILL leaves is gone after the next start, which may be its heir's."""
    suite.guard_tool()
    suite.write(
        test_it="""
            import os, signal

            def test_dies():
                os.kill(os.getpid(), signal.SIGKILL)

            def test_lives():
                pass
        """
    )

    killed = suite.run("-n1", "--max-worker-restart=0")
    assert "crashed" in killed.output
    assert len(suite.leftovers()) == 1

    suite.run("--deselect=test_it.py::test_dies")
    assert suite.leftovers() == []


def test_the_directories_of_the_living_are_left_alone(tmp_path: Path) -> None:
    """Another process's directory stays as long as that process lives, and not longer."""
    script = (
        "import sys, os\n"
        "from imbue.resource_guards.intercept.private_directory import private_directory\n"
        "with private_directory(['x']) as directory:\n"
        "    print(directory, flush=True)\n"
        "    sys.stdin.read()\n"
    )
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    other = subprocess.Popen(
        [sys.executable, "-c", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )
    with other, pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", str(tmp_path))
        assert other.stdout is not None
        directory = Path(other.stdout.readline().strip())
        with private_directory(["x"]):
            assert directory.exists()
        other.send_signal(signal.SIGKILL)
        other.wait(timeout=10)
        assert directory.exists()
        with private_directory(["x"]):
            assert not directory.exists()


def test_what_is_not_ours_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A directory just being made, a file, and a link are not swept."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    being_made = tmp_path / f"{PREFIX}new"
    being_made.mkdir()
    file = tmp_path / f"{PREFIX}file"
    file.touch()
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / OWNED).touch()
    link = tmp_path / f"{PREFIX}link"
    link.symlink_to(precious)

    with private_directory(["x"]) as directory:
        assert directory.stat().st_mode & 0o777 == 0o700

    assert sorted(tmp_path.iterdir()) == sorted([being_made, file, precious, link])
    assert (precious / OWNED).exists()


def test_a_fork_does_not_remove_its_parents_directory(tmp_path: Path) -> None:
    """Unwinding the same stack in a forked child leaves the directory to its owner."""
    script = (
        "import os\n"
        "from imbue.resource_guards.intercept.private_directory import private_directory\n"
        "with private_directory(['x']) as directory:\n"
        "    child = os.fork()\n"
        "    if child:\n"
        "        os.waitpid(child, 0)\n"
        "        print(directory.exists())\n"
    )
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, env=environment
    )
    assert done.stdout == "True\n"
    assert list(tmp_path.iterdir()) == []


# A process started in the background of a shell ignores SIGINT, and so would its children.
INTERRUPTIBLE = """
import signal, sys, pytest
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.exit(pytest.main(["-presource_guards", "-pno:cacheprovider"]))
"""


def test_interrupted_from_outside(suite: Suite) -> None:
    """Ctrl-C in the middle of a test cleans up."""
    suite.guard_tool()
    suite.write(
        test_it="""
            import pathlib, time

            def test_waits():
                pathlib.Path("running").touch()
                time.sleep(60)
        """
    )
    process = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTIBLE],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    with process:
        deadline = time.monotonic() + 30
        while not (suite.path / "running").exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        assert suite.leftovers() != []
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=30)

    assert "KeyboardInterrupt" in output
    assert process.returncode == pytest.ExitCode.INTERRUPTED
    assert suite.leftovers() == []
