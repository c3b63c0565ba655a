"""The report of a run as one document: what ``--resource-guards-json`` writes and others read.

``schema.json``, beside this file, describes it. Its version grows when a reader of an older one
would go wrong.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path
from typing import Annotated
from typing import Final
from typing import TextIO

from imbue.resource_guards.errors import ResourceGuardMisconfiguration
from imbue.resource_guards.messages import report as messages
from imbue.resource_guards.report.evidence import OUTCOMES
from imbue.resource_guards.report.evidence import Digest
from imbue.resource_guards.report.evidence import Path as SourcePath
from imbue.resource_guards.report.evidence import TestRecord
from imbue.resource_guards.report.files import read_regular
from imbue.resource_guards.report.reader import OneOf
from imbue.resource_guards.report.reader import reader

SIGNATURE: Final = "resource-guards-report"
"""By it a reader knows the file from other JSON."""

VERSION: Final = 1


@dataclass(slots=True)
class Document:
    """What one run has found, or several put together.

    Args:
        labels: For each mark of a guarded resource, the name that it was registered by.
        tests: The records of all tests, deselected ones included.
        sources: The SHA-256 of each source file that the tests are defined in, by its path.
        problems: What made the run untrustworthy.
        late_uses: What used a resource when its test was over.
    """

    labels: dict[str, str] = field(default_factory=dict)
    tests: list[TestRecord] = field(default_factory=list)
    sources: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    late_uses: list[str] = field(default_factory=list)

    def unsure(self, mark: str) -> tuple[list[str], list[str]]:
        """The tests of which it cannot be known whether they use a resource, and the libraries why."""
        tests = [each for each in self.tests if mark in each.unsure and mark not in each.used]
        libraries = dict.fromkeys(name for each in tests for name in each.unsure[mark])
        return [each.nodeid for each in tests], list(libraries)


def write_json(document: Document, file: TextIO) -> None:
    """Write a document as JSON, which :func:`read_document` reads."""
    data = {
        "format": SIGNATURE,
        "version": VERSION,
        "resources": [{"mark": mark, "name": name} for mark, name in document.labels.items()],
        "sources": document.sources,
        "problems": document.problems,
        "late_uses": document.late_uses,
        "tests": [test.to_data() for test in document.tests],
    }
    file.write(json.dumps(data, indent=1))  # not `json.dump`, which is written in Python, and slow
    file.write("\n")


@dataclass(slots=True)
class _LabelledMark:
    mark: str
    name: str


@dataclass(slots=True)
class _File:
    """A document as it is in its file, key by key."""

    format: Annotated[str, OneOf(SIGNATURE)]
    version: Annotated[int, OneOf(VERSION)]
    resources: list[_LabelledMark]
    sources: dict[SourcePath, Digest]
    problems: list[str]
    late_uses: list[str]
    tests: list[TestRecord]


def read_document(path: Path) -> Document:
    """Read a document.

    Raises:
        ResourceGuardMisconfiguration: There is none, or none that this version can read.
    """
    try:
        data = json.loads(read_regular(path).decode())
        if not isinstance(data, dict) or data.get("format") != SIGNATURE:
            raise ResourceGuardMisconfiguration(messages.report_of_another_kind(path))
        version = data.get("version")
        # Before the schema: to a person, "another version" says more than the first key that differs.
        if type(version) is int and version != VERSION:
            raise ResourceGuardMisconfiguration(
                messages.report_of_another_version(path, version, VERSION)
            )
        return from_data(data)
    except (OSError, ValueError) as error:
        raise ResourceGuardMisconfiguration(messages.report_unreadable(path, error)) from error
    except RecursionError:
        said = ValueError(messages.REPORT_NESTED_TOO_DEEPLY)
    except MemoryError:
        said = ValueError(messages.REPORT_TOO_LARGE_FOR_MEMORY)
    raise ResourceGuardMisconfiguration(messages.report_unreadable(path, said))


def from_data(data: object) -> Document:
    """The document that plain data is the text of.

    Raises:
        MisfitError: It is not of the form that ``schema.json`` describes.
    """
    file: _File = reader(_File)(data)
    labels = {each.mark: each.name for each in file.resources}
    return Document(labels, file.tests, file.sources, file.problems, file.late_uses)


def merge_documents(documents: Mapping[str, Document]) -> Document:
    """Put the reports of several runs of the same source together.

    Of a test that several have run, what it used is added up. A test counts as passed where it has
    passed in one of them and failed in none.

    Args:
        documents: The documents, each by the name of its file.

    Raises:
        ResourceGuardMisconfiguration: They are of different revisions of the source.
    """
    merged = Document()
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
        merged.late_uses += document.late_uses
        for test in document.tests:
            before = tests.get(test.nodeid)
            tests[test.nodeid] = test if before is None else _merge(before, test)
    merged.tests = list(tests.values())
    return merged


def _sometimes(first: TestRecord, second: TestRecord) -> list[str]:
    """The resources that a test has used in the one run, and certainly not in the other."""
    found = [*first.sometimes, *second.sometimes]
    for one, other in ((first, second), (second, first)):
        if other.outcome == "passed" and other.finished and not other.blocked:
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
    second.contracts += [each for each in first.contracts if each not in second.contracts]
    for resource, nodes in first.shared.items():
        known_nodes = second.shared.setdefault(resource, [])
        known_nodes += [each for each in nodes if each not in known_nodes]
    # One run that was cut short is enough for the absence of a use to prove nothing.
    second.blocked = second.blocked or first.blocked
    second.finished = second.finished and first.finished
    return second
