"""What a suite uses from outside, put together from the records of its tests."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from typing import Any
from typing import Final

from imbue.resource_guards.discover.observers import ADDRESSES
from imbue.resource_guards.discover.observers import NOBODY
from imbue.resource_guards.discover.observers import OWN
from imbue.resource_guards.discover.observers import PROGRAMS
from imbue.resource_guards.discover.recorder import OBSERVED
from imbue.resource_guards.discover.recorder import SEPARATOR
from imbue.resource_guards.discover.rules import Named
from imbue.resource_guards.discover.rules import Place
from imbue.resource_guards.discover.rules import Started
from imbue.resource_guards.discover.rules import is_other_python
from imbue.resource_guards.discover.rules import named
from imbue.resource_guards.report.evidence import SeenUse
from imbue.resource_guards.report.evidence import TestRecord

PROGRAM: Final = "program"
ADDRESS: Final = "address"
RESOURCE: Final = "resource"

ANY_PORT: Final = ":*"
"""How an address ends whose name was looked up for no port."""

PASSED: Final = ("passed", "xpassed")


@dataclass(slots=True)
class Found:
    """One thing from outside that a suite uses.

    Args:
        kind: ``program``, ``address``, or ``resource``: one that is known by its name.
        name: The program, ``host:port``, or the resource.
        tests: The tests that use it, each with its outcome.
        fixtures: Through which fixtures, and how many tests.
        by: By which programs, packages or addresses, and how many tests.
        through: Which programs have started it, and how many tests.
        outside: When it was used but for tests: ``collecting``, ``hooks``, ``late``.
        own: Of these tests those that have used it only where the suite itself listens, or nobody does.
        nobody: Of these those that pass though nobody listened there.
        connects: It was seen by a call or connection, and not only as a program.
    """

    kind: str
    name: str
    tests: dict[str, str] = field(default_factory=dict)
    fixtures: dict[str, set[str]] = field(default_factory=dict)
    by: dict[str, set[str]] = field(default_factory=dict)
    through: dict[str, set[str]] = field(default_factory=dict)
    outside: set[str] = field(default_factory=set)
    own: set[str] = field(default_factory=set)
    nobody: set[str] = field(default_factory=set)
    connects: bool = False

    @property
    def is_own(self) -> bool:
        """Whether nothing has used it but where the suite itself listens, or nobody does."""
        return bool(self.own) and self.own >= self.tests.keys() and not self.outside

    @property
    def example(self) -> str:
        """A test that uses it; one that has passed, if there is one."""
        passed = [test for test, outcome in self.tests.items() if outcome == "passed"]
        return next(iter([*passed, *self.tests]), "")


@dataclass(slots=True)
class Discovery:
    """All that a run has found.

    Args:
        found: What is used, most used first.
        left_out: For each rule, the programs that it has left out.
        outcomes: How many tests had which outcome.
        guarded: The resources that the project guards already.
        not_seen: What could not be seen, in words.
    """

    found: list[Found] = field(default_factory=list)
    left_out: dict[str, set[str]] = field(default_factory=dict)
    outcomes: Counter[str] = field(default_factory=Counter)
    guarded: list[str] = field(default_factory=list)
    not_seen: list[str] = field(default_factory=list)


class Collector:
    """Puts observations together.

    Attributes:
        left_out: For each rule, the programs that it has left out.
        other_pythons: The Pythons that were started and do not have this package, so that nothing is seen there.

    Args:
        names: For each resource's mark, its name.
        programs: Which resource of the catalogue has a program.
        place: Where the suite's own things are.
    """

    def __init__(self, names: Mapping[str, str], programs: Mapping[str, str], place: Place) -> None:
        self._names = names
        self._programs = programs
        self._place = place
        self._found: dict[tuple[str, str], Found] = {}
        self.left_out: dict[str, set[str]] = {}
        self.other_pythons: set[str] = set()

    def add_test(self, test: TestRecord) -> None:
        """Take a test's record."""
        ends = [_end(use.what) for use in self._uses(test, ADDRESSES)]
        # Where a test fails since nobody listens, a service may be down.
        needless = (OWN, NOBODY) if test.outcome in PASSED else (OWN,)
        is_own = bool(ends) and all(whose in needless for whose, _ in ends)
        for use in self._uses(test, PROGRAMS):
            for each in self._programs_of(use.what):
                self._add(test, PROGRAM, each.name, use, through=each.through)
        for use, (whose, end) in zip(self._uses(test, ADDRESSES), ends, strict=True):
            self._add(test, ADDRESS, end, use, own=whose in needless)
            if whose == NOBODY:
                self._of(ADDRESS, end).nobody.add(test.nodeid)
        for mark, used in test.used.items():
            if mark not in OBSERVED:
                only_calls = "program" not in used.ways
                for use in used.uses:
                    self._add(
                        test,
                        RESOURCE,
                        self._names.get(mark, mark),
                        use,
                        by=_by(use),
                        own=is_own and only_calls,
                    )

    def add_outside(self, when: str, resource: str, what: str) -> None:
        """Take what was used for no test."""
        if resource == PROGRAMS:
            for each in self._programs_of(what):
                self._of(*self._key(PROGRAM, each.name)).outside.add(when)
        elif resource == ADDRESSES:
            whose, end = _end(what)
            if whose != OWN:
                self._of(ADDRESS, end).outside.add(when)
        else:
            self._of(RESOURCE, self._names.get(resource, resource)).outside.add(when)

    def found(self) -> list[Found]:
        """What is used, most used first; an address that a known resource is reached at stands with that."""
        known = [each for each in self._found.values() if each.kind == RESOURCE]
        rest = []
        for each in self._found.values():
            if each.kind != ADDRESS:
                continue
            owners = [
                one
                for one in known
                if one.connects and each.tests and one.tests.keys() >= each.tests.keys()
            ]
            for one in owners:
                one.by.setdefault(each.name, set()).update(each.tests)
                one.outside |= each.outside
            if not owners:
                rest.append(each)
        programs = [each for each in self._found.values() if each.kind == PROGRAM]
        return sorted([*known, *programs, *rest], key=lambda each: (-len(each.tests), each.name))

    def _uses(self, test: TestRecord, mark: str) -> Iterable[SeenUse]:
        return test.used[mark].uses if mark in test.used else ()

    def _programs_of(self, what: str) -> Iterator[Named]:
        through, _, line = what.rpartition(SEPARATOR)
        path, *arguments = _words(line)
        started = Started(path, arguments, through.split(" > "))
        if is_other_python(started, self._place):
            self.other_pythons.add(path)
        for each in named(started, self._place):
            if each.rule is None:
                yield each
            else:
                self.left_out.setdefault(each.rule.title, set()).add(each.name)

    def _key(self, kind: str, name: str) -> tuple[str, str]:
        resource = self._programs.get(name) if kind == PROGRAM else None
        return (kind, name) if resource is None else (RESOURCE, resource)

    def _of(self, kind: str, name: str) -> Found:
        return self._found.setdefault((kind, name), Found(kind, name))

    def _add(  # noqa: PLR0913 - what there is to know of an observation
        self,
        test: TestRecord,
        kind: str,
        name: str,
        use: SeenUse,
        *,
        through: str = "",
        by: str = "",
        own: bool = False,
    ) -> None:
        key = self._key(kind, name)
        if key[0] != kind and key[1] != name:
            by = name  # a program of a resource that has another name
        found = self._of(*key)
        is_new = test.nodeid not in found.tests
        found.tests[test.nodeid] = test.outcome
        found.connects |= use.way != "program"
        if own and (is_new or test.nodeid in found.own):
            found.own.add(test.nodeid)
        elif not own:
            found.own.discard(test.nodeid)
        for group, value in (
            (found.fixtures, use.fixture or ""),
            (found.by, by),
            (found.through, through),
        ):
            if value:
                group.setdefault(value, set()).add(test.nodeid)


def _words(line: str) -> list[str]:
    """The words of a command line, which may have been cut off within quotes."""
    for end in ("", "'", '"', "\"'"):
        try:
            return shlex.split(f"{line}{end}")
        except ValueError:
            continue
    return line.split()


def _end(what: str) -> tuple[str, str]:
    """Who listens at an address, `OWN`, `NOBODY` or nothing, and the address."""
    text = what.rpartition(SEPARATOR)[2]
    whose = next((each for each in (OWN, NOBODY) if text.startswith(each)), "")
    return whose, text.removeprefix(whose)


def _by(use: SeenUse) -> str:
    """The package that was called, or the program; empty of a connection, which is told by its address."""
    if use.way == "sdk":
        return use.what.partition(":")[0].partition(".")[0]
    is_connection = use.way == "connection"
    return use.what.rpartition(" by ")[2] if is_connection and " by " in use.what else ""


def to_data(each: Found) -> dict[str, Any]:
    """Plain data for JSON."""
    return {
        "kind": each.kind,
        "name": each.name,
        "tests": dict(sorted(each.tests.items())),
        "fixtures": {name: sorted(tests) for name, tests in sorted(each.fixtures.items())},
        "by": {name: sorted(tests) for name, tests in sorted(each.by.items())},
        "through": {name: sorted(tests) for name, tests in sorted(each.through.items())},
        "outside": sorted(each.outside),
        "own": sorted(each.own),
        "nobody": sorted(each.nobody),
        "connects": each.connects,
    }
