"""The section at the end of the terminal's report."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from imbue.resource_guards.messages import report as messages
from imbue.resource_guards.messages.foreign import shown_lines
from imbue.resource_guards.report.findings import Findings
from imbue.resource_guards.report.table import table

if TYPE_CHECKING:
    from imbue.resource_guards.report.recorder import Recorder


def write_report(terminal: pytest.TerminalReporter, recorder: Recorder) -> None:
    """Write what was asked for of what the run has found."""
    if terminal.config.option.resource_guards_report:
        terminal.section(messages.REPORT_TITLE, sep="=")
        for line in table(recorder.document(), verbose=terminal.verbosity > 0):
            terminal.write_line(line.text, bold=line.bold, red=line.red)
    if recorder.fixed is not None:
        from imbue.resource_guards.report.fix import fix_lines  # only where needed

        terminal.section(messages.FIX_TITLE, sep="=")
        written = terminal.config.option.resource_guards_fix == "write"
        verbose = terminal.verbosity > 0
        document = recorder.document()
        for text in fix_lines(recorder.fixed, document, written=written, verbose=verbose):
            terminal.write_line(text)
    elif terminal.config.option.resource_guards_fix:
        terminal.section(messages.FIX_TITLE, sep="=")
        terminal.write_line(messages.fix_untrustworthy(), red=True)


def write_findings(terminal: pytest.TerminalReporter, findings: Findings) -> None:
    """Write the problems and late uses of a run."""
    terminal.section(messages.SUMMARY_TITLE, sep="=", red=bool(findings.problems))
    for problem in findings.problems:
        terminal.write_line(shown_lines(problem), red=True)
    for line in findings.lines:
        terminal.write_line(shown_lines(line))
