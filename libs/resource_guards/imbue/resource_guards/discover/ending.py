"""The end of a run that discovers: say what was found, write what was asked for, and let the fix go on from there."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from imbue.resource_guards.declare.names import mark_name
from imbue.resource_guards.discover.found import ADDRESS
from imbue.resource_guards.discover.found import Discovery
from imbue.resource_guards.discover.observers import ADDRESSES
from imbue.resource_guards.discover.observers import PROGRAMS
from imbue.resource_guards.discover.proposal import Proposal
from imbue.resource_guards.discover.proposal import propose
from imbue.resource_guards.discover.recorder import DiscoveryRecorder
from imbue.resource_guards.discover.result import discovery_of
from imbue.resource_guards.discover.result import written
from imbue.resource_guards.discover.setting_writer import file_of
from imbue.resource_guards.discover.setting_writer import text_of
from imbue.resource_guards.discover.setting_writer import with_proposal
from imbue.resource_guards.discover.setup import READY
from imbue.resource_guards.discover.shown import lines
from imbue.resource_guards.errors import ResourceGuardMisconfiguration
from imbue.resource_guards.messages import discover as messages
from imbue.resource_guards.messages import formats as say_formats
from imbue.resource_guards.report.files import write_whole
from imbue.resource_guards.report.formats import write_report_file

if TYPE_CHECKING:
    from imbue.resource_guards.report.document import Document
    from imbue.resource_guards.report.evidence import UsedResource
    from imbue.resource_guards.report.recorder import Recorder


def end_of(config: pytest.Config, recorder: Recorder) -> DiscoveryEnd:
    """What a run that discovers has found.

    Args:
        config: pytest's.
        recorder: That of discovery.
    """
    assert isinstance(recorder, DiscoveryRecorder)  # noqa: S101 - it says so itself
    return DiscoveryEnd(config, recorder)


class DiscoveryEnd:
    """What a run that discovers has found, and what is to become of it.

    Args:
        config: pytest's.
        recorder: Has the records.
    """

    def __init__(self, config: pytest.Config, recorder: DiscoveryRecorder) -> None:
        self._config = config
        self.found: Discovery = discovery_of(config, recorder)
        ready = config.stash[READY]
        self.proposal: Proposal = propose(self.found.found, self.found.guarded, ready)
        self._changed: list[str] = []

    def write(self) -> Iterator[str]:
        """Write the files that were asked for; gives what goes wrong."""
        option = self._config.option
        if option.resource_guards_discover_json:
            path = self._config.invocation_params.dir / option.resource_guards_discover_json
            try:
                write_report_file(path, written(self.found).encode())
            except OSError as error:
                yield say_formats.report_not_written("--resource-guards-discover-json", path, error)
        if option.resource_guards_discover == "write" and self.proposal:
            yield from self._write_settings()

    def _write_settings(self) -> Iterator[str]:
        if importlib.util.find_spec("tomlkit") is None and file_of(self._config).suffix == ".toml":
            yield messages.NEEDS_TOMLKIT
            return
        try:
            new = with_proposal(self._config, self.proposal)
            write_whole(new.path, new.after.encode())
        except ResourceGuardMisconfiguration as error:
            yield str(error)
        except OSError as error:
            yield messages.file_unwritable(file_of(self._config), error)
        else:
            self._changed = [
                *new.difference(self._config.rootpath),
                messages.written(self._name(new.path)),
            ]

    def lines(self) -> Iterator[str]:
        """What the terminal is told."""
        yield from lines(self.found)
        yield ""
        if self._changed:
            yield from self._changed
        elif self.proposal:
            path = file_of(self._config)
            yield messages.settings_for(self._name(path))
            yield ""
            if importlib.util.find_spec("tomlkit") is None and path.suffix == ".toml":
                yield messages.NEEDS_TOMLKIT
            else:
                yield from text_of(self.proposal, path).splitlines()
            yield ""
            yield messages.NEXT_WRITE
        elif self.found.guarded:
            yield messages.NOTHING_NEW
        if self.proposal and self._config.option.resource_guards_fix != "write":
            yield messages.NEXT

    def _name(self, path: Path) -> str:
        root = self._config.rootpath
        return str(path.relative_to(root) if path.is_relative_to(root) else path)

    def as_guarded(self, document: Document) -> Document:
        """The records as if the proposed resources had been guarded, for the fix.

        Args:
            document: The report of the run.
        """
        marks: dict[str, set[str]] = {}
        # What is registered may have a mark of another name.
        registered = {label: mark for mark, label in document.labels.items()}
        wanted = {*self.proposal.of.values(), *self.found.guarded}
        mark_of = {label: registered.get(label) or mark_name(label) for label in sorted(wanted)}
        labels = {mark: label for label, mark in mark_of.items()}
        for each in self.found.found:
            label = self.proposal.of.get((each.kind, each.name))
            if label is None and each.name in self.found.guarded:
                label = each.name
            if label is not None:
                # A guard of calls stops them wherever they lead, to a server of the suite's own as well.
                spared = each.own if each.kind == ADDRESS else set()
                for nodeid in each.tests.keys() - spared:
                    marks.setdefault(nodeid, set()).add(mark_of[label])
        tests = []
        for test in document.tests:
            seen = marks.get(test.nodeid, set())
            used = {mark: used for mark, used in test.used.items() if mark in seen}
            for mark in sorted(seen - used.keys()):
                used[mark] = _observed(test.used)
            declared = [each for each in test.declared if each.resource in labels]
            tests.append(replace(test, used=used, declared=declared))
        return replace(document, labels=labels, tests=tests)


def _observed(used: Mapping[str, UsedResource]) -> UsedResource:
    """What stands for the use of a resource that was seen as a program or address."""
    return next(used[mark] for mark in (PROGRAMS, ADDRESSES, *used) if mark in used)
