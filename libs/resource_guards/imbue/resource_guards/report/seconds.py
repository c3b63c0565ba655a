"""How long the tests took that use a resource, and what a run without them saves."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from imbue.resource_guards.report.document import Document
from imbue.resource_guards.report.evidence import TestRecord


class Seconds(NamedTuple):
    """A number of seconds, as far as it is known.

    Args:
        known: Those that are known.
        tests: Of how many tests there should be some.
        unknown: Of how many of these they are not known, or not all.
        fixtures: Of how many fixtures some of them are.
    """

    known: float = 0.0
    tests: int = 0
    unknown: int = 0
    fixtures: int = 0

    @property
    def is_unknown(self) -> bool:
        """Whether nothing is known of them."""
        return bool(self.tests) and self.unknown == self.tests and not self.known


class ResourceSeconds(NamedTuple):
    """The seconds of one resource.

    Args:
        used: Those of the tests that used it, and of the fixtures that did, which count once.
        saved: Those that a run without its mark saves: of the tests that carry it, and of the fixtures,
            unless a test that used it does not carry it and so still needs them.
    """

    used: Seconds
    saved: Seconds


def seconds_of(document: Document, mark: str) -> ResourceSeconds:
    """How long the tests of a resource took.

    Args:
        document: What the run has found.
        mark: The resource's mark.
    """
    users = [test for test in document.tests if mark in test.used]
    carriers = [
        test
        for test in document.tests
        if test.declares(mark) and (test.has_run or mark in test.used)
    ]
    fixtures = [each.seconds for each in document.fixtures if mark in each.resources]
    is_needed = any(not test.declares(mark) for test in users)
    return ResourceSeconds(_sum(users, fixtures), _sum(carriers, [] if is_needed else fixtures))


def all_seconds(document: Document) -> Seconds:
    """How long all tests took, with what fixtures took in them.

    Also those that were skipped: a shared fixture may have been set up or torn down in one of them.
    """
    ran = [test for test in document.tests if test.has_run or test.seconds is not None]
    found = [test.seconds for test in ran if test.seconds is not None]
    return Seconds(sum(found), len(ran), _unknown(ran))


def _sum(tests: list[TestRecord], fixtures: Iterable[float]) -> Seconds:
    known = [each for test in tests if (each := test.own_seconds) is not None]
    shared = list(fixtures)
    return Seconds(sum(known) + sum(shared), len(tests), _unknown(tests), len(shared))


def _unknown(tests: list[TestRecord]) -> int:
    return sum(test.seconds is None or test.seconds_in_part for test in tests)
