"""The violations of a run by resource: how many tests, in which files, through which fixtures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence

from imbue.resource_guards.kinds import ViolationKind
from imbue.resource_guards.messages import summary as messages
from imbue.resource_guards.report.told import Told


def grouped(told: Iterable[Told], *, warned: bool = False) -> Iterator[str]:
    """Lines that tell them: for each resource, those that lack the mark first.

    Args:
        told: The violations.
        warned: They were only warned of.
    """
    by_resource: dict[tuple[str, str], list[Told]] = {}
    for each in told:
        by_resource.setdefault((each.resource, each.label), []).append(each)
    for (mark, label), found in sorted(by_resource.items()):
        lacking = _of(found, ViolationKind.MISSING_MARK)
        idle = _of(found, ViolationKind.SUPERFLUOUS_MARK)
        if lacking:
            yield messages.lacking(label, mark, *_tests(lacking), warned=warned)
            fixtures = Counter(each.fixture for each in lacking if each.fixture is not None)
            if fixtures:
                yield messages.through_fixtures(fixtures.most_common())
        if idle:
            yield messages.idle(label, mark, *_tests(idle), warned=warned)
        contracts = {
            (each.fixture or "", each.kind is ViolationKind.FIXTURE_UNDECLARED_USE): None
            for each in found
            if each not in lacking and each not in idle
        }
        for fixture, uses in contracts:
            yield messages.contract(label, fixture, uses=uses, warned=warned)


def scope_of(told: Iterable[Told]) -> tuple[int, int, int]:
    """How many tests these violations are of that can be given marks, in how many files; and how many others."""
    tests = {each.nodeid: each for each in told}
    others = sum(each.by_hook for each in tests.values())
    files = {each.file for each in tests.values() if not each.by_hook}
    return len(tests) - others, len(files), others


def _of(found: Iterable[Told], kind: ViolationKind) -> list[Told]:
    return [each for each in found if each.kind is kind]


def _tests(found: Iterable[Told]) -> tuple[int, Sequence[tuple[str, int]]]:
    """How many tests, and by file."""
    tests = {each.nodeid: each.file for each in found}
    return len(tests), Counter(tests.values()).most_common()
