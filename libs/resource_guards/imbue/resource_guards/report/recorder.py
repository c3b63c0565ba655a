"""Collect the records of all tests, in whichever process each has run."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any
from typing import Final

import pytest

from imbue.resource_guards.errors import origin_of
from imbue.resource_guards.messages import report as messages
from imbue.resource_guards.report.document import Document
from imbue.resource_guards.report.document import write_document
from imbue.resource_guards.report.record_maker import RecordMaker
from imbue.resource_guards.report.records import TestRecord
from imbue.resource_guards.report.sources import Sources

if TYPE_CHECKING:
    from imbue.resource_guards.fix.apply import Fixed
    from imbue.resource_guards.lifecycle.accounts import TestAccount
    from imbue.resource_guards.session import GuardSession

ATTRIBUTE: Final = "resource_guards"
"""The attribute of a tear-down report that carries the test's record to the controller."""


class Recorder:
    """Registered as a plugin where records are asked for; it keeps those of the whole run.

    Attributes:
        records: For each test, by its node id, its last record.
        crashed: The tests that have taken a worker down.
        fixed: What the fix has done, when the run has ended.
    """

    def __init__(self, session: GuardSession) -> None:
        self.records: dict[str, TestRecord] = {}
        self.crashed: set[str] = set()
        self.fixed: Fixed | None = None
        self._labels: dict[str, str] = {}
        self._session = session
        self._late: list[dict[str, Any]] = []
        self._sources = Sources(session.config.rootpath, session.began)

    def attach(self, report: pytest.TestReport, account: TestAccount) -> None:
        """Let a tear-down report carry the record of its test."""
        setattr(report, ATTRIBUTE, self._maker.of_account(account).to_data())

    def add_late(self, account: TestAccount) -> None:
        """Correct the record of a test, of which a fixture has been torn down only now."""
        record = self._maker.of_account(account)
        self.records[record.nodeid] = record
        self._late.append(record.to_data())

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take the record out of a report, here or in the controller."""
        data = getattr(report, ATTRIBUTE, None)
        if data is not None:
            record = TestRecord.from_data(data)
            self.records[record.nodeid] = record
            self.crashed.discard(record.nodeid)  # it was run again
            if not hasattr(self._session.config, "workerinput"):
                delattr(report, ATTRIBUTE)  # what other plugins store of reports stays as it is
        elif str(report.when) == "???":  # what xdist makes up for a worker that has crashed
            self.crashed.add(report.nodeid)

    @pytest.hookimpl(tryfirst=True)
    def pytest_pycollect_makemodule(self, module_path: Path) -> None:
        """Note what a file contains that pytest is about to import."""
        self._sources.note_before_import(self._maker.relative(str(module_path)))

    @pytest.hookimpl(trylast=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Begin with all tests that are to run."""
        self._expect(session.items, "not run")

    def pytest_deselected(self, items: Iterable[pytest.Item]) -> None:
        """Keep those that are not to run apart."""
        self._expect(items, "deselected")

    def to_data(self) -> dict[str, Any]:
        """For the controller: what no report has carried."""
        expected = [
            each.to_data()
            for each in self.records.values()
            if each.outcome in ("deselected", "not run")
        ]
        labels = {each.name: each.label for each in self._session.registry}
        sources = self._sources.to_data()
        return {"expected": expected, "late": self._late, "labels": labels, "sources": sources}

    def merge(self, data: dict[str, Any]) -> None:
        """Take over what a worker knows beyond its reports."""
        for each in data["expected"]:
            self.records.setdefault(each["nodeid"], TestRecord.from_data(each))
        for each in data["late"]:
            self.records[each["nodeid"]] = TestRecord.from_data(each)
        self._labels.update(data["labels"])
        self._sources.merge(data["sources"])

    def all_records(self) -> list[TestRecord]:
        """Of all tests, sorted by file and place in it."""
        for nodeid in self.crashed:
            self.records.setdefault(nodeid, TestRecord(nodeid)).outcome = "crashed"
        return sorted(self.records.values(), key=_place)

    def document(self) -> Document:
        """The report of the run."""
        session = self._session
        labels = {each.name: each.label for each in session.registry}
        return Document(
            self._labels | labels,
            self.all_records(),
            self._sources.digests,
            session.findings.problems,
            session.findings.late_uses,
        )

    def conclude(self) -> None:
        """The run has ended: write and fix what was asked for."""
        option = self._session.config.option
        if not self._labels and not self._session.registry.names:
            return  # an error has told that nothing is guarded
        if option.resource_guards_json:
            path = self._session.config.invocation_params.dir / option.resource_guards_json
            try:
                write_document(self.document(), path)
            except OSError as error:
                self._session.findings.add_problem(messages.json_not_written(path, error))
        if option.resource_guards_fix and not self._session.findings.problems:
            try:
                self.fixed = self._fix(option.resource_guards_fix)
            except Exception as error:  # noqa: BLE001 - pytest would end without its summary
                self._session.findings.add_problem(messages.fix_failed(error, origin_of(error)))
            else:
                if self.fixed.error:
                    self._session.findings.add_problem(self.fixed.error)

    def _fix(self, output: str) -> Fixed:
        from imbue.resource_guards.fix.apply import Output  # they need LibCST
        from imbue.resource_guards.fix.apply import apply
        from imbue.resource_guards.fix.plan import make_plan

        document = self.document()
        return apply(
            make_plan(document.tests, document.labels),
            self._session.config.rootpath,
            Output(output),
            dirty=self._session.config.option.resource_guards_fix_dirty,
            sources=document.sources,
        )

    @property
    def _maker(self) -> RecordMaker:
        return RecordMaker(self._session.config.rootpath, self._session.registry.names)

    def _expect(self, items: Iterable[pytest.Item], outcome: str) -> None:
        maker = self._maker
        for item in items:
            record = self.records.setdefault(item.nodeid, maker.of_item(item, outcome))
            self._sources.note(record)


def _place(record: TestRecord) -> tuple[str, int, str]:
    path = record.nodeid.partition("::")[0]
    return path, record.source.line if record.source else 0, record.nodeid
