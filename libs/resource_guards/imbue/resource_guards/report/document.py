"""The report of a run as one document: what ``--resource-guards-json`` writes and others read.

``schema.json``, beside this file, describes it. Its version grows when a reader of an older one
would go wrong.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterable
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path
from typing import Any
from typing import Final

from imbue.resource_guards.errors import ResourceGuardMisconfiguration
from imbue.resource_guards.messages import report as messages
from imbue.resource_guards.report.records import TestRecord

FORMAT: Final = "resource-guards-report"
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

    def to_json(self) -> str:
        """The document as text."""
        data = {
            "format": FORMAT,
            "version": VERSION,
            "resources": [{"mark": mark, "name": name} for mark, name in self.labels.items()],
            "sources": self.sources,
            "problems": self.problems,
            "late_uses": self.late_uses,
            "tests": [test.to_data() for test in self.tests],
        }
        return json.dumps(data, indent=1) + "\n"


def make_document(
    root: Path,
    labels: dict[str, str],
    tests: list[TestRecord],
    problems: list[str],
    late_uses: list[str],
) -> Document:
    """The document of a run.

    Args:
        root: The root directory, below which source files are read.
        labels: For each mark of a guarded resource, the name that it was registered by.
        tests: The records of its tests.
        problems: What made it untrustworthy.
        late_uses: What used a resource when its test was over.
    """
    paths = {source.path for test in tests for source in _sources_of(test)}
    sources = {path: digest for path in sorted(paths) if (digest := digest_of(root / path))}
    return Document(labels, tests, sources, problems, late_uses)


def _sources_of(test: TestRecord) -> Iterable[Any]:
    found = [test.source, test.cls, *(declared.source for declared in test.declared)]
    return [source for source in found if source is not None]


def digest_of(path: Path) -> str:
    """The SHA-256 of a file; empty if it cannot be read."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""


def write_document(document: Document, path: Path) -> None:
    """Write a document, whole or not at all.

    Raises:
        OSError: It cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, document.to_json().encode())


def write_whole(path: Path, content: bytes) -> None:
    """Replace a file's content in one step, and keep its mode.

    Raises:
        OSError: It cannot be written; the file is as it was.
    """
    path = Path(os.path.realpath(path))
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    new = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        if path.exists():
            new.chmod(path.stat().st_mode & 0o7777)
        else:
            umask = os.umask(0)
            os.umask(umask)
            new.chmod(0o666 & ~umask)
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)


def read_document(path: Path) -> Document:
    """Read a document.

    Raises:
        ResourceGuardMisconfiguration: There is none, or none that this version can read.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ResourceGuardMisconfiguration(messages.report_unreadable(path, error)) from error
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise ResourceGuardMisconfiguration(messages.report_of_another_kind(path))
    if data.get("version") != VERSION:
        raise ResourceGuardMisconfiguration(
            messages.report_of_another_version(path, data.get("version"), VERSION)
        )
    try:
        return _from_data(data)
    except (KeyError, TypeError, AttributeError) as error:
        raise ResourceGuardMisconfiguration(messages.report_unreadable(path, error)) from error


def _from_data(data: Mapping[str, Any]) -> Document:
    return Document(
        {each["mark"]: each["name"] for each in data["resources"]},
        [TestRecord.from_data(each) for each in data["tests"]],
        dict(data["sources"]),
        list(data["problems"]),
        list(data["late_uses"]),
    )


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


_RANKS: Final = (
    *("deselected", "not run", "skipped", "xfailed", "xpassed", "passed", "failed", "crashed"),
)
"""Outcomes, from those that say least of a test."""


def _merge(first: TestRecord, second: TestRecord) -> TestRecord:
    first, second = sorted((first, second), key=lambda each: _RANKS.index(each.outcome))
    if first.outcome in ("deselected", "not run"):
        return second
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
    second.blocked = second.blocked or first.blocked
    second.finished = second.finished and first.finished
    return second
