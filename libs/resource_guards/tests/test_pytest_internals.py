"""What is used of pytest's insides is still there, in the pytest that runs this."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Generator
from collections.abc import Iterator
from collections.abc import Sequence
from typing import Any

import pluggy
import pytest

from imbue.resource_guards import pytest_internals
from imbue.resource_guards.pytest_internals.parameters import ParameterSets


@pytest.fixture
def with_teardown() -> Iterator[None]:
    """A fixture with something to tear down."""
    yield  # noqa: PT022 - that it is a generator is the point


@pytest.fixture
def without_teardown() -> None:
    """A fixture without."""


def definitions(request: pytest.FixtureRequest) -> dict[str, pytest.FixtureDef[object]]:
    """The definitions of the fixtures that a test names, by their names."""
    chains = pytest_internals.static_fixtures(request.node)
    return {chain[-1].argname: chain[-1] for chain in chains}


@pytest.mark.usefixtures("with_teardown", "without_teardown")
def test_fixtures_of_a_test(request: pytest.FixtureRequest) -> None:
    """Which fixtures a test has, and which of them tear down."""
    found = definitions(request)
    assert pytest_internals.argument_names(request.node) == ("request",)
    bare = pytest_internals.finalizer_count(found["without_teardown"])
    assert pytest_internals.finalizer_count(found["with_teardown"]) == bare + 1


@pytest.mark.usefixtures("tmp_path", "with_teardown")
def test_built_in_fixtures(request: pytest.FixtureRequest) -> None:
    """pytest's own are told from a user's."""
    found = definitions(request)
    assert pytest_internals.is_pytests_own(found["tmp_path"])
    assert not pytest_internals.is_pytests_own(found["with_teardown"])
    assert not pytest_internals.asks_for_the_request(found["tmp_path"])  # though it does
    assert not pytest_internals.asks_for_the_request(found["with_teardown"])
    assert pytest_internals.is_visible_below(found["tmp_path"]) == ""
    assert request.node.nodeid.startswith(
        pytest_internals.is_visible_below(found["with_teardown"]) + "::"
    )


@pytest.fixture
def asks_by_itself(request: pytest.FixtureRequest) -> list[str]:
    """A fixture that asks for others while it is set up."""
    told: list[str] = []
    (other,) = request._fixturemanager.getfixturedefs("without_teardown", request.node) or ()
    pytest_internals.tell_each_request(
        other, lambda each: told.extend(d.argname for d in pytest_internals.requesters(each))
    )
    pytest_internals.tell_each_ask(request, lambda each: told.append(each.argname))
    request.getfixturevalue("with_teardown")
    request.getfixturevalue("without_teardown")
    pytest_internals.leave_alone(other)
    return told


@pytest.fixture
def asks_for_one_that_asks(asks_by_itself: list[str]) -> list[str]:
    """Has the one above for its argument."""
    return asks_by_itself


@pytest.mark.usefixtures("with_teardown")
def test_requests(asks_for_one_that_asks: list[str]) -> None:
    """What a fixture asks for is told, and the requests that this makes, and for whom."""
    assert asks_for_one_that_asks == [
        "with_teardown",  # which the test has already, so that it is not requested again
        "asks_by_itself",
        "asks_for_one_that_asks",
        "without_teardown",
    ]


def test_the_first_finalizer_to_run(request: pytest.FixtureRequest) -> None:
    """It stays the first, however many are added after it."""
    request.getfixturevalue("without_teardown")
    definition: Any = request._get_active_fixturedef("without_teardown")
    begin, first, last = (lambda: None), (lambda: None), (lambda: None)
    pytest_internals.keep_last_finalizer(definition, begin)
    definition.addfinalizer(first)
    definition.addfinalizer(last)
    assert definition._finalizers[-3:] == [first, last, begin]
    definition._finalizers.pop()  # as when the tear-down has begun
    definition.addfinalizer(first)
    assert definition._finalizers[-3:] == [first, last, first]
    pytest_internals.leave_alone(definition)


@pytest.mark.usefixtures("with_teardown")
def test_own_finalizers(request: pytest.FixtureRequest) -> None:
    """A finalizer that a test adds is told from those of its fixtures."""
    assert not pytest_internals.has_own_finalizers(request.node)
    request.node.addfinalizer(lambda: None)
    assert pytest_internals.has_own_finalizers(request.node)


spec = pluggy.HookspecMarker("pytest")


class Specs:
    """The one hook of a manager that is none of pytest's."""

    @spec(firstresult=True)
    def pytest_runtest_makereport(self) -> list[str] | None:
        """Who has seen the report, the first first."""


class Maker:
    """Makes the report."""

    @pytest.hookimpl
    def pytest_runtest_makereport(self) -> list[str]:
        """A report that nobody has seen."""
        return []


def seer(
    name: str, module: str = "third_party", *, tryfirst: bool = False, trylast: bool = False
) -> object:
    """A plugin that wraps reports, and says so in them."""

    def see() -> Generator[None, list[str], list[str]]:
        seen = yield
        return [*seen, name]

    see.__module__ = module
    hook = pytest.hookimpl(wrapper=True, tryfirst=tryfirst, trylast=trylast)(see)
    return type(name, (), {"pytest_runtest_makereport": staticmethod(hook)})()


def manager_of(*plugins: object) -> pluggy.PluginManager:
    """A manager of these plugins, as pytest's is one."""
    manager = pluggy.PluginManager("pytest")
    manager.parse_hookimpl_opts = pytest.PytestPluginManager().parse_hookimpl_opts  # type: ignore[method-assign]
    manager.add_hookspecs(Specs)
    for plugin in (Maker(), *plugins):
        manager.register(plugin)
    return manager


def test_a_wrapper_directly_around_pytests_own() -> None:
    """It is inside of all others but of those that ask to be, and of pytest's that only read."""
    ours = seer("ours")
    manager = manager_of(
        seer("skipping", "_pytest.skipping"),
        seer("tmpdir", "_pytest.tmpdir", tryfirst=True),
        seer("inner", trylast=True),
        seer("plain"),
        seer("outer", tryfirst=True),
        ours,
    )
    caller = manager.hook.pytest_runtest_makereport

    pytest_internals.put_around_pytests_own(caller, ours)

    assert caller() == ["inner", "skipping", "ours", "plain", "tmpdir", "outer"]
    manager.register(seer("late"))
    assert caller()[2:5] == ["ours", "plain", "late"]
    assert not pytest_internals.is_outermost(caller, ours)


@pytest.mark.parametrize("others", [[], ["plain"], ["plain", "other"]])
def test_a_wrapper_where_pytests_own_are_blocked(others: list[str]) -> None:
    """With ``-p no:skipping`` it is the innermost."""
    ours = seer("ours")
    manager = manager_of(*map(seer, others), ours)
    caller = manager.hook.pytest_runtest_makereport

    pytest_internals.put_around_pytests_own(caller, ours)

    assert caller() == ["ours", *others]


class _OtherCaller:
    """A hook caller of a pluggy that keeps its list in another way."""

    def __init__(self, caller: pluggy.HookCaller) -> None:
        self.get_hookimpls = caller.get_hookimpls


def test_a_wrapper_where_pluggy_is_another() -> None:
    """It stays where it was registered."""
    ours = seer("ours")
    caller = manager_of(seer("plain"), ours).hook.pytest_runtest_makereport

    pytest_internals.put_around_pytests_own(_OtherCaller(caller), ours)  # type: ignore[arg-type]

    assert caller() == ["plain", "ours"]


def test_plugins_that_are_forgotten(pytestconfig: pytest.Config) -> None:
    """Nothing of pytest leads to a plugin that was registered, and perhaps unregistered, before."""

    class Plugin:
        """One that is not registered for long."""

    Plugin.__module__ = "package_of_plugins.module"
    plugins = [Plugin(), Plugin()]
    for plugin in plugins:
        pytestconfig.pluginmanager.register(plugin)
    pytestconfig.pluginmanager.unregister(plugins[0])
    references = [weakref.ref(plugin) for plugin in plugins]

    pytest_internals.forget_plugins(pytestconfig, "package_of_plugins")

    assert not pytestconfig.pluginmanager.is_registered(plugins[1])
    del plugin, plugins
    gc.collect()
    assert [each() for each in references] == [None, None]


class Rows:
    """Sets of values that are made anew each time, as the rows of an array are."""

    def __init__(self, *rows: tuple[int, int]) -> None:
        self._rows = rows

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: int) -> list[object]:
        return [complex(each) for each in self._rows[index]]


Sequence.register(Rows)

A, B = object(), object()


@pytest.mark.parametrize(
    ("argnames", "sets", "params", "index"),
    [
        ("x", [A, B], {"x": B}, 1),
        ("x, y", [(A, A), (A, B)], {"x": A, "y": B}, 1),
        (["x", "y"], [pytest.param(B, A, id="one"), (A, A)], {"x": B, "y": A}, 0),
        ("x", [A, A], {"x": A}, None),
        ("x", [A, A, A], {"x": A}, None),
        ("x", [A], {"x": B}, None),
        ("x", [A], {}, None),
        ("x", iter([A]), {"x": A}, None),
        ("x, y", Rows((1, 2), (3, 4)), {"x": complex(3), "y": complex(4)}, None),
    ],
    ids=[
        *("the second", "of two arguments", "with an id", "twice", "three times"),
        *("another", "not its own", "an iterator", "made anew"),
    ],
)
def test_which_parameters_a_test_has(
    argnames: Any, sets: Any, params: dict[str, object], index: int | None
) -> None:
    """The set of the very objects; none where that is not known, as of two equal ones."""
    mark = pytest.mark.parametrize(argnames, sets).mark
    known = ParameterSets()

    for _ in range(2):  # the second time by what is known of the mark
        assert known.of(mark, params) == (["x", "y"][: len(params) or 1], index)


def test_the_parameters_of_a_mark_are_looked_through_once() -> None:
    """However many tests ask."""

    class Counted(list[object]):
        looked = 0

        def __iter__(self) -> Iterator[object]:
            Counted.looked += 1
            return super().__iter__()

    values = Counted(object() for _ in range(100))
    mark = pytest.mark.parametrize("x", values).mark
    known = ParameterSets()
    before = Counted.looked

    found = [known.of(mark, {"x": values[index]})[1] for index in range(100)]

    assert found == list(range(100))
    assert Counted.looked == before + 1
