"""Fixtures: whose they are, who asks for them, and what they have to tear down."""

from __future__ import annotations

import re
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
from typing import Any
from typing import Final

import pytest

_JUDGED_LIKE_A_USERS: Final = ("_pytest.python", "_pytest.unittest")


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


def asks_for_the_request(fixturedef: pytest.FixtureDef[object]) -> bool:
    """Whether its author can ask for further fixtures, or add finalizers, at any time."""
    module = getattr(fixturedef.func, "__module__", None) or ""
    return "request" in fixturedef.argnames and not module.startswith("_pytest.")


def is_visible_below(fixturedef: pytest.FixtureDef[object]) -> str:
    """The id of the node below which tests can ask for the fixture; empty for all of them."""
    # The node is there from pytest 9.1 on, where the id is deprecated.
    node = getattr(fixturedef, "node", None)
    below: str = getattr(fixturedef, "baseid", "") if node is None else node.nodeid
    return "" if below == "." else below


def all_depend_on(item: pytest.Item, fixturedef: pytest.FixtureDef[object]) -> str:
    """The class or module of a test, all of whose tests depend on a fixture that is set up once for it.

    Returns:
        Its node id; empty where there is none, as for a fixture that has parameters, since it may
        not do the same with each.
    """
    manager = item.session._fixturemanager
    kind = {"class": pytest.Class, "module": pytest.Module}.get(fixturedef.scope)
    if kind is None or fixturedef.params:
        return ""
    nodes = [node for node in item.listchain() if isinstance(node, (pytest.Class, pytest.Module))]
    # The nearest class has a class's fixture of its own; a module's may be that of a class in it, too.
    for node in nodes[-1:] if kind is pytest.Class else nodes:
        found = manager.getfixturedefs(fixturedef.argname, node)
        if found and found[-1] is fixturedef:
            return node.nodeid if fixturedef.argname in manager._getautousenames(node) else ""
    return ""


def finalizer_count(fixturedef: pytest.FixtureDef[object]) -> int:
    """How many finalizers the fixture has: a generator's tear-down is one of them."""
    return len(fixturedef._finalizers)


def have_failed(
    fixturedef: pytest.FixtureDef[object], request: pytest.FixtureRequest, error: BaseException
) -> None:
    """Note that a fixture's set-up has failed, as pytest's own `pytest_fixture_setup` would have."""
    key = fixturedef.cache_key(request)  # type: ignore[arg-type] # it is one made for the fixture
    fixturedef.cached_result = (None, key, (error, error.__traceback__))


def keep_last_finalizer(
    fixturedef: pytest.FixtureDef[object], finalizer: Callable[[], object]
) -> None:
    """Add a finalizer that runs before all others, those that are still to be added included."""

    def add(other: Callable[[], object]) -> None:
        finalizers = fixturedef._finalizers
        # The last in the list runs first.
        finalizers.insert(len(finalizers) - (finalizer in finalizers[-1:]), other)

    fixturedef.addfinalizer(finalizer)
    vars(fixturedef)["addfinalizer"] = add


def got_by(item: pytest.Item) -> Mapping[str, pytest.FixtureDef[Any]]:
    """The fixtures that a test has got so far, in its set-up or since, by their names; none once it has ended.

    They are those that its own request has, which hands them to the requests of its fixtures. Of fixtures of one
    name, where one overrides the other, it has the outer one; and none whose set-up has failed.
    """
    request = getattr(item, "_request", None)
    return request._fixture_defs if request else {}


def tell_what_they_got(items: Iterable[pytest.Item], request: pytest.FixtureRequest) -> bool:
    """Whether :func:`got_by` can tell of all these tests; else :func:`tell_each_request` has to.

    Args:
        items: Tests. Those of other plugins may keep their request elsewhere.
        request: That of any fixture.
    """
    kinds = {type(each): each for each in items}.values()
    return hasattr(request, "_fixture_defs") and all(hasattr(each, "_request") for each in kinds)


class Definitions:
    """How often the names of fixtures are defined in a session.

    Args:
        session: It, when its tests are collected.
    """

    def __init__(self, session: pytest.Session) -> None:
        # One table by names in pytest 8.4; in 9.2 two, by names and then by nodes.
        manager = vars(session._fixturemanager)
        self._tables = [
            table for name, table in manager.items() if re.fullmatch(r"_arg2\w*fixturedefs", name)
        ]

    def has_others(self, name: str) -> bool:
        """Whether a name may be that of several, each for some test of the session at least."""
        count = 0
        for table in self._tables:
            named = table.get(name, ())
            count += sum(map(len, named.values())) if isinstance(named, dict) else len(named)
        return count != 1


def tell_each_request(
    fixturedef: pytest.FixtureDef[object], told: Callable[[pytest.FixtureRequest], object]
) -> None:
    """From now on call `told` after each request for the fixture, be it cached, or one that failed."""
    execute = type(fixturedef).execute

    def execute_and_tell(request: pytest.FixtureRequest) -> object:
        __tracebackhide__ = True
        try:
            return execute(fixturedef, request)  # type: ignore[arg-type]
        finally:
            told(request)

    # On the object, so that the class, which all fixtures of the process share, stays as it is.
    vars(fixturedef)["execute"] = execute_and_tell


def tell_each_ask(
    request: pytest.FixtureRequest, told: Callable[[pytest.FixtureDef[Any]], object]
) -> None:
    """Call `told` with each fixture that is got through this request by its ``getfixturevalue``.

    Pytest gets those by it, too, that the fixture of the request names as arguments. It does not request again
    what the running test has got already.
    """
    ask = request.getfixturevalue

    def ask_and_tell(argname: str) -> object:
        __tracebackhide__ = True
        value = ask(argname)
        if argname in request._fixture_defs:
            told(request._fixture_defs[argname])
        return value

    vars(request)["getfixturevalue"] = ask_and_tell


def leave_alone(fixturedef: pytest.FixtureDef[object]) -> None:
    """Undo what `keep_last_finalizer` and `tell_each_request` have done."""
    vars(fixturedef).pop("addfinalizer", None)
    vars(fixturedef).pop("execute", None)


def requesters(request: pytest.FixtureRequest) -> list[pytest.FixtureDef[Any]]:
    """The fixtures on whose behalf a fixture is requested, the nearest first; none where a test itself asks."""
    found = []
    parent = getattr(request, "_parent_request", None)
    while (fixturedef := getattr(parent, "_fixturedef", None)) is not None:
        found.append(fixturedef)
        parent = getattr(parent, "_parent_request", None)
    return found
