"""The record of a test: where it is in the source, what it declares, what it has used.

Records are what the report, the JSON file and the fix are made from. They are plain data, since
they come from xdist's workers inside of test reports, and from other machines in files.
"""

from __future__ import annotations

from dataclasses import asdict
from dataclasses import dataclass
from dataclasses import field
from typing import TYPE_CHECKING
from typing import Any

if TYPE_CHECKING:
    pass


@dataclass(frozen=True, slots=True)
class Source:
    """Where a function or class is defined.

    Args:
        path: Its file, relative to the root directory if it is below, with ``/``.
        line: Its first line, decorators included, from 1; 0 if it is not known.
        qualname: Its name in the file, ``TestA.test_x``; empty for the module itself.
    """

    path: str
    line: int
    qualname: str


@dataclass(frozen=True, slots=True)
class Declaration:
    """One mark of a guarded resource that a test carries.

    Args:
        resource: The mark.
        level: ``function``, ``param``, ``class``, ``module``; or ``other``: it was added while tests
            were collected, or in another way that leaves nothing in the test's source.
        source: What the mark stands on; `None` for ``other``.
    """

    resource: str
    level: str
    source: Source | None = None


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
        way: ``program``, ``sdk`` or ``connection``.
        what: The command line, or what was called.
        where: ``file:line`` of the call, where it is known.
        in_child: It was seen in another process than the test's.
        fixture: The fixture on whose behalf it was; `None` for the test itself.
    """

    way: str
    what: str
    where: str
    in_child: bool
    fixture: str | None


@dataclass(slots=True)
class UsedResource:
    """What a test has used of a resource.

    Args:
        count: How many uses were seen; of an SDK the first in each test or fixture only.
        ways: How many by each way, and by ``child``: from processes that the test has started.
        uses: The first of them.
    """

    count: int = 0
    ways: dict[str, int] = field(default_factory=dict)
    uses: list[SeenUse] = field(default_factory=list)

    def add(self, way: str, count: int = 1) -> None:
        """Count uses by one way."""
        self.ways[way] = self.ways.get(way, 0) + count


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
    """

    __test__ = False

    nodeid: str
    outcome: str = "not run"
    source: Source | None = None
    cls: Source | None = None
    classes: list[Source] = field(default_factory=list)
    parameters: dict[str, int] = field(default_factory=dict)
    axes: list[Axis] = field(default_factory=list)
    declared: list[Declaration] = field(default_factory=list)
    used: dict[str, UsedResource] = field(default_factory=dict)
    violations: dict[str, list[str]] = field(default_factory=dict)
    blocked: bool = False
    finished: bool = True
    unsure: dict[str, list[str]] = field(default_factory=dict)

    def to_data(self) -> dict[str, Any]:
        """Plain data, which JSON and execnet can carry."""
        data = asdict(self)
        if not self.unsure:
            del data["unsure"]  # nearly always; it is also what older reports do not have
        return data

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> TestRecord:
        """The opposite of :meth:`to_data`."""
        return cls(
            **{
                **data,
                "source": _source(data["source"]),
                "cls": _source(data["cls"]),
                "classes": [Source(**each) for each in data["classes"]],
                "axes": [Axis(each["argnames"], _source(each["source"])) for each in data["axes"]],
                "declared": [
                    Declaration(each["resource"], each["level"], _source(each["source"]))
                    for each in data["declared"]
                ],
                "used": {
                    resource: UsedResource(
                        used["count"],
                        dict(used["ways"]),
                        [SeenUse(**each) for each in used["uses"]],
                    )
                    for resource, used in data["used"].items()
                },
            }
        )


def _source(data: dict[str, Any] | None) -> Source | None:
    return None if data is None else Source(**data)
