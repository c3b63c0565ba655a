"""Merge and show reports of runs on other machines, apply them here, and explain messages.

``python -m imbue.resource_guards merge A.json B.json --output ALL.json``,
``python -m imbue.resource_guards report ALL.json``,
``python -m imbue.resource_guards compare BASE.json HEAD.json``,
``python -m imbue.resource_guards fix ALL.json --diff``, ``--write`` or ``--check``,
``python -m imbue.resource_guards explain superfluous-mark``.
"""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from imbue.resource_guards.declare.policy import has_libcst
from imbue.resource_guards.discover.signature import is_discovery
from imbue.resource_guards.errors import ResourceGuardMisconfiguration
from imbue.resource_guards.errors import origin_of
from imbue.resource_guards.messages import compare as say_compare
from imbue.resource_guards.messages import discover as say_discover
from imbue.resource_guards.messages import explanations
from imbue.resource_guards.messages import nowhere as say_nowhere
from imbue.resource_guards.messages import options as messages
from imbue.resource_guards.messages.foreign import shown
from imbue.resource_guards.messages.gaps import run_not_whole
from imbue.resource_guards.report.comparing import compare
from imbue.resource_guards.report.comparison_shown import SHOWN
from imbue.resource_guards.report.document import read_document
from imbue.resource_guards.report.formats import BUILT_IN
from imbue.resource_guards.report.formats import JSON
from imbue.resource_guards.report.formats import MARKDOWN
from imbue.resource_guards.report.formats import TABLE
from imbue.resource_guards.report.formats import rendered
from imbue.resource_guards.report.formats import write_report_file
from imbue.resource_guards.report.markdown import markdown
from imbue.resource_guards.report.merging import merge_documents
from imbue.resource_guards.report.nowhere import nowhere
from imbue.resource_guards.report.table import table


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: Its words; by default those of this process.

    Returns:
        The exit code: 0, 1 where something is left to a person, 2 for bad input.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # and no stand-in for one
            stream.reconfigure(errors="backslashreplace")
    options = _parser().parse_args(arguments)
    try:
        code: int = options.run(options)
        sys.stdout.flush()
    except BrokenPipeError:
        _forget_output()
        return 0  # whoever read it has seen enough
    except ResourceGuardMisconfiguration as error:
        return _fail(error)
    except OSError as error:
        _forget_output()
        return _fail(error)
    except KeyboardInterrupt:
        return 130
    except Exception as error:  # noqa: BLE001 - a program says in one line what is wrong
        return _fail(messages.program_failed(error, origin_of(error)))
    return code


def _fail(said: object) -> int:
    text = shown(messages.program_error(said))
    with suppress(OSError):
        print(text, file=sys.stderr)  # noqa: T201 - a program
    return 2


def _forget_output() -> None:
    """Let Python not try again at its end to write what could not be written."""
    with suppress(OSError, ValueError):  # no file, in a test
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Show the words of the command line as all that comes from elsewhere."""
        super().error(shown(message))


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m imbue.resource_guards", description=messages.PROGRAM_HELP)
    commands = parser.add_subparsers(required=True, metavar="command")

    merge = commands.add_parser("merge", help=messages.MERGE_HELP)
    merge.add_argument("reports", nargs="+", type=Path, metavar="FILE")
    merge.add_argument("--output", "-o", required=True, type=Path, metavar="FILE")
    merge.add_argument("--fail-on-ran-nowhere", action="store_true", help=say_nowhere.FAIL_HELP)
    merge.set_defaults(run=_merge)

    report = commands.add_parser("report", help=messages.REPORT_HELP)
    report.add_argument("report", type=Path, metavar="FILE")
    report.add_argument(
        "--format",
        choices=[each.name for each in BUILT_IN],
        default=TABLE.name,
        help=messages.REPORT_FORMAT_HELP,
    )
    report.add_argument(
        "--output", "-o", type=Path, metavar="FILE", help=messages.REPORT_OUTPUT_HELP
    )
    report.add_argument("--verbose", "-v", action="store_true")
    report.set_defaults(run=_report)

    comparison = commands.add_parser("compare", help=say_compare.COMPARE_HELP)
    comparison.add_argument("base", type=Path, metavar="BASE", help=say_compare.BASE_HELP)
    comparison.add_argument("head", type=Path, metavar="HEAD", help=say_compare.HEAD_HELP)
    comparison.add_argument(
        "--format", choices=list(SHOWN), default="text", help=say_compare.COMPARE_FORMAT_HELP
    )
    comparison.add_argument("--fail-on-new", action="store_true", help=say_compare.FAIL_HELP)
    comparison.set_defaults(run=_compare)

    explain = commands.add_parser("explain", help=explanations.EXPLAIN_HELP)
    explain.add_argument("topic", nargs="*", metavar="KIND", help=explanations.TOPIC_HELP)
    explain.set_defaults(run=_explain)

    fix = commands.add_parser("fix", help=messages.FIX_FILE_HELP)
    fix.add_argument("report", type=Path, metavar="FILE")
    fix.add_argument("--root", type=Path, default=Path.cwd(), help=messages.ROOT_HELP)
    fix.add_argument("--dirty", action="store_true", help=messages.FIX_DIRTY_HELP)
    fix.add_argument("--verbose", "-v", action="store_true")
    output = fix.add_mutually_exclusive_group(required=True)
    for name in ("diff", "write", "check"):
        output.add_argument(f"--{name}", dest="output", action="store_const", const=name)
    fix.set_defaults(run=_fix)
    return parser


def _merge(options: argparse.Namespace) -> int:
    discoveries = [path for path in options.reports if is_discovery(path)]
    if discoveries:
        return _merge_discoveries(discoveries, options)
    documents = {str(path): read_document(path) for path in options.reports}
    merged = merge_documents(documents)
    write_report_file(options.output, rendered(JSON, merged))
    for name, document in documents.items():
        for gap in document.gaps:
            print(shown(run_not_whole(name, str(gap))))  # noqa: T201 - a program
    found = nowhere(documents.values(), merged)
    for line in found.lines():
        print(line)  # noqa: T201 - a program
    return int(options.fail_on_ran_nowhere and bool(found.tests))


def _merge_discoveries(paths: Sequence[Path], options: argparse.Namespace) -> int:
    from imbue.resource_guards.discover import result  # for few
    from imbue.resource_guards.discover.shown import lines

    if len(paths) < len(options.reports):
        raise ResourceGuardMisconfiguration(say_discover.mixed(options.reports))
    found = result.merged([result.read(path) for path in paths])
    write_report_file(options.output, result.written(found).encode())
    for line in lines(found):
        print(shown(line))  # noqa: T201 - a program
    return 0


def _report(options: argparse.Namespace) -> int:
    document = read_document(options.report)
    (format_,) = [each for each in BUILT_IN if each.name == options.format]
    if options.output:
        write_report_file(options.output, rendered(format_, document))
    elif format_ is TABLE:
        for line in table(document, verbose=options.verbose):
            print(line.text)  # noqa: T201 - a program
    elif format_ is MARKDOWN:
        for text in markdown(document, verbose=options.verbose):
            print(text)  # noqa: T201 - a program
    else:
        format_.write(document, sys.stdout)
    return 0


def _compare(options: argparse.Namespace) -> int:
    found = compare(read_document(options.base), read_document(options.head))
    for line in SHOWN[options.format](found):
        print(line)  # noqa: T201 - a program
    if not options.fail_on_new:
        return 0
    for mark, tests in found.spread.items():
        print(shown(say_compare.spread(found.labels[mark], len(tests))), file=sys.stderr)  # noqa: T201
    return int(bool(found.spread))


def _explain(options: argparse.Namespace) -> int:
    text = " ".join(options.topic)
    topics = explanations.topics_like(text)
    if text and not topics:
        raise ResourceGuardMisconfiguration(explanations.topic_unknown(text))
    lines = map(explanations.explained, topics) if topics else explanations.listed()
    print(("\n\n" if topics else "\n").join(lines))  # noqa: T201 - a program
    return 0


def _fix(options: argparse.Namespace) -> int:
    if not has_libcst():
        raise ResourceGuardMisconfiguration(messages.FIX_NEEDS_LIBCST)
    from imbue.resource_guards.fix.lines import Screen  # they need LibCST
    from imbue.resource_guards.fix.lines import fix_lines
    from imbue.resource_guards.fix.of_document import check_root
    from imbue.resource_guards.fix.of_document import fix_by

    document = read_document(options.report)
    if document.problems:
        raise ResourceGuardMisconfiguration(messages.fix_of_untrustworthy(document.problems))
    check_root(document, options.root)
    fixed = fix_by(document, options.root, options.output)
    written = options.output == "write"
    screen = Screen.TERMINAL if sys.stdout.isatty() else Screen.PROGRAM
    if screen is Screen.PROGRAM and isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", errors="surrogateescape")  # byte for byte
    for line in fix_lines(
        fixed,
        document,
        written=written,
        verbose=options.verbose,
        screen=screen,
    ):
        print(line)  # noqa: T201 - a program
    if fixed.error:
        return 2
    return int(bool(fixed.left or fixed.by_hook or (fixed.files and options.output == "check")))


if __name__ == "__main__":
    sys.exit(main())
