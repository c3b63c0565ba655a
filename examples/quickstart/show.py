"""Run the first suite, which has two wrong marks, and then the corrected one.

Exits with 0 when both end as they should.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
OPTIONS = ["--strict-markers", "--no-header", "-pno:cacheprovider", "-cpytest.ini"]
# The workspace has these for its tests.
OPTIONS += ["-pno:asyncio", "-pno:django", "-pno:randomly", "-pno:trio", "-pno:twisted"]


def show(title: str, folder: str, *arguments: str) -> int:
    """Run pytest on one of the folders; returns its exit code."""
    print(f"\n##### {title}\n##### pytest {folder} {' '.join(arguments)}\n", flush=True)
    command = [sys.executable, "-m", "pytest", folder, *OPTIONS, *arguments]
    return subprocess.run(command, cwd=HERE, check=False).returncode


def main() -> int:
    """Show all three runs."""
    first = show("Two of these four tests have wrong marks.", "first")
    corrected = show("The same tests, with the marks that they need.", "corrected")
    without = show("What runs where there is no git.", "corrected", "-m", "not git", "-v")
    as_expected = (first, corrected, without) == (1, 0, 0)
    print("\nAs it should be." if as_expected else "\nThis is not what should have happened.")
    return int(not as_expected)


if __name__ == "__main__":
    sys.exit(main())
