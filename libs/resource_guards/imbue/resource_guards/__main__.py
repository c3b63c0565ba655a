"""Reports of runs on other machines: put them together, show them, apply what they saw here.

And more about each kind of violation.

``python -m imbue.resource_guards merge A.json B.json --output ALL.json``,
``python -m imbue.resource_guards report ALL.json``,
``python -m imbue.resource_guards fix ALL.json --diff`` or ``--write``,
``python -m imbue.resource_guards explain superfluous-mark``.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from imbue.resource_guards.declare.policy import has_libcst
from imbue.resource_guards.errors import ResourceGuardMisconfiguration
from imbue.resource_guards.messages import explanations
from imbue.resource_guards.messages import options as messages
from imbue.resource_guards.messages.explanations import EXPLANATIONS
from imbue.resource_guards.report.document import merge_documents
from imbue.resource_guards.report.document import read_document
from imbue.resource_guards.report.document import write_document
from imbue.resource_guards.report.table import table


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: Its words; by default those of this process.

    Returns:
        The exit code: 0, 1 where something is left to a person, 2 for bad input.
    """
    options = _parser().parse_args(arguments)
    try:
        code: int = options.run(options)
    except (ResourceGuardMisconfiguration, OSError) as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201 - a program
        return 2
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m imbue.resource_guards", description=messages.program_help()
    )
    commands = parser.add_subparsers(required=True, metavar="command")

    merge = commands.add_parser("merge", help=messages.merge_help())
    merge.add_argument("reports", nargs="+", type=Path, metavar="FILE")
    merge.add_argument("--output", "-o", required=True, type=Path, metavar="FILE")
    merge.set_defaults(run=_merge)

    report = commands.add_parser("report", help=messages.report_help())
    report.add_argument("report", type=Path, metavar="FILE")
    report.add_argument("--verbose", "-v", action="store_true")
    report.set_defaults(run=_report)

    explain = commands.add_parser("explain", help=explanations.explain_help())
    explain.add_argument("topic", nargs="?", choices=list(EXPLANATIONS))
    explain.set_defaults(run=_explain)

    fix = commands.add_parser("fix", help=messages.fix_file_help())
    fix.add_argument("report", type=Path, metavar="FILE")
    fix.add_argument("--root", type=Path, default=Path.cwd(), help=messages.root_help())
    fix.add_argument("--dirty", action="store_true", help=messages.fix_dirty_help())
    fix.add_argument("--verbose", "-v", action="store_true")
    output = fix.add_mutually_exclusive_group(required=True)
    for name in ("diff", "write"):
        output.add_argument(f"--{name}", dest="output", action="store_const", const=name)
    fix.set_defaults(run=_fix)
    return parser


def _merge(options: argparse.Namespace) -> int:
    documents = {str(path): read_document(path) for path in options.reports}
    write_document(merge_documents(documents), options.output)
    return 0


def _report(options: argparse.Namespace) -> int:
    for line in table(read_document(options.report), verbose=options.verbose):
        print(line.text)  # noqa: T201 - a program
    return 0


def _explain(options: argparse.Namespace) -> int:
    topics = [options.topic] if options.topic else list(EXPLANATIONS)
    print("\n\n".join(f"{topic}\n\n{EXPLANATIONS[topic]}" for topic in topics))  # noqa: T201
    return 0


def _fix(options: argparse.Namespace) -> int:
    if not has_libcst():
        raise ResourceGuardMisconfiguration(messages.fix_needs_libcst())
    from imbue.resource_guards.fix.apply import Output  # they need LibCST
    from imbue.resource_guards.fix.apply import apply
    from imbue.resource_guards.fix.plan import make_plan
    from imbue.resource_guards.report.fix import fix_lines

    document = read_document(options.report)
    if document.problems:
        raise ResourceGuardMisconfiguration(messages.fix_of_untrustworthy(document.problems))
    fixed = apply(
        make_plan(document.tests, document.labels),
        options.root,
        Output(options.output),
        dirty=options.dirty,
        sources=document.sources,
    )
    written = options.output == "write"
    for line in fix_lines(fixed, document, written=written, verbose=options.verbose):
        print(line)  # noqa: T201 - a program
    return int(bool(fixed.left))


if __name__ == "__main__":
    sys.exit(main())
