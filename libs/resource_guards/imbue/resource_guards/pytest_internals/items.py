"""Tests: what they depend on, what they have to tear down, and with which parameters they run."""

from __future__ import annotations

import functools
import unittest
from collections.abc import Iterable
from collections.abc import Sequence

import pytest
from _pytest.skipping import evaluate_skip_marks


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
