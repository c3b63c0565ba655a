"""What is used of pytest's insides is still there, in the pytest that runs this."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from imbue.resource_guards import pytest_internals


@pytest.fixture
def with_teardown() -> Iterator[None]:
    """A fixture with something to tear down."""
    yield  # noqa: PT022 - that it is a generator is the point


@pytest.fixture
def without_teardown() -> None:
    """A fixture without."""


@pytest.mark.usefixtures("with_teardown", "without_teardown")
def test_fixtures_of_a_test(request: pytest.FixtureRequest) -> None:
    """Which fixtures a test has, which of them tear down, and which are pytest's."""
    item = request.node
    active = {each.argname: each for each in pytest_internals.active_fixtures(item)}
    assert {"with_teardown", "without_teardown"} <= set(active)
    static = [chain[-1].argname for chain in pytest_internals.static_fixtures(item)]
    assert {"with_teardown", "without_teardown"} <= set(static)
    bare = pytest_internals.finalizer_count(active["without_teardown"])
    assert pytest_internals.finalizer_count(active["with_teardown"]) == bare + 1


def test_fixtures_that_come_later(request: pytest.FixtureRequest) -> None:
    """`getfixturevalue` adds to the active fixtures of a test."""
    request.getfixturevalue("without_teardown")
    active = [each.argname for each in pytest_internals.active_fixtures(request.node)]
    assert "without_teardown" in active


@pytest.mark.usefixtures("tmp_path", "with_teardown")
def test_built_in_fixtures(request: pytest.FixtureRequest) -> None:
    """pytest's own are told from a user's."""
    active = {each.argname: each for each in pytest_internals.active_fixtures(request.node)}
    assert pytest_internals.is_pytests_own(active["tmp_path"])
    assert not pytest_internals.is_pytests_own(active["with_teardown"])


@pytest.mark.usefixtures("with_teardown")
def test_own_finalizers(request: pytest.FixtureRequest) -> None:
    """A finalizer that a test adds is told from those of its fixtures."""
    assert not pytest_internals.has_own_finalizers(request.node)
    request.node.addfinalizer(lambda: None)
    assert pytest_internals.has_own_finalizers(request.node)
