"""The client of the tracker."""

from __future__ import annotations

import pytest
from relnotes.tracker import Client


@pytest.mark.tracker
def test_title(tracker: Client) -> None:
    """It is asked for over HTTP."""
    assert tracker.title(7) == "It crashes on an empty folder"


@pytest.mark.tracker
def test_close(tracker: Client) -> None:
    """So is a change."""
    tracker.close(7, "1.1")


def test_title_is_text(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fake in place of the guarded method is no use of the tracker, and needs no mark."""
    monkeypatch.setattr(Client, "request", lambda *_: {"title": 2026})
    assert Client("https://tickets.example.com").title(1) == "2026"
