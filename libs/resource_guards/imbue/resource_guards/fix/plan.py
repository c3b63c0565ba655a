"""Plan where marks are to be added and removed, from the records of a run.

It judges by what the run saw: a test that used a resource needs the mark, however it ended, and a
test that passed without it, of which nothing was blocked and which cannot have used it unseen, must
not have it. Of any other test nothing is known, and it keeps the declarations that it has.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import field

from imbue.resource_guards.fix.edits import Action
from imbue.resource_guards.fix.edits import Change
from imbue.resource_guards.fix.edits import Edit
from imbue.resource_guards.fix.edits import Place
from imbue.resource_guards.fix.edits import PlaceKind
from imbue.resource_guards.messages import fix as messages
from imbue.resource_guards.report.evidence import Axis
from imbue.resource_guards.report.evidence import Declaration
from imbue.resource_guards.report.evidence import Source
from imbue.resource_guards.report.evidence import TestRecord

_BROAD = {"class": PlaceKind.CLASS, "module": PlaceKind.MODULE}


@dataclass(slots=True)
class Plan:
    """What to do.

    Args:
        changes: For each file, the changes of it.
        left: What a person has to do, and why.
    """

    changes: dict[str, list[Change]] = field(default_factory=dict)
    left: list[str] = field(default_factory=list)


def make_plan(tests: Iterable[TestRecord], resources: Iterable[str]) -> Plan:
    """The plan for a run.

    Args:
        tests: The records of all tests.
        resources: The marks of the guarded resources.
    """
    plan = Plan()
    known = [test for test in tests if test.source is not None or test.declared or test.used]
    for resource in resources:
        _ForResource(resource, known, plan).plan()
    return plan


@dataclass(frozen=True, slots=True)
class _Test:
    """A test, as far as one resource is concerned.

    Args:
        record: Its record.
        wanted: It is to have the mark.
        marks: Where it has it from.
    """

    record: TestRecord
    wanted: bool
    marks: tuple[Declaration, ...]

    def has(self, level: str) -> bool:
        return any(mark.level == level for mark in self.marks)


def _is_wanted(test: TestRecord, resource: str, marks: tuple[Declaration, ...]) -> bool:
    if any(mark.optional for mark in marks) or not marks:
        return bool(marks) or (resource in test.used and resource not in test.sometimes)
    return resource in test.sometimes or not _is_unused(test, resource)


def _is_unused(test: TestRecord, resource: str) -> bool:
    # Only a test that ran to its end, with nothing in its way, shows what it does not use.
    is_proof = test.proves_absence
    return is_proof and resource not in (*test.unsure, *test.used)


class _ForResource:
    """Plans for one resource.

    Args:
        resource: Its mark.
        tests: The records.
        plan: Where the changes are put.
    """

    def __init__(self, resource: str, tests: list[TestRecord], plan: Plan) -> None:
        self._resource = resource
        self._plan = plan
        self._tests = []
        for test in tests:
            marks = tuple(each for each in test.declared if each.resource == resource)
            self._tests.append(_Test(test, _is_wanted(test, resource, marks), marks))
        self._functions: dict[Source, list[_Test]] = defaultdict(list)
        self._covered_by: dict[Source, list[_Test]] = defaultdict(list)
        for each in self._tests:
            if each.record.source is not None:
                self._functions[_key(each.record.source)].append(each)
            for cls in dict.fromkeys(map(_key, each.record.classes)):
                self._covered_by[cls].append(each)

    def plan(self) -> None:
        broken = self._broken_broad_marks()
        edits = {}
        for function, tests in self._functions.items():
            found = list(self._edits_of(function, tests, broken))
            if found:
                edits[function] = found
        # Up before down: a mark that leaves a class is emitted with those that its tests get for it,
        # in one change, so that no half of it can be done.
        self._move_up(edits, broken)
        self._emit_broad(broken, edits)
        for function, each in edits.items():
            self._emit(function.path, each)
        for test in self._tests:
            self._tell_what_no_edit_can(test)

    def _broken_broad_marks(self) -> dict[tuple[Source, str], list[_Test]]:
        """The marks of classes and modules that cover a test which must not have them."""
        covered: dict[tuple[Source, str], list[_Test]] = defaultdict(list)
        for test in self._tests:
            for mark in test.marks:
                if mark.level in _BROAD and mark.source is not None:
                    covered[_key(mark.source), mark.level].append(test)
        return {
            mark: tests for mark, tests in covered.items() if not all(test.wanted for test in tests)
        }

    def _edits_of(
        self, function: Source, tests: list[_Test], broken: dict[tuple[Source, str], list[_Test]]
    ) -> Iterator[Edit]:
        place = Place(PlaceKind.FUNCTION, function.qualname)
        wanted = [test.wanted for test in tests]
        if any(test.has("param") for test in tests):
            yield from self._edits_of_parameters(tests)
        elif any(test.has("function") for test in tests):
            if not all(wanted):
                of_parameters = list(self._edits_of_parameters(tests)) if any(wanted) else []
                # It stays where some tests want it and no parameter tells them from the others.
                if of_parameters or not any(wanted):
                    yield Edit(Action.REMOVE, self._resource, place)
                    yield from of_parameters
        elif any(test.wanted and not _is_covered(test, broken) for test in tests):
            if all(wanted):
                yield Edit(Action.ADD, self._resource, place)
            else:
                yield from self._edits_of_parameters(tests) or self._edits_of_classes(tests)

    def _edits_of_parameters(self, tests: list[_Test]) -> list[Edit]:
        """Marks for some of a function's parameters; nothing where no one axis tells them apart."""
        found = _separating_axis(tests)
        if found is None:
            if not self._differ_by_class(tests):
                self._leave(tests[0], messages.fix_inseparable(self._resource))
            return []
        axis, wanted, marked = found
        edits = []
        for index in sorted(wanted):
            qualname = axis.source.qualname if axis.source else ""
            place = Place(PlaceKind.PARAM, qualname, tuple(axis.argnames), index)
            if wanted[index] and not marked[index]:
                edits.append(Edit(Action.ADD, self._resource, place))
            elif not wanted[index] and marked[index]:
                edits.append(Edit(Action.REMOVE, self._resource, place))
        return edits

    def _differ_by_class(self, tests: list[_Test]) -> bool:
        return len({test.record.cls for test in tests}) > 1

    def _edits_of_classes(self, tests: list[_Test]) -> list[Edit]:
        """Marks for whole classes that inherit a function, of which others must not have it."""
        for cls in {_key(test.record.cls) for test in tests if test.record.cls and test.wanted}:
            if all(test.wanted for test in self._covered_by[cls]):
                edit = Edit(Action.ADD, self._resource, Place(PlaceKind.CLASS, cls.qualname))
                self._emit(cls.path, [edit])
            else:
                self._leave(tests[0], messages.fix_inherited(self._resource, cls.qualname))
        return []

    def _move_up(
        self, edits: dict[Source, list[Edit]], broken: dict[tuple[Source, str], list[_Test]]
    ) -> None:
        """Mark a class in place of all its tests, where each of them would get the mark."""
        outermost_first = sorted(self._covered_by, key=lambda cls: cls.qualname.count("."))
        for cls in outermost_first:
            tests = self._covered_by[cls]
            functions = {_key(test.record.source) for test in tests if test.record.source}
            own = [function for function in self._functions if _is_in(function, cls)]
            if len(own) < 2 or set(own) != functions or (cls, "class") in broken:  # noqa: PLR2004 - one needs no class
                continue
            if len(tests) < sum(len(self._functions[each]) for each in own):
                continue  # another class has one of them without inheriting it
            whole = [Edit(Action.ADD, self._resource, _function(each)) for each in own]
            if all(
                [edit] == edits.get(function) for function, edit in zip(own, whole, strict=True)
            ):
                for function in own:
                    del edits[function]
                edits[own[0]] = [
                    Edit(Action.ADD, self._resource, Place(PlaceKind.CLASS, cls.qualname))
                ]

    def _emit_broad(
        self,
        broken: dict[tuple[Source, str], list[_Test]],
        edits: dict[Source, list[Edit]],
    ) -> None:
        """Take broad marks away, together with the marks that tests get in their place."""
        for (source, level), tests in broken.items():
            removal = Edit(Action.REMOVE, self._resource, Place(_BROAD[level], source.qualname))
            functions = {_key(test.record.source) for test in tests if test.record.source}
            elsewhere = sorted({each.path for each in functions if each in edits} - {source.path})
            # Changes are done together within a file; across files, half of one could remain.
            if elsewhere:
                self._plan.left.append(
                    messages.fix_elsewhere(self._resource, source.path, source.qualname, elsewhere)
                )
                for function in functions:
                    edits.pop(function, None)
                continue
            ordered = [each for each in self._functions if each in functions and each in edits]
            self._emit(source.path, [removal, *(edit for each in ordered for edit in edits[each])])
            for function in ordered:
                del edits[function]

    def _emit(self, path: str, edits: list[Edit]) -> None:
        self._plan.changes.setdefault(path, []).append(Change(tuple(edits)))

    def _tell_what_no_edit_can(self, test: _Test) -> None:
        if test.record.source is None and test.wanted and not test.marks:
            self._leave(test, messages.fix_no_function(self._resource))
        elif test.record.is_beside_optional(self._resource) and _is_unused(
            test.record, self._resource
        ):
            self._leave(test, messages.fix_beside_optional(self._resource))
        elif self._resource in test.record.sometimes and not test.record.may_use(self._resource):
            self._leave(test, messages.fix_sometimes(self._resource))
        elif not test.wanted and any(mark.level == "other" for mark in test.marks):
            self._leave(test, messages.fix_mark_from_elsewhere(self._resource))

    def _leave(self, test: _Test, reason: str) -> None:
        text = f"{test.record.nodeid}: {reason}"
        if text not in self._plan.left:
            self._plan.left.append(text)


def _key(source: Source) -> Source:
    """A source without its line, which a class's does not have."""
    return Source(source.path, 0, source.qualname)


def _function(source: Source) -> Place:
    return Place(PlaceKind.FUNCTION, source.qualname)


def _is_in(inner: Source, cls: Source) -> bool:
    return inner.path == cls.path and inner.qualname.startswith(f"{cls.qualname}.")


def _is_covered(test: _Test, broken: dict[tuple[Source, str], list[_Test]]) -> bool:
    """Whether a mark that stays gives the test what it wants."""
    return any(
        mark.source is None or (_key(mark.source), mark.level) not in broken for mark in test.marks
    )


def _separating_axis(
    tests: list[_Test],
) -> tuple[Axis, dict[int, bool], dict[int, bool]] | None:
    """A parametrisation of the function such that one of its values decides.

    Returns the axis, and for each index whether its tests want the mark, and whether all of them have
    it from their parameters.
    """
    for axis in tests[0].record.axes:
        if axis.source is None or tests[0].record.source is None or not axis.argnames:
            continue
        if _key(axis.source) != _key(tests[0].record.source):
            continue
        wanted: dict[int, bool] = {}
        marked: dict[int, bool] = {}
        for test in tests:
            index = test.record.parameters.get(axis.argnames[0], -1)
            if index < 0:
                break
            if wanted.setdefault(index, test.wanted) != test.wanted:
                break
            marked[index] = marked.get(index, True) and test.has("param")
        else:
            return axis, wanted, marked
    return None
