"""The verdict: a pure function from declarations, uses and outcome to violations."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from imbue.resource_guards.kinds import ViolationKind
from imbue.resource_guards.model import Use
from imbue.resource_guards.model import Violation


class FixtureFacts(NamedTuple):
    """What is known of one fixture that a test depends on.

    Args:
        name: The fixture's name.
        declared: What its ``@fixture_uses_resources`` names; `None` if it has none.
        uses: What was seen while it was set up and, if `finished`, torn down.
        finished: It has been torn down, so it can use nothing more.
        failed: Its set-up has failed or skipped, perhaps before it came to use what it declares.
        excused: What it declares and need not have used here: with another of its parameters it did,
            or may.
    """

    name: str
    declared: frozenset[str] | None
    uses: tuple[Use, ...]
    finished: bool
    failed: bool = False
    excused: frozenset[str] = frozenset()


class Facts(NamedTuple):
    """What is known of one test.

    Args:
        declared: The resources whose marks it carries.
        uses: What was seen in the test itself.
        fixtures: The fixtures that it depends on and that have a scope of their own.
        passed: Its body ran to the end and passed.
        finished: Nothing of it is left to run that could still use a resource.
        unsure: The resources that may have been used without being seen: of these, that nothing
            was seen proves nothing.
        optional: The resources that its marks say it uses only at times.
    """

    declared: frozenset[str]
    uses: tuple[Use, ...]
    fixtures: tuple[FixtureFacts, ...]
    passed: bool
    finished: bool
    unsure: frozenset[str] = frozenset()
    optional: frozenset[str] = frozenset()


def verdict(facts: Facts) -> list[Violation]:
    """All the violations that these facts show, each once."""
    return [
        *_missing_marks(facts),
        *_superfluous_marks(facts),
        *(
            violation
            for fixture in facts.fixtures
            for violation in _fixture_contract(fixture, facts.unsure)
        ),
    ]


def _missing_marks(facts: Facts) -> Iterator[Violation]:
    own: dict[str | None, list[Use]] = {}
    for use in facts.uses:
        own.setdefault(use.fixture or None, []).append(use)
    shared = [(fixture.name, list(fixture.uses)) for fixture in facts.fixtures]
    for fixture, uses in [*own.items(), *shared]:
        for resource in _resources(uses):
            if resource not in facts.declared:
                of_it = tuple(use for use in uses if use.resource == resource)
                yield Violation(ViolationKind.MISSING_MARK, resource, of_it, fixture)


def _superfluous_marks(facts: Facts) -> Iterator[Violation]:
    if facts.passed and facts.finished and all(fixture.finished for fixture in facts.fixtures):
        uses = [*facts.uses, *(use for fixture in facts.fixtures for use in fixture.uses)]
        for resource in sorted(
            facts.declared.difference(_resources(uses), facts.unsure, facts.optional)
        ):
            yield Violation(
                ViolationKind.SUPERFLUOUS_MARK,
                resource,
                after_block=any(not use.allowed for use in uses),
            )


def _fixture_contract(fixture: FixtureFacts, unsure: frozenset[str]) -> Iterator[Violation]:
    if fixture.declared is None:
        return
    for resource in _resources(fixture.uses):
        if resource not in fixture.declared:
            of_it = tuple(use for use in fixture.uses if use.resource == resource)
            yield Violation(ViolationKind.FIXTURE_UNDECLARED_USE, resource, of_it, fixture.name)
    if fixture.finished and not fixture.failed:
        unused = fixture.declared.difference(_resources(fixture.uses), unsure, fixture.excused)
        for resource in sorted(unused):
            yield Violation(
                ViolationKind.FIXTURE_UNUSED_DECLARATION, resource, fixture=fixture.name
            )


def _resources(uses: tuple[Use, ...] | list[Use]) -> dict[str, None]:
    return dict.fromkeys(use.resource for use in uses)
