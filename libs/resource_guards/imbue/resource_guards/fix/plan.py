"""Plan where marks are to be added and removed, from the records of a run."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence

from imbue.resource_guards.fix.axes import separating_axis
from imbue.resource_guards.fix.contracts import plan_contracts
from imbue.resource_guards.fix.edits import Action
from imbue.resource_guards.fix.edits import Change
from imbue.resource_guards.fix.edits import Edit
from imbue.resource_guards.fix.edits import Place
from imbue.resource_guards.fix.edits import PlaceKind
from imbue.resource_guards.fix.edits import Plan
from imbue.resource_guards.fix.upward import Edits
from imbue.resource_guards.fix.upward import fold_classes
from imbue.resource_guards.fix.upward import fold_modules
from imbue.resource_guards.fix.wanted import JudgedTest
from imbue.resource_guards.fix.wanted import is_unused
from imbue.resource_guards.fix.wanted import judged
from imbue.resource_guards.fix.wanted import key
from imbue.resource_guards.messages import fix as messages
from imbue.resource_guards.report.evidence import Source
from imbue.resource_guards.report.evidence import TestRecord

_BROAD = {"class": PlaceKind.CLASS, "module": PlaceKind.MODULE}


def make_plan(tests: Iterable[TestRecord], resources: Collection[str]) -> Plan:
    """The plan for a run.

    Args:
        tests: The records of all tests.
        resources: The marks of the guarded resources.
    """
    plan = Plan()
    tests = list(tests)
    plan_contracts(tests, resources, plan)
    known = [test for test in tests if test.source is not None or test.declared or test.used]
    # By name: in which order resources are registered depends on where each of them is from.
    for resource in sorted(resources):
        _ForResource(resource, known, plan).plan()
    return plan


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
        self._tests = judged(tests, resource)
        self._functions: dict[Source, list[JudgedTest]] = defaultdict(list)
        self._covered_by: dict[Source, list[JudgedTest]] = defaultdict(list)
        for each in self._tests:
            if each.record.source is not None:
                self._functions[key(each.record.source)].append(each)
            for cls in dict.fromkeys(map(key, each.record.classes)):
                self._covered_by[cls].append(each)

    def plan(self) -> None:
        broken = self._broken_broad_marks()
        edits: Edits = {}
        for function, tests in self._functions.items():
            found = list(self._edits_of(function, tests, broken))
            if found:
                edits[function] = found
        # Up before down: a mark that leaves a class is emitted with those that its tests get for it,
        # in one change, so that no half of it can be done.
        for path, change in fold_modules(self._resource, self._tests, self._functions, edits):
            self._plan.add(path, change)
        whole = {
            cls: tests for cls, tests in self._covered_by.items() if (cls, "class") not in broken
        }
        fold_classes(self._resource, self._functions, whole, edits)
        self._emit_broad(broken, edits)
        for function, each in edits.items():
            self._emit(function.path, each)
        for test in self._tests:
            self._tell_what_no_edit_can(test)

    def _broken_broad_marks(self) -> dict[tuple[Source, str], list[JudgedTest]]:
        """The marks of classes and modules that cover a test which must not have them."""
        covered: dict[tuple[Source, str], list[JudgedTest]] = defaultdict(list)
        for test in self._tests:
            for mark in test.marks:
                if mark.level in _BROAD and mark.source is not None:
                    covered[key(mark.source), mark.level].append(test)
        broken = {}
        for place, tests in covered.items():
            if all(test.wanted for test in tests):
                continue
            untried = sum(not test.was_tried for test in tests)
            if untried:
                idle = next(test for test in tests if not test.wanted)
                self._leave(
                    idle, messages.fix_broad_unseen(self._resource, place[0].qualname, untried)
                )
            else:
                broken[place] = tests
        return broken

    def _edits_of(
        self,
        function: Source,
        tests: list[JudgedTest],
        broken: dict[tuple[Source, str], list[JudgedTest]],
    ) -> Iterator[Edit]:
        place = Place(PlaceKind.FUNCTION, function.qualname)
        wanted = [test.wanted for test in tests]
        if any(test.has("param") for test in tests):
            # Where those have it that need it, its values may be a fixture's, which no edit reaches.
            if any(test.has("param") != test.wanted for test in tests):
                yield from self._edits_of_parameters(tests)
        elif any(test.has("function") for test in tests):
            if all(wanted):
                return
            if not all(test.was_tried for test in tests):
                self._leave_unseen(tests)
                return
            of_parameters = list(self._edits_of_parameters(tests)) if any(wanted) else []
            # It stays where some tests want it and no parameter tells them from the others.
            if of_parameters or not any(wanted):
                yield Edit(Action.REMOVE, self._resource, place)
                yield from of_parameters
        elif any(test.wanted and not _is_covered(test, broken) for test in tests):
            if all(wanted):
                yield Edit(Action.ADD, self._resource, place)
            else:
                of_parameters = self._edits_of_parameters(tests)
                if of_parameters or not self._differ_by_class(tests):
                    yield from of_parameters
                else:
                    yield from self._edits_of_classes(tests)

    def _edits_of_parameters(self, tests: list[JudgedTest]) -> list[Edit]:
        """Marks for some of a function's parameters; nothing where no one axis tells them apart."""
        found = separating_axis(tests)
        if found is None:
            if not all(test.was_tried for test in tests):
                self._leave_unseen(tests)
            elif not self._differ_by_class(tests):
                self._leave(_who_shows(tests), messages.fix_inseparable(self._resource))
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

    def _differ_by_class(self, tests: list[JudgedTest]) -> bool:
        return len({test.record.cls for test in tests}) > 1

    def _edits_of_classes(self, tests: list[JudgedTest]) -> list[Edit]:
        """Marks for whole classes that inherit a function, of which others must not have it."""
        for cls in {key(test.record.cls) for test in tests if test.record.cls and test.wanted}:
            if not all(test.was_tried for test in tests):
                continue  # it was told by what has no parameters to tell them apart
            if all(test.wanted for test in self._covered_by[cls]):
                edit = Edit(Action.ADD, self._resource, Place(PlaceKind.CLASS, cls.qualname))
                self._emit(cls.path, [edit])
            else:
                own = [test for test in tests if test.record.cls and key(test.record.cls) == cls]
                self._leave(_who_shows(own), messages.fix_inherited(self._resource, cls.qualname))
        return []

    def _emit_broad(
        self,
        broken: dict[tuple[Source, str], list[JudgedTest]],
        edits: Edits,
    ) -> None:
        """Take broad marks away, together with the marks that tests get in their place."""
        for (source, level), tests in broken.items():
            removal = Edit(Action.REMOVE, self._resource, Place(_BROAD[level], source.qualname))
            functions = {key(test.record.source) for test in tests if test.record.source}
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
        self._plan.add(path, Change(tuple(edits)))

    def _tell_what_no_edit_can(self, test: JudgedTest) -> None:
        if test.record.source is None and test.wanted and not test.marks:
            self._plan.by_hook.setdefault(test.record.nodeid, []).append(self._resource)
        elif test.record.is_beside_optional(self._resource) and is_unused(
            test.record, self._resource
        ):
            self._leave(test, messages.fix_beside_optional(self._resource))
        elif self._resource in test.record.sometimes and not test.record.may_use(self._resource):
            self._leave(test, messages.fix_sometimes(self._resource))
        elif not test.wanted and any(mark.level == "other" for mark in test.marks):
            self._leave(test, messages.fix_mark_from_elsewhere(self._resource))

    def _leave_unseen(self, tests: list[JudgedTest]) -> None:
        tried = [test for test in tests if test.was_tried]
        self._leave(
            _who_shows(tried or tests), messages.fix_unseen(self._resource, len(tests) - len(tried))
        )

    def _leave(self, test: JudgedTest, reason: str) -> None:
        text = f"{test.record.nodeid}: {reason}"
        if text not in self._plan.left:
            self._plan.left.append(text)


def _who_shows(tests: Sequence[JudgedTest]) -> JudgedTest:
    """The one to name of a function's tests: the first that is to have the mark, where one is."""
    return next((test for test in tests if test.wanted), tests[0])


def _is_covered(test: JudgedTest, broken: dict[tuple[Source, str], list[JudgedTest]]) -> bool:
    """Whether a mark that stays gives the test what it wants."""
    return any(
        mark.source is None or (key(mark.source), mark.level) not in broken for mark in test.marks
    )
