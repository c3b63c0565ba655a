"""Lock the workspace's dependencies without naming where they are downloaded from.

    python scripts/lock.py            # lock again, keeping the versions that are locked
    python scripts/lock.py --upgrade  # ... and take newer ones; other uv options work too
    python scripts/lock.py --check    # fail if the lock is out of date, or a file names a host

uv writes the address of the index and of each file into ``uv.lock``. A machine may have to use
another index, so they are taken out: what is installed is settled by the hashes, and where it
comes from by the machine. uv reads such a lock as one of a local folder; `scripts/dev.py` exports
its pins and installs them from the machine's own index.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from dev import ROOT
from dev import environment
from dev import find_uv

FOLDER = "registry"

# In pieces, since this file is checked as well.
HOSTS = [
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("npmjs", "org"),
        ("npmjs", "com"),
        ("deb", "debian", "org"),
        ("security", "debian", "org"),
    )
]


INDEXES = ("UV_DEFAULT_INDEX", "UV_INDEX", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS", "UV_CONFIG_FILE")
"""How the variables begin that name an index to uv."""


def without_addresses(lock: str) -> str:
    """The text of a ``uv.lock`` with no download address in it; all else stays as it is."""
    lock = re.sub(
        r'source = \{ registry = "[^"]*" \}', f'source = {{ registry = "{FOLDER}" }}', lock
    )
    return re.sub(r'\burl = "[^"]*/([^"/]+)"', r'path = "\1"', lock)


def named_hosts(text: str) -> list[str]:
    """The download hosts that a text names."""
    return [host for host in HOSTS if re.search(rf"\b{re.escape(host)}\b", text, re.IGNORECASE)]


def tracked_files(root: Path) -> list[Path]:
    """The files that git tracks, or would on the next ``git add``."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=root, check=True, capture_output=True, text=True).stdout
    return [root / name for name in listed.split("\0") if name and (root / name).is_file()]


def complaints_about(root: Path) -> list[str]:
    """One line for each tracked file and download host that it names."""
    return [
        f"{path.relative_to(root)} names the download host {host}"
        for path in tracked_files(root)
        for host in named_hosts(path.read_text("utf-8", errors="replace"))
    ]


def check() -> int:
    """Complain about files that name a host, and about a lock that is out of date."""
    complaints = complaints_about(ROOT)
    for complaint in complaints:
        print(complaint, file=sys.stderr)
    # Nothing is asked of an index, and another one than the lock was made with, as a company's, would be taken for a change.
    command = [find_uv(), "lock", "--check", "--offline", "--quiet", "--no-config"]
    here = {name: value for name, value in os.environ.items() if not name.startswith(INDEXES)}
    return max(
        bool(complaints), subprocess.run(command, cwd=ROOT, env=here, check=False).returncode
    )


def main(arguments: list[str]) -> int:
    """Run the command line; returns the exit code."""
    if arguments != ["--check"]:
        lock = ROOT / "uv.lock"
        subprocess.run([find_uv(), "lock", *arguments], cwd=ROOT, env=environment(), check=True)
        lock.write_text(without_addresses(lock.read_text("utf-8")), "utf-8")
    return check()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
