"""Run the tests of the packages and measure what they reach, child processes included.

    python3 scripts/cover.py           # all tests; fails where they leave too much unreached
    python3 scripts/cover.py FILE      # some of them; all arguments go to pytest

Most tests run pytest in a process of its own, which starts others, and coverage follows them all.
CPython does not trace what runs below an audit hook unless the hook asks for it
(``__cantrace__``); ours must not, so a ``.pth`` file of the environment made here asks in its place.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterator
from collections.abc import Mapping
from typing import Any
from typing import Final

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
REPORT: Final = FOLDER / "report.json"
LEAST: Final = {"lines": 100, "branches": 95}
"""Of a hundred, how many have to be reached. `fail_under` would count both as one."""
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
    dev.run(python, "-m", "coverage", "json", "--quiet", "-o", REPORT)
    report = json.loads(REPORT.read_text(encoding="utf-8"))
    print("\n".join(summary(report)))
    if not arguments:
        sys.exit("\n".join(complaints(report)) or 0)


def summary(report: Mapping[str, Any]) -> Iterator[str]:
    """How much is reached, a line for lines and one for branches.

    Args:
        report: What ``coverage json`` has written.
    """
    for what, (covered, there) in _totals(report).items():
        share = f", {100 * covered / there:.2f} %" if there else ""
        yield f"{what}: {covered} of {there}{share}"


def complaints(report: Mapping[str, Any]) -> Iterator[str]:
    """Each place that is not reached, if of its kind there are too many; nothing if all is well.

    Args:
        report: What ``coverage json`` has written.
    """
    for what, (covered, there) in _totals(report).items():
        if 100 * covered < LEAST[what] * there:
            yield f"Too few {what} are reached: {covered} of {there}, and not {LEAST[what]} %."
            for path, file in sorted(report["files"].items()):
                yield from (f"  {path}:{place}" for place in _unreached(file, what))


def _totals(report: Mapping[str, Any]) -> dict[str, tuple[int, int]]:
    totals = report["totals"]
    return {
        "lines": (totals["covered_lines"], totals["num_statements"]),
        "branches": (totals["covered_branches"], totals["num_branches"]),
    }


def _unreached(file: Mapping[str, Any], what: str) -> Iterator[str]:
    if what == "lines":
        yield from map(str, file["missing_lines"])
    for start, end in file["missing_branches"] if what == "branches" else ():
        yield f"{start} to {end if end > 0 else 'the end'}"


if __name__ == "__main__":
    main(sys.argv[1:])
