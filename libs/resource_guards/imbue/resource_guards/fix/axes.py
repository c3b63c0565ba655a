"""Which of a test's parameters decide whether it needs a mark."""

from __future__ import annotations

from collections.abc import Sequence

from imbue.resource_guards.fix.wanted import JudgedTest
from imbue.resource_guards.fix.wanted import key
from imbue.resource_guards.report.evidence import Axis


def separating_axis(
    tests: Sequence[JudgedTest],
) -> tuple[Axis, dict[int, bool], dict[int, bool]] | None:
    """A parametrisation of one function such that one of its values decides.

    Args:
        tests: The tests of the function.

    Returns:
        The axis, and for each index whether its tests want the mark, and whether all of them have it
        from their parameters; `None` where there is no such axis.
    """
    for axis in tests[0].record.axes:
        if axis.source is None or tests[0].record.source is None or not axis.argnames:
            continue
        if key(axis.source) != key(tests[0].record.source):
            continue
        wanted: dict[int, bool] = {}
        marked: dict[int, bool] = {}
        for test in tests:
            index = test.record.parameters.get(axis.argnames[0], -1)
            if index < 0:
                break
            if wanted.setdefault(index, test.wanted) != test.wanted:
                break
            marked[index] = marked.get(index, True) and test.has("param")
        else:
            return axis, wanted, marked
    return None
