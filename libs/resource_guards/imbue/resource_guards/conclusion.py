"""The end of a run: write and fix what was asked for, and show it.

It stands above `report` and `fix`, which do not know it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Final

import pytest

from imbue.resource_guards.errors import origin_of
from imbue.resource_guards.messages import report as messages
from imbue.resource_guards.report.document import write_document
from imbue.resource_guards.report.findings import Findings
from imbue.resource_guards.report.recorder import Recorder
from imbue.resource_guards.report.table import table

if TYPE_CHECKING:
    from imbue.resource_guards.fix.apply import Fixed

FIXED: Final[pytest.StashKey[Fixed]] = pytest.StashKey()
"""What the fix has done; not there where none was asked for, or the run was not to be trusted."""


def conclude(config: pytest.Config, recorder: Recorder, findings: Findings) -> None:
    """The run has ended: write and fix what was asked for.

    Args:
        config: Says what that is.
        recorder: Has the records of the tests.
        findings: Takes the problems that come up.
    """
    if not recorder.has_resources:
        return  # an error has told that nothing is guarded
    option = config.option
    if option.resource_guards_json:
        path = config.invocation_params.dir / option.resource_guards_json
        try:
            write_document(recorder.document(), path)
        except OSError as error:
            findings.add_problem(messages.json_not_written(path, error))
    if option.resource_guards_fix and not findings.problems:
        try:
            fixed = config.stash[FIXED] = _fix(config, recorder)
        except Exception as error:  # noqa: BLE001 - pytest would end without its summary
            findings.add_problem(messages.fix_failed(error, origin_of(error)))
        else:
            if fixed.error:
                findings.add_problem(fixed.error)


def _fix(config: pytest.Config, recorder: Recorder) -> Fixed:
    from imbue.resource_guards.fix.apply import Output  # they need LibCST
    from imbue.resource_guards.fix.apply import apply
    from imbue.resource_guards.fix.plan import make_plan

    document = recorder.document()
    return apply(
        make_plan(document.tests, document.labels),
        config.rootpath,
        Output(config.option.resource_guards_fix),
        dirty=config.option.resource_guards_fix_dirty,
        sources=document.sources,
    )


def write_report(terminal: pytest.TerminalReporter, recorder: Recorder) -> None:
    """Write to the terminal what was asked for of what the run has found, and has fixed."""
    config = terminal.config
    verbose = terminal.verbosity > 0
    if config.option.resource_guards_report:
        terminal.section(messages.REPORT_TITLE, sep="=")
        for line in table(recorder.document(), verbose=verbose):
            terminal.write_line(line.text, bold=line.bold, red=line.red)
    if not config.option.resource_guards_fix:
        return
    terminal.section(messages.FIX_TITLE, sep="=")
    if FIXED not in config.stash:
        terminal.write_line(messages.fix_untrustworthy(), red=True)
        return
    from imbue.resource_guards.fix.lines import fix_lines  # it needs LibCST

    written = config.option.resource_guards_fix == "write"
    for text in fix_lines(
        config.stash[FIXED], recorder.document(), written=written, verbose=verbose
    ):
        terminal.write_line(text)
