"""The report of a run as one document: what ``--resource-guards-json`` writes and others read.

``schema.json``, beside this file, describes it. Its version grows when a reader of an older one
would go wrong.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path
from typing import Annotated
from typing import Final
from typing import TextIO

from imbue.resource_guards.errors import ResourceGuardMisconfiguration
from imbue.resource_guards.messages import report as messages
from imbue.resource_guards.report.evidence import Digest
from imbue.resource_guards.report.evidence import Path as SourcePath
from imbue.resource_guards.report.evidence import TestRecord
from imbue.resource_guards.report.files import read_regular
from imbue.resource_guards.report.fixture_seconds import FixtureSeconds
from imbue.resource_guards.report.gaps import Gap
from imbue.resource_guards.report.interned import Interned
from imbue.resource_guards.report.reader import OPTIONAL
from imbue.resource_guards.report.reader import NotEmpty
from imbue.resource_guards.report.reader import OneOf
from imbue.resource_guards.report.reader import reader

SIGNATURE: Final = "resource-guards-report"
"""By it a reader knows the file from other JSON."""

VERSION: Final = 2
"""What is written. Since 2 a report has seconds, and the place of the project in its repository."""

READABLE: Final = (1, VERSION)

_BEFORE_TESTS: Final = b'\n "tests": [\n'
_AFTER_TESTS: Final = b"\n ]\n}\n"


@dataclass(slots=True)
class Document:
    """What one run has found, or several put together.

    Args:
        labels: For each mark of a guarded resource, the name that it was registered by.
        tests: The records of all tests, deselected ones included.
        sources: The SHA-256 of each source file that the tests are defined in, by its path.
        problems: What made the run untrustworthy.
        late_uses: What used a resource when its test was over.
        fixtures: How long fixtures that count for themselves took, if they have used something.
        root: The directory that its paths are relative to, by its place in the repository; `None`
            where there is no repository, or the report is of version 1.
        gaps: Why it is not the whole suite; empty if it is, and of earlier reports, which do not say it.
    """

    labels: dict[str, str] = field(default_factory=dict)
    tests: list[TestRecord] = field(default_factory=list)
    sources: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    late_uses: list[str] = field(default_factory=list)
    fixtures: list[FixtureSeconds] = field(default_factory=list)
    root: str | None = None
    gaps: list[Gap] = field(default_factory=list)

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
        **({} if document.root is None else {"root": document.root}),
        "resources": [{"mark": mark, "name": name} for mark, name in document.labels.items()],
        "sources": document.sources,
        "problems": document.problems,
        **({"gaps": [each.to_data() for each in document.gaps]} if document.gaps else {}),
        "late_uses": document.late_uses,
        "fixtures": [each.to_data() for each in document.fixtures],
        "tests": [],
    }
    # A test a line: with an indent, and as a whole, it took ten times as long and as much memory again.
    head, _, end = json.dumps(data, indent=1).rpartition("]")
    file.write(head)
    comma = ""
    for test in document.tests:
        file.write(f"{comma}\n  {json.dumps(test.to_data(), separators=(',', ':'))}")
        comma = ","
    file.write("\n ]" if document.tests else "]")
    file.write(f"{end}\n")


@dataclass(slots=True)
class _LabelledMark:
    mark: str
    name: str


@dataclass(slots=True)
class _File:
    """A document as it is in its file, key by key."""

    format: Annotated[str, OneOf(SIGNATURE)]
    version: Annotated[int, OneOf(*READABLE)]
    resources: list[_LabelledMark]
    sources: dict[SourcePath, Digest]
    problems: list[str]
    late_uses: list[str]
    tests: list[TestRecord]
    fixtures: list[FixtureSeconds] = field(default_factory=list, metadata={OPTIONAL: True})
    root: SourcePath | None = field(default=None, metadata={OPTIONAL: True})
    gaps: Annotated[list[Gap], NotEmpty()] = field(default_factory=list, metadata={OPTIONAL: True})


def read_document(path: Path) -> Document:
    """Read a document.

    Raises:
        ResourceGuardMisconfiguration: There is none, or none that this version can read.
    """
    try:
        content = read_regular(path)
        by_lines = _read_lines(content)
        if by_lines is not None:
            return by_lines
        data = json.loads(content.decode())
        if not isinstance(data, dict) or data.get("format") != SIGNATURE:
            raise ResourceGuardMisconfiguration(messages.report_of_another_kind(path))
        version = data.get("version")
        # Before the schema: to a person, "another version" says more than the first key that differs.
        if type(version) is int and version not in READABLE:
            raise ResourceGuardMisconfiguration(
                messages.report_of_another_version(path, version, READABLE)
            )
        return from_data(data)
    except (OSError, ValueError) as error:
        raise ResourceGuardMisconfiguration(messages.report_unreadable(path, error)) from error
    except RecursionError:
        said = ValueError(messages.REPORT_NESTED_TOO_DEEPLY)
    except MemoryError:
        said = ValueError(messages.REPORT_TOO_LARGE_FOR_MEMORY)
    raise ResourceGuardMisconfiguration(messages.report_unreadable(path, said))


def _read_lines(content: bytes) -> Document | None:
    """The document of a file in which each test has a line, as `write_json` writes it; one test at a time.

    `None` of any other, and of one that does not fit: to read it whole tells what is wrong, and where.
    """
    head, beginning, rest = content.partition(_BEFORE_TESTS)
    *lines, last = rest.removesuffix(_AFTER_TESTS).split(b"\n")
    has_end = beginning and rest.endswith(_AFTER_TESTS) and last[-1:] != b","
    if not has_end or any(line[-1:] != b"," for line in lines):
        return None
    try:
        document = from_data(json.loads(head + _BEFORE_TESTS + b"]}"))
        known = Interned()
        for line in (*lines, last):
            test = TestRecord.from_data(json.loads(line.removesuffix(b",").decode()))
            document.tests.append(known.of(test))
    except (ValueError, RecursionError):
        return None
    return document


def from_data(data: object) -> Document:
    """The document that plain data is the text of.

    Raises:
        MisfitError: It is not of the form that ``schema.json`` describes.
    """
    file: _File = reader(_File)(data)
    labels = {each.mark: each.name for each in file.resources}
    return Document(
        labels,
        file.tests,
        file.sources,
        file.problems,
        file.late_uses,
        file.fixtures,
        file.root,
        file.gaps,
    )
