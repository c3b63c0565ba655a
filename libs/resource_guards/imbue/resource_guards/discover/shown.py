"""A discovery as lines for a person."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping
from typing import Final

from imbue.resource_guards.discover.found import ADDRESS
from imbue.resource_guards.discover.found import PASSED
from imbue.resource_guards.discover.found import PROGRAM
from imbue.resource_guards.discover.found import Discovery
from imbue.resource_guards.discover.found import Found
from imbue.resource_guards.messages import discover as messages

_WIDEST: Final = 30
"""Of the names of one column."""

_WHAT: Final = {PROGRAM: "a program", ADDRESS: "an address"}


def lines(discovery: Discovery) -> Iterator[str]:
    """What was found, and what was not and why."""
    told = [each for each in discovery.found if not each.is_own]
    if not told:
        yield messages.NOTHING
    width = max((len(each.name) for each in told), default=0)
    for each in told:
        yield _row(each, min(width, _WIDEST))
        if each.example:
            yield messages.example(each.example)
    vain = [each for each in discovery.found if each.is_own and each.nobody >= each.tests.keys()]
    if vain:
        tests = set[str]().union(*(each.tests for each in vain))
        yield messages.nobody_listens(len(tests), [each.name for each in vain])
    own = [each for each in discovery.found if each.is_own and each not in vain]
    if own:
        tests = set[str]().union(*(each.tests for each in own))
        # Ports are another each time; what was used to reach them says more.
        names = [each.name for each in own if each.kind != ADDRESS] or [own[0].name]
        yield messages.own_servers(len(tests), names)
    for title, names_left in discovery.left_out.items():
        yield messages.left_out(title, sorted(names_left))
    unknown = {key: count for key, count in discovery.outcomes.items() if key not in PASSED}
    if unknown:
        yield messages.not_known(unknown)
    if discovery.not_seen:
        yield messages.not_seen(discovery.not_seen)


def _row(each: Found, width: int) -> str:
    return messages.row(
        len(each.tests),
        each.name,
        what=_WHAT.get(each.kind, ""),
        by=_counts(each.by),
        fixtures=_counts(each.fixtures),
        through=_counts(each.through),
        outside=sorted(each.outside),
        width=width,
        uncertain=sum(outcome not in PASSED for outcome in each.tests.values()),
    )


def _counts(group: Mapping[str, set[str]]) -> dict[str, int]:
    return {name: len(tests) for name, tests in group.items()}
