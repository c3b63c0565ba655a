"""Which violations a failed report tells, as data that travels with it from xdist's workers."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping
from typing import Any
from typing import Final
from typing import NamedTuple

import pytest

from imbue.resource_guards.kinds import ViolationKind
from imbue.resource_guards.model import Violation

ATTRIBUTE: Final = "resource_guards_violations"
"""The attribute of a report that carries them."""


class Told(NamedTuple):
    """One violation that was told of a test.

    Args:
        nodeid: The test.
        kind: What is wrong.
        resource: The resource's mark.
        label: What the resource is called.
        fixture: The fixture at fault, or through which the test used the resource.
        by_hook: Only a hook can mark the test, such as a doctest.
    """

    nodeid: str
    kind: ViolationKind
    resource: str
    label: str
    fixture: str | None
    by_hook: bool = False

    def to_data(self) -> list[Any]:
        """Plain data that execnet can send."""
        return [self.nodeid, self.kind.value, *self[2:]]

    @classmethod
    def from_data(cls, data: Any) -> Told:
        """The opposite of :meth:`to_data`."""
        nodeid, kind, *others = data
        return cls(nodeid, ViolationKind(kind), *others)

    @property
    def file(self) -> str:
        """The file that the test is in."""
        return self.nodeid.partition("::")[0]


def told_of(item: pytest.Item, violation: Violation, labels: Mapping[str, str]) -> Told:
    """A violation, as it is told of a test."""
    name = violation.resource
    label, by_hook = labels.get(name, name), not isinstance(item, pytest.Function)
    return Told(item.nodeid, violation.kind, name, label, violation.fixture, by_hook)


def attach(
    report: pytest.TestReport,
    item: pytest.Item,
    violations: Iterable[Violation],
    labels: Mapping[str, str],
    *,
    is_alone: bool,
) -> None:
    """Let a report carry what it tells.

    Args:
        report: The report.
        item: The test.
        violations: What it tells.
        labels: What each resource is called.
        is_alone: It tells nothing else: there is no failure of the test's own in it.
    """
    told = [told_of(item, each, labels).to_data() for each in violations]
    setattr(report, ATTRIBUTE, {"alone": is_alone, "told": told})


def told_in(report: object) -> list[Told]:
    """The violations that a report tells; none of most."""
    return [Told.from_data(each) for each in getattr(report, ATTRIBUTE, {}).get("told", ())]


def is_alone(report: object) -> bool:
    """Whether a report tells violations, and nothing else."""
    return bool(getattr(report, ATTRIBUTE, {}).get("alone"))
