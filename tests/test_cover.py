"""How much of the sources the tests must reach, and what is told where they do not."""

from __future__ import annotations

from typing import Any

import pytest

import cover


def report(lines: tuple[int, int], branches: tuple[int, int], **files: Any) -> dict[str, Any]:
    """What ``coverage json`` writes: how many are covered, of how many, and what is missing."""
    totals = {
        "covered_lines": lines[0],
        "num_statements": lines[1],
        "covered_branches": branches[0],
        "num_branches": branches[1],
        "percent_covered": 99.0,  # of both together, which is not what counts
    }
    missing = {
        f"{name}.py": {"missing_lines": unreached[0], "missing_branches": unreached[1]}
        for name, unreached in files.items()
    }
    return {"totals": totals, "files": missing}


@pytest.mark.parametrize(
    ("lines", "branches"),
    [((1000, 1000), (95, 100)), ((1000, 1000), (100, 100)), ((3, 3), (0, 0))],
)
def test_enough_is_reached(lines: tuple[int, int], branches: tuple[int, int]) -> None:
    """All lines and 95 of 100 branches are enough, and the branches that are not are not told."""
    measured = report(lines, branches, some=([], [[1, 2]] * (branches[1] - branches[0])))

    assert list(cover.complaints(measured)) == []


def test_one_line_is_too_many() -> None:
    """A single line makes it fail, is named with its file, and no branch is."""
    measured = report((9999, 10000), (96, 100), good=([], []), bad=([7], [[6, 7]]))

    assert list(cover.complaints(measured)) == [
        "Too few lines are reached: 9999 of 10000, and not 100 %.",
        "  bad.py:7",
    ]


def test_branches_count_for_themselves() -> None:
    """So many lines do not make up for branches; each is named by where it starts and leads."""
    measured = report((10000, 10000), (94, 100), b=([], [[8, -3]]), a=([], [[4, 5], [4, 9]]))

    assert list(cover.complaints(measured)) == [
        "Too few branches are reached: 94 of 100, and not 95 %.",
        "  a.py:4 to 5",
        "  a.py:4 to 9",
        "  b.py:8 to the end",
    ]


def test_both_are_told() -> None:
    """Of a report that lacks lines and branches, both are told, the lines first."""
    measured = report((1, 2), (1, 2), some=([3], [[1, 3]]))

    complaints = list(cover.complaints(measured))

    assert [each for each in complaints if each.startswith("  ")] == [
        "  some.py:3",
        "  some.py:1 to 3",
    ]


def test_the_summary_has_two_figures() -> None:
    """One of lines and one of branches, of which there may be none."""
    assert list(cover.summary(report((1, 3), (19, 20)))) == [
        "lines: 1 of 3, 33.33 %",
        "branches: 19 of 20, 95.00 %",
    ]
    assert list(cover.summary(report((3, 3), (0, 0))))[1] == "branches: 0 of 0"
