"""Put the reports of several runs together, of parts of one suite, and of the projects of one repository."""

from __future__ import annotations

from collections.abc import Mapping

from imbue.resource_guards.errors import ResourceGuardMisconfiguration
from imbue.resource_guards.messages import report as messages
from imbue.resource_guards.report.document import Document
from imbue.resource_guards.report.evidence import OUTCOMES
from imbue.resource_guards.report.evidence import TestRecord
from imbue.resource_guards.report.fixture_seconds import FixtureTable
from imbue.resource_guards.report.projects import on_one_root


def merge_documents(documents: Mapping[str, Document]) -> Document:
    """Put the reports of several runs of the same source together.

    Of a test that several have run, what it used is added up, and so are its seconds. A test counts as
    passed where it has passed in one of them and failed in none.

    Args:
        documents: The documents, each by the name of its file.

    Raises:
        ResourceGuardMisconfiguration: They are of different revisions of the source; or of several
            projects, and one does not say of which.
    """
    documents = on_one_root(documents)
    merged = Document()
    fixtures = FixtureTable()
    roots = set()
    tests: dict[str, TestRecord] = {}
    origins: dict[str, str] = {}
    for name, document in documents.items():
        for path, digest in document.sources.items():
            if merged.sources.setdefault(path, digest) != digest:
                raise ResourceGuardMisconfiguration(
                    messages.reports_differ(path, origins[path], name)
                )
            origins.setdefault(path, name)
        merged.labels.update(document.labels)
        merged.problems += [each for each in document.problems if each not in merged.problems]
        merged.gaps += [each for each in document.gaps if each not in merged.gaps]
        merged.late_uses += document.late_uses
        roots.add(document.root)
        for fixture in document.fixtures:
            fixtures.add(fixture)
        for test in document.tests:
            before = tests.get(test.nodeid)
            tests[test.nodeid] = test if before is None else _merge(before, test)
    merged.tests = list(tests.values())
    merged.fixtures = list(fixtures)
    merged.root = roots.pop() if len(roots) == 1 else None
    return merged


def _sometimes(first: TestRecord, second: TestRecord) -> list[str]:
    """The resources that a test has used in the one run, and certainly not in the other."""
    found = [*first.sometimes, *second.sometimes]
    for one, other in ((first, second), (second, first)):
        if other.proves_absence:
            found += [
                each for each in one.used if each not in other.used and each not in other.unsure
            ]
    return list(dict.fromkeys(found))


def _merge(first: TestRecord, second: TestRecord) -> TestRecord:
    first, second = sorted((first, second), key=lambda each: OUTCOMES.index(each.outcome))
    # A job that has not run the test knows nothing of it but its place, and why.
    if not first.has_run:
        if first.outcome == second.outcome:
            second.unavailable = first.unavailable | second.unavailable
            second.reason = " or ".join(dict.fromkeys(filter(None, (first.reason, second.reason))))
        return second
    second.sometimes = _sometimes(first, second)
    for resource, used in first.used.items():
        known = second.used.get(resource)
        if known is None:
            second.used[resource] = used
        else:
            known.count += used.count
            for way, count in used.ways.items():
                known.add(way, count)
    for resource, kinds in first.violations.items():
        known_kinds = second.violations.setdefault(resource, [])
        known_kinds += [kind for kind in kinds if kind not in known_kinds]
    for resource, libraries in first.unsure.items():
        known_libraries = second.unsure.setdefault(resource, [])
        known_libraries += [each for each in libraries if each not in known_libraries]
    took = [each for each in (first.seconds, second.seconds) if each is not None]
    is_in_part = first.seconds_in_part or second.seconds_in_part or len(took) == 1
    second.seconds = sum(took) if took else None
    second.seconds_in_part = is_in_part
    second.shared_seconds = (first.shared_seconds or 0) + (second.shared_seconds or 0) or None
    second.contracts += [each for each in first.contracts if each not in second.contracts]
    for resource, nodes in first.shared.items():
        known_nodes = second.shared.setdefault(resource, [])
        known_nodes += [each for each in nodes if each not in known_nodes]
    # One run that was cut short is enough for the absence of a use to prove nothing.
    second.blocked = second.blocked or first.blocked
    second.finished = second.finished and first.finished
    return second
