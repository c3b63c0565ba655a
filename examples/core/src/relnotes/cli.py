"""The command line: ``relnotes VERSION``."""

from __future__ import annotations

import argparse
from pathlib import Path

from relnotes.history import commits_since
from relnotes.history import newest_tag
from relnotes.notes import render
from relnotes.tracker import Client


def main(arguments: list[str] | None = None) -> None:
    """Print the notes of all that has come since the newest tag."""
    parser = argparse.ArgumentParser(prog="relnotes", description="Print release notes.")
    parser.add_argument("version", help="the version that is about to be released")
    parser.add_argument("--repository", type=Path, default=Path(), help="default: this folder")
    parser.add_argument("--tracker", help="the tracker's address; default: no titles of tickets")
    options = parser.parse_args(arguments)
    commits = commits_since(options.repository, newest_tag(options.repository))
    titles = {}
    if options.tracker:
        client = Client(options.tracker)
        tickets = [commit.ticket for commit in commits if commit.ticket is not None]
        titles = {ticket: client.title(ticket) for ticket in tickets}
    print(render(options.version, commits, titles), end="")
