"""What a test or fixture has done wrong, and what the summary tells of it."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence
from typing import Final

from imbue.resource_guards.kinds import OwnerKind
from imbue.resource_guards.kinds import ViolationKind
from imbue.resource_guards.messages.common import counted
from imbue.resource_guards.messages.explanations import read_more
from imbue.resource_guards.messages.foreign import shown
from imbue.resource_guards.messages.foreign import shown_lines
from imbue.resource_guards.model import Use
from imbue.resource_guards.model import Violation

_SHOWN_USES = 5


_SHOWN_PARAMETERS = 20


def blocked(label: str, use: Use, owner: str, kind: OwnerKind = OwnerKind.OTHER) -> str:
    """The text of the exception in the code whose call was blocked."""
    mark = f"@pytest.mark.{use.resource}"
    owner = shown(owner)
    if kind is OwnerKind.FIXTURE:
        happened = f"Fixture '{owner}' invoked '{label}' without {mark} on the test"
        fix = (
            f"add {mark} to the tests that depend on the fixture, and '{use.resource}' to its "
            f"@fixture_uses_resources if it has that; or do not call {label} in it."
        )
    elif kind is OwnerKind.TEST:
        happened = f"Test invoked '{label}' without {mark}"
        fix = f"add {mark} to the test; or do not call {label} in it."
    else:
        happened = f"'{label}' was invoked without {mark} on the test"
        fix = (
            f"add {mark} to the test, or to those that depend on the fixture; "
            f"or do not call {label} in it."
        )
    return shown_lines(
        f"{happened}\n"
        f"  {_use(use)}\n"
        f"The call was blocked, on behalf of {owner}.\n"
        f"Fix: {fix}\n"
        f"{read_more(ViolationKind.MISSING_MARK)}"
    )


GAVE_WORK = "the test or fixture that gave this process its work"
"""The owner of a scope for a fork that is older."""


def violation(violation: Violation, labels: Mapping[str, str]) -> str:
    """The text of one violation in a test's report."""
    return shown_lines(_VIOLATIONS[violation.kind](violation, labels.get(violation.resource, "")))


def _missing_mark(violation: Violation, label: str) -> str:
    mark = f"@pytest.mark.{violation.resource}"
    where = "".join(f", above {place}" for place in violation.places)
    if violation.parameters:
        where += (
            f" (or, if not all of its parameters need it, to those: "
            f"pytest.param(..., marks=pytest.mark.{violation.resource}))"
        )
    if violation.fixture is None:
        happened = f"Test invoked '{label}' without {mark}"
        fix = f"Fix: add {mark} to the test{where}; or do not call {label} in it."
    else:
        happened = (
            f"Fixture '{violation.fixture}', which the test depends on, "
            f"invoked '{label}' without {mark} on the test"
        )
        fix = f"Fix: add {mark} to the test{where}; or do not call {label} in the fixture."
    if violation.by_hook:
        fix = _fix_by_hook(violation.resource, violation.by_hook, label)
    return "\n".join(
        [
            happened,
            *_uses(violation.uses),
            f'Why it matters: pytest -m "not {violation.resource}" would still need {label}.',
            fix,
            read_more(violation.kind),
        ]
    )


def _fix_by_hook(resource: str, nodeid: str, label: str) -> str:
    """What to do for a test that is no function, such as a doctest: no decorator can stand on it."""
    return (
        f"Fix: no decorator can stand on this test, so mark it in the pytest_collection_modifyitems of its conftest, where "
        f"item.nodeid is {nodeid!r}: item.add_marker({resource!r}) (pytest --resource-guards-fix=diff writes the "
        f"hook); or do not call {label} in it."
    )


def _superfluous_mark(violation: Violation, label: str) -> str:
    mark = f"@pytest.mark.{violation.resource}"
    uncertain = violation.after_block
    carriers = " and ".join(violation.places) or "the test"
    return (
        f"Test has {mark} but never invoked {label}\n"
        f"Why it matters: it is left out wherever {label} is not there, for no reason.\n"
        f"Fix: remove {mark} from {carriers}; or make the test use {label}.\n"
        + "But first correct the blocked call: the test may go on to it then.\n" * uncertain
        + read_more(violation.kind)
    )


def place(path: str, line: int) -> str:
    """A line of the source."""
    return f"{shown(path)}:{line}"


def carrier(level: str, qualname: str, place: str) -> str:
    """What a mark stands on, in a sentence."""
    what = {
        "function": "the test",
        "param": "this parameter of the test",
        "class": f"class {qualname}",
        "module": "pytestmark of the module",
    }.get(level, "the hook or package that gives it to the test")
    what += f", at {place}" if place else ""
    others = {"class": " (or move it to those of its tests that need it)"}
    others["module"] = " (or move it to those tests that need it)"
    return what + others.get(level, "")


def _fixture_undeclared_use(violation: Violation, label: str) -> str:
    happened = (
        f"Fixture '{violation.fixture}' invoked '{label}', "
        f"which its @fixture_uses_resources does not name"
    )
    where = "".join(f", at {place}" for place in violation.places)
    fix = (
        f"Fix: add '{violation.resource}' to its @fixture_uses_resources{where}; "
        f"or do not call {label} in it."
    )
    return "\n".join([happened, *_uses(violation.uses), fix, read_more(violation.kind)])


def _fixture_unused_declaration(violation: Violation, label: str) -> str:
    where = "".join(f", at {place}" for place in violation.places)
    return (
        f"Fixture '{violation.fixture}' declares '{violation.resource}' "
        f"but never invoked {label}, neither in set-up nor in tear-down\n"
        f"Why it matters: the tests that depend on it carry the mark for no reason.\n"
        f"Fix: remove '{violation.resource}' from its @fixture_uses_resources{where}.\n"
        f"{read_more(violation.kind)}"
    )


_VIOLATIONS = {
    ViolationKind.MISSING_MARK: _missing_mark,
    ViolationKind.SUPERFLUOUS_MARK: _superfluous_mark,
    ViolationKind.FIXTURE_UNDECLARED_USE: _fixture_undeclared_use,
    ViolationKind.FIXTURE_UNUSED_DECLARATION: _fixture_unused_declaration,
}


def _use(use: Use) -> str:
    outcome = "allowed" if use.allowed else "blocked"
    through = f", through {shown(use.through)}" if use.through else ""
    seen = f"{outcome}; {use.layer.seen}, process {use.pid}"
    return f"{use_and_place(use)}{through} ({seen})"


def _uses(uses: Sequence[Use]) -> list[str]:
    lines = [f"  {_use(use)}" for use in uses[:_SHOWN_USES]]
    if len(uses) > _SHOWN_USES:
        lines.append(f"  and {len(uses) - _SHOWN_USES} more")
    return lines


def skipped_after(reason: object) -> str:
    """What is added when the test skipped itself as well."""
    return shown_lines(f"The test then ended with: {reason}")


def summary_line(texts: Sequence[str]) -> str:
    """The line of a failure in pytest's short summary."""
    first = texts[0].partition("\n")[0]
    return f"{first} (and {len(texts) - 1} more)" if len(texts) > 1 else first


def mixed_parameters(test: str, resource: str, users: Sequence[str]) -> str:
    """A parametrised test of which only some parameters need the mark."""
    some = ", ".join(f"[{each}]" for each in users[:_SHOWN_PARAMETERS])
    if len(users) > _SHOWN_PARAMETERS:
        some += f" and {len(users) - _SHOWN_PARAMETERS} more"
    return shown(
        f"{test} needs @pytest.mark.{resource} for some of its parameters only: {some}. Give it "
        f"to these: pytest.param(..., marks=pytest.mark.{resource})"
    )


def use_and_place(use: Use) -> str:
    """A use, without the process that it was seen in."""
    return shown(f"{use.what}{f' at {use.where}' if use.where else ''}")


def used_in_collection(resource: str, uses: Sequence[str]) -> str:
    """What was used while tests were collected, by no test."""
    some = "; ".join(uses[:_SHOWN_USES])
    if len(uses) > _SHOWN_USES:
        some += f"; and {len(uses) - _SHOWN_USES} more"
    return (
        f"While tests were collected, {resource} was used: {some}. So runs that collect this need "
        f'{resource}, even -m "not {resource}". Fix: move it into a fixture or test.'
    )


def warned_of(resource: str, kind: str, count: int) -> str:
    """How many violations were only warned of."""
    return f"Warned of {resource}: {kind}, {counted(count, 'time')}."


FORK_CAME_BACK: Final = (
    "a call was blocked in a fork of pytest's process, and nothing in the fork ended it. "
    "It is ended here, since it would go on as a second pytest."
)


def late_use(owner: str, use: Use, label: str, *, may_use: bool, is_fine: bool) -> str:
    """A use by a process or thread that outlived its test."""
    owner = shown(owner)
    if is_fine:
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
