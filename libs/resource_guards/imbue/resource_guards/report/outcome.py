"""Turn violations into failed test reports that keep their structure."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence

import pytest

from imbue.resource_guards.errors import ResourceGuardViolation
from imbue.resource_guards.errors import ResourceGuardWarning
from imbue.resource_guards.messages import violations as messages
from imbue.resource_guards.model import Violation
from imbue.resource_guards.pytest_internals import ExceptionRepr
from imbue.resource_guards.pytest_internals import made_failure

SECTION = "Resource guards"


def fail_report(
    report: pytest.TestReport,
    item: pytest.Item,
    call: pytest.CallInfo[None],
    violations: Sequence[Violation],
    labels: Mapping[str, str],
) -> None:
    """Make a phase's report a failure that tells these violations.

    The test's own failure stays as it is, and the violations become a section of it. Where there
    was none, they are the failure. A skip or an expected failure no longer hides anything.
    """
    texts = _texts(violations, labels)
    summary = messages.summary_line(texts)
    failure = report.longrepr
    if isinstance(failure, tuple):  # a skip: path, line, reason
        # The tuple is no failure that pytest could show, so that one is made in its place.
        texts.append(messages.skipped_after(failure[2]))
        failure = None
    if failure is None:
        report.longrepr = _failure(item, texts, summary)
    elif _told_by_exception(call, violations):
        if isinstance(failure, ExceptionRepr) and failure.reprcrash is not None:
            failure.reprcrash.message = summary  # without the exception's long name
    elif isinstance(failure, ExceptionRepr):
        # The test's own failure stays what it is, and what tools read of it.
        failure.addsection(SECTION, "\n\n".join(texts))
    else:
        report.sections.append((SECTION, "\n\n".join(texts)))
    report.outcome = "failed"
    if hasattr(report, "wasxfail"):
        del report.wasxfail


def tells(
    report: pytest.TestReport, violations: Sequence[Violation], labels: Mapping[str, str]
) -> bool:
    """Whether a report's own text still names these violations."""
    texts = _texts(violations, labels)
    return all(messages.summary_line([text]) in report.longreprtext for text in texts)


def late_report(
    item: pytest.Item, violations: Sequence[Violation], labels: Mapping[str, str]
) -> pytest.TestReport:
    """A further tear-down report, for a test whose verdict had to wait for a shared fixture."""
    texts = _texts(violations, labels)
    return pytest.TestReport(
        nodeid=item.nodeid,
        location=item.location,
        keywords=dict.fromkeys(item.keywords, 1),
        outcome="failed",
        longrepr=_failure(item, texts, messages.summary_line(texts)),
        when="teardown",
    )


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
    report.user_properties += [("resource", resource) for resource in sorted(used)]


def warn(item: pytest.Item, violation: Violation, labels: Mapping[str, str]) -> None:
    """Warn of a violation in pytest's own summary of warnings.

    Not by `warnings.warn`: filters that turn warnings into errors would make it fail something.
    """
    path, line, _ = item.location
    text = ResourceGuardWarning(messages.violation(violation, labels))
    warning = warnings.WarningMessage(text, type(text), path, (line or 0) + 1)
    # The hook is historic, and pluggy lets such a one be called in no other way.
    item.ihook.pytest_warning_recorded.call_historic(
        kwargs={
            "warning_message": warning,
            "nodeid": item.nodeid,
            "when": "runtest",
            "location": None,
        }
    )


def _texts(violations: Iterable[Violation], labels: Mapping[str, str]) -> list[str]:
    return [messages.violation(each, labels) for each in violations]


def _told_by_exception(call: pytest.CallInfo[None], violations: Sequence[Violation]) -> bool:
    """Whether the test failed with the very exception that blocked its one forbidden call."""
    return (
        len(violations) == 1
        and violations[0].fixture is None
        and call.excinfo is not None
        and isinstance(call.excinfo.value, ResourceGuardViolation)
        and call.excinfo.value.resource == violations[0].resource
    )


def _failure(item: pytest.Item, texts: Sequence[str], summary: str) -> ExceptionRepr:
    lines = "\n\n".join(texts).split("\n")
    return made_failure(item, lines, summary, ResourceGuardViolation.__name__)
