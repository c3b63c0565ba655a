"""The end of a run in the terminal: which failures are shown in full, and the summary that stands last."""

from __future__ import annotations

import os
import re
import shlex
import sys
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from itertools import chain
from typing import Any
from typing import Final

import pytest

from imbue.resource_guards.declare.policy import has_libcst
from imbue.resource_guards.messages import report as say_report
from imbue.resource_guards.messages import summary as messages
from imbue.resource_guards.messages.foreign import shown_lines
from imbue.resource_guards.report.brevity import MOST
from imbue.resource_guards.report.brevity import Brevity
from imbue.resource_guards.report.brevity import in_lines
from imbue.resource_guards.report.findings import Findings
from imbue.resource_guards.report.grouped import grouped
from imbue.resource_guards.report.grouped import scope_of
from imbue.resource_guards.report.outcome import leave_refusals_out
from imbue.resource_guards.report.told import told_in

_STATS: Final = ("failed", "error")
"""What pytest keeps the reports under whose failures it shows."""

_PROGRAMS: Final = (
    *("AI_AGENT", "CLAUDECODE", "CLAUDE_CODE", "CODEX_SANDBOX", "CURSOR_AGENT"),
    *("GEMINI_CLI", "AUGMENT_AGENT", "OPENCODE"),
)
"""Variables that programs set for what they run, which read its output and edit the tests by themselves."""


_OF_NO_FIX: Final = re.compile(
    r"--resource-guards(-fix.*|=.*|-report)|-q+|-v+|--(quiet|verbose|no-header|no-summary)|--(tb|color|verbosity)=.*"
)
"""The options of a run that its fix does without: it has a mode of its own, and they only change what is shown."""


class Ending:
    """What is shown at the end of one run.

    Args:
        terminal: pytest's.
        findings: What was found beyond the tests' reports.
    """

    def __init__(self, terminal: pytest.TerminalReporter, findings: Findings) -> None:
        self._terminal = terminal
        self._findings = findings
        self._all: dict[str, list[Any]] = {}
        self._left_out = 0

    def begin(self) -> None:
        """Have pytest show only some of the failures in full, until `restore`."""
        stats, config = self._terminal.stats, self._terminal.config
        reports = {key: stats[key] for key in _STATS if stats.get(key)}
        told = [each for each in chain(*reports.values()) if told_in(each)]
        for each in told:
            leave_refusals_out(each)  # subtests have added what they captured since it was made
        if config.option.verbose > 0 or not told:
            return
        self._all.update(reports)
        if config.option.tbstyle == "line" and not _shows_all(self._terminal):
            stats.update({key: in_lines(found) for key, found in reports.items()})
            return
        mixed = [test for test, _, _ in self._findings.parameters.mixed()]
        # With --tb=line a failure is one line, which the short summary has too.
        brevity = Brevity(0 if config.option.tbstyle == "line" else MOST, mixed)
        stats.update({key: brevity.chosen(found) for key, found in reports.items()})
        self._left_out = brevity.left_out

    def restore(self) -> None:
        """Have pytest know all failures again: its short summary names each. A second call changes nothing."""
        self._terminal.stats.update(self._all)
        self._all.clear()

    def write(self) -> None:
        """Write the summary; with ``--no-summary`` only what makes the run untrustworthy."""
        terminal, findings = self._terminal, self._findings
        told = list(self._told())
        lines = [] if terminal.no_summary else [*findings.lines, *self._violations(told)]
        if not (findings.problems or lines):
            return
        is_red = bool(findings.problems or told)
        terminal.write_sep("=", say_report.SUMMARY_TITLE, red=is_red)
        for problem in findings.problems:
            terminal.write_line(shown_lines(problem), red=True)
        for line in lines:
            terminal.write_line(shown_lines(line))

    def _told(self) -> Iterator[Any]:
        for key in _STATS:
            for report in self._terminal.stats.get(key, ()):
                yield from told_in(report)

    def _violations(self, told: Sequence[Any]) -> Iterator[str]:
        warned = self._findings.warned
        if not (told or warned):
            return
        yield from grouped(told)
        yield from grouped(warned, warned=True)
        if self._left_out and self._terminal.config.option.tbstyle not in ("line", "no"):
            yield messages.left_out(self._left_out)
        yield messages.EXPLAIN
        if is_read_by_a_program(os.environ, is_terminal=self._terminal.isatty()):
            yield messages.FOR_PROGRAMS
        if not has_libcst():
            yield messages.INSTALL
        yield messages.fix(*scope_of([*told, *warned]))
        yield fix_command(sys.argv[0], self._terminal.config.invocation_params.args)


def _shows_all(terminal: pytest.TerminalReporter) -> bool:
    """Whether the short summary names failures and errors."""
    return not terminal.no_summary and {"f", "E"} <= {*terminal.reportchars}


def is_read_by_a_program(environ: Mapping[str, str], *, is_terminal: bool) -> bool:
    """Whether a program seems to read what a run writes: a variable says so, or it is CI, without a terminal."""
    return any(environ.get(name) for name in _PROGRAMS) or (
        bool(environ.get("CI")) and not is_terminal
    )


def fix_command(program: str, arguments: Sequence[str | os.PathLike[str]]) -> str:
    """The command that corrects the marks of what a run has run, for a shell.

    It leaves out what a fix replaces, and options that only change what is shown.

    Args:
        program: How this run was started, as ``sys.argv[0]`` has it.
        arguments: Its arguments.

    Example:
        >>> fix_command("/usr/bin/pytest", ["-q", "-k", "a or b", "tests"])
        "pytest --resource-guards-fix=write -k 'a or b' tests"
    """
    is_module = os.path.basename(program) == "__main__.py"  # noqa: PTH119 - of text
    said = [*("python -m pytest" if is_module else "pytest").split(), "--resource-guards-fix=write"]
    words = [os.fspath(each) for each in arguments]
    said += [each for each in words if not _OF_NO_FIX.fullmatch(each)]
    return shlex.join(said)
