"""The section at the end of the terminal's report: what no test's report can tell."""

from __future__ import annotations

import pytest

from imbue.resource_guards.messages import report as messages
from imbue.resource_guards.messages.foreign import shown_lines
from imbue.resource_guards.report.findings import Findings


def write_findings(terminal: pytest.TerminalReporter, findings: Findings) -> None:
    """Write the problems and late uses of a run."""
    terminal.section(messages.SUMMARY_TITLE, sep="=", red=bool(findings.problems))
    for problem in findings.problems:
        terminal.write_line(shown_lines(problem), red=True)
    for line in findings.lines:
        terminal.write_line(shown_lines(line))
