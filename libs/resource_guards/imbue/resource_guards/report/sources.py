"""What source files contained when pytest imported them, by their digests: a fix changes no other content."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from collections.abc import Mapping
from pathlib import Path

from imbue.resource_guards.report.evidence import Source
from imbue.resource_guards.report.evidence import TestRecord
from imbue.resource_guards.report.files import digest_of
from imbue.resource_guards.report.files import read_regular


class Sources:
    """The digests of one run's source files.

    Args:
        root: The root directory.
        began: When the run began, in nanoseconds. A file that was imported at an unknown moment is
            known only if nobody has touched it since then.
    """

    def __init__(self, root: Path, began: int) -> None:
        self._root = root
        self._began = began
        self._digests: dict[str, str] = {}

    @property
    def digests(self) -> dict[str, str]:
        """The SHA-256 of each file of which it is known, by its path."""
        return {path: digest for path, digest in sorted(self._digests.items()) if digest}

    def note_before_import(self, path: str) -> None:
        """Note a file that is imported now, or was by another module.

        Args:
            path: The file, as records have it.
        """
        if path not in self._digests:
            self._digests[path] = self._digest(path, is_imported=None)

    def note(self, test: TestRecord) -> None:
        """Note the files of a test that has been collected."""
        for source in _sources_of(test):
            if source.path not in self._digests:
                self._digests[source.path] = self._digest(source.path, is_imported=True)

    def to_data(self) -> dict[str, str]:
        """For the controller; an empty digest says that it is not known."""
        return self._digests

    def merge(self, data: Mapping[str, str]) -> None:
        """Take over a worker's. What two of them have imported differently is not known."""
        for path, digest in data.items():
            if self._digests.setdefault(path, digest) != digest:
                self._digests[path] = ""

    def _digest(self, path: str, *, is_imported: bool | None) -> str:
        file = self._root / path
        try:
            digest = digest_of(read_regular(file))
            touched = file.stat().st_ctime_ns  # last: what is written while it is read shows here
        except (OSError, ValueError):
            return ""
        if touched < self._began:
            return digest
        is_unsure = _is_imported(file) if is_imported is None else is_imported
        return "" if is_unsure else digest


def _is_imported(file: Path) -> bool:
    name = str(file)
    return any(getattr(module, "__file__", None) == name for module in list(sys.modules.values()))


def _sources_of(test: TestRecord) -> Iterator[Source]:
    found = [test.source, test.cls, *(declared.source for declared in test.declared)]
    found += [contract.source for contract in test.contracts]
    return (source for source in found if source is not None)
