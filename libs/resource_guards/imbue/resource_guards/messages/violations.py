"""What a test or fixture has done wrong: the fact in one line, then what happened where, and what to do.

The fact stands first, since summaries, annotations and JUnit show no more than one line. The phrases that users of
resource-guards 0.1.x look for (``invoked 'git' without @pytest.mark.git``, ``never invoked git``) stand below it.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence
from typing import Final

from imbue.resource_guards.kinds import OwnerKind
from imbue.resource_guards.kinds import ViolationKind
from imbue.resource_guards.messages.common import counted
from imbue.resource_guards.messages.foreign import shown
from imbue.resource_guards.messages.foreign import shown_lines
from imbue.resource_guards.model import Use
from imbue.resource_guards.model import Violation

_SHOWN_USES: Final = 5
_SHOWN_PARAMETERS: Final = 20
_WIDTH: Final = 76
"""Of a fact: 80 columns, less what pytest puts before it."""

LINES: Final = 3
"""How many lines tell one violation."""

_VERBS: Final = {"program": "ran ", "sdk": "called "}
"""By the way in which a use was seen; what others see is a noun."""

BY_HOOK: Final = (
    "no decorator can stand on it: mark it by a hook in its conftest.py, which pytest "
    "--resource-guards-fix=diff writes"
)
"""How a test that is no function gets a mark."""

GAVE_WORK = "the test or fixture that gave this process its work"
"""The owner of a scope for a fork that is older."""


def blocked(label: str, use: Use, owner: str, kind: OwnerKind = OwnerKind.OTHER) -> str:
    """The text of the exception in the code whose call was blocked."""
    mark = f"@pytest.mark.{use.resource}"
    owner = shown(owner)
    how = f"{_at(use)} (blocked; {use.layer.seen})"
    if kind is OwnerKind.FIXTURE:
        happened = f"Fixture '{owner}' invoked '{label}' without {mark} on the test{how}"
        fix = (
            f"add {mark} to the tests that depend on the fixture, and '{use.resource}' to its "
            f"@fixture_uses_resources if it has that"
        )
    elif kind in (OwnerKind.TEST, OwnerKind.ITEM):
        happened = f"Test invoked '{label}' without {mark}{how}, on behalf of {owner}"
        fix = BY_HOOK if kind is OwnerKind.ITEM else f"add {mark} to the test"
    else:
        happened = f"'{label}' was invoked without {mark} on the test{how}, on behalf of {owner}"
        fix = f"add {mark} to the test, or to those that depend on the fixture"
    return shown_lines(
        f"{_cut(f'needs {mark}: {_deed(use)}')}\n{happened}\nFix: {fix}, or do not use {label} there."
    )


def fact(violation: Violation, label: str) -> str:
    """One violation in one line."""
    what = violation.kind
    mark = f"@pytest.mark.{violation.resource}"
    if what is ViolationKind.MISSING_MARK:
        needs = f"needs {mark}"
        if violation.fixture is not None:
            # The mark first: pytest cuts the line at the width of the terminal.
            needs = f"{needs} for fixture '{_short(violation.fixture)}'"
        text = f"{needs}: {_deed(violation.uses[0])}"
    elif what is ViolationKind.SUPERFLUOUS_MARK:
        text = f"{mark} is not needed: {label} was not used"
    elif what is ViolationKind.FIXTURE_UNDECLARED_USE:
        text = f"fixture '{violation.fixture}' does not declare '{violation.resource}': {_deed(violation.uses[0])}"
    else:
        text = f"fixture '{violation.fixture}' declares '{violation.resource}' and did not use it"
    return shown(_cut(text))


def violation(violation: Violation, labels: Mapping[str, str]) -> Sequence[str]:
    """The lines of one violation in a test's report: the fact, what happened, what to do."""
    label = labels.get(violation.resource, "")
    happened, fix = _DETAILS[violation.kind](violation, label)
    return [fact(violation, label), shown(f"  {happened}"), shown(f"  Fix: {fix}")]


def _missing_mark(violation: Violation, label: str) -> tuple[str, str]:
    mark = f"@pytest.mark.{violation.resource}"
    what = f"{label} in it"
    if violation.fixture is None:
        happened = f"Test invoked '{label}' without {mark}"
    else:
        happened = (
            f"Fixture '{violation.fixture}', which the test depends on, "
            f"invoked '{label}' without {mark} on the test"
        )
        what = f"{label} in the fixture"
    fix = f"{violation.advice or f'add {mark} to the test'}, or do not use {what}."
    return f"{happened}{_seen(violation)}", fix


def _superfluous_mark(violation: Violation, label: str) -> tuple[str, str]:
    carriers = " and ".join(violation.places) or "the test"
    happened = f"Test has @pytest.mark.{violation.resource} but never invoked {label}"
    if violation.after_block:
        happened += "; first correct the blocked call, after which it may come to that"
    return happened, f"remove it from {carriers}, or make the test use {label}."


def _fixture_undeclared_use(violation: Violation, label: str) -> tuple[str, str]:
    where = "".join(f" at {place}" for place in violation.places)
    happened = f"Fixture '{violation.fixture}' invoked '{label}'{_seen(violation)}"
    fix = f"add '{violation.resource}' to its @fixture_uses_resources{where}, or do not use {label} in it."
    return f"{happened}, which its @fixture_uses_resources does not name", fix


def _fixture_unused_declaration(violation: Violation, label: str) -> tuple[str, str]:
    where = "".join(f" at {place}" for place in violation.places)
    happened = (
        f"Fixture '{violation.fixture}' declares '{violation.resource}' but never invoked {label}"
    )
    fix = f"remove '{violation.resource}' from its @fixture_uses_resources{where}."
    return f"{happened}, neither in set-up nor in tear-down", fix


_DETAILS: Final = {
    ViolationKind.MISSING_MARK: _missing_mark,
    ViolationKind.SUPERFLUOUS_MARK: _superfluous_mark,
    ViolationKind.FIXTURE_UNDECLARED_USE: _fixture_undeclared_use,
    ViolationKind.FIXTURE_UNUSED_DECLARATION: _fixture_unused_declaration,
}


def _short(fixture: str) -> str:
    """The name of a fixture; of one that is made of ``setUpClass`` and the like, without its class."""
    return fixture.partition(" of ")[0]


def _deed(use: Use) -> str:
    """A use as a sentence ends with it."""
    return f"{_VERBS.get(use.layer.way, '')}{use.what}"


def _cut(text: str) -> str:
    return text if len(text) <= _WIDTH else f"{text[: _WIDTH - 3]}..."


def _at(use: Use) -> str:
    through = f" through {shown(use.through)}" if use.through else ""
    return f"{f' at {use.where}' if use.where else ''}{through}"


def _seen(violation: Violation) -> str:
    """Where the first of its uses was, what became of it, and how many others there were."""
    first, *others = violation.uses
    seen = f"{_at(first)} ({'allowed' if first.allowed else 'blocked'})"
    if shown(_deed(first)) not in fact(violation, ""):
        seen += f": {first.what}"
    if others:
        seen += f", and {counted(len(others), 'more time')}"
    return seen


def ended_with(reason: object) -> str:
    """What is added of the test's own end, where that came after a blocked call."""
    first = str(reason).strip().partition("\n")[0]
    return shown(f"  Then: {first}")


def summary_line(facts: Sequence[str]) -> str:
    """The line of a failure in pytest's short summary."""
    return f"{facts[0]} (and {len(facts) - 1} more)" if len(facts) > 1 else facts[0]


def with_own_end(line: str, reason: object) -> str:
    """The same of a test that has failed for a reason of its own, too."""
    first = str(reason).strip().partition("\n")[0]
    return f"{line}; {first}"


def also_with(parameters: Sequence[str]) -> str:
    """The other parameters of a test of which the same is true."""
    some = ", ".join(f"[{each}]" for each in parameters[:_SHOWN_PARAMETERS])
    if len(parameters) > _SHOWN_PARAMETERS:
        some += f" and {len(parameters) - _SHOWN_PARAMETERS} more"
    return shown(f"  The same with {some}")


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


FORK_CAME_BACK: Final = (
    "a call was blocked in a fork of pytest's process, and nothing in the fork ended it. "
    "It is ended here, since it would go on as a second pytest."
)


def late_use(owner: str, use: Use, label: str, *, may_use: bool, is_fine: bool) -> str:
    """A use by a process or thread that outlived its test."""
    owner = shown(owner)
    if is_fine:
        return f"Late use of {label} by what {owner} started and left running: {_late(use)}"
    if may_use:
        return (
            f"{owner} may use {label}, and left a process running that has lost the scope it was "
            f"started in, and was judged by that of a later test: {_late(use)}. End the process in "
            f"the test, or pass it the environment."
        )
    return (
        f"After it had ended, {owner} invoked '{label}' without @pytest.mark.{use.resource}, "
        f"by a process or thread that it started and left running: {_late(use)}"
    )


def _late(use: Use) -> str:
    through = f", through {shown(use.through)}" if use.through else ""
    outcome = "allowed" if use.allowed else "blocked"
    return f"{use_and_place(use)}{through} ({outcome}; {use.layer.seen}, process {use.pid})"
