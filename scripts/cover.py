"""Run the tests of the packages and measure what they reach, child processes included.

    python3 scripts/cover.py           # all tests; fails where they leave too much unreached
    python3 scripts/cover.py FILE      # some of them; all arguments go to pytest

Most tests run pytest in a process of its own, which starts others, and coverage follows them all.
In each process a ``.pth`` file of the environment made here does what coverage by itself does not:

- CPython does not trace what runs below an audit hook unless the hook asks for it (``__cantrace__``). Ours
  must not, so it is asked in its place.
- What a process has reached is saved before it becomes another program. Coverage has a way to do that
  (``patch = execv``), by functions in place of `os.execv` and `os.execve`; and it has a copy of the module
  `os`. Where anyone holds these functions, the guards do not replace them until the first process is
  started, as they do for users. So that way is not taken, and they are taken out of the copy.
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
SITE: Final = """
import sys

add = sys.addaudithook

def addaudithook(hook):
    hook.__cantrace__ = True
    add(hook)

def save(event, arguments):
    measured = event == "os.exec" and sys.modules["coverage"].Coverage.current()
    if measured:
        measured.save()

if "coverage" in sys.modules:
    for module in sys.modules["coverage.misc"].ISOLATED_MODULES.values():
        for name in ("posix_spawn", "posix_spawnp", "execv", "execve", "system"):
            vars(module).pop(name, None)
    sys.addaudithook = addaudithook
    add(save)
"""
REPORT: Final = FOLDER / "report.json"
LEAST: Final = {"lines": 100, "branches": 95}
"""Of a hundred, how many have to be reached. `fail_under` would count both as one."""


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
    (site / "measured.py").write_text(SITE)
    (site / "b_measured.pth").write_text("import measured\n")  # after coverage's own
    os.environ["PATH"] = f"{python.parent}{os.pathsep}{os.environ['PATH']}"
    tests = ("-m", "pytest", "-n2", *(arguments or ["libs"]))
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
