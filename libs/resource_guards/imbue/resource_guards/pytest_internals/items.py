"""Tests: what they depend on, what they have to tear down, and with which parameters they run."""

from __future__ import annotations

import functools
import inspect
import unittest
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from collections.abc import Sized
from typing import Any
from typing import Final

import pytest
from _pytest.skipping import evaluate_skip_marks

_NOTHING: Final = object()


def skipped_where_it_stands(reason: str) -> BaseException:
    """What skips a test when it is raised, and is told with the test's own place, as of a mark.

    Not of a class of its own: pytest tells the name of the class with the reason.
    """
    return pytest.skip.Exception(reason, _use_item_location=True)


def skips_itself(item: pytest.Item) -> bool:
    """Whether a mark of pytest's skips the test, as far as that can be found out now."""
    try:
        return evaluate_skip_marks(item) is not None
    except BaseException:  # noqa: BLE001 - a condition that fails, which pytest tells of when it comes to it
        return True


def static_fixtures(item: pytest.Item) -> Iterable[Sequence[pytest.FixtureDef[object]]]:
    """The fixtures that this test depends on by name, with those that each overrides."""
    info = getattr(item, "_fixtureinfo", None)
    return info.name2fixturedefs.values() if info else ()


def argument_names(item: pytest.Item) -> Sequence[str]:
    """The fixtures that the test's function itself names."""
    info = getattr(item, "_fixtureinfo", None)
    return info.argnames if info else ()


def captured_of(item: pytest.Item) -> list[tuple[str, str, str]]:
    """What was captured so far, by phase and stream, of which the reports of later phases have copies."""
    return item._report_sections


def class_with(item: pytest.Function) -> type | None:
    """The class whose body has the test: its own, or the base that it is inherited from; `None` without one."""
    own: type | None = item.cls
    bases = own.__mro__ if own is not None else ()
    return next((base for base in bases if item.originalname in vars(base)), own)


def has_own_finalizers(item: pytest.Item) -> bool:
    """Whether the test added finalizers itself, as ``request.addfinalizer`` in a test does."""
    finalizers, _ = item.session._setupstate.stack[item]
    return any(
        not (
            isinstance(finalizer, functools.partial)
            and isinstance(getattr(finalizer.func, "__self__", None), pytest.FixtureDef)
        )
        for finalizer in finalizers[1:]  # the first is the item's own teardown()
    )


def may_have_subtests(item: pytest.Item) -> bool:
    """Whether reports may be made for parts of the test's body while it runs."""
    return "subtests" in getattr(item, "fixturenames", ()) or issubclass(
        getattr(item, "cls", None) or object, unittest.TestCase
    )


def parameters_behind(
    item: pytest.Item, fixturedef: pytest.FixtureDef[object]
) -> list[tuple[int, int]]:
    """The parameters of a test that a fixture depends on, its own or those of fixtures that it names.

    Returns:
        Of each which one it is, and how many there are: 0 where a test gives them.
    """
    callspec = getattr(item, "callspec", None)
    if callspec is None:
        return []
    fixtures = getattr(item, "_fixtureinfo").name2fixturedefs  # noqa: B009 - of tests that have parameters
    names = [fixturedef.argname]
    for name in names:  # it grows meanwhile
        defined = [fixturedef] if name == fixturedef.argname else fixtures.get(name, ())
        names += {each: None for one in defined for each in one.argnames if each not in names}
    return [
        (callspec.indices[name], len(fixtures[name][-1].params or ()) if name in fixtures else 0)
        for name in names
        if name in callspec.indices
    ]


def parameters_of(mark: pytest.Mark, params: Mapping[str, object]) -> tuple[list[str], int | None]:
    """The arguments of a ``parametrize`` mark, and which of its sets of values a test has.

    A test's `callspec.indices` do not tell it: they number the test's own sets, of all such marks
    together. So the set is found by its values, which are the very objects of the mark.

    Args:
        mark: The mark.
        params: The values that the test has, by their names.
    """
    arguments = _arguments_of(mark)
    names = arguments.get("argnames", "")
    listed = names.split(",") if isinstance(names, str) else names
    argnames = [name.strip() for name in listed if name.strip()]
    values = arguments.get("argvalues", ())
    found = [
        index
        for index, each in enumerate(values if isinstance(values, Sequence) else ())
        if all(
            params.get(name, _NOTHING) is value
            for name, value in zip(argnames, _values_of(each, argnames), strict=False)
        )
    ]
    return argnames, found[0] if len(found) == 1 else None


def has_sets(mark: pytest.Mark) -> bool:
    """Whether a ``parametrize`` mark has several sets of values, or it is not known how many."""
    values = _arguments_of(mark).get("argvalues", ())
    return not isinstance(values, Sized) or len(values) > 1


def _arguments_of(mark: pytest.Mark) -> Mapping[str, Any]:
    # Bound as Python would: each may be given by position or by name.
    return inspect.signature(_parametrize).bind_partial(*mark.args, **mark.kwargs).arguments


def _parametrize(argnames: object, argvalues: object, *_: object, **__: object) -> None:
    """How the mark's arguments are called."""


def _values_of(each: Any, argnames: Sequence[str]) -> Sequence[object]:
    if isinstance(each, type(pytest.param())):
        return each.values
    return [each] if len(argnames) == 1 else each
