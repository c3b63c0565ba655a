"""Every sentence that a user can read.

Each says what happened, to whom, why it matters where that is not plain, and what to do.
"""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from pathlib import Path

from imbue.resource_guards.model import ConnectionGuard
from imbue.resource_guards.model import Layer
from imbue.resource_guards.model import Resource
from imbue.resource_guards.model import SdkGuard
from imbue.resource_guards.model import SdkHooks
from imbue.resource_guards.model import SdkTarget
from imbue.resource_guards.model import Use
from imbue.resource_guards.model import Violation
from imbue.resource_guards.model import ViolationKind

SUMMARY_TITLE = "resource guards"
REPORT_TITLE = "resource guards: report"

_SHOWN_USES = 5
_SHOWN_PARAMETERS = 20

_LAYERS = {
    Layer.SHIM: "seen by the shim on PATH",
    Layer.SPAWN: "seen when it was started",
    Layer.SDK: "seen by the patch of the SDK",
    Layer.CONNECTION: "seen when it was opened",
}


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _list(names: Iterable[object]) -> str:
    return ", ".join(f"'{name}'" for name in names) or "none"


# ---- the fix

FIX_TITLE = "resource guards: fix"


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
        "--resource-guards-report, -json and -fix see nothing where resource guards are off: leave "
        "out the mode, or say --resource-guards=warn."
    )


def records_of_nothing() -> str:
    """A report or fix of a run that guards nothing."""
    return (
        "--resource-guards-report, -json and -fix were asked for, and nothing is guarded: name what "
        "to guard (resource_guards = docker tmux in the settings, or a conftest)."
    )


def fix_of_untrustworthy(problems: Sequence[str]) -> str:
    """Why nothing is changed from a report."""
    return f"the run that was reported is not to be trusted: {problems[0]}"


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


def fix_untrustworthy() -> str:
    """Why nothing is changed."""
    return "Nothing is changed, since what was seen is not to be trusted (see above)."


def fix_written(path: str) -> str:
    """A file that was changed."""
    return f"changed {path}"


def fix_summary(added: int, removed: int, files: int, left: int, *, written: bool) -> str:
    """What was done, in one line."""
    done = "" if written else "would be "
    return (
        f"{_count(added, 'mark')} {done}added, {removed} {done}removed in {_count(files, 'file')}; "
        f"{left} left to a person"
    )


def fix_left_alone(outcome: str, count: int) -> str:
    """Tests of which nothing is known."""
    return f"{_count(count, 'test')} left alone: {outcome}"


def fix_more(count: int) -> str:
    """What is not shown without ``-v``."""
    return f"  and {count} more (-v shows them)"


def fix_undone(path: str, line: int, action: str, mark: str, reason: str) -> str:
    """An edit that could not be done."""
    where = f"{path}:{line}" if line else path
    return f"{where}: {action} @pytest.mark.{mark} by hand: {reason}"


def fix_not_written(path: str, error: OSError) -> str:
    """A file that could not be written."""
    return f"{path}: cannot be written: {error}. It is as it was."


def fix_outside(path: str, root: Path) -> str:
    """A file that is not the project's."""
    return f"{path}: it is not below {root} or belongs to an installed package; not touched."


def fix_modified(path: str) -> str:
    """A file with changes that are not committed."""
    return (
        f"{path}: git reports it as modified; commit or stash it first, or say "
        f"--resource-guards-fix-dirty."
    )


def fix_git_fails(path: str, said: str) -> str:
    """A file of which git cannot tell whether it is modified."""
    return (
        f"{path}: git cannot tell whether it is modified ({said}); see to that, or say "
        f"--resource-guards-fix-dirty."
    )


def fix_changed_since(path: str) -> str:
    """A file that is another than in the run."""
    return (
        f"{path}: it is not what it was in the run (another revision, or changed since); run the "
        f"tests again."
    )


def fix_inseparable(mark: str) -> str:
    """A parametrised test for which no single parameter decides."""
    return (
        f"some of its parameters need @pytest.mark.{mark} and others must not have it, and no one "
        f"parametrize of it tells them apart"
    )


def fix_inherited(mark: str, cls: str) -> str:
    """An inherited test that needs the mark in one class and must not have it in another."""
    return (
        f"it needs @pytest.mark.{mark} in {cls} only, where other tests must not have it; override "
        f"it there"
    )


def fix_elsewhere(mark: str, path: str, qualname: str, paths: Sequence[str]) -> str:
    """A broad mark whose tests are in other files."""
    place = f"class {qualname}" if qualname else "the module"
    return (
        f"{path}: the @pytest.mark.{mark} of {place} covers tests that must not have it and tests "
        f"of {', '.join(paths)} that need it; move it by hand"
    )


def fix_no_function(mark: str) -> str:
    """A test that is no Python function."""
    return f"it needs @pytest.mark.{mark}, and is no Python function that could carry it"


def fix_mark_from_elsewhere(mark: str) -> str:
    """A mark that is in no source that could be changed."""
    return (
        f"its @pytest.mark.{mark} is superfluous, and was given to it by a hook or a package's "
        f"__init__.py, not by a decorator or pytestmark"
    )


# ---- the report


TABLE_HEADINGS = (
    *("resource", "marked", "used", "programs", "SDK", "conn.", "child", "missing", "superfluous"),
)


def table_outcomes(count: int, outcomes: Iterable[tuple[str, int]]) -> str:
    """How many tests there were, by outcome."""
    return f"{_count(count, 'test')}: {', '.join(f'{number} {outcome}' for outcome, number in outcomes)}"


def table_late_uses(count: int) -> str:
    """How many late uses there were."""
    return f"{_count(count, 'late use')}, by what tests had left running"


def table_test(
    nodeid: str, outcome: str, uses: int, kinds: Sequence[str], *, is_marked: bool
) -> str:
    """The line of a test that declares or uses a resource."""
    marked = "marked" if is_marked else "unmarked"
    used = f"used {uses} times" if uses > 1 else "used once"
    wrong = f" - {', '.join(kinds)}" if kinds else ""
    return f"{nodeid}: {outcome}, {marked}, {used if uses else 'not used'}{wrong}"


def report_unreadable(path: Path, error: Exception) -> str:
    """A report file that cannot be read."""
    return (
        f"{path} cannot be read as a report: {type(error).__name__}: {error}. Write one by pytest "
        f"--resource-guards-json {path}"
    )


def report_of_another_kind(path: Path) -> str:
    """A JSON file that is something else."""
    return f"{path} is no report of resource guards. Write one by --resource-guards-json {path}"


def report_of_another_version(path: Path, version: object, known: int) -> str:
    """A report that a newer or older version has written."""
    return (
        f"{path} has version {version!r} of the report; this one of resource-guards reads version "
        f"{known}. Use the version that has written it, or write it anew."
    )


def reports_differ(path: str, first: str, second: str) -> str:
    """Reports that are not of the same source."""
    return (
        f"{path} was another file in the run of {second} than in that of {first}: they are of "
        f"different revisions. Put together only runs of the same source."
    )


def json_not_written(path: Path, error: OSError) -> str:
    """A report that is lost."""
    return f"--resource-guards-json: {path} cannot be written: {error}. The report is lost."


def report_help() -> str:
    """What ``pytest --help`` says of the option."""
    return "after the run, a table of what was marked and used; with -v the tests."


def json_help() -> str:
    """What ``pytest --help`` says of the option."""
    return "write what each test has declared and used to a JSON file."


# ---- violations


def blocked(label: str, use: Use, owner: str) -> str:
    """The text of the exception in the code whose call was blocked."""
    return (
        f"Test invoked '{label}' without @pytest.mark.{use.resource}\n"
        f"  {_use(use)}\n"
        f"The call was blocked, on behalf of {owner}.\n"
        f"Fix: add @pytest.mark.{use.resource} to the test (or '{use.resource}' to the fixture's "
        f"@fixture_uses_resources), or do not call {label}."
    )


STARTED_BY_TEST = "the test that started this process"


def violation(violation: Violation, labels: Mapping[str, str]) -> str:
    """The text of one violation in a test's report."""
    return _VIOLATIONS[violation.kind](violation, labels.get(violation.resource, ""))


def _missing_mark(violation: Violation, label: str) -> str:
    mark = f"@pytest.mark.{violation.resource}"
    if violation.fixture is None:
        happened = f"Test invoked '{label}' without {mark}"
        fix = f"Fix: add {mark} to the test, or do not call {label} in it."
    else:
        happened = (
            f"Fixture '{violation.fixture}', which the test depends on, "
            f"invoked '{label}' without {mark} on the test"
        )
        fix = f"Fix: add {mark} to the test, or do not call {label} in the fixture."
    return "\n".join(
        [
            happened,
            *_uses(violation.uses),
            f'Why it matters: pytest -m "not {violation.resource}" would still need {label}.',
            fix,
        ]
    )


def _superfluous_mark(violation: Violation, label: str) -> str:
    mark = f"@pytest.mark.{violation.resource}"
    uncertain = violation.after_block
    carriers = " and ".join(dict.fromkeys(violation.carriers)) or "the test"
    return (
        f"Test has {mark} but never invoked {label}\n"
        f"Why it matters: it is left out wherever {label} is not there, for no reason.\n"
        f"Fix: remove {mark} from {carriers}, or make the test use {label}."
        + ("\nBut first correct the blocked call: the test may go on to it then." * uncertain)
    )


def carrier(level: str, qualname: str) -> str:
    """What a mark stands on, in a sentence."""
    return {
        "function": "the test",
        "param": "this parameter of the test",
        "class": f"class {qualname} (or move it to those of its tests that need it)",
        "module": "pytestmark of the module (or move it to those tests that need it)",
    }.get(level, "the hook or package that gives it to the test")


def _fixture_undeclared_use(violation: Violation, label: str) -> str:
    happened = (
        f"Fixture '{violation.fixture}' invoked '{label}', "
        f"which its @fixture_uses_resources does not name"
    )
    fix = (
        f"Fix: add '{violation.resource}' to its @fixture_uses_resources, "
        f"or do not call {label} in it."
    )
    return "\n".join([happened, *_uses(violation.uses), fix])


def _fixture_unused_declaration(violation: Violation, label: str) -> str:
    return (
        f"Fixture '{violation.fixture}' declares '{violation.resource}' "
        f"but never invoked {label}, neither in set-up nor in tear-down\n"
        f"Fix: remove '{violation.resource}' from its @fixture_uses_resources."
    )


_VIOLATIONS = {
    ViolationKind.MISSING_MARK: _missing_mark,
    ViolationKind.SUPERFLUOUS_MARK: _superfluous_mark,
    ViolationKind.FIXTURE_UNDECLARED_USE: _fixture_undeclared_use,
    ViolationKind.FIXTURE_UNUSED_DECLARATION: _fixture_unused_declaration,
}


def _use(use: Use) -> str:
    place = f" at {use.where}" if use.where else ""
    outcome = "allowed" if use.allowed else "blocked"
    through = f", through {use.through}" if use.through else ""
    return f"{use.what}{place}{through} ({outcome}; {_LAYERS[use.layer]}, process {use.pid})"


def _uses(uses: Sequence[Use]) -> list[str]:
    lines = [f"  {_use(use)}" for use in uses[:_SHOWN_USES]]
    if len(uses) > _SHOWN_USES:
        lines.append(f"  and {len(uses) - _SHOWN_USES} more")
    return lines


def skipped_after(reason: object) -> str:
    """What is added when the test skipped itself as well."""
    return f"The test then ended with: {reason}"


def summary_line(texts: Sequence[str]) -> str:
    """The line of a failure in pytest's short summary."""
    first = texts[0].partition("\n")[0]
    return f"{first} (and {len(texts) - 1} more)" if len(texts) > 1 else first


def mixed_parameters(test: str, resource: str, users: Sequence[str]) -> str:
    """A parametrised test of which only some parameters need the mark."""
    shown = ", ".join(f"[{each}]" for each in users[:_SHOWN_PARAMETERS])
    if len(users) > _SHOWN_PARAMETERS:
        shown += f" and {len(users) - _SHOWN_PARAMETERS} more"
    return (
        f"{test} needs @pytest.mark.{resource} for some of its parameters only: {shown}. Give it "
        f"to these: pytest.param(..., marks=pytest.mark.{resource})"
    )


def use_and_place(use: Use) -> str:
    """A use, without the process that it was seen in."""
    return f"{use.what}{f' at {use.where}' if use.where else ''}"


def used_in_collection(resource: str, uses: Sequence[str]) -> str:
    """What was used while tests were collected, by no test."""
    shown = "; ".join(uses[:_SHOWN_USES])
    if len(uses) > _SHOWN_USES:
        shown += f"; and {len(uses) - _SHOWN_USES} more"
    return (
        f"While tests were collected, {resource} was used: {shown}. So runs that collect this need "
        f'{resource}, even -m "not {resource}". Fix: move it into a fixture or test.'
    )


def warned_of(resource: str, kind: str, count: int) -> str:
    """How many violations were only warned of."""
    return f"Warned of {resource}: {kind}, {_count(count, 'time')}."


def late_use(owner: str, use: Use, label: str, *, may_use: bool) -> str:
    """A use by a process that outlived its test."""
    if use.allowed:
        return f"Late use of {label} by what {owner} started and left running: {_use(use)}"
    if may_use:
        return (
            f"{owner} may use {label}, and left a process running that has lost the scope it was "
            f"started in, and was judged by that of a later test: {_use(use)}. End the process in "
            f"the test, or pass it the environment."
        )
    return (
        f"After it had ended, {owner} invoked '{label}' without @pytest.mark.{use.resource}, "
        f"by a process or thread that it started and left running: {_use(use)}"
    )


# ---- marks


def marker_line(resource: Resource) -> str:
    """What ``pytest --markers`` shows."""
    return f"{resource.name}: the test uses {resource.label} (enforced by resource guards)."


# ---- registration


def name_empty(label: object) -> str:
    """A resource without a name."""
    return (
        f"A resource guard was registered under the name {label!r}. Give it a name that is not "
        f"empty: the name of the program, or of the service."
    )


def name_no_identifier(label: str, mark: str) -> str:
    """A name whose mark could not be written."""
    return (
        f"Resource guard '{label}': '{mark}' cannot be the name of a mark, since it cannot be "
        f"written after @pytest.mark. (letters, digits and underscores, not first a digit or an "
        f"underscore, no Python keyword). Give a mark: "
        f"register_resource_guard('{label}', mark='...')."
    )


def name_is_pytests(label: str, mark: str) -> str:
    """A mark that pytest has given a meaning."""
    return (
        f"Resource guard '{label}': the mark '{mark}' is pytest's own and means something else. "
        f"Give another mark: register_resource_guard('{label}', mark='...')."
    )


def mark_taken(new: Resource, old: Resource) -> str:
    """Two resources that want the same mark."""
    return (
        f"Resource guards '{old.label}' ({old.origin}) and '{new.label}' ({new.origin}) both "
        f"claim the mark '{new.name}'. Register both under one name, if they are one resource, or "
        f"give one of them another mark: register_resource_guard('{new.label}', mark='...')."
    )


def binary_taken(new: Resource, other: Resource, taken: Collection[str]) -> str:
    """Two resources that want the same executable."""
    return (
        f"Resource guards '{other.label}' ({other.origin}) and '{new.label}' ({new.origin}) both "
        f"guard the binary {_list(sorted(taken))}. Leave it to one of them."
    )


def binary_name_bad(label: str, binary: object) -> str:
    """A binary that cannot be looked up."""
    return (
        f"Resource guard '{label}': {binary!r} is not the name of an executable. Give the bare "
        f"name that is looked up on PATH, 'docker' and not '/usr/bin/docker'; every path to it "
        f"is guarded."
    )


def binaries_is_text(label: str, binaries: str) -> str:
    """A string where a list of strings was meant."""
    return f"Resource guard '{label}': binaries={binaries!r} is text; write [{binaries!r}]."


def targets_is_text(label: str, targets: str) -> str:
    """A string where a list of strings was meant."""
    return f"Resource guard '{label}': targets={targets!r} is text; write [{targets!r}]."


def sdk_guard_incomplete(label: str) -> str:
    """Neither or both of the ways to register an SDK guard."""
    return (
        f"Resource guard '{label}': give either targets=['package.module:Class.method'], or an "
        f"install and a cleanup function."
    )


def target_unreadable(label: str, target: object) -> str:
    """A target that is not written as one."""
    return (
        f"Resource guard '{label}': cannot read the target {target!r}. Write "
        f"'package.module:Class.method' or 'package.module:function'."
    )


def nothing_to_guard(label: str) -> str:
    """A guard without anything that it watches."""
    return f"Resource guard '{label}': name at least one binary or target."


def not_a_list(label: str, argument: str, value: object) -> str:
    """Something else where a list of strings was meant."""
    return (
        f"Resource guard '{label}': {argument}={value!r} is not a list; write {argument}=['...']."
    )


def mark_not_text(label: str, mark: object) -> str:
    """A mark that is no text."""
    return f"Resource guard '{label}': mark={mark!r} is not text; write mark='...'."


def methods_unreadable(label: str, method: object, kinds: Iterable[str]) -> str:
    """A method that is not written as one."""
    return (
        f"Resource guard '{label}': cannot read the method {method!r}. Write "
        f"(SomeClass, 'method', MethodKind.SYNC); the kinds are {_list(kinds)}."
    )


def two_marks(label: str, mark: str, old: Resource) -> str:
    """One resource registered under two marks."""
    return (
        f"Resource guard '{label}' is registered under the mark '{mark}', and was under "
        f"'{old.name}' ({old.origin}). A resource has one mark: leave out mark= the second time."
    )


def hook_failed(error: Exception, where: str) -> str:
    """An implementation of the hook that raised."""
    return (
        f"An implementation of pytest_register_resource_guards failed at {where}: "
        f"{type(error).__name__}: {error}. Correct it there."
    )


def entry_point_failed(name: str, value: str, error: Exception) -> str:
    """A published guard that does not register."""
    return (
        f"The resource guard that the entry point '{name}' ({value}) publishes could not be "
        f"registered: {type(error).__name__}: {error}. Update or remove its package."
    )


def enforced_unknown(resource: str, known: Collection[str]) -> str:
    """A patch that names another resource than it was registered for."""
    return (
        f"enforce_sdk_guard({resource!r}): no resource of this name is guarded. Guarded are "
        f"{_list(known)}. Use the name that register_sdk_guard() was given."
    )


def cleanup_failed() -> str:
    """More than one clean-up callback has raised."""
    return "Session clean-up callbacks failed"


# ---- fixtures


def fixture_declares_nothing(resources: tuple[object, ...]) -> str:
    """A fixture declaration that names no resource."""
    return (
        f"@fixture_uses_resources{resources!r}: name at least one resource, as text: "
        f"@fixture_uses_resources('docker')."
    )


def fixture_declared_twice(function: object) -> str:
    """Stacked fixture declarations."""
    name = getattr(function, "__name__", function)
    return (
        f"Fixture '{name}' has @fixture_uses_resources twice. Name all its resources in one: "
        f"@fixture_uses_resources('docker', 'tmux')."
    )


def fixture_declares_unknown(fixture: str, unknown: Collection[str], known: Collection[str]) -> str:
    """A fixture declaration of something that is not guarded."""
    return (
        f"Fixture '{fixture}': @fixture_uses_resources names {_list(sorted(unknown))}, which is "
        f"not guarded. Guarded are {_list(known)}. Correct the name, or register the guard."
    )


# ---- installation


def platform_unsupported() -> str:
    """Windows."""
    return (
        "Resource guards need a POSIX system (Linux, macOS): shims are programs of its shell. "
        "Run these tests there, or without the guards: pytest -p no:resource_guards."
    )


def directory_unwritable(guards: Iterable[str], parent: Path, error: OSError) -> str:
    """No private directory."""
    return (
        f"Resource guards {_list(guards)} cannot make their private directory in {parent}: {error}. "
        f"Set TMPDIR to a directory that can be written."
    )


def directory_has_colon(directory: Path) -> str:
    """A private directory that cannot be on PATH."""
    return (
        f"The private directory {directory} of the resource guards cannot be on PATH, since there "
        f"is a colon in it. Set TMPDIR to a directory without one."
    )


def directory_noexec(directory: Path, resource: Resource) -> str:
    """A private directory from which nothing can be run."""
    return (
        f"Programs in {directory} cannot be run, so resource guard '{resource.label}' cannot "
        f"watch its binaries. Set TMPDIR to a directory on a file system that is not mounted "
        f"'noexec'."
    )


def is_use_not_callable(label: str, is_use: object) -> str:
    """A connection guard without a function."""
    return (
        f"register_connection_guard('{label}', {is_use!r}): the second argument is a function "
        f"that is given an address and returns whether it is the resource's."
    )


def native_unavailable(system: str) -> str:
    """The native layer where there is none."""
    return (
        f"resource_guards_native = true: the native layer exists on Linux and not on {system}. "
        f"Remove the option here."
    )


def native_needs_compiler() -> str:
    """The native layer without a compiler."""
    return (
        "resource_guards_native = true needs a C compiler, and none of cc, gcc and clang is on "
        "PATH. Install one (Debian: apt-get install gcc libc6-dev), name it in CC, or remove the "
        "option."
    )


def native_not_compiled(command: Sequence[str], output: str) -> str:
    """The native layer with a compiler that fails."""
    return (
        f"resource_guards_native = true: the C compiler failed. Install the C library's headers "
        f"(Debian: apt-get install libc6-dev), or remove the option.\n"
        f"{' '.join(command)}\n{output}"
    )


def native_unfit(directory: Path, character: str) -> str:
    """The native layer with a private directory that LD_PRELOAD cannot name."""
    return (
        f"resource_guards_native = true: LD_PRELOAD cannot name a library in {directory}, since "
        f"{character!r} in a path has a meaning of its own there. Set TMPDIR to another directory."
    )


def native_not_loaded(library: str, said: str) -> str:
    """The native layer where a child process does not load the library."""
    return (
        f"resource_guards_native = true: /bin/sh does not load {library} by LD_PRELOAD. Its "
        f"loader may be another than the compiler's, or forbid it; remove the option.\n{said}"
    )


def native_no_cache(folder: Path, error: OSError) -> str:
    """The native layer without a place for its library."""
    return (
        f"resource_guards_native = true: its library cannot be kept in {folder}: {error}. "
        f"Set XDG_CACHE_HOME to a directory that only you can write."
    )


def writable_by_others() -> str:
    """Why a folder is not trusted."""
    return "it belongs to, or can be written by, another user"


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


def warn_unreadable(entry: str, directions: Sequence[str]) -> str:
    """An entry of the setting that is not written as it should."""
    return (
        f"resource_guards_warn: '{entry}' cannot be read. Write a resource's name, or before it "
        f"one of {' and '.join(f'{each}:' for each in directions)}, as in 'missing:docker'."
    )


def warn_unknown(name: str, labels: Sequence[str]) -> str:
    """An entry of the setting that names something which is not guarded."""
    return (
        f"resource_guards_warn: nothing guards '{name}'. Guarded are: {_list(labels)}. Register a "
        f"guard for it, or take it out."
    )


def name_unknown(name: str, installed: Sequence[str]) -> str:
    """A name in the setting that means nothing here."""
    return (
        f"resource_guards: '{name}' is neither an installed guard package (installed: "
        f"{_list(installed)}) nor a program on PATH. Correct it, install its guard package, or "
        f"write binary:{name} if it is a program that this machine does not have."
    )


def list_help() -> str:
    """What ``pytest --help`` says of the option."""
    return "list the guarded resources, their guards, and the layers that are live here; then exit."


LAYERS_TITLE = "layers"


def nothing_is_guarded() -> str:
    """The list, when it is empty."""
    return "Nothing is guarded: register a guard in a conftest (see the README)."


def inventory_origin(resource: Resource) -> str:
    """What stands beside a resource's name."""
    return f"  @pytest.mark.{resource.name}  registered at {resource.origin}"


def inventory_binary(name: str, path: str, version: str) -> str:
    """A guarded program."""
    return f"program {name}: {path} ({version or 'it tells no version'})"


def inventory_no_binary(name: str) -> str:
    """A guarded program that is not installed."""
    return f"program {name}: not on PATH"


def inventory_target(target: SdkTarget, version: str) -> str:
    """A patch."""
    return f"patch {target.title}{f' ({version})' if version else ''}"


def inventory_not_installed(target: SdkTarget) -> str:
    """A patch of an SDK that is not there."""
    return f"patch {target.title}: not installed"


def inventory_other_version(target: SdkTarget, version: str) -> str:
    """A patch that is for other versions."""
    return f"patch {target.title}: for other versions than {version}"


def inventory_missing(target: SdkTarget, version: str) -> str:
    """A patch of something that the installed version does not have."""
    return f"patch {target.title}: MISSING in {version or 'what is installed'}, calls are not seen"


def inventory_hooks(guard: SdkHooks) -> str:
    """A guard that patches by itself."""
    return f"patches of its own, by {guard.title}"


def inventory_connection(guard: ConnectionGuard) -> str:
    """A connection guard."""
    return f"connections, told by {guard.title}"


def layer_live(layer: str, sees: str) -> str:
    """A layer that is live."""
    return f"{layer}: live ({sees})"


def layer_off(layer: str, reason: str) -> str:
    """A layer that is not."""
    return f"{layer}: OFF: {reason}"


def no_child_file(name: str, prefix: str) -> str:
    """Why child Pythons are not guarded."""
    return (
        f"no {name} in the site-packages of {prefix}; install the wheel of resource-guards there."
    )


def native_is_off() -> str:
    """Why the native layer is not live."""
    return "set resource_guards_native = true to see programs that others start by their path."


def native_help() -> str:
    """What ``pytest --help`` says of the option."""
    return (
        "Linux: also see a guarded program that another program starts by its path "
        "(default: false)."
    )


def install_failed(resource: Resource, guard: SdkGuard, error: BaseException) -> str:
    """An install function that raised."""
    return (
        f"Resource guard '{resource.label}' ({resource.origin}): its install function "
        f"{guard.title} raised {type(error).__name__}: {error}. Correct it, or do not register "
        f"the guard where the SDK is not installed."
    )


def cleanup_function_failed(resource: Resource, guard: SdkGuard, error: BaseException) -> str:
    """A cleanup function that raised."""
    return (
        f"Resource guard '{resource.label}' ({resource.origin}): the cleanup function of "
        f"{guard.title} raised {type(error).__name__}: {error}. Its patch may still be in place."
    )


def guard_failed(resource: Resource, reason: object) -> str:
    """A guard that cannot be installed, and whose it is."""
    return f"Resource guard '{resource.label}' ({resource.origin}): {reason}"


def module_missing(target: SdkTarget, module: str) -> str:
    """A target in a module that is not there."""
    return (
        f"the target {target.title} cannot be patched, since there is no module '{module}'. "
        f"Install its package or correct the target; an SdkTarget(..., optional=True) may be "
        f"missing."
    )


def target_missing(target: SdkTarget) -> str:
    """A target that its module does not have."""
    return (
        f"the target {target.title} does not exist. Correct it to a method or function that this "
        f"version of the package has; an SdkTarget(..., optional=True) may be missing."
    )


def target_is_missing(resource: Resource, target: SdkTarget, version: str) -> str:
    """A target that may be missing, and is."""
    package = target.title.partition(":")[0].partition(".")[0]
    return (
        f"Resource guard '{resource.label}': {target.title} is not in {f'{package} {version}'.strip()}, "
        f"so that calls of it are not seen; its other targets are guarded. "
        f"A newer version of the guard may know what has replaced it."
    )


def target_not_callable(target: SdkTarget, found: object) -> str:
    """A target that is something else than a function."""
    return (
        f"the target {target.title} is {found!r}, which cannot be called. Name a method or a "
        f"function."
    )


def target_is_class(target: SdkTarget) -> str:
    """A target that is a class."""
    return (
        f"the target {target.title} is a class. Name the method through which its calls flow, "
        f"{target.title}.method."
    )


def target_unpatchable(target: SdkTarget, error: Exception) -> str:
    """A target in a type that cannot be changed."""
    return (
        f"the target {target.title} cannot be patched ({error}). Name a method of a class that is "
        f"written in Python."
    )


# ---- what a shim says (no line is built there, so each is whole)


def shim_refusal(resource: Resource) -> str:
    """Why a program was not run."""
    return (
        f"resource guards: blocked '{resource.label}', which the running test or fixture does not "
        f"declare (@pytest.mark.{resource.name}, or the fixture's @fixture_uses_resources)."
    )


def shim_no_state(resource: Resource) -> str:
    """A shim that cannot find its scope."""
    return (
        f"resource guards: blocked '{resource.label}', since the private directory of the pytest "
        f"process that guards it cannot be read."
    )


def shim_no_record(resource: Resource) -> str:
    """A shim that cannot write to the journal."""
    return (
        f"resource guards: blocked '{resource.label}', since its use cannot be recorded in the "
        f"private directory of the pytest process that guards it."
    )


# ---- what makes a run untrustworthy


def run_untrustworthy(problem: str) -> str:
    """Why pytest stops."""
    return f"resource guards cannot go on: {problem}"


def journal_torn(line: str) -> str:
    """A record that is not whole."""
    return (
        f"The journal of uses has a torn record ({line[:80]!r}): a process died while it wrote, "
        f"and the use is lost. Run the tests again."
    )


def journal_removed(path: Path) -> str:
    """The private directory has gone."""
    return (
        f"The private directory {path.parent} was removed while tests ran, so uses of resources "
        f"went unseen. Look for a test or program that cleans the temporary directory."
    )


def directory_locked(path: Path) -> str:
    """The private directory, or the journal in it, has been closed to its owner."""
    return (
        f"The permissions of {path} were changed while tests ran, so uses of resources may have "
        f"gone unseen. Look for a test or program that changes the temporary directory."
    )


def state_unwritable(path: Path, error: OSError) -> str:
    """The state file cannot be written."""
    return (
        f"What the running test may use could not be written to {path} ({error}), so programs "
        f"that it starts cannot be judged. Look for a test or program that cleans the temporary "
        f"directory, or make room on its file system."
    )


def journal_unwritable(path: Path, reason: object) -> str:
    """A record that could not be written."""
    return (
        f"A use of a resource could not be recorded in {path} ({reason}). Make room on its file "
        f"system, or set TMPDIR to another."
    )
