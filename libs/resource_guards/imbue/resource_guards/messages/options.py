"""What the options and the command line say of themselves, and of what they were given."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from imbue.resource_guards.messages.common import quoted
from imbue.resource_guards.messages.common import raised

# What pytest --help says of the options, and of the settings.
MODE_HELP: Final = (
    "enforce: block and fail (default); warn: block nothing, fail nothing, warn; "
    "off: guard nothing."
)
LIST_HELP: Final = (
    "list the guarded resources, their guards, and the layers that are live here; then exit."
)
REPORT_HELP: Final = "show a table of what was marked and used, at the end; with -v also the tests."
JSON_HELP: Final = (
    "write what each test has declared and used to a JSON file; short for "
    "--resource-guards-output=json:PATH."
)
HTML_HELP: Final = (
    "write the report as one page for a browser; short for --resource-guards-output=html:PATH."
)
OUTPUT_HELP: Final = "write the report to a file in a format: json, html, table, markdown, or a plugin's own; may be repeated."
FIX_HELP: Final = (
    "block and fail nothing; after the run, add the marks that are missing and take out the "
    "superfluous ones: 'diff' shows it, 'write' changes the source, 'check' fails if there is something to "
    "change, or left to a person."
)
FIX_DIRTY_HELP: Final = (
    "no longer needed, and without effect: a fix writes files that git reports as modified, too."
)

NAMES_HELP: Final = (
    "what to guard, by name: guard packages (docker), what comes ready (postgres, network), programs "
    "(tmux, or binary:tmux), and entries of the project's own by path (guards/rates.toml)."
)
DEFINE_HELP: Final = (
    "resources that are guarded by what stands here, a line each: a name, a colon, and its guards, "
    "as in 'rates: address:127.0.0.1:58080 call:rates_sdk:Client.send program:rates'."
)

WARN_HELP: Final = "where only to warn: docker, missing:docker or superfluous:docker."
NATIVE_HELP: Final = (
    "Linux: also see a guarded program that another program starts by its path (default: false)."
)

UNAVAILABLE_HELP: Final = (
    "what becomes of tests whose resource is not available here: 'run' (default) or 'skip'."
)
REQUIRE_HELP: Final = "resources that have to be available, or 'all': if one is not, the run stops before its first test."
SUMMARY_HELP: Final = "in GitHub Actions, add the report of a run that makes one to the summary of the job (default: true)."
REQUIRE_LAYERS_HELP: Final = (
    "layers that have to be live here, or the run stops before its first test: shim, spawn, sdk, connection, "
    "transfer, resolver, children, native."
)
PROBE_SECONDS_HELP: Final = (
    "how many seconds a resource has to show that it is available (default: 2)."
)

# What python -m imbue.resource_guards --help says; some options are pytest's, and so is their help.
PROGRAM_HELP: Final = (
    "Put reports of test runs together, show them, and apply what they saw to the source."
)
REPORT_FORMAT_HELP: Final = "how it is shown (default: table)"
REPORT_OUTPUT_HELP: Final = "the file that it is written to; by default it is printed"
MERGE_HELP: Final = "put the reports of several runs of the same source together"
FIX_FILE_HELP: Final = "add and remove marks in the source here, by what the run of a report saw"
ROOT_HELP: Final = (
    "the directory that the paths of the report are relative to: pytest's root directory or, of several "
    "projects put together, that of the repository (default: the working directory)"
)

# What does not fit together.
DISCOVER_HELP: Final = (
    "find out which programs, services and SDKs the tests use, and print the settings that guard them; nothing is "
    "guarded in this run."
)
DISCOVER_WRITE: Final = "the same, and add the settings to the project's file."
DISCOVER_JSON_HELP: Final = (
    "the same as a file, which 'python -m imbue.resource_guards merge' puts together with others."
)
DISCOVERY_AND_REPORTS: Final = (
    "--resource-guards-discover guards nothing, so there is nothing to report: leave out --resource-guards-report, "
    "-json, -html and -output, or use --resource-guards-discover-json."
)
FIX_NEEDS_LIBCST: Final = "--resource-guards-fix needs LibCST: pip install 'resource-guards[fix]'"
RECORDS_WHILE_OFF: Final = (
    "--resource-guards-report, -json, -html, -output, -fix and -discover see nothing where resource guards are off: "
    "leave out the mode, or say --resource-guards=warn."
)
RECORDS_OF_NOTHING: Final = (
    "--resource-guards-report, -json, -html, -output and -fix were asked for, and nothing is guarded: name "
    "what to guard (resource_guards = docker tmux in the settings, or a conftest)."
)


def mode_unknown(text: str, modes: Sequence[str]) -> str:
    return f"resource_guards_mode: there is no mode '{text}'. Write one of {', '.join(modes)}."


def value_unreadable(error: object) -> str:
    """A setting of another type than it has; pytest's words name it."""
    return f"{error}. pytest --help says what to write."


def items_unreadable(name: str, item: object) -> str:
    """A list in a setting that has something else than texts."""
    return f"{name}: {item!r} is not text. Write a list of texts."


def switch_unreadable(name: str, error: object) -> str:
    """A setting that is true or false, and has something else."""
    return f"{name}: {error}. Write true or false."


def warn_unreadable(entry: str, directions: Sequence[str]) -> str:
    return (
        f"resource_guards_warn: '{entry}' cannot be read. Write a resource's name, or before it "
        f"one of {' and '.join(f'{each}:' for each in directions)}, as in 'missing:docker'."
    )


def warn_unknown(name: str, labels: Sequence[str]) -> str:
    return (
        f"resource_guards_warn: nothing guards '{name}'. Guarded are: {quoted(labels)}. Register a "
        f"guard for it, or take it out."
    )


def start_failed(error: OSError) -> str:
    """A machine on which not even this can be read that guards."""
    return (
        f"Resource guards cannot start: {error}. Look at the limits of this process (ulimit -a), such "
        f"as that of open files (ulimit -n)."
    )


def fix_of_untrustworthy(problems: Sequence[str]) -> str:
    """Why nothing is changed from a report."""
    return f"the run that was reported is not to be trusted: {problems[0]}"


def program_error(said: object) -> str:
    """The one line of the program where something is wrong."""
    return f"error: {said}"


def program_failed(error: Exception, origin: str) -> str:
    return f"{raised(error, origin)}. Please report this."
