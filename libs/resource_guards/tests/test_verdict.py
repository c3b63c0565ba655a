"""The verdict, a pure function: as properties of any facts, and by example.

`scripts/mutate.py` runs these tests against changed versions of `judge/`.
"""

from __future__ import annotations

import pytest
from hypothesis import example
from hypothesis import given
from hypothesis import strategies as st

from imbue.resource_guards.guard import SHIM
from imbue.resource_guards.judge.verdict import Facts
from imbue.resource_guards.judge.verdict import FixtureFacts
from imbue.resource_guards.judge.verdict import verdict
from imbue.resource_guards.kinds import ViolationKind
from imbue.resource_guards.model import Use
from imbue.resource_guards.model import Violation

NAMES = st.sampled_from(["docker", "modal", "tmux"])
SETS = st.frozensets(NAMES)
USES = st.lists(st.builds(Use, NAMES, st.booleans(), st.just(SHIM), st.just("x")), max_size=4).map(
    tuple
)
FIXTURES = st.builds(
    FixtureFacts,
    st.sampled_from(["a", "b"]),
    st.none() | SETS,
    USES,
    st.booleans(),
    st.booleans(),
    SETS,
)
FACTS = st.builds(
    Facts, SETS, USES, st.lists(FIXTURES, max_size=2).map(tuple), st.booleans(), st.booleans()
)

IDLE = Facts(frozenset({"docker"}), (), (), passed=True, finished=True)


def used(facts: Facts) -> set[str]:
    """The resources that anything of the test used."""
    uses = [*facts.uses, *(use for fixture in facts.fixtures for use in fixture.uses)]
    return {use.resource for use in uses}


@given(FACTS)
def test_a_mark_is_missing_exactly_when_a_resource_is_used_without(facts: Facts) -> None:
    """Whatever used it, the test or a fixture, and whether it passed or not."""
    missing = {v.resource for v in verdict(facts) if v.kind is ViolationKind.MISSING_MARK}

    assert missing == used(facts) - facts.declared


@given(FACTS)
def test_a_mark_is_superfluous_exactly_when_nothing_can_use_it_any_more(facts: Facts) -> None:
    """Only for a test that passed, and only when it and all its fixtures are finished."""
    superfluous = {v.resource for v in verdict(facts) if v.kind is ViolationKind.SUPERFLUOUS_MARK}

    over = facts.passed and facts.finished and all(f.finished for f in facts.fixtures)
    assert superfluous == (facts.declared - used(facts) if over else set())


@example(IDLE, frozenset({"docker"}))
@given(FACTS, SETS)
def test_an_optional_mark_is_never_superfluous(facts: Facts, optional: frozenset[str]) -> None:
    """And changes nothing else, of its test or of a fixture's contract."""
    found = verdict(facts._replace(optional=optional))

    assert found == [
        each
        for each in verdict(facts)
        if each.kind is not ViolationKind.SUPERFLUOUS_MARK or each.resource not in optional
    ]


@example(IDLE, frozenset({"docker"}))
@given(FACTS, SETS)
def test_what_may_have_been_used_unseen_is_neither_superfluous_nor_unused(
    facts: Facts, unsure: frozenset[str]
) -> None:
    """Of a mark and of a contract; nothing else changes."""
    kinds = (ViolationKind.SUPERFLUOUS_MARK, ViolationKind.FIXTURE_UNUSED_DECLARATION)

    found = verdict(facts._replace(unsure=unsure))

    assert found == [
        each for each in verdict(facts) if each.kind not in kinds or each.resource not in unsure
    ]


@given(FACTS)
def test_a_fixture_keeps_its_contract_when_it_uses_exactly_what_it_declares(facts: Facts) -> None:
    """More is a violation at once; less once it was torn down, but for what failed or is excused."""
    found = {(v.kind, v.fixture, v.resource) for v in verdict(facts)}

    for fixture in facts.fixtures:
        if fixture.declared is not None:
            resources = {use.resource for use in fixture.uses}
            for name in resources - fixture.declared:
                assert (ViolationKind.FIXTURE_UNDECLARED_USE, fixture.name, name) in found
            if fixture.finished and not fixture.failed:
                for name in fixture.declared - resources - fixture.excused:
                    assert (ViolationKind.FIXTURE_UNUSED_DECLARATION, fixture.name, name) in found
    undeclared = {f.name for f in facts.fixtures if f.declared is not None}
    assert {name for kind, name, _ in found if kind.name.startswith("FIXTURE")} <= undeclared


def use(resource: str, what: str = "x", *, allowed: bool = True) -> Use:
    """A use of a resource."""
    return Use(resource, allowed, SHIM, what)


NOTHING = Facts(frozenset(), (), (), passed=True, finished=True)
MISSING, SUPERFLUOUS, UNDECLARED, UNUSED = ViolationKind
EXAMPLES = {
    "nothing": (NOTHING, []),
    "in the order of the uses, each resource once with all uses of it": (
        NOTHING._replace(uses=(use("tmux", "1"), use("docker"), use("tmux", "2"))),
        [
            Violation(MISSING, "tmux", (use("tmux", "1"), use("tmux", "2"))),
            Violation(MISSING, "docker", (use("docker"),)),
        ],
    ),
    "by the test and by a fixture, told for each": (
        NOTHING._replace(
            uses=(use("tmux", "1"),),
            fixtures=(
                FixtureFacts("server", None, (use("tmux", "2"), use("tmux", "3")), finished=True),
            ),
        ),
        [
            Violation(MISSING, "tmux", (use("tmux", "1"),)),
            Violation(MISSING, "tmux", (use("tmux", "2"), use("tmux", "3")), "server"),
        ],
    ),
    "superfluous, by name, when another call was let through": (
        NOTHING._replace(declared=frozenset({"tmux", "docker", "modal"}), uses=(use("modal"),)),
        [Violation(SUPERFLUOUS, "docker"), Violation(SUPERFLUOUS, "tmux")],
    ),
    "superfluous, after another call was blocked": (
        NOTHING._replace(
            declared=frozenset({"tmux"}),
            uses=(use("modal"), use("docker", allowed=False)),
        ),
        [
            Violation(MISSING, "modal", (use("modal"),)),
            Violation(MISSING, "docker", (use("docker", allowed=False),)),
            Violation(SUPERFLUOUS, "tmux", after_block=True),
        ],
    ),
    "superfluous, after a call of a fixture was blocked": (
        NOTHING._replace(
            declared=frozenset({"tmux", "docker"}),
            fixtures=(
                FixtureFacts("server", None, (use("docker", allowed=False),), finished=True),
            ),
        ),
        [Violation(SUPERFLUOUS, "tmux", after_block=True)],
    ),
    "not unused, what a fixture declares and uses": (
        NOTHING._replace(
            declared=frozenset({"tmux"}),
            fixtures=(FixtureFacts("server", frozenset({"tmux"}), (use("tmux"),), finished=True),),
        ),
        [],
    ),
    "not superfluous while a fixture is there": (
        NOTHING._replace(
            declared=frozenset({"tmux"}),
            fixtures=(
                FixtureFacts("done", None, (), finished=True),
                FixtureFacts("server", None, (), finished=False),
            ),
        ),
        [],
    ),
    "a contract broken in both ways": (
        NOTHING._replace(
            declared=frozenset({"docker"}),
            fixtures=(
                FixtureFacts(
                    "server",
                    frozenset({"tmux", "modal"}),
                    (use("docker", "1"), use("docker", "2")),
                    finished=True,
                ),
            ),
        ),
        [
            Violation(UNDECLARED, "docker", (use("docker", "1"), use("docker", "2")), "server"),
            Violation(UNUSED, "modal", fixture="server"),
            Violation(UNUSED, "tmux", fixture="server"),
        ],
    ),
    "a contract of nothing at all": (
        NOTHING._replace(
            declared=frozenset({"docker"}),
            fixtures=(FixtureFacts("server", frozenset(), (use("docker"),), finished=False),),
        ),
        [Violation(UNDECLARED, "docker", (use("docker"),), "server")],
    ),
    "a fixture that failed may not have come to use it": (
        NOTHING._replace(
            fixtures=(FixtureFacts("server", frozenset({"tmux"}), (), finished=True, failed=True),),
        ),
        [],
    ),
    "what the fixtures of the test alone used is told with their names": (
        NOTHING._replace(
            uses=(
                use("tmux", "1")._replace(fixture="db"),
                use("tmux", "2"),
                use("docker")._replace(fixture="db"),
            ),
        ),
        [
            Violation(MISSING, "tmux", (use("tmux", "1")._replace(fixture="db"),), "db"),
            Violation(MISSING, "docker", (use("docker")._replace(fixture="db"),), "db"),
            Violation(MISSING, "tmux", (use("tmux", "2"),)),
        ],
    ),
    "a declaration that another parameter makes use of": (
        NOTHING._replace(
            fixtures=(
                FixtureFacts(
                    "server", frozenset({"tmux"}), (), finished=True, excused=frozenset({"tmux"})
                ),
            ),
        ),
        [],
    ),
}


@pytest.mark.parametrize(("facts", "violations"), EXAMPLES.values(), ids=EXAMPLES)
def test_by_example(facts: Facts, violations: list[Violation]) -> None:
    """All violations, in their order, with the uses that show them."""
    assert verdict(facts) == violations


@pytest.mark.parametrize("kind", [Facts, FixtureFacts])
def test_facts_are_values(kind: type) -> None:
    """They can neither be changed nor be given what they do not have."""
    facts = kind(*range(5))

    with pytest.raises(AttributeError):
        facts.uses = ()
    with pytest.raises(AttributeError):
        facts.others = ()


def test_a_fixture_has_not_failed_unless_that_is_said() -> None:
    """It is what most callers mean."""
    assert not FixtureFacts("a", None, (), finished=True).failed
