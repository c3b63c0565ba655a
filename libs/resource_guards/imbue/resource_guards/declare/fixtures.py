"""``@fixture_uses_resources``: a fixture's contract about the resources that it uses."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from typing import Any
from typing import Final
from typing import TypeVar

import pytest

from imbue.resource_guards.declare.registry import Registry
from imbue.resource_guards.errors import ResourceGuardMisconfiguration
from imbue.resource_guards.messages import declare as messages
from imbue.resource_guards.pytest_internals import display_name
from imbue.resource_guards.pytest_internals import is_pytests_own
from imbue.resource_guards.pytest_internals import static_fixtures

F = TypeVar("F")

_ATTRIBUTE: Final = "__resource_guards_uses__"

_MADE: Final[set[frozenset[str]]] = set()
"""The contracts that fixtures of this process have: most processes have none to look for."""


def fixture_uses_resources(*resources: str) -> Callable[[F], F]:
    """Declare that a fixture uses exactly these resources, in setup or teardown.

    Write it above or below ``@pytest.fixture``. If the fixture uses another resource, the call is
    blocked and fails. A declared resource that is not used by the end of teardown is an error. Each
    test that depends on the fixture needs the marks of the declared resources.

    Example:
        >>> import pytest
        >>> @pytest.fixture(scope="session")
        ... @fixture_uses_resources("docker")
        ... def database(): ...

    Raises:
        ResourceGuardMisconfiguration: No resource is named, a name is not a string, or the fixture
            has the decorator already.
    """
    if not resources or not all(isinstance(name, str) and name for name in resources):
        raise ResourceGuardMisconfiguration(messages.fixture_declares_nothing(resources))

    def decorate(fixture: F) -> F:
        # Above @pytest.fixture it is handed pytest's definition object, which wraps the function.
        unwrap = getattr(fixture, "_get_wrapped_function", None)
        function: Any = unwrap() if unwrap else fixture
        if hasattr(function, _ATTRIBUTE):
            raise ResourceGuardMisconfiguration(messages.fixture_declared_twice(function))
        setattr(function, _ATTRIBUTE, frozenset(resources))
        _MADE.add(frozenset(resources))
        return fixture

    return decorate


def declared_by_fixture(function: object) -> frozenset[str] | None:
    """The resources that the fixture function declares, or `None` if it declares nothing."""
    return getattr(function, _ATTRIBUTE, None)


PYTESTS: Final = "pytest's own, which uses nothing"
ONE_TESTS: Final = "of one test, to which all is charged that it does"
SHARED: Final = "with a scope of its own"
"""The kinds of fixtures, by whom what they do is charged to."""


def kind_of(fixturedef: pytest.FixtureDef[Any]) -> str:
    """Which of these a fixture is: a contract gives it a scope as well, whatever its own scope is."""
    if is_pytests_own(fixturedef):
        return PYTESTS
    is_one_tests = declared_by_fixture(fixturedef.func) is None and fixturedef.scope == "function"
    return ONE_TESTS if is_one_tests else SHARED


def declared_by_fixtures_of(item: pytest.Item) -> frozenset[str]:
    """The resources that the contracts of the fixtures declare that a test depends on by name."""
    return frozenset().union(*(declared for _, declared in contracts_of(item)))


def contracts_of(item: pytest.Item) -> Iterator[tuple[pytest.FixtureDef[Any], frozenset[str]]]:
    """The fixtures with contracts that a test depends on by name, and the resources that each declares."""
    for chain in static_fixtures(item) if _MADE else ():
        for fixture in chain[-1:]:
            declared = declared_by_fixture(fixture.func)
            if declared is not None:
                yield fixture, declared


def check_contracts(items: Iterable[pytest.Item], registry: Registry) -> None:
    """Make sure that the fixtures of tests name what is guarded, before one of them is set up.

    Raises:
        ResourceGuardMisconfiguration: One names something that is no guarded resource.
    """
    if not _MADE:
        return
    chains = {id(each): each for item in items for each in static_fixtures(item)}
    for chain in chains.values():
        for fixture in chain:
            declared = declared_by_fixture(fixture.func)
            if declared is not None:
                known_resources(declared, registry, display_name(fixture))


def known_resources(declared: frozenset[str], registry: Registry, fixture: str) -> frozenset[str]:
    """What the fixture declares, when all of it is guarded.

    Raises:
        ResourceGuardMisconfiguration: It names something that is no guarded resource.
    """
    __tracebackhide__ = True
    unknown = declared.difference(registry.names)
    if unknown:
        raise ResourceGuardMisconfiguration(
            messages.fixture_declares_unknown(fixture, unknown, registry.names)
        )
    return declared
