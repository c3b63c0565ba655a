"""A discovery as lines for a person."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from itertools import chain
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
_PROGRAMS: Final = "programs"


def lines(discovery: Discovery) -> Iterator[str]:
    """What was found, and what was not and why."""
    told = _together(each for each in discovery.found if not each.is_own)
    if not told:
        yield messages.NOTHING
    width = max((len(each.name) for each in chain(*told)), default=0)
    for group in told:
        yield _row(group, min(width, _WIDEST))
        if group[0].example:
            yield messages.example(group[0].example)
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


def _together(found: Iterable[Found]) -> list[list[Found]]:
    """Things by lines: programs of which all the same is said share one, as `useradd` and `userdel` of one test."""
    groups: dict[object, list[Found]] = {}
    for each in found:
        said = (each.tests, each.by, each.fixtures, each.through, each.outside)
        key = repr(said) if each.kind == PROGRAM else id(each)
        groups.setdefault(key, []).append(each)
    return list(groups.values())


def _row(group: Sequence[Found], width: int) -> str:
    each = group[0]
    what = _WHAT.get(each.kind, "") if len(group) == 1 else _PROGRAMS
    return messages.row(
        len(each.tests),
        ", ".join(one.name for one in group),
        what=what,
        by=_counts(each.by),
        fixtures=_counts(each.fixtures),
        through=_counts(each.through),
        outside=sorted(each.outside),
        width=width,
        uncertain=sum(outcome not in PASSED for outcome in each.tests.values()),
    )


def _counts(group: Mapping[str, set[str]]) -> dict[str, int]:
    return {name: len(tests) for name, tests in group.items()}
