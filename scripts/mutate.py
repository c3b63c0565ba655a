"""Change the verdict in many small ways, and see that its tests fail for each.

    python3 scripts/mutate.py

mutmut makes the changed versions ("mutants") of `judge/`, in a copy, and runs the tests of the verdict and of sight
against each. Exits with 1 if a mutant survives, after naming it: then a test is missing, or the mutant does
the same as the original, which has to be explained here and left out.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import dev

CORE = dev.ROOT / "libs" / "resource_guards"
SETTINGS = """
[mutmut]
source_paths=imbue/resource_guards/judge
also_copy=
    imbue
    pytest.ini
pytest_add_cli_args_test_selection=tests
"""


def copy_project(folder: Path) -> None:
    """Lay out what mutmut works on: the sources, and the tests of pure functions alone."""
    shutil.copytree(CORE / "imbue", folder / "imbue")
    (folder / "tests").mkdir()
    for name in ("test_verdict.py", "test_sight_rule.py"):
        shutil.copy(CORE / "tests" / name, folder / "tests")
    (folder / "setup.cfg").write_text(SETTINGS)
    (folder / "pytest.ini").write_text("[pytest]\npythonpath = .\naddopts = -pno:cacheprovider\n")


def outcomes(text: str) -> dict[str, str]:
    """What became of each mutant, from what `mutmut results` prints."""
    return dict(re.findall(r"^\s*(\S+__mutmut_\d+): (.+)$", text, re.MULTILINE))


def main() -> int:
    """Make the mutants and run the tests."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        project = folder / "project"
        project.mkdir()
        python = dev.make_environment(folder / "environment")
        dev.install_locked(python, "--only-group=mutation")
        copy_project(project)
        mutmut = python.with_name("mutmut")
        run = subprocess.run(
            [mutmut, "run"], cwd=project, capture_output=True, text=True, check=False
        )
        results = [str(mutmut), "results", "--all", "true"]
        told = subprocess.run(results, cwd=project, capture_output=True, text=True, check=False)
    found = outcomes(told.stdout)
    survivors = {mutant: outcome for mutant, outcome in found.items() if outcome != "killed"}
    if not found:
        print(run.stdout, run.stderr, told.stdout, told.stderr)
    for mutant, outcome in survivors.items():
        print(f"{mutant}: {outcome}")
    print(f"{len(found)} mutants of judge/, of which {len(survivors)} were not killed")
    return int(not found or bool(survivors))


if __name__ == "__main__":
    sys.exit(main())
