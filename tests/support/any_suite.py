"""Any test suite: a model of one, the strategy that draws it, its source, and what is right for it.

The right violations come from the rule alone: a test uses what it uses itself and what the
fixtures that it depends on use, in any phase, and must carry exactly those marks.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import field
from itertools import chain

from hypothesis import strategies as st

RESOURCES = ("alpha", "beta")
"""The first is a program, the second an SDK."""

WAYS = ("here", "thread", "process", "fork", "task")
"""How something is used: by the test or fixture itself; by a worker of a pool that all share, a thread or
a process; in a fork that has closed its descriptors; or by a task of a loop that all share, which leaves
another one that does the same later, while something else runs."""

SCOPES = ("session", "package", "module", "class", "function")
ANYWHERE = "conftest"
MODULES = ("test_one", "test_two")
ORDERS = ("as_written", "reversed", "shuffled")

Resources = frozenset[str]
Violations = frozenset[tuple[str, str, str]]
"""Kind, resource, and the fixture whose contract it is about, if any."""


@dataclass(frozen=True)
class Fixture:
    """A fixture of a suite.

    Args:
        name: Its name.
        place: The module that it stands in, or the conftest.
        scope: Its scope.
        arguments: The fixtures that it names.
        asks: Those that it gets by ``getfixturevalue``.
        in_setup: What its set-up uses.
        in_teardown: What its tear-down uses.
        teardown: How that is done: not at all, by ``yield`` or by ``request.addfinalizer``.
        declares: What it declares, if it does.
        autouse: Whether every test that can see it depends on it.
        has_parameters: It has two, and uses what it uses with the second only.
        way: How it uses all of it.
    """

    name: str
    place: str
    scope: str
    arguments: tuple[str, ...] = ()
    asks: tuple[str, ...] = ()
    in_setup: Resources = frozenset()
    in_teardown: Resources = frozenset()
    teardown: str = ""
    declares: Resources | None = None
    autouse: bool = False
    has_parameters: bool = False
    way: str = "here"


@dataclass(frozen=True)
class Test:
    """A test of a suite; the arguments are as those of a fixture, and how many classes it is in."""

    __test__ = False

    name: str
    place: str
    depth: int = 0
    marks: Resources = frozenset()
    arguments: tuple[str, ...] = ()
    asks: tuple[str, ...] = ()
    in_body: Resources = frozenset()
    in_finalizer: Resources = frozenset()
    ending: str = "pass"
    way: str = "here"


@dataclass(frozen=True)
class AnySuite:
    """A suite."""

    fixtures: tuple[Fixture, ...]
    tests: tuple[Test, ...]

    def violations(self) -> dict[str, Violations]:
        """The violations of each test, by its name and, where it has parameters, its id."""
        return {
            test.name + ("" if parameter is None else f"[{parameter}]"): self._of(test, parameter)
            for test in self.tests
            for parameter in ((0, 1) if self._parameters(test) else (None,))
        }

    def perhaps(self) -> Violations:
        """What may be told of contracts of fixtures with parameters: by when all were tried, which depends on the order."""
        return frozenset(
            ("unused", resource, each.name)
            for each in self.fixtures
            if self._is_behind_parameters(each)
            for resource in (each.declares or frozenset()) - each.in_setup - each.in_teardown
        )

    def _is_behind_parameters(self, fixture: Fixture) -> bool:
        by_name = {each.name: each for each in self.fixtures}
        names = [fixture.name]
        for name in names:  # it grows meanwhile
            names += [each for each in by_name[name].arguments if each not in names]
        return any(by_name[name].has_parameters for name in names)

    def _parameters(self, test: Test) -> bool:
        return any(each.has_parameters for each in self._closure(test, ()))

    def _of(self, test: Test, parameter: int | None) -> Violations:
        def used(fixtures: list[Fixture], phase: str) -> Resources:
            return frozenset(
                chain.from_iterable(
                    getattr(each, phase)
                    for each in fixtures
                    if not (each.has_parameters and parameter == 0)
                )
            )

        def broken(fixtures: list[Fixture], phase: str) -> set[tuple[str, str, str]]:
            return {
                ("undeclared", resource, each.name)
                for each in fixtures
                if each.declares is not None
                for resource in used([each], phase) - each.declares
            }

        fixtures = self._closure(test, ())
        uses = used(fixtures, "in_setup")
        runs = uses <= test.marks and not broken(fixtures, "in_setup")
        if runs:
            fixtures = self._closure(test, test.asks)
            uses = used(fixtures, "in_setup") | test.in_body | test.in_finalizer
        uses |= used(fixtures, "in_teardown")
        found = broken(fixtures, "in_setup") | broken(fixtures, "in_teardown")
        for each in fixtures:
            if not self._is_behind_parameters(each):
                own = each.in_setup | each.in_teardown
                unused = (each.declares or own) - own
                found |= {("unused", resource, each.name) for resource in unused}
        found |= {("missing", resource, "") for resource in uses - test.marks}
        if runs and test.ending == "pass":
            found |= {("superfluous", resource, "") for resource in test.marks - uses}
        return frozenset(found)

    def _closure(self, test: Test, asks: tuple[str, ...]) -> list[Fixture]:
        """The fixtures that a test depends on by name, and by what they ask for, and `asks`."""
        by_name = {each.name: each for each in self.fixtures}
        names = [each.name for each in self.fixtures if each.autouse and sees(test.place, each)]
        names += [*test.arguments, *asks]
        found: dict[str, Fixture] = {}
        for name in names:  # it grows meanwhile
            if name not in found:
                found[name] = by_name[name]
                names += [*found[name].arguments, *found[name].asks]
        return list(found.values())

    def sources(self) -> dict[str, str]:
        """The files of the suite, once for each order, by their paths."""
        files = {"conftest.py": _CONFTEST, "using.py": _USING, "beta_sdk.py": _SDK}
        for order in ORDERS:
            files[f"{order}/__init__.py"] = ""
            for place in (ANYWHERE, *MODULES):
                files[f"{order}/{place}.py"] = "\n\n".join(
                    [
                        "import pytest\nfrom using import fixture_uses_resources, use",
                        *self._parts(place),
                    ]
                )
        return files

    def _parts(self, place: str) -> Iterator[str]:
        for each in self.fixtures:
            if each.place == place:
                yield _fixture_source(each)
        for test in self.tests:
            if test.place == place and not test.depth:
                yield _test_source(test)
        methods, inner = (
            [
                _test_source(each)
                for each in self.tests
                if (each.place, each.depth) == (place, depth)
            ]
            for depth in (1, 2)
        )
        if inner:
            methods.append(_class_source("TestInner", inner))
        if methods:
            yield _class_source("TestOuter", methods)


def sees(place: str, fixture: Fixture) -> bool:
    """Whether a fixture can be asked for at a place."""
    return fixture.place in (ANYWHERE, place)


_CONFTEST = f"""
import random

def pytest_register_resource_guards(registry):
    registry.register_resource_guard("alpha")
    registry.register_sdk_guard("beta", targets=["beta_sdk:send"])

def pytest_collection_modifyitems(items):
    orders = {{name: [] for name in {ORDERS}}}
    for item in items:
        orders[item.nodeid.partition("/")[0]].append(item)
    orders["reversed"].reverse()
    random.Random(7).shuffle(orders["shuffled"])
    items[:] = sum(orders.values(), [])
"""

_SDK = """
def send(who):
    pass
"""

# What is used may be blocked, and that must change nothing of what else is done.
_USING = """
import asyncio
import os
import subprocess
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures import ThreadPoolExecutor

import beta_sdk
from imbue.resource_guards.resource_guards import fixture_uses_resources

LOOP = asyncio.new_event_loop()
POOLS = {}
LEFT = []

def use(*resources, way):
    if way == "here":
        use_here(*resources)
    elif way == "thread":
        pool(ThreadPoolExecutor).submit(use_here, *resources).result()
    elif way == "process":
        pool(ProcessPoolExecutor).submit(use_here, *resources).result()
    elif way == "fork":
        use_in_fork(*resources)
    else:
        LOOP.run_until_complete(use_and_leave(*resources))

def pool(kind):
    if kind not in POOLS:
        POOLS[kind] = kind(1)
    return POOLS[kind]

def use_in_fork(*resources):
    pid = os.fork()
    if not pid:
        try:
            os.closerange(3, 200)
            use_here(*resources)
        finally:
            os._exit(0)
    os.waitpid(pid, 0)

async def use_and_leave(*resources):
    await asyncio.sleep(0)
    use_here(*resources)
    LEFT.append(LOOP.create_task(use_later(*resources)))

async def use_later(*resources):
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    use_here(*resources)

def use_here(*resources):
    for resource in resources:
        if resource == "alpha":
            subprocess.run(["alpha"], capture_output=True)
        else:
            try:
                beta_sdk.send("me")
            except BaseException:
                pass
"""


def _uses(resources: Resources, way: str) -> str:
    return f"use({', '.join([*map(repr, sorted(resources)), f'way={way!r}'])})"


def _fixture_source(fixture: Fixture) -> str:
    options = [f"scope={fixture.scope!r}"]
    options += ["autouse=True"] * fixture.autouse + ["params=[0, 1]"] * fixture.has_parameters
    lines = [f"@pytest.fixture({', '.join(options)})"]
    if fixture.declares is not None:
        lines.append(f"@fixture_uses_resources({', '.join(map(repr, sorted(fixture.declares)))})")
    lines.append(f"def {fixture.name}({', '.join(('request', *fixture.arguments))}):")
    if not (fixture.asks or fixture.has_parameters or fixture.teardown == "finalizer"):
        lines[-1] = lines[-1].replace("request, ", "").replace("request", "")
    condition = "if request.param: " if fixture.has_parameters else ""
    body = [f"request.getfixturevalue({name!r})" for name in fixture.asks]
    body.append(condition + _uses(fixture.in_setup, fixture.way))
    if fixture.teardown == "yield":
        body += ["yield", condition + _uses(fixture.in_teardown, fixture.way)]
    elif fixture.teardown == "finalizer":
        body.append(
            f"{condition}request.addfinalizer(lambda: {_uses(fixture.in_teardown, fixture.way)})"
        )
    return "\n".join([*lines, *(f"    {line}" for line in body)])


def _test_source(test: Test) -> str:
    lines = [f"@pytest.mark.{mark}" for mark in sorted(test.marks)]
    first = ["self"] * bool(test.depth) + ["request"] * bool(test.asks or test.in_finalizer)
    lines.append(f"def {test.name}({', '.join((*first, *test.arguments))}):")
    body = [f"request.getfixturevalue({name!r})" for name in test.asks]
    if test.in_finalizer:
        body.append(f"request.addfinalizer(lambda: {_uses(test.in_finalizer, test.way)})")
    body.append(_uses(test.in_body, test.way))
    body.append({"pass": "pass", "fail": "assert False", "skip": "pytest.skip('why')"}[test.ending])
    return "\n".join([*lines, *(f"    {line}" for line in body)])


def _class_source(name: str, parts: list[str]) -> str:
    return f"class {name}:\n" + textwrap.indent("\n\n".join(parts), "    ")


# ---- what a run has told


_TOLD = {
    "missing": re.compile(r"(?:Test invoked|Fixture '\w+', .*?, used) '(\w+)' without()"),
    "superfluous": re.compile(r"Test has @pytest\.mark\.(\w+) but never()"),
    "undeclared": re.compile(r"fixture '(?=(\w+)' does not declare '(\w+)':)"),
    "unused": re.compile(r"Fixture '(?=(\w+)' declares '(\w+)' but never)"),
}


def told_in(text: str) -> Violations:
    """The violations that a test's report tells."""
    found = set()
    for kind, pattern in _TOLD.items():
        for first, second in pattern.findall(text):
            about_fixture = kind in ("undeclared", "unused")
            found.add((kind, second, first) if about_fixture else (kind, first, ""))
    return frozenset(found)


# ---- any of them


_some_resources = st.frozensets(st.sampled_from(RESOURCES))


@dataclass
class _Drawn:
    fixtures: list[Fixture] = field(default_factory=list)

    def names(self, place: str, scope: str, *, dynamic: bool) -> st.SearchStrategy[tuple[str, ...]]:
        """Some fixtures that something of this scope at this place may depend on."""
        possible = [
            each.name
            for each in self.fixtures
            if sees(place, each)
            and SCOPES.index(each.scope) <= SCOPES.index(scope)
            and not (dynamic and self._has_parameters(each))
        ]
        if not possible:
            return st.just(())
        return st.lists(st.sampled_from(possible), unique=True, max_size=2).map(tuple)

    def _has_parameters(self, fixture: Fixture) -> bool:
        by_name = {each.name: each for each in self.fixtures}
        return fixture.has_parameters or any(
            self._has_parameters(by_name[name]) for name in (*fixture.arguments, *fixture.asks)
        )


@st.composite
def any_suites(draw: st.DrawFn) -> AnySuite:
    """Suites of up to five fixtures and six tests."""
    drawn = _Drawn()
    for index in range(draw(st.integers(0, 5))):
        drawn.fixtures.append(draw(_fixtures(drawn, f"fixture_{index}")))
    tests = [draw(_tests(drawn, f"test_{index}")) for index in range(draw(st.integers(1, 6)))]
    return AnySuite(tuple(drawn.fixtures), tuple(tests))


@st.composite
def _fixtures(draw: st.DrawFn, drawn: _Drawn, name: str) -> Fixture:
    place = draw(st.sampled_from((ANYWHERE, *MODULES)))
    scope = draw(st.sampled_from(SCOPES))
    teardown = draw(st.sampled_from(("", "yield", "finalizer")))
    in_setup = draw(_some_resources)
    in_teardown = draw(_some_resources) if teardown else frozenset()
    declares = draw(st.none() | st.frozensets(st.sampled_from(RESOURCES), min_size=1))
    if declares and not declares <= in_setup | in_teardown:
        # Told when it is torn down, and not in a set-up, after which the test would not run.
        teardown = teardown or "yield"
    arguments = draw(drawn.names(place, scope, dynamic=False))
    one_has_parameters = any(each.has_parameters for each in drawn.fixtures)
    return Fixture(
        name,
        place,
        scope,
        arguments,
        draw(drawn.names(place, scope, dynamic=True)),
        in_setup,
        in_teardown,
        teardown,
        declares,
        autouse=draw(st.integers(0, 4)) == 0,
        has_parameters=not one_has_parameters and draw(st.integers(0, 3)) == 0,
        way=draw(st.sampled_from(WAYS)),
    )


@st.composite
def _tests(draw: st.DrawFn, drawn: _Drawn, name: str) -> Test:
    place = draw(st.sampled_from(MODULES))
    return Test(
        name,
        place,
        draw(st.integers(0, 2)),
        draw(_some_resources),
        draw(drawn.names(place, "function", dynamic=False)),
        draw(drawn.names(place, "function", dynamic=True)),
        draw(_some_resources),
        draw(_some_resources) if draw(st.integers(0, 2)) == 0 else frozenset(),
        draw(st.sampled_from(("pass", "pass", "pass", "fail", "skip"))),
        draw(st.sampled_from(WAYS)),
    )
