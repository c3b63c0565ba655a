"""What differs between the reports of two runs: a pure function of both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field

from imbue.resource_guards.errors import ResourceGuardMisconfiguration
from imbue.resource_guards.messages import compare as messages
from imbue.resource_guards.report.document import Document
from imbue.resource_guards.report.evidence import TestRecord
from imbue.resource_guards.report.gaps import Gap
from imbue.resource_guards.report.gaps import is_hidden
from imbue.resource_guards.report.projects import on_one_root
from imbue.resource_guards.report.seconds import Seconds
from imbue.resource_guards.report.seconds import seconds_of


@dataclass(slots=True)
class Comparison:
    """How the run of HEAD differs from that of BASE. Resources are named by their marks.

    Args:
        labels: For each mark that both guard, its name.
        gained: For each resource, the tests of both that need it in HEAD alone.
        lost: For each resource, the tests of both that need it in BASE alone.
        new: The tests of HEAD alone, each with the resources that it needs.
        gone: The tests of BASE alone, likewise.
        skips: The tests that are skipped in HEAD and were run in BASE, or are new; each with the reason.
        seconds: For each resource, how long its tests took in BASE and in HEAD.
        unguarded_before: The resources that only HEAD guards: of these nothing is known of BASE.
        unguarded_now: The resources that only BASE guards.
        problems_before: What makes the run of BASE untrustworthy.
        problems_now: What makes the run of HEAD untrustworthy.
        uncollected_before: The tests of HEAD of which BASE does not know whether they were there, each with the
            resources that it needs.
        uncollected_now: The tests of BASE of which HEAD does not know whether they are there, likewise.
        gaps_before: Why BASE is not the whole suite.
        gaps_now: Why HEAD is not.
    """

    labels: dict[str, str]
    gained: dict[str, list[str]] = field(default_factory=dict)
    lost: dict[str, list[str]] = field(default_factory=dict)
    new: dict[str, list[str]] = field(default_factory=dict)
    gone: dict[str, list[str]] = field(default_factory=dict)
    skips: dict[str, str] = field(default_factory=dict)
    seconds: dict[str, tuple[Seconds, Seconds]] = field(default_factory=dict)
    unguarded_before: list[str] = field(default_factory=list)
    unguarded_now: list[str] = field(default_factory=list)
    problems_before: list[str] = field(default_factory=list)
    problems_now: list[str] = field(default_factory=list)
    uncollected_before: dict[str, list[str]] = field(default_factory=dict)
    uncollected_now: dict[str, list[str]] = field(default_factory=dict)
    gaps_before: list[Gap] = field(default_factory=list)
    gaps_now: list[Gap] = field(default_factory=list)

    @property
    def spread(self) -> dict[str, list[str]]:
        """For each resource, the tests that need it and did not, or were not there, in BASE."""
        found = {mark: list(tests) for mark, tests in self.gained.items()}
        for nodeid, marks in self.new.items():
            for mark in self.labels.keys() & marks:
                found.setdefault(mark, []).append(nodeid)
        return found


def compare(base: Document, head: Document) -> Comparison:
    """Compare two runs.

    Args:
        base: The earlier, or that of the branch that a change is for.
        head: The later, or that of the change.

    Raises:
        ResourceGuardMisconfiguration: They are of different projects, or seem to be, and one does not say of which.
    """
    documents = on_one_root({"BASE": base, "HEAD": head})
    base, head = documents["BASE"], documents["HEAD"]
    found = Comparison({mark: head.labels[mark] for mark in base.labels if mark in head.labels})
    found.unguarded_before = [mark for mark in head.labels if mark not in base.labels]
    found.unguarded_now = [mark for mark in base.labels if mark not in head.labels]
    found.problems_before, found.problems_now = base.problems, head.problems
    found.gaps_before, found.gaps_now = base.gaps, head.gaps
    before = {test.nodeid: test for test in base.tests}
    now = {test.nodeid: test for test in head.tests}
    if before and now and before.keys().isdisjoint(now):
        _check_places(base, head)
    for nodeid, test in now.items():
        earlier = before.get(nodeid)
        if earlier is None:
            fresh = found.uncollected_before if is_hidden(nodeid, base.gaps) else found.new
            fresh[nodeid] = _needs_of(test, head.labels)
        else:
            _add_changes(found, earlier, test)
        if test.outcome == "skipped" and (earlier is None or earlier.has_run):
            found.skips[nodeid] = test.reason
    for nodeid, earlier in before.items():
        if nodeid not in now:
            missing = found.uncollected_now if is_hidden(nodeid, head.gaps) else found.gone
            missing[nodeid] = _needs_of(earlier, base.labels)
    for mark in found.labels:
        pair = seconds_of(base, mark).used, seconds_of(head, mark).used
        if any(each.tests or each.fixtures for each in pair):
            found.seconds[mark] = pair
    return found


def _check_places(base: Document, head: Document) -> None:
    """Of two runs without a test in common, find out whether their names can be of different directories."""
    if (base.root is None) != (head.root is None):
        which = "BASE" if base.root is None else "HEAD"
        raise ResourceGuardMisconfiguration(messages.no_test_in_common(which))


def needs(test: TestRecord, mark: str) -> bool:
    """Whether a test needs a resource, as far as its run can tell.

    It does if it used the resource. If it did not, its mark counts where its run proves nothing: it did not run, did
    not pass, was cut short, may have used the resource unseen, or uses it only at times.
    """
    if mark in test.used:
        return True
    proves = test.proves_absence
    return test.declares(mark) and (not proves or mark in test.unsure or test.may_use(mark))


def _needs_of(test: TestRecord, labels: Mapping[str, str]) -> list[str]:
    return [mark for mark in labels if needs(test, mark)]


def _add_changes(found: Comparison, before: TestRecord, now: TestRecord) -> None:
    for mark in found.labels:
        needed = needs(before, mark)
        # A mark that was there before, and counts only since the test proves nothing any more, is no need that is new.
        is_old_mark = mark not in now.used and before.declares(mark)
        if needs(now, mark) != needed and (needed or not is_old_mark):
            changed = found.lost if needed else found.gained
            changed.setdefault(mark, []).append(now.nodeid)
