"""Collect the records of all tests, in whichever process each has run."""

from __future__ import annotations

import os
from collections.abc import Callable
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from typing import ClassVar
from typing import Final

import pytest

from imbue.resource_guards.availability.skipping import unavailable_in
from imbue.resource_guards.declare.registry import Registry
from imbue.resource_guards.messages.report import NOT_ASKED_FOR
from imbue.resource_guards.messages.report import selection
from imbue.resource_guards.model import Use
from imbue.resource_guards.report.document import Document
from imbue.resource_guards.report.durations import Durations
from imbue.resource_guards.report.evidence import TestRecord
from imbue.resource_guards.report.findings import Findings
from imbue.resource_guards.report.interruptions import Interruptions
from imbue.resource_guards.report.record_maker import AccountOfTest
from imbue.resource_guards.report.record_maker import RecordMaker
from imbue.resource_guards.report.repository import place_in_repository
from imbue.resource_guards.report.sources import Sources
from imbue.resource_guards.report.stopwatch import DIGITS
from imbue.resource_guards.report.stopwatch import FixtureTimes
from imbue.resource_guards.report.unselected import Unselected

ATTRIBUTE: Final = "resource_guards"
"""The attribute of a tear-down report that carries the test's record to the controller."""

NAME: Final = "resource_guards_recorder"
"""Of the plugin that keeps the records."""


def start_recording(
    config: pytest.Config, registry: Registry, findings: Findings, began: int
) -> Recorder:
    """Keep the records of a run from now on; see `start`."""
    return start(Recorder, config, registry, findings, began)


def start(
    kind: Callable[..., Recorder],
    config: pytest.Config,
    registry: Registry,
    findings: Findings,
    began: int,
) -> Recorder:
    """Keep the records of a run from now on.

    Args:
        kind: What keeps them.
        config: The run's.
        registry: What is guarded; conftests that are still to come may add to it.
        findings: What else the run finds.
        began: When the session began, in nanoseconds.
    """
    is_worker = hasattr(config, "workerinput")
    recorder = kind(config.rootpath, registry, findings, began, is_worker=is_worker)
    recorder.selection = selection(
        getattr(config.option, "markexpr", ""), getattr(config.option, "keyword", "")
    )
    config.pluginmanager.register(recorder, NAME)
    recorder.interruptions = Interruptions(is_controller=config.pluginmanager.hasplugin("dsession"))
    config.pluginmanager.register(recorder.interruptions)
    return recorder


class Recorder:
    """Registered as a plugin where records are asked for; it keeps those of the whole run.

    Args:
        root: The root directory.
        registry: What is guarded.
        findings: What else the run finds.
        began: When the session began, in nanoseconds.
        is_worker: A controller of xdist waits for what is recorded here.

    Attributes:
        records: For each test, by its node id, its last record.
        crashed: The tests that have taken a worker down.
        selection: What has left out the tests that are deselected, so far as options tell.
        times: Measures the fixtures that count for themselves.
        interruptions: Why the run is not the whole suite.
    """

    discovers: ClassVar[bool] = False
    """Whether it keeps what discovery sees."""
    has_lost = False
    """Whether a process could not record what it used, and went on."""

    def __init__(
        self, root: Path, registry: Registry, findings: Findings, began: int, *, is_worker: bool
    ) -> None:
        self.records: dict[str, TestRecord] = {}
        self.crashed: set[str] = set()
        self.selection = ""
        self.times = FixtureTimes()
        self.interruptions = Interruptions(is_controller=False)
        self._attempts: dict[str, int] = {}
        self._seconds = Durations()
        self._shared: dict[str, float] = {}
        self._root = root
        self._registry = registry
        self._findings = findings
        self._is_worker = is_worker
        self._labels: dict[str, str] = {}
        self._late: dict[str, TestRecord] = {}
        self._skipped: dict[str, tuple[str, dict[str, str]]] = {}
        self._sources = Sources(root, began)
        self._unselected = Unselected()
        self._maker = self._make_maker()
        self._waiting: dict[str, AccountOfTest] = {}
        self._pid = os.getpid()

    def _make_maker(self) -> RecordMaker:
        return RecordMaker(self._root, self._registry)

    def takes(self, when: str, uses: Iterable[Use]) -> bool:
        """Whether it keeps what was used for no test, so that nobody else is to be told; so in discovery alone.

        Args:
            when: When it was used.
            uses: What was used.
        """
        del when, uses
        return False

    def attach(self, report: pytest.TestReport, account: AccountOfTest) -> None:
        """Let a tear-down report carry the record of its test."""
        shared = self.times.watch.take() + self._shared.get(report.nodeid, 0.0)
        if shared:
            self._shared[report.nodeid] = round(shared, DIGITS)
        if self._attempts.get(report.nodeid) != account.attempt:
            self._attempts[report.nodeid] = account.attempt
            self._late.pop(report.nodeid, None)  # of an earlier attempt
        self._waiting.pop(report.nodeid, None)
        # Where another process waits for it, or this is a fork, the report will be carried there as plain data.
        is_carried = self._is_worker or os.getpid() != self._pid
        known = self.records.get(report.nodeid)
        if known is not None and not is_carried and not account.is_finished:
            # Nobody reads it before it is made anew, once, for all that the test depends on.
            self._waiting[report.nodeid] = account
            setattr(report, ATTRIBUTE, known)
        else:
            record = self._record_of(account)
            setattr(report, ATTRIBUTE, record.to_data() if is_carried else record)

    def add_late(self, account: AccountOfTest) -> None:
        """Correct the record of a test, of which a fixture has been torn down only now."""
        if self._attempts.get(account.item.nodeid, account.attempt) > account.attempt:
            return  # it was run again meanwhile
        # Also in this process: where there are no workers nobody reads `to_data`.
        record = self._record_of(account)
        self._waiting.pop(record.nodeid, None)
        self.records[record.nodeid] = self._late[record.nodeid] = record

    def _record_of(self, account: AccountOfTest) -> TestRecord:
        record = self._maker.of_account(account, self.records.get(account.item.nodeid))
        record.shared_seconds = self._shared.get(record.nodeid)
        if record.contracts:  # of fixtures that it has asked for by `getfixturevalue` alone, too
            self._sources.note(record)
        return record

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take the record out of a report, here or in the controller."""
        if report.outcome == "skipped" and isinstance(report.longrepr, tuple):
            reason = str(report.longrepr[2]).removeprefix("Skipped: ")
            self._skipped[report.nodeid] = reason, unavailable_in(report)
        data = getattr(report, ATTRIBUTE, None)
        self._seconds.note(report, is_last=data is not None)
        if data is not None:
            record = data if isinstance(data, TestRecord) else TestRecord.from_data(data)
            self.records[record.nodeid] = record
            self.crashed.discard(record.nodeid)  # it was run again
            if not self._is_worker:
                delattr(report, ATTRIBUTE)  # what other plugins store of reports stays as it is
        elif str(report.when) == "???":  # what xdist makes up for a worker that has crashed
            self.crashed.add(report.nodeid)

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_make_collect_report(self, collector: pytest.Collector) -> Any:
        """Note what a module or class has, before pytest takes from it what was asked for.

        The innermost of wrappers: ``--lf`` takes tests away by one of its own.
        """
        report = yield
        self._unselected.note(collector, report.result or ())
        return report

    @pytest.hookimpl(tryfirst=True)
    def pytest_pycollect_makemodule(self, module_path: Path) -> None:
        """Note what a file contains that pytest is about to import."""
        self._sources.note_before_import(self._maker.relative(str(module_path)))

    @pytest.hookimpl(trylast=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Begin with all tests that are to run, and note those that nobody has asked for."""
        self._expect(session.items, "not run")
        self._expect(self._unselected.items(set(self.records)), "deselected", NOT_ASKED_FOR)

    def pytest_deselected(self, items: Iterable[pytest.Item]) -> None:
        """Keep those that are not to run apart."""
        self._expect(items, "deselected", self.selection)

    def to_data(self) -> dict[str, Any]:
        """For the controller: what no report has carried."""
        expected = [
            each.to_data()
            for each in self.records.values()
            if each.outcome in ("deselected", "not run")
        ]
        return {
            "expected": expected,
            "late": [each.to_data() for each in self._late.values()],
            "labels": self._own_labels(),
            "sources": self._sources.to_data(),
            "fixtures": self.times.to_data(),
            "interruptions": self.interruptions.to_data(),
        }

    def merge(self, data: dict[str, Any]) -> None:
        """Take over what a worker knows beyond its reports."""
        for each in data["expected"]:
            # All workers have collected all tests: what this one did not run, another may have run.
            self.records.setdefault(each["nodeid"], TestRecord.from_data(each))
        for each in data["late"]:
            self.records[each["nodeid"]] = TestRecord.from_data(each)
        self._labels.update(data["labels"])
        self._sources.merge(data["sources"])
        self.times.merge(data["fixtures"])
        self.interruptions.merge(data["interruptions"])

    def all_records(self) -> list[TestRecord]:
        """Of all tests, sorted by file and place in it."""
        for account in [*self._waiting.values()]:  # a fixture was never torn down
            self.add_late(account)
        for nodeid in self.crashed:
            self.records.setdefault(nodeid, TestRecord(nodeid)).outcome = "crashed"
        for nodeid, (reason, unavailable) in self._skipped.items():
            record = self.records.get(nodeid)
            if record is not None and record.outcome == "skipped":
                record.reason, record.unavailable = reason, unavailable
        for record in self.records.values():
            if record.outcome != "crashed":
                record.seconds = self._seconds.of(record.nodeid)
        return sorted(self.records.values(), key=_place)

    @property
    def has_resources(self) -> bool:
        """Whether anything is guarded, here or in a worker."""
        return bool(self._labels or self._registry.names)

    def document(self) -> Document:
        """The report of the run."""
        return Document(
            self.labels(),
            self.all_records(),
            self._sources.digests,
            [*filter(None, [self._findings.stopped]), *self._findings.problems],
            self._findings.late_uses,
            self.times.all(),
            place_in_repository(self._root),
            self.interruptions.all(self._findings.stopped),
        )

    def labels(self) -> dict[str, str]:
        """The name of each resource that is guarded, here or in a worker, by its mark."""
        return self._labels | self._own_labels()

    def _own_labels(self) -> dict[str, str]:
        return {each.name: each.label for each in self._registry}

    def _expect(self, items: Iterable[pytest.Item], outcome: str, reason: str = "") -> None:
        maker = self._maker
        for item in items:
            record = self.records.get(item.nodeid)
            if record is None:
                record = self.records[item.nodeid] = maker.of_item(item, outcome)
            record.reason = reason
            self._sources.note(record)


def _place(record: TestRecord) -> tuple[str, int, str]:
    path = record.nodeid.partition("::")[0]
    return path, record.source.line if record.source else 0, record.nodeid
