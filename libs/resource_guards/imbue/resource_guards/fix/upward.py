"""Mark a module or class once, in place of all its tests, where each of them would get the mark."""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence

from imbue.resource_guards.fix.edits import Action
from imbue.resource_guards.fix.edits import Change
from imbue.resource_guards.fix.edits import Edit
from imbue.resource_guards.fix.edits import Place
from imbue.resource_guards.fix.edits import PlaceKind
from imbue.resource_guards.fix.wanted import JudgedTest
from imbue.resource_guards.fix.wanted import key
from imbue.resource_guards.report.evidence import Source

Edits = dict[Source, list[Edit]]
Functions = Mapping[Source, Sequence[JudgedTest]]

_FEWEST = 2
"""How many functions are worth a mark of all."""


def fold_modules(
    resource: str, tests: Sequence[JudgedTest], functions: Functions, edits: Edits
) -> Iterator[tuple[str, Change]]:
    """Take the edits out that one ``pytestmark`` stands for, and give it in their place.

    Args:
        resource: The mark.
        tests: All tests of the run.
        functions: The tests of each function.
        edits: The edits of each function; those that are folded leave it.

    Returns:
        Each module's path, with a change that falls back to the single marks.
    """
    in_module: dict[str, list[JudgedTest]] = {}
    for test in tests:
        in_module.setdefault(test.path, []).append(test)
    of_path: dict[str, list[Source]] = {}
    for function in functions:
        of_path.setdefault(function.path, []).append(function)
    for path, own in of_path.items():
        # A module that is one class with its tests gets the mark of the class.
        holders = {function.qualname.partition(".")[0] for function in own}
        if len(holders) < _FEWEST or not _are_whole(resource, own, edits):
            continue
        if any(test.record.source is None for test in in_module.get(path, ())):
            continue  # a doctest may not carry what stands for the module's functions
        here = {id(test) for test in in_module.get(path, ())}
        there = {id(test) for function in own for test in functions[function]}
        if here != there:
            continue  # the one takes tests from elsewhere, or gives them
        singles = {function: edits.pop(function) for function in own}
        fold_classes(resource, functions, _by_class(functions, own), singles)
        otherwise = tuple(Change(tuple(each)) for each in singles.values())
        yield path, Change((_add(resource, Place(PlaceKind.MODULE)),), otherwise)


def fold_classes(
    resource: str,
    functions: Functions,
    covered: Mapping[Source, Sequence[JudgedTest]],
    edits: Edits,
) -> None:
    """Exchange the edits of functions for one of their class, where that covers them and no others.

    Args:
        resource: The mark.
        functions: The tests of each function.
        covered: The tests that the mark of each class covers.
        edits: The edits of each function; it is changed.
    """
    inside: dict[Source, list[Source]] = {}
    for function in functions:
        parts = function.qualname.split(".")
        for count in range(1, len(parts)):
            cls = Source(function.path, 0, ".".join(parts[:count]))
            inside.setdefault(cls, []).append(function)
    for cls in sorted(covered, key=lambda each: each.qualname.count(".")):  # the outermost first
        tests, own = covered[cls], inside.get(cls, [])
        theirs = {key(test.record.source) for test in tests if test.record.source}
        if len(own) < _FEWEST or set(own) != theirs or not _are_whole(resource, own, edits):
            continue
        if len(tests) < sum(len(functions[each]) for each in own):
            continue  # another class has one of them without inheriting it
        for function in own:
            del edits[function]
        edits[own[0]] = [_add(resource, Place(PlaceKind.CLASS, cls.qualname))]


def _by_class(functions: Functions, own: Collection[Source]) -> dict[Source, list[JudgedTest]]:
    """The tests that a class's mark covers, for each class of the tests of these functions."""
    covered: dict[Source, list[JudgedTest]] = {}
    for function in own:
        for test in functions[function]:
            for cls in dict.fromkeys(map(key, test.record.classes)):
                covered.setdefault(cls, []).append(test)
    return covered


def _are_whole(resource: str, own: Sequence[Source], edits: Edits) -> bool:
    return all(
        edits.get(each) == [_add(resource, Place(PlaceKind.FUNCTION, each.qualname))]
        for each in own
    )


def _add(resource: str, place: Place) -> Edit:
    return Edit(Action.ADD, resource, place)
