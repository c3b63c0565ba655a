"""The outermost look at reports: nobody has turned a failure of ours into something else."""

from __future__ import annotations

from collections.abc import Generator
from collections.abc import Mapping
from collections.abc import Sequence
from typing import TYPE_CHECKING
from typing import Any
from typing import NamedTuple

import pytest

from imbue.resource_guards.lifecycle.accounts import TestAccount
from imbue.resource_guards.model import Violation
from imbue.resource_guards.report.outcome import fail_report
from imbue.resource_guards.report.outcome import own_outcome
from imbue.resource_guards.report.outcome import tells

if TYPE_CHECKING:
    from imbue.resource_guards.report.recorder import Recorder


class Judged(NamedTuple):
    """A report as it was when it had been judged.

    Args:
        call: The phase of the test that it is of.
        account: The test's account.
        before: The test's own outcome before this phase.
        violations: What made the report a failure; empty if nothing did.
        longrepr: The report's failure.
    """

    call: pytest.CallInfo[None]
    account: TestAccount
    before: str
    violations: Sequence[Violation]
    longrepr: Any


class LastLook:
    """Registered where others wrap `pytest_runtest_makereport`, as the outermost of all.

    They read the report after it was judged, and may change it or put another in its place.

    Args:
        recorder: Told of the outcome that a test has in the end, if there is one.
        labels: What each resource is called in messages.

    Attributes:
        judged: The report that was judged last, until it comes by.
    """

    def __init__(self, recorder: Recorder | None, labels: Mapping[str, str]) -> None:
        self.judged: Judged | None = None
        self._recorder = recorder
        self._labels = labels

    def keep(
        self,
        call: pytest.CallInfo[None],
        account: TestAccount,
        before: str,
        violations: Sequence[Violation],
        longrepr: Any,
    ) -> None:
        """Keep a report as it was judged, as `Judged` says."""
        self.judged = Judged(call, account, before, violations, longrepr)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Look at the report as it leaves for the terminal and xdist."""
        report = yield
        judged = self.judged
        if judged is not None and judged.call is call:
            self.judged = None
            if not judged.violations:
                self._take_outcome(judged, report)
            elif not self._stands(judged, report):
                fail_report(report, item, None, judged.violations, self._labels)
            if self._recorder is not None and call.when == "teardown":
                self._recorder.attach(report, judged.account)
        return report

    def _take_outcome(self, judged: Judged, report: pytest.TestReport) -> None:
        if self._recorder is not None:
            judged.account.outcome = own_outcome(judged.before, report)

    def _stands(self, judged: Judged, report: pytest.TestReport) -> bool:
        """Whether a report still fails for what was found, and says so."""
        if report.outcome != "failed" or hasattr(report, "wasxfail"):
            return False
        return report.longrepr is judged.longrepr or tells(report, judged.violations, self._labels)
