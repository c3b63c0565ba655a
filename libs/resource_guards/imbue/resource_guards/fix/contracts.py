"""Plan what is to be changed in ``@fixture_uses_resources``, from the records of a run."""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Iterable
from dataclasses import dataclass
from dataclasses import field

from imbue.resource_guards.fix.edits import Action
from imbue.resource_guards.fix.edits import Change
from imbue.resource_guards.fix.edits import Edit
from imbue.resource_guards.fix.edits import Place
from imbue.resource_guards.fix.edits import PlaceKind
from imbue.resource_guards.fix.edits import Plan
from imbue.resource_guards.fix.wanted import key
from imbue.resource_guards.messages import fix as messages
from imbue.resource_guards.report.evidence import Contract
from imbue.resource_guards.report.evidence import Source
from imbue.resource_guards.report.evidence import TestRecord


@dataclass(slots=True)
class _Fixture:
    """What all tests together show of one fixture.

    Args:
        declared: What its contract names.
        used: What it used for any of them.
        unsure: What it may have used otherwise: unseen, or where it did not run to its end.
        untried: How many of its tests did not run.
    """

    declared: set[str] = field(default_factory=set)
    used: set[str] = field(default_factory=set)
    unsure: set[str] = field(default_factory=set)
    untried: int = 0

    def add(self, test: TestRecord, contract: Contract) -> None:
        """Take down what one test shows."""
        if not test.was_tried:
            self.untried += 1
            return
        self.declared.update(contract.declared)
        self.used.update(contract.used)
        self.unsure.update(test.unsure)
        if not contract.whole or test.blocked:
            self.unsure.update(contract.declared)


def plan_contracts(tests: Iterable[TestRecord], resources: Collection[str], plan: Plan) -> None:
    """Plan the names to add to contracts and to remove from them.

    Args:
        tests: The records of all tests.
        resources: The marks of the guarded resources.
        plan: Where the changes are put.
    """
    for source, fixture in _fixtures(tests).items():
        place = Place(PlaceKind.FIXTURE, source.qualname)
        idle = sorted((fixture.declared - fixture.used - fixture.unsure).intersection(resources))
        missing = sorted((fixture.used - fixture.declared).intersection(resources))
        # What is added comes first: without a name the decorator would go.
        edits = [Edit(Action.ADD, name, place) for name in missing]
        if fixture.untried:
            plan.left += [
                messages.fix_contract_unseen(source.path, source.qualname, name, fixture.untried)
                for name in idle
            ]
        else:
            edits += [Edit(Action.REMOVE, name, place) for name in idle]
        for edit in edits:
            plan.add(source.path, Change((edit,)))


def _fixtures(tests: Iterable[TestRecord]) -> dict[Source, _Fixture]:
    found: dict[Source, _Fixture] = {}
    for test in tests:
        for contract in test.contracts:
            found.setdefault(key(contract.source), _Fixture()).add(test, contract)
    return found
