"""The accounts of tests and fixtures: what each declared, what was seen, what has been told."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from types import MappingProxyType
from typing import Any
from typing import Final

import pytest

from imbue.resource_guards.judge.verdict import Facts
from imbue.resource_guards.judge.verdict import FixtureFacts
from imbue.resource_guards.kinds import ViolationKind
from imbue.resource_guards.lifecycle.parameters import Parameter
from imbue.resource_guards.model import Doubt
from imbue.resource_guards.model import Use
from imbue.resource_guards.model import Violation
from imbue.resource_guards.scope.scope import Scope

_NO_FIXTURES: Final[tuple[FixtureAccount, ...]] = ()

_NOTHING: Final[Mapping[tuple[object, ...], Violation]] = MappingProxyType({})
"""What nearly all tests have told."""


class FixtureAccount:
    """One set-up fixture that has a scope of its own.

    Args:
        fixturedef: The fixture.
        scope: What its set-up and tear-down are charged to; its owner is the fixture's name.
        declared: What its ``@fixture_uses_resources`` names; `None` if it has none.
        parameter: Which of its parameters it is set up with, if it has some and a contract.

    Attributes:
        finished: It can use nothing more.
        failed: Its set-up has failed or skipped.
        awaiting: The tests whose verdict waits for that.
        awaiting_plain: The others that wait, of which there is nothing to judge unless it uses something yet.
        requested: The fixtures with accounts that it has asked for itself, or names as arguments. A test that
            requests it need not get the same: there may be another of that name, or a parameter.
    """

    def __init__(
        self,
        fixturedef: pytest.FixtureDef[Any],
        scope: Scope,
        declared: frozenset[str] | None,
        parameter: Parameter | None = None,
    ) -> None:
        self.fixturedef = fixturedef
        self.scope = scope
        self.declared = declared
        self._parameter = parameter
        self.finished = False
        self.failed = False
        self.awaiting: list[TestAccount] = []
        self.awaiting_plain: list[TestAccount] = []
        self.requested: list[FixtureAccount] = []

    @property
    def is_plain(self) -> bool:
        """Whether it has no contract, and has used nothing so far."""
        return self.declared is None and not self.scope.used

    def ask(self, other: FixtureAccount | None) -> None:
        """Note that it has asked for a fixture, if that has an account."""
        if other is not None and other is not self and other not in self.requested:
            self.requested.append(other)

    def facts(self) -> FixtureFacts:
        """What the verdict needs to know of it."""
        scope, excused = self.scope, frozenset[str]()
        if self._parameter is not None and self.declared is not None:
            excused = self._parameter.excused(
                self.declared, scope.used, tried=self.finished and not self.failed
            )
        return FixtureFacts(
            scope.owner, self.declared, scope.uses, self.finished, self.failed, excused
        )


class TestAccount:
    """One attempt to run a test.

    Args:
        item: The test.
        scope: What its body and the fixtures that are its alone are charged to.
        declared: The resources whose marks it carries.

    Attributes:
        fixtures: The fixtures with scopes of their own that were requested for it.
        passed: Its body has passed.
        has_teardown: Something is left to run after its body.
        told: The violations that a report has told already.
        outcome: The worst outcome of its phases so far, guards left aside; kept where it is asked
            for.
    """

    __test__ = False  # it is no test class, whatever pytest makes of its name
    __slots__ = (
        "_doubts",
        "_got",
        "declared",
        "fixtures",
        "has_teardown",
        "item",
        "outcome",
        "passed",
        "scope",
        "told",
    )

    def __init__(self, item: pytest.Item, scope: Scope, declared: frozenset[str]) -> None:
        self.item = item
        self.scope = scope
        self.declared = declared
        self.fixtures = self._got = _NO_FIXTURES
        self.passed = False
        self.has_teardown = False
        self.told: Mapping[tuple[object, ...], Violation] = _NOTHING
        self.outcome = "passed"

    @property
    def doubts(self) -> Mapping[str, tuple[Doubt, ...]]:
        """Why it cannot be known that it did not use a resource, by the resource."""
        # Nearly all tests have none: to make an empty one for each would cost something.
        found: Mapping[str, tuple[Doubt, ...]] = getattr(self, "_doubts", {})
        return found

    @doubts.setter
    def doubts(self, doubts: Mapping[str, tuple[Doubt, ...]]) -> None:
        self._doubts = doubts

    @property
    def is_plain(self) -> bool:
        """Whether it declares nothing and nothing was used so far, so that there is nothing to judge yet.

        Most tests depend on some fixture that others share, and few of these use a resource.
        """
        if self.declared or self.scope.used:
            return False
        for fixture in self.fixtures:
            if fixture.requested:
                return all(each.is_plain for each in self.all_fixtures())
            if fixture.declared is not None or fixture.scope.used:
                return False
        return True

    @property
    def is_in_order(self) -> bool:
        """Whether it has used just what it declares, and by itself, so that nothing is wrong however it ends.

        Most tests with marks come to their end so.
        """
        scope = self.scope
        return (
            scope.used == self.declared
            and not self.fixtures
            and all(use.allowed for use in scope.uses)
        )

    @property
    def attempt(self) -> int:
        """Which run of its test it is of: a number that no other run of any test has in this process."""
        return self.scope.id

    def note(self, got: tuple[FixtureAccount, ...]) -> None:
        """Take down the fixtures that it has got, in the order in which it got them.

        Those that were set up for it are noted when that begins, before others that they ask for.
        """
        if got is self._got:
            return
        self._got = got
        noted = self.fixtures
        if not noted:
            self.fixtures = got
            return
        found: dict[FixtureAccount, None] = {}
        rest = iter(noted)
        for each in got:
            if each in noted and each not in found:
                for other in rest:
                    found[other] = None
                    if other is each:
                        break
            found[each] = None
        self.fixtures = tuple(found | dict.fromkeys(rest))

    def all_fixtures(self) -> list[FixtureAccount]:
        """The fixtures that it depends on, directly or through others."""
        found = dict.fromkeys(self.fixtures)
        others = [each for fixture in self.fixtures for each in fixture.requested]
        for other in others:  # it grows meanwhile
            if other not in found:
                found[other] = None
                others += other.requested
        return [*found]

    def all_uses(self) -> Iterator[tuple[str | None, Use]]:
        """Its uses, each with the name of the fixture that it came through, if any."""
        yield from ((use.fixture or None, use) for use in self.scope.uses)
        for fixture in self.all_fixtures():
            yield from ((fixture.scope.owner, use) for use in fixture.scope.uses)

    @property
    def is_finished(self) -> bool:
        """Whether all fixtures that it depends on are torn down."""
        return all(fixture.finished for fixture in self.all_fixtures())

    def used(self) -> set[str]:
        """The resources that it has used, itself or through its fixtures."""
        return {*self.scope.used}.union(*(each.scope.used for each in self.all_fixtures()))

    def wrong(self) -> set[str]:
        """The resources of which a violation was told."""
        return {violation.resource for violation in self.told.values()}

    def wait(self) -> bool:
        """Wait for a fixture that may still use something; `False` if there is none.

        Waiting for one at a time is enough, and each test then moves only as often as it has
        fixtures, however many tests share them.
        """
        fixtures: Sequence[FixtureAccount] = self.fixtures
        if len(fixtures) == 1 and not (one := fixtures[0]).requested:  # nearly all
            if one.finished:
                return False
            is_plain = not (self.declared or self.scope.used or one.scope.used)
            (one.awaiting_plain if is_plain and one.declared is None else one.awaiting).append(self)
            return True
        for fixture in fixtures:
            if fixture.requested:
                fixtures = self.all_fixtures()
                break
        for fixture in fixtures:
            if not fixture.finished:
                fixture.awaiting.append(self)
                return True
        return False

    def facts(self, *, finished: bool) -> Facts:
        """What the verdict needs to know.

        Args:
            finished: Nothing is left to run that belongs to this test alone.
        """
        return Facts(
            declared=self.declared,
            uses=self.scope.uses,
            fixtures=tuple(fixture.facts() for fixture in self.all_fixtures()),
            passed=self.passed,
            finished=finished,
        )

    def untold(self, violations: Iterable[Violation]) -> list[Violation]:
        """Those that no report has told yet; they count as told from now on.

        Of several that one mark is enough for, the one whose use was blocked says most.
        """
        new = []
        for violation in sorted(violations, key=lambda each: all(use.allowed for use in each.uses)):
            # One mark is enough for all that uses the resource on behalf of the test.
            is_mark = violation.kind is ViolationKind.MISSING_MARK
            key = (violation.kind, violation.resource, None if is_mark else violation.fixture)
            if key not in self.told:
                self.told = {**self.told, key: violation}
                new.append(violation)
        return new
