"""What the options and the command line say of themselves, and of what they were given."""

from __future__ import annotations

from collections.abc import Sequence

from imbue.resource_guards.messages.common import quoted


def fix_help() -> str:
    """What ``pytest --help`` says of the option."""
    return (
        "block and fail nothing; after the run, add the marks that are missing and take out the "
        "superfluous ones: 'diff' shows it, 'write' changes the source."
    )


def fix_dirty_help() -> str:
    """What ``pytest --help`` says of the option."""
    return "let --resource-guards-fix touch files that git reports as modified."


def fix_needs_libcst() -> str:
    """The fix without the library that it rewrites source with."""
    return "--resource-guards-fix needs LibCST: pip install 'resource-guards[fix]'"


def records_while_off() -> str:
    """A report or fix of a run that sees nothing."""
    return (
        "--resource-guards-report, -json, -output and -fix see nothing where resource guards are off: leave "
        "out the mode, or say --resource-guards=warn."
    )


def records_of_nothing() -> str:
    """A report or fix of a run that guards nothing."""
    return (
        "--resource-guards-report, -json, -output and -fix were asked for, and nothing is guarded: name what "
        "to guard (resource_guards = docker tmux in the settings, or a conftest)."
    )


def fix_of_untrustworthy(problems: Sequence[str]) -> str:
    """Why nothing is changed from a report."""
    return f"the run that was reported is not to be trusted: {problems[0]}"


def start_failed(error: OSError) -> str:
    """A machine on which not even this can be read that guards."""
    return (
        f"Resource guards cannot start: {error}. Look at the limits of this process (ulimit -a), such "
        f"as that of open files (ulimit -n)."
    )


def program_error(said: object) -> str:
    """The one line of the program where something is wrong."""
    return f"error: {said}"


def program_failed(error: Exception, origin: str) -> str:
    """An error of our own making."""
    return f"{type(error).__name__} at {origin}: {error}. Please report this."


def program_help() -> str:
    """What the program's ``--help`` says."""
    return "Put reports of test runs together, show them, and apply what they saw to the source."


def merge_help() -> str:
    """What ``--help`` says of the command."""
    return "put the reports of several runs of the same source together"


def fix_file_help() -> str:
    """What ``--help`` says of the command."""
    return "add and remove marks in the source here, by what the run of a report saw"


def root_help() -> str:
    """What ``--help`` says of the option."""
    return "pytest's root directory (default: the working directory)"


def report_help() -> str:
    """What ``pytest --help`` says of the option."""
    return "show a table of what was marked and used, at the end; with -v also the tests."


def json_help() -> str:
    """What ``pytest --help`` says of the option."""
    return (
        "write what each test has declared and used to a JSON file; short for "
        "--resource-guards-output=json:PATH."
    )


def output_help() -> str:
    """What ``pytest --help`` says of the option."""
    return (
        "write the report to a file in a format: json, table, or a plugin's own; may be repeated."
    )


def names_help() -> str:
    """What ``pytest --help`` says of the setting."""
    return "what to guard: names of guard packages (docker) and programs (tmux, or binary:tmux)."


def mode_help() -> str:
    """What ``pytest --help`` says of the option and setting."""
    return (
        "enforce: block and fail (default); warn: block nothing, fail nothing, warn; "
        "off: do nothing at all."
    )


def warn_help() -> str:
    """What ``pytest --help`` says of the setting."""
    return "where only to warn: docker, missing:docker or superfluous:docker."


def mode_unknown(text: str, modes: Sequence[str]) -> str:
    """A mode that there is not."""
    return f"resource_guards_mode: there is no mode '{text}'. Write one of {', '.join(modes)}."


def native_unreadable(error: object) -> str:
    """A setting of the native layer that is neither true nor false."""
    return f"resource_guards_native: {error}. Write true or false."


def warn_unreadable(entry: str, directions: Sequence[str]) -> str:
    """An entry of the setting that is not written as it should."""
    return (
        f"resource_guards_warn: '{entry}' cannot be read. Write a resource's name, or before it "
        f"one of {' and '.join(f'{each}:' for each in directions)}, as in 'missing:docker'."
    )


def warn_unknown(name: str, labels: Sequence[str]) -> str:
    """An entry of the setting that names something which is not guarded."""
    return (
        f"resource_guards_warn: nothing guards '{name}'. Guarded are: {quoted(labels)}. Register a "
        f"guard for it, or take it out."
    )


def list_help() -> str:
    """What ``pytest --help`` says of the option."""
    return "list the guarded resources, their guards, and the layers that are live here; then exit."


def native_help() -> str:
    """What ``pytest --help`` says of the option."""
    return (
        "Linux: also see a guarded program that another program starts by its path "
        "(default: false)."
    )
