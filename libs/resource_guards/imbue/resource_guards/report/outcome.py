"""Turn violations into failed test reports that keep their structure."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING
from typing import Final

import pytest

from imbue.resource_guards.errors import ResourceGuardViolation
from imbue.resource_guards.errors import ResourceGuardWarning
from imbue.resource_guards.messages import violations as messages
from imbue.resource_guards.model import Violation
from imbue.resource_guards.pytest_internals import captured_of
from imbue.resource_guards.pytest_internals import crash_of
from imbue.resource_guards.pytest_internals import is_pytests_own_failure
from imbue.resource_guards.pytest_internals import made_failure
from imbue.resource_guards.pytest_internals import say_in_summary
from imbue.resource_guards.pytest_internals import told_first
from imbue.resource_guards.report.told import attach

if TYPE_CHECKING:  # only who records needs it
    from imbue.resource_guards.report.record_maker import AccountOfTest

_SHORT: Final = ("auto", "line", "no")
"""The styles of ``--tb`` that ask for no tracebacks."""

_REFUSED: Final = "resource guards: blocked "
"""How a line of a program that was blocked begins, on its stderr."""


def fail_report(
    report: pytest.TestReport,
    item: pytest.Item,
    call: pytest.CallInfo[None] | None,
    violations: Sequence[Violation],
    labels: Mapping[str, str],
) -> None:
    """Make a phase's report a failure that tells these violations, before anything else.

    The test's own failure stays below them, but for an exception after a blocked call: that is what comes of the
    block, nearly always, and its traceback is left out unless an option asks for tracebacks. A skip or an expected
    failure no longer hides anything.

    Args:
        report: The report.
        item: The test.
        call: The phase; `None` where a plugin has put a failure of its own in place of the test's.
        violations: What is told.
        labels: What each resource is called.
    """
    lines = _lines(violations, labels)
    summary = messages.summary_line(_facts(violations, labels))
    failure, is_alone = report.longrepr, True
    if isinstance(failure, tuple):  # a skip: path, line, reason
        # The tuple is no failure that pytest could show, so that one is made in its place.
        lines.append(messages.ended_with(failure[2]))
        report.longrepr = made_failure(item, lines, summary)
    elif failure is None:
        report.longrepr = made_failure(item, lines, summary)
    else:
        own, is_alone = crash_of(failure), False
        if (
            is_pytests_own_failure(failure)
            and _has_raised(call)
            and _comes_of_a_block(item, violations)
        ):
            if not _told_by_exception(call, violations):
                lines.append(messages.ended_with(own))
            report.longrepr, is_alone = made_failure(item, lines, summary), True
        elif _told_by_exception(call, violations):
            say_in_summary(failure, summary)  # it has the rest
        else:
            report.longrepr = told_first(item, failure, lines, messages.with_own_end(summary, own))
    report.outcome = "failed"
    _leave_refusals_out(report, item)
    attach(report, item, violations, labels, is_alone=is_alone)
    if hasattr(report, "wasxfail"):
        del report.wasxfail


def tell(
    report: pytest.TestReport,
    call: pytest.CallInfo[None],
    account: AccountOfTest,
    violations: Sequence[Violation],
    labels: Mapping[str, str],
) -> None:
    """Tell of violations that no report has told yet; or shorten a further failure of a test of which one has.

    That one, in its tear-down or in another subtest, comes of a blocked call as well, nearly always.

    Args:
        report: The report.
        call: The phase.
        account: The test's.
        violations: What is to be told.
        labels: What each resource is called.
    """
    if violations:
        fail_report(report, account.item, call, violations, labels)
        return
    blocked = [each for each in account.told.values() if any(not use.allowed for use in each.uses)]
    failure = report.longrepr
    if (
        is_pytests_own_failure(failure)
        and _has_raised(call)
        and _comes_of_a_block(account.item, blocked)
    ):
        facts = _facts(blocked, labels)
        lines = [facts[0], messages.ended_with(crash_of(failure))]
        report.longrepr = made_failure(account.item, lines, messages.summary_line(facts))
        _leave_refusals_out(report, account.item)
        attach(report, account.item, blocked, labels, is_alone=True)


def tells(
    report: pytest.TestReport, violations: Sequence[Violation], labels: Mapping[str, str]
) -> bool:
    """Whether a report's own text still names these violations."""
    return all(each in report.longreprtext for each in _facts(violations, labels))


def late_report(
    item: pytest.Item, violations: Sequence[Violation], labels: Mapping[str, str]
) -> pytest.TestReport:
    """A further tear-down report, for a test whose verdict had to wait for a shared fixture."""
    summary = messages.summary_line(_facts(violations, labels))
    report = pytest.TestReport(
        nodeid=item.nodeid,
        location=item.location,
        keywords=dict.fromkeys(item.keywords, 1),
        outcome="failed",
        longrepr=made_failure(item, _lines(violations, labels), summary),
        when="teardown",
    )
    attach(report, item, violations, labels, is_alone=True)
    return report


def own_outcome(before: str, report: pytest.TestReport) -> str:
    """The outcome of a test, guards left aside, after one more phase.

    Args:
        before: Its outcome so far.
        report: The phase's report, before it is judged.
    """
    now: str = report.outcome
    if hasattr(report, "wasxfail"):
        now = "xfailed" if now == "skipped" else "xpassed"
    return before if now == "passed" or before == "failed" else now


def name_resources(report: pytest.TestReport, used: Iterable[str]) -> None:
    """Give a report a property for each resource that was used, which JUnit files show."""
    report.user_properties += map(_property, sorted(used))


@cache
def _property(resource: str) -> tuple[str, object]:
    # One for all reports, which pytest keeps to the end.
    return "resource", resource


def warn(item: pytest.Item, violation: Violation, labels: Mapping[str, str]) -> None:
    """Warn of a violation in pytest's own summary of warnings, in one line.

    Not by `warnings.warn`: filters that turn warnings into errors would make it fail something.
    """
    path, line, _ = item.location
    text = ResourceGuardWarning(*_facts([violation], labels))
    # With an empty line of source: the fact names what is wrong, and not where in the line.
    warning = warnings.WarningMessage(text, type(text), path, (line or 0) + 1, line="")
    # The hook is historic, and pluggy lets such a one be called in no other way.
    item.ihook.pytest_warning_recorded.call_historic(
        kwargs={
            "warning_message": warning,
            "nodeid": item.nodeid,
            "when": "runtest",
            "location": None,
        }
    )


def _facts(violations: Iterable[Violation], labels: Mapping[str, str]) -> list[str]:
    return [messages.fact(each, labels.get(each.resource, each.resource)) for each in violations]


def _lines(violations: Iterable[Violation], labels: Mapping[str, str]) -> list[str]:
    return [line for each in violations for line in messages.violation(each, labels)]


def _told_by_exception(call: pytest.CallInfo[None] | None, violations: Sequence[Violation]) -> bool:
    """Whether the test failed with the very exception that blocked its one forbidden call."""
    return (
        len(violations) == 1
        and violations[0].fixture is None
        and call is not None
        and call.excinfo is not None
        and isinstance(call.excinfo.value, ResourceGuardViolation)
        and call.excinfo.value.resource == violations[0].resource
    )


def _has_raised(call: pytest.CallInfo[None] | None) -> bool:
    """Whether code of the test's has raised.

    A plugin that fails tests afterwards (pytest-check) raises and catches at the same place.
    """
    return call is not None and call.excinfo is not None and call.excinfo.tb.tb_next is not None


def _comes_of_a_block(item: pytest.Item, violations: Iterable[Violation]) -> bool:
    """Whether a call was blocked before the test failed, and no option asks for tracebacks."""
    option = item.config.option
    asks = getattr(option, "showlocals", False) or getattr(option, "fulltrace", False)
    if asks or getattr(option, "tbstyle", "auto") not in _SHORT:  # they are the terminal's
        return False
    return any(not use.allowed for each in violations for use in each.uses)


def _leave_refusals_out(report: pytest.TestReport, item: pytest.Item) -> None:
    """Leave what the blocked programs have said out of what was captured, here and for later phases."""
    leave_refusals_out(report)
    captured = captured_of(item)
    captured[:] = [(when, key, _without_refusals(content)) for when, key, content in captured]


def leave_refusals_out(report: pytest.TestReport) -> None:
    """Leave what the blocked programs have said out of a report that tells of them."""
    report.sections = [
        (title, rest)
        for title, content in report.sections
        if (rest := _without_refusals(content)) or not content
    ]


def _without_refusals(content: str) -> str:
    if _REFUSED not in content:
        return content
    lines = content.splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith(_REFUSED))
