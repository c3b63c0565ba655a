"""What ran nowhere: of several runs put together, the tests that no machine has run, and why."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from typing import NamedTuple

from imbue.resource_guards.messages import nowhere as messages
from imbue.resource_guards.messages.foreign import shown
from imbue.resource_guards.report.document import Document
from imbue.resource_guards.report.evidence import TestRecord


class Nowhere(NamedTuple):
    """What no machine had, and what none has run.

    Args:
        tests: The tests that none has run, by the reason.
        resources: The resources that were not available on any machine, each with the reasons.
        sometimes: For each resource, the tests that have used it in one run and not in another.
    """

    tests: Mapping[str, list[str]]
    resources: Mapping[str, list[str]]
    sometimes: Mapping[str, list[str]]

    def lines(self) -> Iterator[str]:
        """It, for people."""
        for resource, reasons in self.resources.items():
            yield shown(messages.no_machine_had(resource, reasons))
        count = sum(map(len, self.tests.values()))
        if count:
            yield messages.ran_nowhere(count)
        for reason, tests in self.tests.items():
            yield shown(f"  {messages.for_a_reason(reason, len(tests))}")
            yield from (shown(f"    {each}") for each in tests)
        for resource, tests in self.sometimes.items():
            yield shown(messages.used_sometimes(resource, len(tests)))
            yield from (shown(f"    {each}") for each in tests)


def nowhere(documents: Iterable[Document], merged: Document) -> Nowhere:
    """What ran nowhere.

    Args:
        documents: The reports of the runs.
        merged: They, put together.
    """
    tests: dict[str, list[str]] = defaultdict(list)
    sometimes: dict[str, list[str]] = defaultdict(list)
    for test in merged.tests:
        if not test.has_run:
            tests[_reason(test, merged.labels)].append(test.nodeid)
        for mark in test.sometimes:
            if not test.may_use(mark):
                sometimes[mark].append(test.nodeid)
    missing: dict[str, dict[str, None]] = defaultdict(dict)
    had: set[str] = set()
    for document in documents:
        for test in document.tests:
            for mark, reason in test.unavailable.items():
                missing[mark][reason] = None
            if test.has_run:
                had.update(test.used)
                had.update(each.resource for each in test.declared if not each.optional)
    labels = merged.labels
    return Nowhere(
        dict(sorted(tests.items())),
        {labels.get(mark, mark): [*why] for mark, why in missing.items() if mark not in had},
        dict(sometimes),
    )


def _reason(test: TestRecord, labels: Mapping[str, str]) -> str:
    if test.unavailable:
        return messages.not_available([labels.get(mark, mark) for mark in sorted(test.unavailable)])
    if test.outcome == "skipped":
        return messages.skipped(test.reason)
    needs = dict.fromkeys(labels.get(each.resource, each.resource) for each in test.declared)
    return messages.not_selected(test.outcome, list(needs), test.reason)
