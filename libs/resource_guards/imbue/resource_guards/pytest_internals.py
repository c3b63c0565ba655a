"""The few things that pytest knows and does not offer in public, each in one function.

Tried with pytest 8.4 and 9; `tests/test_pytest_internals.py` fails when one of them moves.
"""

from __future__ import annotations

import functools
import re
import unittest
from collections.abc import Iterable
from collections.abc import Sequence

import pytest

_JUDGED_LIKE_A_USERS = {"_pytest.python", "_pytest.unittest"}


def is_pytests_own(fixturedef: pytest.FixtureDef[object]) -> bool:
    """Whether the fixture is built into pytest and so uses no resource (tmp_path, monkeypatch...).

    The ones that call a test module's own set-up and tear-down functions are not.
    """
    module = getattr(fixturedef.func, "__module__", None) or ""
    return module.startswith("_pytest.") and module not in _JUDGED_LIKE_A_USERS


def display_name(fixturedef: pytest.FixtureDef[object]) -> str:
    """The fixture's name, or for a function that pytest makes a fixture of, that function's."""
    xunit = re.fullmatch(r"_(?:xunit|unittest)_(\w+?)_fixture_(\w+)", fixturedef.argname)
    return f"{xunit[1]} of {xunit[2]}" if xunit else fixturedef.argname


def may_have_subtests(item: pytest.Item) -> bool:
    """Whether reports may be made for parts of the test's body while it runs."""
    return "subtests" in getattr(item, "fixturenames", ()) or issubclass(
        getattr(item, "cls", None) or object, unittest.TestCase
    )


def finalizer_count(fixturedef: pytest.FixtureDef[object]) -> int:
    """How many finalizers the fixture has: a generator's tear-down is one of them."""
    return len(fixturedef._finalizers)


def active_fixtures(item: pytest.Item) -> Iterable[pytest.FixtureDef[object]]:
    """The fixtures that were set up for, or were at hand and used by, this test so far."""
    request = getattr(item, "_request", None)
    return request._fixture_defs.values() if request else ()


def static_fixtures(item: pytest.Item) -> Iterable[Sequence[pytest.FixtureDef[object]]]:
    """The fixtures that this test depends on by name, with those that each overrides."""
    info = getattr(item, "_fixtureinfo", None)
    return info.name2fixturedefs.values() if info else ()


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
