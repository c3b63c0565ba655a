"""The end of a run: write and fix what was asked for, and show it.

It stands above `report` and `fix`, which do not know it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING
from typing import Final
from typing import NamedTuple

import pytest

from imbue.resource_guards.declare.policy import GITHUB_SUMMARY
from imbue.resource_guards.declare.policy import read_switch
from imbue.resource_guards.environment import ENVIRONMENT
from imbue.resource_guards.errors import ResourceGuardMisconfiguration
from imbue.resource_guards.errors import origin_of
from imbue.resource_guards.messages import discover as say_discover
from imbue.resource_guards.messages import fix as say_fix
from imbue.resource_guards.messages import formats as say_formats
from imbue.resource_guards.messages import report as say_report
from imbue.resource_guards.messages.foreign import shown
from imbue.resource_guards.report.findings import Findings
from imbue.resource_guards.report.formats import HTML
from imbue.resource_guards.report.formats import JSON
from imbue.resource_guards.report.formats import Format
from imbue.resource_guards.report.formats import Formats
from imbue.resource_guards.report.formats import rendered
from imbue.resource_guards.report.formats import write_report_file
from imbue.resource_guards.report.github_summary import SUMMARY
from imbue.resource_guards.report.github_summary import SUMMARY_VARIABLE
from imbue.resource_guards.report.github_summary import append
from imbue.resource_guards.report.recorder import Recorder
from imbue.resource_guards.report.table import table

if TYPE_CHECKING:
    from imbue.resource_guards.discover.ending import DiscoveryEnd
    from imbue.resource_guards.fix.apply import Fixed
    from imbue.resource_guards.report.document import Document

DISCOVERED: Final[pytest.StashKey[DiscoveryEnd]] = pytest.StashKey()
"""What a run that discovers has found; not there in others."""

FIXED: Final[pytest.StashKey[Fixed]] = pytest.StashKey()
"""What the fix has done; not there where none was asked for, or the run was not to be trusted."""

FILES: Final[pytest.StashKey[list[ReportFile]]] = pytest.StashKey()
"""What ``--resource-guards-output`` asks for, once that is known to be possible."""


_OUTCOMES: Final = ("deselected", "error", "failed", "passed", "skipped", "xfailed", "xpassed")

NOT_ADDED: Final[pytest.StashKey[str]] = pytest.StashKey()
"""Why the report could not be added to the summary of a job; not there if it was, or was not to be."""


class ReportFile(NamedTuple):
    """A file that the report is to be written to.

    Args:
        option: What has asked for it.
        format: How it is written.
        path: Where.
    """

    option: str
    format: Format
    path: str


def check_outputs(config: pytest.Config) -> None:
    """Find out before the run whether there are the formats that it is to be written in.

    Raises:
        ResourceGuardMisconfiguration: There is one not, or a plugin or conftest fails to add its own.
    """
    formats = Formats()
    try:
        config.hook.pytest_register_resource_guard_formats(formats=formats)
    except ResourceGuardMisconfiguration:
        raise
    except Exception as error:
        said = say_formats.format_hook_failed(error, origin_of(error))
        raise ResourceGuardMisconfiguration(said) from error
    config.stash[FILES] = [
        ReportFile("--resource-guards-output", *formats.read(each))
        for each in config.option.resource_guards_output
    ]


def conclude(config: pytest.Config, recorder: Recorder, findings: Findings) -> bool:
    """The run has ended: write and fix what was asked for.

    Args:
        config: Says what that is.
        recorder: Has the records of the tests.
        findings: Takes the problems that come up.

    Returns:
        Whether a check has found something to change, or something is left to a person.
    """
    if not recorder.has_resources:
        return False  # an error has told that nothing is guarded
    if recorder.discovers:
        from imbue.resource_guards.discover.ending import end_of

        end = config.stash[DISCOVERED] = end_of(config, recorder)
        for problem in end.write():
            findings.add_problem(problem)
    for problem in _write_files(config, recorder):
        findings.add_problem(problem)
    option = config.option
    if _is_for_github(config):
        _add_to_summary(config, recorder)
    if option.resource_guards_fix and not findings.problems:
        try:
            fixed = config.stash[FIXED] = _fix(config, recorder)
        except Exception as error:  # noqa: BLE001 - pytest would end without its summary
            findings.add_problem(say_fix.fix_failed(error, origin_of(error)))
        else:
            if fixed.error:
                findings.add_problem(fixed.error)
            would_change = option.resource_guards_fix == "check" and fixed.files
            is_left = option.resource_guards_fix != "diff" and (fixed.left or fixed.by_hook)
            return bool(would_change or is_left)
    return False


def _write_files(config: pytest.Config, recorder: Recorder) -> Iterator[str]:
    """Write all files that were asked for; gives what goes wrong."""
    files = list(config.stash.get(FILES, ()))
    for option, format_, path in (
        ("--resource-guards-html", HTML, config.option.resource_guards_html),
        ("--resource-guards-json", JSON, config.option.resource_guards_json),
    ):
        if path:
            files.insert(0, ReportFile(option, format_, path))
    for option, format_, name in files:
        try:
            content = rendered(format_, recorder.document())
        except Exception as error:  # noqa: BLE001 - pytest would end without its summary
            yield say_formats.report_not_rendered(option, format_.name, error, origin_of(error))
            continue
        path = config.invocation_params.dir / name
        try:
            write_report_file(path, content)
        except OSError as error:
            yield say_formats.report_not_written(option, path, error)


def _is_for_github(config: pytest.Config) -> bool:
    option = config.option
    writes = option.resource_guards_json or option.resource_guards_html
    return bool(
        (option.resource_guards_report or writes or option.resource_guards_output)
        and ENVIRONMENT.get(SUMMARY_VARIABLE)
        and read_switch(config, GITHUB_SUMMARY)
    )


def _add_to_summary(config: pytest.Config, recorder: Recorder) -> None:
    """Add the report to the summary of the job; a failure is told, and the run is not the worse for it."""
    path = ENVIRONMENT[SUMMARY_VARIABLE]
    try:
        append(path, rendered(SUMMARY, recorder.document()))
    except (OSError, ValueError) as error:
        config.stash[NOT_ADDED] = say_formats.summary_not_written(path, error)
    except Exception as error:  # noqa: BLE001 - pytest would end without its summary
        config.stash[NOT_ADDED] = say_formats.report_not_rendered(
            SUMMARY_VARIABLE, SUMMARY.name, error, origin_of(error)
        )


def _fix(config: pytest.Config, recorder: Recorder) -> Fixed:
    from imbue.resource_guards.fix.of_document import fix_by  # it needs LibCST

    return fix_by(_document(config, recorder), config.rootpath, config.option.resource_guards_fix)


def _document(config: pytest.Config, recorder: Recorder) -> Document:
    """The report of the run; of one that discovers as if all that it proposes had been guarded."""
    document = recorder.document()
    return config.stash[DISCOVERED].as_guarded(document) if DISCOVERED in config.stash else document


def _outcomes(terminal: pytest.TerminalReporter) -> dict[str, int] | None:
    """How often pytest counts each outcome of tests, as its last line does; `None` if it counts none."""
    counts = {key: len(terminal.stats.get(key, ())) for key in _OUTCOMES}
    return {key: count for key, count in counts.items() if count} or None


def write_report(terminal: pytest.TerminalReporter, recorder: Recorder) -> None:
    """Write to the terminal what was asked for of what the run has found, and has fixed."""
    config = terminal.config
    verbose = terminal.verbosity > 0
    if config.option.resource_guards_report:
        terminal.write_sep("=", say_report.REPORT_TITLE)
        for line in table(recorder.document(), verbose=verbose, outcomes=_outcomes(terminal)):
            terminal.write_line(line.text, bold=line.bold, red=line.red)
    if DISCOVERED in config.stash:
        terminal.write_sep("=", say_discover.TITLE)
        for text in config.stash[DISCOVERED].lines():
            terminal.write_line(shown(text))
    if NOT_ADDED in config.stash:
        terminal.write_line(shown(config.stash[NOT_ADDED]), yellow=True)
    if not config.option.resource_guards_fix:
        return
    terminal.write_sep("=", say_fix.FIX_TITLE)
    if FIXED not in config.stash:
        terminal.write_line(say_fix.FIX_UNTRUSTWORTHY, red=True)
        return
    from imbue.resource_guards.fix.lines import Screen  # they need LibCST
    from imbue.resource_guards.fix.lines import fix_lines

    written = config.option.resource_guards_fix == "write"
    screen = Screen.TERMINAL if terminal.isatty() else Screen.FILE
    for text in fix_lines(
        config.stash[FIXED],
        _document(config, recorder),
        written=written,
        verbose=verbose,
        screen=screen,
    ):
        terminal.write_line(text)
