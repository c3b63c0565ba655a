"""The help of options and commands, and what is wrong with their values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from imbue.resource_guards.messages.common import quoted
from imbue.resource_guards.messages.common import raised

# The help of options and settings, in pytest --help.
MODE_HELP: Final = (
    "enforce: block calls and fail tests (default); warn: block and fail nothing, and warn; "
    "off: guard nothing."
)
LIST_HELP: Final = (
    "list the guarded resources, their guards and the layers that are live here, and exit."
)
REPORT_HELP: Final = "show a table of what is marked and what was used; with -v also the tests."
JSON_HELP: Final = (
    "write what each test declares and used to a JSON file; short for "
    "--resource-guards-output=json:PATH."
)
HTML_HELP: Final = (
    "write the report as one page for a browser; short for --resource-guards-output=html:PATH."
)
OUTPUT_HELP: Final = "write the report to a file: json, html, table, markdown, or a format of a plugin; may be repeated."
FIX_HELP: Final = (
    "block and fail nothing; after the run, add missing marks and remove superfluous ones: "
    "'diff' shows the changes, 'write' makes them, 'check' fails if there is something to change, "
    "also by hand."
)
FIX_DIRTY_HELP: Final = (
    "has no effect any more: a fix also changes files that git reports as modified."
)

NAMES_HELP: Final = (
    "what to guard, by name: guard packages (docker), the catalogue (postgres, network), programs "
    "(tmux, or binary:tmux), and your own entries by path (guards/rates.toml)."
)
DEFINE_HELP: Final = (
    "resources of your own, one per line: a name, a colon, and its guards, "
    "as in 'rates: address:127.0.0.1:58080 call:rates_sdk:Client.send program:rates'."
)

WARN_HELP: Final = "warn instead of failing: docker, missing:docker or superfluous:docker."
NATIVE_HELP: Final = "also see guarded programs that other programs start by their path; Linux only (default: false)."

UNAVAILABLE_HELP: Final = (
    "what to do with tests whose resource is not available here: 'run' (default) or 'skip'."
)
REQUIRE_HELP: Final = "resources that must be available, or 'all': if one is not, the run stops before its first test."
SUMMARY_HELP: Final = (
    "in GitHub Actions, add the report, if there is one, to the summary of the job (default: true)."
)
REQUIRE_LAYERS_HELP: Final = (
    "layers that must be live here, or the run stops before its first test: shim, spawn, sdk, connection, "
    "transfer, resolver, children, native."
)
PROBE_SECONDS_HELP: Final = "how many seconds a probe may take (default: 2)."

# The help of python -m imbue.resource_guards; some options are pytest's, and so is their help.
PROGRAM_HELP: Final = (
    "Merge reports of test runs, show and compare them, fix marks by them, and explain messages."
)
REPORT_FORMAT_HELP: Final = "the format of the output (default: table)"
REPORT_OUTPUT_HELP: Final = "the file to write; without it the report is printed"
MERGE_HELP: Final = "merge the reports of several runs of the same source into one"
FIX_FILE_HELP: Final = "add and remove marks in the source here, by what a report says"
ROOT_HELP: Final = (
    "the directory that the paths of the report are relative to: pytest's root directory or, for a merged report "
    "of several projects, the root of the repository (default: the working directory)"
)

# What does not fit together.
DISCOVER_HELP: Final = (
    "find out which programs, services and SDKs the tests use, and print the settings that guard them; guards "
    "nothing in this run."
)
DISCOVER_WRITE: Final = "the same, and add the settings to the project's file."
DISCOVER_JSON_HELP: Final = "the same, and write it to a file that 'python -m imbue.resource_guards merge' can merge with others."
DISCOVERY_AND_REPORTS: Final = (
    "--resource-guards-discover guards nothing, so there is nothing to report: leave out --resource-guards-report, "
    "-json, -html and -output, or use --resource-guards-discover-json."
)
FIX_NEEDS_LIBCST: Final = "--resource-guards-fix needs LibCST: pip install 'resource-guards[fix]'"
RECORDS_WHILE_OFF: Final = (
    "--resource-guards-report, -json, -html, -output, -fix and -discover see nothing while resource guards are off: "
    "leave out the mode, or use --resource-guards=warn."
)
RECORDS_OF_NOTHING: Final = (
    "--resource-guards-report, -json, -html, -output and -fix need a guard, but nothing is guarded: name "
    "what to guard (resource_guards = docker tmux in the settings, or a conftest)."
)


def path_empty(option: str, example: str) -> str:
    """An option that takes a path and is given none."""
    return f"{option} has an empty value. Write a path, as in {option}={example}."


def mode_unknown(text: str, modes: Sequence[str]) -> str:
    return f"resource_guards_mode: unknown mode '{text}'. Write one of {', '.join(modes)}."


def value_unreadable(error: object) -> str:
    """A setting of the wrong type; pytest's own error names it."""
    return f"{error}. See pytest --help for what to write."


def text_unreadable(name: str, value: object) -> str:
    """A setting that must be a string."""
    return f"{name}: {value!r} is not a string. Write one word in quotes; pytest --help lists the allowed ones."


def items_unreadable(name: str, item: object) -> str:
    """A list in a setting with a value that is not a string."""
    return f"{name}: {item!r} is not a string. Write a list of strings."


def switch_unreadable(name: str, error: object) -> str:
    """A setting that is neither true nor false."""
    return f"{name}: {error}. Write true or false."


def warn_unreadable(entry: str, directions: Sequence[str]) -> str:
    return (
        f"resource_guards_warn: '{entry}' cannot be read. Write a resource's name, alone or "
        f"after {' or '.join(f'{each}:' for each in directions)}, as in 'missing:docker'."
    )


def warn_unknown(name: str, labels: Sequence[str]) -> str:
    return (
        f"resource_guards_warn: '{name}' is not guarded. Guarded resources: {quoted(labels)}. Register a "
        f"guard for it, or remove it."
    )


def start_failed(error: OSError) -> str:
    """A machine on which the modules that guard cannot be read."""
    return (
        f"Resource guards cannot start: {error}. Check the limits of this process (ulimit -a), such "
        f"as the limit for open files (ulimit -n)."
    )


def fix_of_untrustworthy(problems: Sequence[str]) -> str:
    """Why nothing is changed from a report."""
    return f"the run of this report is unreliable: {problems[0]}"


def program_error(said: object) -> str:
    """The one line of the command when something is wrong."""
    return f"error: {said}"


def program_failed(error: Exception, origin: str) -> str:
    return f"{raised(error, origin)}. Please report this."
