"""Build what a release publishes, into dist, and check it.

    python3 scripts/release.py v1.0.0

The tag is the version of each package; the changelog has a section for it, and no note is left in
changes.
"""

from __future__ import annotations

import shutil
import sys
import tomllib
from pathlib import Path

import dev


def complaints_about(root: Path, tag: str) -> list[str]:
    """What stands against a release of the workspace in this folder by this tag."""
    complaints = []
    for member in dev.MEMBERS:
        settings = tomllib.loads((root / "libs" / member / "pyproject.toml").read_text("utf-8"))
        project = settings["project"]
        if tag != f"v{project['version']}":
            complaints.append(f"{project['name']} has version {project['version']}, not {tag}")
    if f"\n## {tag.removeprefix('v')} (" not in (root / "CHANGELOG.md").read_text("utf-8"):
        complaints.append(f"CHANGELOG.md has no section for {tag}")
    notes = [note for note in (root / "changes").iterdir() if note.name != "README.md"]
    return complaints + [f"changes/{note.name} is not in the changelog" for note in notes]


def archives_in(folder: Path) -> list[Path]:
    """The wheels and source distributions in a folder."""
    return sorted([*folder.glob("*.whl"), *folder.glob("*.tar.gz")])


def build(output: Path) -> None:
    """Build and check the distributions of all packages."""
    dev.set_up()
    shutil.rmtree(output, ignore_errors=True)
    dev.build(output)
    dev.run(dev.PYTHON, "-m", "twine", "check", "--strict", *archives_in(output))


def main(arguments: list[str]) -> int:
    """Run the command line; returns the exit code."""
    if len(arguments) != 1:
        sys.exit(__doc__)
    complaints = complaints_about(dev.ROOT, arguments[0])
    for complaint in complaints:
        print(complaint, file=sys.stderr)
    if not complaints:
        build(dev.ROOT / "dist")
    return bool(complaints)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
