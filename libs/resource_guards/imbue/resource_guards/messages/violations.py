"""What a test or fixture has done wrong: the fact in one line, then what happened where, and what to do.

The fact comes first, because summaries, annotations and JUnit show one line only. Below it come, word for word, the two phrases
that users of resource-guards 0.1.x search for: ``Test invoked 'git' without @pytest.mark.git``, and
``Test has @pytest.mark.git but never invoked git``.
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
"""How many lines one violation has."""

_VERBS: Final = {"program": "ran ", "sdk": "called "}
"""By the way in which a use was seen; what others see is a noun."""

BY_HOOK: Final = (
    "it cannot have a decorator: mark it with a hook in its conftest.py, which pytest "
    "--resource-guards-fix=diff prints"
)
"""How a test that is not a function gets a mark."""

GAVE_WORK = "the test or fixture that gave work to this process"
"""The owner of a scope for a fork that is older."""


def blocked(label: str, use: Use, owner: str, kind: OwnerKind = OwnerKind.OTHER) -> str:
    """The text of the exception in the code whose call was blocked."""
    mark = f"@pytest.mark.{use.resource}"
    owner = shown(owner)
    how = f"{_at(use)} (blocked; {use.layer.seen})"
    if kind is OwnerKind.FIXTURE:
        happened = f"Fixture '{owner}' used '{label}' without {mark} on the test{how}"
        fix = (
            f"add {mark} to the tests that depend on the fixture, and '{use.resource}' to its "
            f"@fixture_uses_resources if it has one"
        )
    elif kind in (OwnerKind.TEST, OwnerKind.ITEM):
        happened = f"Test invoked '{label}' without {mark}{how}, on behalf of {owner}"
        fix = BY_HOOK if kind is OwnerKind.ITEM else f"add {mark} to the test"
    else:
        happened = f"'{label}' was used without {mark} on the test{how}, on behalf of {owner}"
        fix = f"add {mark} to the test, or to all tests that depend on the fixture"
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
        text = f"fixture '{violation.fixture}' declares '{violation.resource}' but did not use it"
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
            f"used '{label}' without {mark} on the test"
        )
        what = f"{label} in the fixture"
    fix = f"{violation.advice or f'add {mark} to the test'}, or do not use {what}."
    return f"{happened}{_seen(violation)}", fix


def _superfluous_mark(violation: Violation, label: str) -> tuple[str, str]:
    carriers = " and ".join(violation.places) or "the test"
    happened = f"Test has @pytest.mark.{violation.resource} but never invoked {label}"
    if violation.after_block:
        happened += f"; fix the blocked call first, because the test may use {label} after it"
    return happened, f"remove it from {carriers}, or make the test use {label}."


def _fixture_undeclared_use(violation: Violation, label: str) -> tuple[str, str]:
    where = "".join(f" at {place}" for place in violation.places)
    happened = f"Fixture '{violation.fixture}' used '{label}'{_seen(violation)}"
    fix = f"add '{violation.resource}' to its @fixture_uses_resources{where}, or do not use {label} in it."
    return f"{happened}, but its @fixture_uses_resources does not name it", fix


def _fixture_unused_declaration(violation: Violation, label: str) -> tuple[str, str]:
    where = "".join(f" at {place}" for place in violation.places)
    happened = (
        f"Fixture '{violation.fixture}' declares '{violation.resource}' but never used {label}"
    )
    fix = f"remove '{violation.resource}' from its @fixture_uses_resources{where}."
    return f"{happened} in setup or teardown", fix


_DETAILS: Final = {
    ViolationKind.MISSING_MARK: _missing_mark,
    ViolationKind.SUPERFLUOUS_MARK: _superfluous_mark,
    ViolationKind.FIXTURE_UNDECLARED_USE: _fixture_undeclared_use,
    ViolationKind.FIXTURE_UNUSED_DECLARATION: _fixture_unused_declaration,
}


def _short(fixture: str) -> str:
    """The name of a fixture; without its class if it is made of ``setUpClass`` and the like."""
    return fixture.partition(" of ")[0]


def _deed(use: Use) -> str:
    """A use, as the end of a sentence."""
    return f"{_VERBS.get(use.layer.way, '')}{use.what}"


def _cut(text: str) -> str:
    return text if len(text) <= _WIDTH else f"{text[: _WIDTH - 3]}..."


def _at(use: Use) -> str:
    through = f" through {shown(use.through)}" if use.through else ""
    return f"{f' at {use.where}' if use.where else ''}{through}"


def _seen(violation: Violation) -> str:
    """Where its first use was, whether it was blocked, and how many others there were."""
    first, *others = violation.uses
    seen = f"{_at(first)} ({'allowed' if first.allowed else 'blocked'})"
    if shown(_deed(first)) not in fact(violation, ""):
        seen += f": {first.what}"
    if others:
        seen += f", and {counted(len(others), 'more time')}"
    return seen


def ended_with(reason: object) -> str:
    """How the test itself ended, after a blocked call."""
    first = str(reason).strip().partition("\n")[0]
    return shown(f"  Then: {first}")


def summary_line(facts: Sequence[str]) -> str:
    """The line of a failure in pytest's short summary."""
    return f"{facts[0]} (and {len(facts) - 1} more)" if len(facts) > 1 else facts[0]


def with_own_end(line: str, reason: object) -> str:
    """The same for a test that also failed for another reason."""
    first = str(reason).strip().partition("\n")[0]
    return f"{line}; {first}"


def also_with(parameters: Sequence[str]) -> str:
    """The other parameters of a test that have the same violation."""
    some = ", ".join(f"[{each}]" for each in parameters[:_SHOWN_PARAMETERS])
    if len(parameters) > _SHOWN_PARAMETERS:
        some += f" and {len(parameters) - _SHOWN_PARAMETERS} more"
    return shown(f"  Same for {some}")


def place(path: str, line: int) -> str:
    """A line of the source."""
    return f"{shown(path)}:{line}"


def carrier(level: str, qualname: str, place: str) -> str:
    """What has the mark, in a sentence."""
    what = {
        "function": "the test",
        "param": "this parameter of the test",
        "class": f"class {qualname}",
        "module": "pytestmark of the module",
    }.get(level, "the hook or package that adds it to the test")
    what += f", at {place}" if place else ""
    others = {"class": " (or move it to the tests of the class that need it)"}
    others["module"] = " (or move it to the tests that need it)"
    return what + others.get(level, "")


def mixed_parameters(test: str, resource: str, users: Sequence[str]) -> str:
    """A parametrised test that needs the mark for some parameters only."""
    some = ", ".join(f"[{each}]" for each in users[:_SHOWN_PARAMETERS])
    if len(users) > _SHOWN_PARAMETERS:
        some += f" and {len(users) - _SHOWN_PARAMETERS} more"
    return shown(
        f"{test} needs @pytest.mark.{resource} for some of its parameters only: {some}. Add it "
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
        f"While tests were collected, {resource} was used: {some}. Every run that collects this needs "
        f'{resource}, even with -m "not {resource}". Fix: move the call into a fixture or test.'
    )


FORK_CAME_BACK: Final = (
    "a call was blocked in a fork of pytest's process, and the fork did not exit. "
    "It is ended here, because it would go on as a second pytest."
)


def late_use(owner: str, use: Use, label: str, *, may_use: bool, is_fine: bool) -> str:
    """A use by a process or thread that outlived its test."""
    owner = shown(owner)
    if is_fine:
        return f"Late use of {label} by a process or thread that {owner} left running: {_late(use)}"
    if may_use:
        return (
            f"{owner} may use {label}, but left a process running that lost the variables of its "
            f"test, and was judged as part of a later test: {_late(use)}. End the process in "
            f"the test, or pass the environment on to it."
        )
    return (
        f"{owner} used '{label}' without @pytest.mark.{use.resource} after it had ended, in a "
        f"process or thread that it left running: {_late(use)}"
    )


def _late(use: Use) -> str:
    through = f", through {shown(use.through)}" if use.through else ""
    outcome = "allowed" if use.allowed else "blocked"
    return f"{use_and_place(use)}{through} ({outcome}; {use.layer.seen}, process {use.pid})"
