"""The record of a test: where it is in the source, what it declares, what it has used.

Records are what the report, the JSON file and the fix are made from. They are plain data, since
they come from xdist's workers inside of test reports, and from other machines in files.
"""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field
from typing import Annotated
from typing import Any
from typing import Final

from imbue.resource_guards.kinds import ViolationKind
from imbue.resource_guards.report.reader import OPTIONAL
from imbue.resource_guards.report.reader import AtLeast
from imbue.resource_guards.report.reader import Between
from imbue.resource_guards.report.reader import Matching
from imbue.resource_guards.report.reader import NotEmpty
from imbue.resource_guards.report.reader import OneOf
from imbue.resource_guards.report.reader import reader
from imbue.resource_guards.report.writer import plain

OUTCOMES: Final = (
    *("deselected", "not run", "skipped", "xfailed", "xpassed", "passed", "failed", "crashed"),
)
"""A test's own outcomes, from those that say least of it."""

TRIED: Final = OUTCOMES.index("skipped")
"""The first of those of a test that the run has come to."""

RAN: Final = OUTCOMES.index("xfailed")
"""The first of those of a test that has run."""

_TO_THE_END: Final = ("passed", "xpassed")

_MOST_SECONDS: Final = 10**9  # thirty years

# What reports of other machines must have; `reader` checks it, and `schema.json` says the same.
Path = Annotated[str, Matching(r"[^\0]*", "the path of a file")]
Digest = Annotated[str, Matching("[0-9a-f]{64}", "a SHA-256")]
Number = Annotated[int, AtLeast(0)]
Count = Annotated[int, AtLeast(1)]
Seconds = Annotated[float, Between(0, _MOST_SECONDS)]
Level = Annotated[str, OneOf("function", "param", "class", "module", "other")]
# Open, since a kind of guard that this version does not know may count by a way of its own.
Way = Annotated[str, Matching("[a-z][a-z0-9_]*", "a way in which uses are seen")]
Outcome = Annotated[str, OneOf(*OUTCOMES)]
Doubts = Annotated[dict[str, list[str]], NotEmpty()]
Yes = Annotated[bool, OneOf(True)]  # noqa: FBT003 - the value that it has
Reason = Annotated[str, Matching(r"[\s\S]+", "a reason")]
Reasons = Annotated[dict[str, str], NotEmpty()]
Marks = Annotated[list[str], NotEmpty()]
Shared = Annotated[dict[str, list[str]], NotEmpty()]
Violation = Annotated[str, OneOf(*(kind.value for kind in ViolationKind))]


@dataclass(frozen=True, slots=True)
class Source:
    """Where a function or class is defined.

    Args:
        path: Its file, relative to the root directory if it is below, with ``/``.
        line: Its first line, decorators included, from 1; 0 if it is not known.
        qualname: Its name in the file, ``TestA.test_x``; empty for the module itself.
    """

    path: Path
    line: Number
    qualname: str


@dataclass(frozen=True, slots=True)
class Declaration:
    """One mark of a guarded resource that a test carries.

    Args:
        resource: The mark.
        level: ``function``, ``param``, ``class``, ``module``; or ``other``: it was added while tests
            were collected, or in another way that leaves nothing in the test's source.
        source: What the mark stands on; `None` for ``other``.
        optional: It says that the test uses the resource only at times.
    """

    resource: str
    level: Level
    source: Source | None = None
    optional: Yes = field(default=False, metadata={OPTIONAL: True})


@dataclass(frozen=True, slots=True)
class Axis:
    """One ``parametrize`` that a test's parameters come from.

    Args:
        argnames: The arguments that it gives values to.
        source: The function, class or module that it stands on; `None` where that is not known.
    """

    argnames: list[str]
    source: Source | None


@dataclass(frozen=True, slots=True)
class SeenUse:
    """One use, for people to read.

    Args:
        way: ``program``, ``sdk``, ``connection``, or that of another kind of guard.
        what: The command line, or what was called.
        where: ``file:line`` of the call, where it is known.
        in_child: It was seen in another process than the test's.
        fixture: The fixture on whose behalf it was; `None` for the test itself.
    """

    way: Way
    what: str
    where: str
    in_child: bool
    fixture: str | None


@dataclass(frozen=True, slots=True)
class Contract:
    """The ``@fixture_uses_resources`` of a fixture that a test depends on, and what became of it.

    Args:
        source: The fixture's function.
        declared: The resources that it names.
        used: Those that the fixture used, for this test.
        whole: All of the fixture has run, its tear-down included, and its set-up did not fail.
    """

    source: Source
    declared: list[str]
    used: list[str]
    whole: bool


Contracts = Annotated[list[Contract], NotEmpty()]


@dataclass(slots=True)
class UsedResource:
    """What a test has used of a resource.

    Args:
        count: How many uses were seen; of an SDK the first in each test or fixture only.
        ways: How many by each way, and by ``child``: from processes that the test has started.
        uses: The first of them.
    """

    count: Count = 0
    ways: dict[Way, Count] = field(default_factory=dict)
    uses: list[SeenUse] = field(default_factory=list)

    def add(self, way: str, count: int = 1) -> None:
        """Count uses by one way."""
        # Anew, since those of thousands of tests are one object where they are equal.
        self.ways = {**self.ways, way: self.ways.get(way, 0) + count}


@dataclass(slots=True)
class TestRecord:
    """What is known of one test after its last run.

    Args:
        nodeid: pytest's name of it.
        outcome: Its own: ``passed``, ``failed``, ``skipped``, ``xfailed``, ``xpassed``; or
            ``deselected``, or ``not run``.
        source: Where its function is defined; `None` for a test that is no Python function.
        cls: The class that it was collected in, which may inherit it.
        classes: The classes whose marks it has: this one, those around it, and all their bases.
        parameters: Of each parametrised argument, which of its values this test has, from 0; where
            that is not known, as of two equal ones, it is left out.
        axes: Where these arguments are parametrised.
        declared: The marks of guarded resources.
        used: For each resource that it used, how.
        violations: The kinds of violations of each resource.
        blocked: A use of it was blocked, so that it may not have come to others.
        finished: Nothing is left to run that could still use something on its behalf.
        unsure: For each resource that it may have used unseen, what may have done so: that it was
            not seen proves nothing.
        reason: Why it was skipped, or by which options it was deselected; empty where nothing says that.
        unavailable: The resources for whose sake it was skipped, and why each was not available.
        sometimes: The resources that it has used in one of several runs and not in another.
        seconds: How long its set-up, call and tear-down took together; `None` where that is not known.
        seconds_in_part: Of several runs put together, one does not know them, so that it took at least these.
        shared_seconds: How many of them went to fixtures with a scope of their own, which count for themselves;
            `None` for none.
        contracts: The contracts of the fixtures that it depends on.
        shared: For each resource that a fixture used which all tests of a class or module depend on,
            the node ids of these.
    """

    __test__ = False

    nodeid: str
    outcome: Outcome = "not run"
    source: Source | None = None
    cls: Source | None = None
    classes: list[Source] = field(default_factory=list)
    parameters: dict[str, Number] = field(default_factory=dict)
    axes: list[Axis] = field(default_factory=list)
    declared: list[Declaration] = field(default_factory=list)
    used: dict[str, UsedResource] = field(default_factory=dict)
    violations: dict[str, list[Violation]] = field(default_factory=dict)
    blocked: bool = False
    finished: bool = True
    unsure: Doubts = field(default_factory=dict, metadata={OPTIONAL: True})
    reason: Reason = field(default="", metadata={OPTIONAL: True})
    unavailable: Reasons = field(default_factory=dict, metadata={OPTIONAL: True})
    sometimes: Marks = field(default_factory=list, metadata={OPTIONAL: True})
    seconds: Seconds | None = field(default=None, metadata={OPTIONAL: True})
    seconds_in_part: Yes = field(default=False, metadata={OPTIONAL: True})
    shared_seconds: Seconds | None = field(default=None, metadata={OPTIONAL: True})
    contracts: Contracts = field(default_factory=list, metadata={OPTIONAL: True})
    shared: Shared = field(default_factory=dict, metadata={OPTIONAL: True})

    def to_data(self) -> dict[str, Any]:
        """Plain data, which JSON and execnet can carry."""
        return plain(self)

    @property
    def proves_absence(self) -> bool:
        """Whether its body ran to the end, so that what it was not seen to use it does not use."""
        return self.outcome in _TO_THE_END and self.finished and not self.blocked

    @property
    def was_tried(self) -> bool:
        """Whether the run has come to it, and it is not just known that there is such a test."""
        return self.outcome not in OUTCOMES[:TRIED]

    @property
    def has_run(self) -> bool:
        """Whether it has run, and not only been collected."""
        return self.outcome not in OUTCOMES[:RAN]

    @property
    def own_seconds(self) -> float | None:
        """How long it took, without fixtures that count for themselves; `None` where that is not known."""
        if self.seconds is None:
            return None
        return max(0.0, self.seconds - (self.shared_seconds or 0))

    def declares(self, mark: str) -> bool:
        """Whether it carries a mark."""
        return any(declared.resource == mark for declared in self.declared)

    def is_beside_optional(self, mark: str) -> bool:
        """Whether a mark around it says that, and its closest does not."""
        marks = [each.optional for each in self.declared if each.resource == mark]
        return any(marks) and not marks[0]

    def may_use(self, mark: str) -> bool:
        """Whether its closest mark says that it uses a resource only at times."""
        marks = [each for each in self.declared if each.resource == mark]
        return bool(marks) and marks[0].optional

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> TestRecord:
        """The opposite of :meth:`to_data`.

        Raises:
            MisfitError: It is not of this form.
        """
        record: TestRecord = reader(cls)(data)  # type: ignore[arg-type] # a class has a hash
        return record
