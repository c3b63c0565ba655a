"""Tags of what is deployed."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path


def next_tag(environment: str, tags: list[str]) -> str:
    """The tag after the newest: ``live-3`` after ``live-1`` and ``live-2``."""
    pattern = re.compile(rf"{re.escape(environment)}-(\d+)")
    numbers = [int(match[1]) for tag in tags if (match := pattern.fullmatch(tag))]
    return f"{environment}-{max(numbers, default=0) + 1}"


def tag_deployment(repository: Path, environment: str) -> str:
    """Tag the newest commit as deployed, and return the tag."""
    tag = next_tag(environment, git(repository, "tag").split())
    git(repository, "tag", tag)
    return tag


def git(repository: Path, *arguments: str) -> str:
    """Run git in a repository, and return what it prints."""
    command = ["git", "-C", str(repository), *arguments]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return done.stdout
