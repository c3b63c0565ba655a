"""Run the tests of the packages and measure what they reach, child processes included.

    python3 scripts/cover.py           # further arguments go to pytest

Most tests run pytest in a process of its own, which starts others, and coverage follows them all.
CPython does not trace what runs below an audit hook unless the hook asks for it
(``__cantrace__``); ours must not, so a ``.pth`` file of the environment made here asks in its place.
"""

from __future__ import annotations

import os
import shutil
import sys

import dev

FOLDER = dev.ROOT / ".coverage"
TRACED = """
import sys

add = sys.addaudithook

def addaudithook(hook):
    hook.__cantrace__ = True
    add(hook)

sys.addaudithook = addaudithook
"""
LEFT_OUT = ["test_when_the_hook_is_made"]  # coverage itself holds `os.execv`


def main(arguments: list[str]) -> None:
    """Make the environment, run the tests in it and report."""
    FOLDER.mkdir(exist_ok=True)
    for old in FOLDER.glob("data*"):
        old.unlink()
    shutil.rmtree(FOLDER / "environment", ignore_errors=True)
    python = dev.make_environment(FOLDER / "environment")
    dev.install_locked(python, "--all-packages", "--group=test")
    dev.install_members(python, *dev.MEMBERS)
    (site,) = (FOLDER / "environment" / "lib").glob("python*/site-packages")
    (site / "traced_audit_hook.py").write_text(TRACED)
    (site / "a_traced_audit_hook.pth").write_text("import traced_audit_hook\n")
    os.environ["PATH"] = f"{python.parent}{os.pathsep}{os.environ['PATH']}"
    leave_out = " and ".join(f"not {name}" for name in LEFT_OUT)
    tests = ["-m", "pytest", "-n2", "-k", leave_out, *(arguments or ["libs"])]
    dev.run(python, "-m", "coverage", "run", *tests)
    dev.run(python, "-m", "coverage", "combine", "--quiet")
    dev.run(python, "-m", "coverage", "report")


if __name__ == "__main__":
    main(sys.argv[1:])
