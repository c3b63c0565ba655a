"""Reports of several projects of one repository: their paths from its root, so that equal names stay apart."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import replace

from imbue.resource_guards.errors import ResourceGuardMisconfiguration
from imbue.resource_guards.messages import report as messages
from imbue.resource_guards.report.document import Document
from imbue.resource_guards.report.evidence import SeenUse
from imbue.resource_guards.report.evidence import Source
from imbue.resource_guards.report.evidence import TestRecord
from imbue.resource_guards.report.evidence import UsedResource
from imbue.resource_guards.report.gaps import Gap
from imbue.resource_guards.report.repository import REPOSITORY


def on_one_root(documents: Mapping[str, Document]) -> Mapping[str, Document]:
    """The documents, with paths and node ids that are relative to the same directory.

    Those of one project stay as they are. So do those of which none, or no two, say where their project is.

    Args:
        documents: The documents, each by the name of its file.

    Raises:
        ResourceGuardMisconfiguration: They are of several projects, and one does not say of which.
    """
    known = {document.root for document in documents.values()} - {None}
    if len(known) <= 1:
        return documents
    for name, document in documents.items():
        if document.root is None:
            raise ResourceGuardMisconfiguration(messages.project_unknown(name))
    return {name: from_repository(document) for name, document in documents.items()}


def from_repository(document: Document) -> Document:
    """A document with paths and node ids that are relative to the root of the repository."""
    if document.root in (None, REPOSITORY):
        return document
    moved = _Moved(document.root or "")
    return replace(
        document,
        tests=[moved.test(test) for test in document.tests],
        sources={moved.path(path): digest for path, digest in document.sources.items()},
        gaps=[moved.gap(gap) for gap in document.gaps],
        fixtures=[replace(each, where=moved.nodeid(each.where)) for each in document.fixtures],
        root=REPOSITORY,
    )


class _Moved:
    """What paths, and what has some, become when they are told from further up.

    Args:
        root: The directory that they are relative to, as told from there.
    """

    def __init__(self, root: str) -> None:
        self._root = root
        self._sources: dict[Source, Source] = {}  # thousands of tests share a class or a module

    def path(self, path: str) -> str:
        """A path. An absolute one stays as it is."""
        return posixpath.normpath(posixpath.join(self._root, path))

    def nodeid(self, nodeid: str) -> str:
        """A node id; it begins with a path."""
        path, separator, rest = nodeid.partition("::")
        return f"{self.path(path)}{separator}{rest}"

    def place(self, where: str) -> str:
        """A path and a line; what is in no file stays as it is."""
        path, colon, line = where.rpartition(":")
        return where if not path or path.startswith("<") else f"{self.path(path)}{colon}{line}"

    def source(self, source: Source) -> Source:
        """A place in a source file."""
        if source not in self._sources:
            self._sources[source] = replace(source, path=self.path(source.path))
        return self._sources[source]

    def anywhere(self, source: Source | None) -> Source | None:
        """The same, if it is known."""
        return None if source is None else self.source(source)

    def test(self, test: TestRecord) -> TestRecord:
        """A test."""
        return replace(
            test,
            nodeid=self.nodeid(test.nodeid),
            source=self.anywhere(test.source),
            cls=self.anywhere(test.cls),
            classes=[self.source(each) for each in test.classes],
            axes=[replace(each, source=self.anywhere(each.source)) for each in test.axes],
            declared=[replace(each, source=self.anywhere(each.source)) for each in test.declared],
            used={mark: self.used(each) for mark, each in test.used.items()},
            contracts=[replace(each, source=self.source(each.source)) for each in test.contracts],
            shared={
                mark: [self.nodeid(each) for each in nodes] for mark, nodes in test.shared.items()
            },
        )

    def gap(self, gap: Gap) -> Gap:
        """What could not be collected, if it is that."""
        where = gap.uncollected
        return gap if where is None else replace(gap, uncollected=self.nodeid(where))

    def used(self, used: UsedResource) -> UsedResource:
        """What a test has used."""
        return replace(used, uses=[self.use(each) for each in used.uses])

    def use(self, use: SeenUse) -> SeenUse:
        """One use."""
        return replace(use, where=self.place(use.where))
