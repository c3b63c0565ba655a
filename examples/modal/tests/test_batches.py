"""A film is cut up without any worker."""

from __future__ import annotations

import pytest
from frames.batches import Batch
from frames.batches import cut
from frames.batches import progress


@pytest.mark.parametrize(
    ("frames", "batches"),
    [(0, []), (10, [Batch(0, 10)]), (12, [Batch(0, 10), Batch(10, 12)])],
)
def test_cut(frames: int, batches: list[Batch]) -> None:
    """The last batch has what is left."""
    assert cut(frames, 10) == batches


def test_progress() -> None:
    """Percents are rounded down."""
    assert progress(2, 3) == "2 of 3 batches (66 %)"
    assert progress(0, 0) == "nothing to do"
