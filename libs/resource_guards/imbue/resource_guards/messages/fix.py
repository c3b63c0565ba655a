"""What a fix has done, and what is left to change by hand."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from imbue.resource_guards.messages.common import cause
from imbue.resource_guards.messages.common import counted
from imbue.resource_guards.messages.common import raised

_SHOWN_NAMES: Final = 3

FIX_TITLE: Final = "resource guards: fix"
FIX_UNTRUSTWORTHY: Final = "Nothing was changed, because this run is unreliable (see above)."
CHANGED_MEANWHILE: Final = "it changed while the fix ran; run the tests again"


def fix_written(path: str) -> str:
    return f"changed {path}"


def fix_would_change(path: str, added: int, removed: int, contracts: int) -> str:
    """What a check says of one file."""
    said = f"{path}: {counted(added, 'mark')} would be added, {removed} removed"
    return said + _of_contracts(contracts, "would be ")


def fix_shown_as_it_is(path: str, *, is_check: bool) -> str:
    """The file has changed since the run, and a diff or a check has read it as it is now."""
    said = f"{path}: this is for the file as it is now, which may differ from what the run read"
    return f"{said}." if is_check else f"{said}; run the tests again to write it."


def fix_cannot_be_pasted(path: str) -> str:
    """A difference that a terminal cannot show in full: ends of lines, an encoding, invisible characters."""
    return (
        f"{path}: this difference cannot be applied from here. Write it to a file: pytest "
        f"--resource-guards-json=report.json, then python -m imbue.resource_guards fix report.json --diff > fix.patch"
    )


def fix_summary(  # noqa: PLR0913 - what there is to count
    added: int, removed: int, contracts: int, files: int, left: int, *, written: bool
) -> str:
    """What was done, in one line."""
    done = "" if written else "would be "
    return (
        f"{counted(added, 'mark')} {done}added, {removed} {done}removed"
        f"{_of_contracts(contracts, done)} in {counted(files, 'file')}; {left} left to change by hand"
    )


def _of_contracts(count: int, done: str) -> str:
    names = "1 name" if count == 1 else f"{count} names"
    return f", {names} of @fixture_uses_resources {done}changed" if count else ""


def fix_left_alone(outcome: str, count: int) -> str:
    """Tests whose uses are unknown."""
    return f"{counted(count, 'test')} left alone: {outcome}"


def fix_cannot_be_known(mark: str, count: int, libraries: Iterable[str]) -> str:
    return (
        f"{counted(count, 'test')} left alone: whether they use {mark} cannot be known "
        f"(not seen: {', '.join(libraries)})"
    )


def fix_sometimes(mark: str) -> str:
    """A test that uses a resource on one machine and not on another."""
    return f"it used {mark} in one run but not in another: write @pytest.mark.{mark}(optional=True)"


def fix_beside_optional(mark: str) -> str:
    """A test that has the mark, while its class or module has it with ``optional=True``."""
    return f"it did not use {mark}: remove its own @pytest.mark.{mark}, because its class or module has (optional=True)"


def fix_more(count: int) -> str:
    """What is not shown without ``-v``."""
    return f"  and {count} more (-v shows them)"


def fix_edit(action: str, mark: str, *, is_contract: bool) -> str:
    """The change of one mark, or of one name in a fixture's contract."""
    if not is_contract:
        return f"{action} @pytest.mark.{mark}"
    preposition = "to" if action == "add" else "from"
    return f"{action} '{mark}' {preposition} @fixture_uses_resources"


def fix_undone(
    path: str, line: int, whats: Sequence[str], names: Sequence[str], reason: str
) -> str:
    """What is left to do at one place of a file, for one reason."""
    where = f"{path}:{line}" if line else path
    some = ", ".join(names[:_SHOWN_NAMES])
    if len(names) > _SHOWN_NAMES:
        some += f" and {len(names) - _SHOWN_NAMES} more"
    whom = f" ({some})" if names else ""
    return f"{where}: {', '.join(whats)} by hand{whom}: {reason}"


def fix_contract_unseen(path: str, fixture: str, name: str, count: int) -> str:
    """A fixture that did not use what it declares, for the tests that ran."""
    return (
        f"{path}: fixture {fixture} declares '{name}' but did not use it; {counted(count, 'test')} that "
        f"need{'s' if count == 1 else ''} the fixture did not run; run all of them in one run"
    )


def fix_not_written(path: str, error: OSError) -> str:
    return f"{path}: cannot be written: {cause(error)}"


def fix_put_back(said: str, not_put_back: Sequence[str]) -> str:
    """What happened to all files when one could not be written."""
    if not_put_back:
        return f"{said}. All other files are unchanged, except: {'; '.join(not_put_back)}."
    return f"{said}. No file was changed."


def fix_not_put_back(path: str, error: OSError) -> str:
    """A file that was changed, should not have been, and could not be restored."""
    return f"{path} ({cause(error)})"


def fix_no_file(path: str, error: Exception) -> str:
    return f"{path}: cannot be read ({cause(error)}); not changed."


def fix_unknown_content(path: str) -> str:
    return (
        f"{path}: its content when the tests were imported is unknown (it was changed "
        f"or generated during the run); run the tests again."
    )


def fix_read_only(path: str) -> str:
    return f"{path}: it is read-only; not changed. Make it writable first: chmod u+w."


def fix_read_only_folder(path: str) -> str:
    return f"{path}: its folder is read-only; not changed."


def fix_outside(path: str, root: Path) -> str:
    return f"{path}: it is outside {root} or belongs to an installed package; not changed."


def fix_of_another_root(place: str, there: str) -> str:
    """A report that is applied in another directory than its own."""
    begin = f"{place} in the repository" if place else "the root of the repository"
    advice = f"Add --root={there}" if there else "Add --root=PATH with its path."
    return f"no file of this report is here: its paths start at {begin}. {advice}"


def fix_changed_since(path: str) -> str:
    return (
        f"{path}: it differs from the file of the run (another revision, or changed since); run the "
        f"tests again."
    )


def fix_inseparable(mark: str) -> str:
    return (
        f"some of its parameters need @pytest.mark.{mark} and others must not have it, and no single "
        f"parametrize separates them"
    )


def fix_unseen(mark: str, count: int) -> str:
    """Other tests of the same function did not run."""
    return (
        f"whether its whole function needs @pytest.mark.{mark} is unknown: {counted(count, 'test')} of it "
        f"did not run; run all of them in one run"
    )


def fix_broad_unseen(mark: str, qualname: str, count: int) -> str:
    """A mark of a class or module that one of its tests must not have, while other tests did not run."""
    place = f"class {qualname}" if qualname else "the module"
    return (
        f"it must not have the @pytest.mark.{mark} of {place}, which also covers {counted(count, 'test')} that did not "
        f"run; run all of them in one run"
    )


def fix_inherited(mark: str, cls: str) -> str:
    return (
        f"it needs @pytest.mark.{mark} only in {cls}, where other tests must not have it; override "
        f"the test there"
    )


def fix_elsewhere(mark: str, path: str, qualname: str, paths: Sequence[str]) -> str:
    place = f"class {qualname}" if qualname else "the module"
    return (
        f"{path}: the @pytest.mark.{mark} of {place} covers tests that must not have it and tests "
        f"in {', '.join(paths)} that need it; move it by hand"
    )


def fix_by_hook(conftest: str, count: int) -> str:
    """The line above a hook for a conftest."""
    need = "1 test needs" if count == 1 else f"{count} tests need"
    return (
        f"{need} marks and cannot have a decorator, such as a doctest; put this into {conftest} (if it has this hook, "
        f"add the loop to it):"
    )


def fix_mark_from_elsewhere(mark: str) -> str:
    return (
        f"its @pytest.mark.{mark} is superfluous, but comes from a hook or a package's "
        f"__init__.py, not from a decorator or pytestmark"
    )


def fix_failed(error: Exception, origin: str) -> str:
    return (
        f"--resource-guards-fix: {raised(error, origin)}. No file was changed. Please report this."
    )
