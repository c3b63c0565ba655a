"""Jobs, in a queue and as text."""

from __future__ import annotations

import pytest
from jobs.queue import Jobs
from jobs.queue import parse


@pytest.mark.modal
def test_take(control_plane: None) -> None:
    """What is added is taken."""
    jobs = Jobs()
    jobs.add("mail@3")
    assert jobs.take() == ("mail", 3)


def test_parse() -> None:
    """A job without a priority has the lowest."""
    assert parse("mail") == ("mail", 0)
