"""Boxes that were left behind by a crash, by the docker program."""

from __future__ import annotations

import subprocess

from boxed.box import LABEL


def leftovers(owner: str) -> list[str]:
    """The ids of an owner's boxes, running or not."""
    command = ["docker", "ps", "--all", "--quiet", f"--filter=label={LABEL}={owner}"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return done.stdout.split()


def remove_leftovers(owner: str) -> int:
    """Remove them; returns how many there were."""
    found = leftovers(owner)
    if found:
        subprocess.run(["docker", "rm", "--force", *found], check=True, capture_output=True)
    return len(found)
