"""A run that was not the whole suite."""

from __future__ import annotations

from typing import Final

NOT_WHOLE: Final = "This run is not the whole suite"


def not_collected(nodeid: str, reason: str) -> str:
    """A file that could not be imported, or the like."""
    return f"{nodeid} could not be collected: {reason}"


def ended_early(reason: str) -> str:
    """A run that was interrupted."""
    return f"it ended early: {reason}"


def ended_before_all_were_known(reason: str) -> str:
    """The same before it was known which tests there are."""
    return f"it ended before all tests were known: {reason}"


def not_whole(gap: str) -> str:
    """The same, by itself."""
    return f"not the whole suite: {gap}"


def run_not_whole(which: str, gap: str) -> str:
    """One of several runs that is not whole."""
    return f"{which} is {not_whole(gap)}"
