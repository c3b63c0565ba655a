"""Suites whose tests reach a service by a client of their own, of the session's, or of a module, and what is right of them.

The suite has a module ``clients`` with a class for each way: ``use(word)`` sends a word, and ``close()``, where it
has that, closes it. Its function ``word`` makes what `use` takes of text.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Iterable

import pytest

from support.suite import Outcome
from support.suite import Suite
from support.suite import Test

_KEPT = """
    import pytest
    import clients

    MADE = {}

    def use(way, text):
        if way not in MADE:
            MADE[way] = vars(clients)[way]()
        MADE[way].use(clients.word(text))
"""
"""A client that a module keeps."""

_GLOBAL = (
    _KEPT
    + """
    @pytest.mark.RESOURCE
    @pytest.mark.parametrize("way", WAYS)
    def test_first(way): use(way, "first")

    @pytest.mark.parametrize("way", WAYS)
    def test_unmarked(way):
        try: use(way, "unmarked")
        except Exception: AFTER

    @pytest.mark.RESOURCE
    @pytest.mark.parametrize("way", WAYS)
    def test_second(way): use(way, "second")

    @pytest.mark.RESOURCE
    @pytest.mark.parametrize("way", WAYS)
    def test_superfluous(way): MADE.get(way)

    def test_innocent(): pass
"""
)

_OWN = """
    import pytest
    import clients

    @pytest.fixture(params=WAYS)
    def way(request): return vars(clients)[request.param]

    def use(way, text):
        made = way()
        made.use(clients.word(text))
        if hasattr(made, "close"): made.close()

    @pytest.mark.RESOURCE
    def test_first(way): use(way, "first")

    def test_unmarked(way):
        try: use(way, "unmarked")
        except Exception: pass

    @pytest.mark.RESOURCE
    def test_second(way): use(way, "second")

    @pytest.mark.RESOURCE
    def test_superfluous(way): pass
"""

# Whoever asks for the fixture needs the mark, since that uses the service; idle is who does not ask for it.
_SESSION = """
    import pytest
    import clients
    from imbue.resource_guards.resource_guards import fixture_uses_resources

    @pytest.fixture(scope="session", params=WAYS)
    @fixture_uses_resources("RESOURCE")
    def client(request):
        made = vars(clients)[request.param]()
        made.use(clients.word("session"))
        yield made
        if hasattr(made, "close"): made.close()

    @pytest.mark.RESOURCE
    def test_first(client): client.use(clients.word("first"))

    def test_unmarked(client):
        try: client.use(clients.word("unmarked"))
        except Exception: pass

    @pytest.mark.RESOURCE
    def test_second(client): client.use(clients.word("second"))

    @pytest.mark.RESOURCE
    @pytest.mark.parametrize("way", WAYS)
    def test_superfluous(way): pass
"""

FORMS = {"global": _GLOBAL, "own": _OWN, "session": _SESSION}
"""Whose the client is."""

SHARED = pytest.mark.parametrize(
    ("form", "seed", "workers"),
    [
        pytest.param(form, *how, id=f"{form}, {name}")
        for form in FORMS
        for name, how in {"in order": (None, ()), "shuffled, two workers": (1, ("-n2",))}.items()
    ],
)
"""A test with it runs for each form, in the order of the file, and in another on two workers."""

_WRONG_MARKS = """
    def test_WAY_first(): use("WAY", "first")

    @pytest.mark.RESOURCE
    def test_WAY_idle(): pass

    def test_WAY_second(): use("WAY", "second")
"""

_SHUFFLE = """
    import random

    def pytest_collection_modifyitems(items): random.Random({seed}).shuffle(items)
"""

_RIGHT: dict[str, Callable[[Test, str], bool]] = {
    "first": lambda test, _: test.outcome == "passed",
    "unmarked": Test.says_missing,
    "second": lambda test, _: test.outcome == "passed",
    "superfluous": Test.says_superfluous,
}


def write_tests(
    suite: Suite, form: str, resource: str, ways: Iterable[str], *, dropped: bool = False
) -> None:
    """Write a module with tests of each sort, for each way.

    Args:
        suite: Where.
        form: One of `FORMS`.
        resource: The resource, whose name the module has too.
        ways: The names of the classes.
        dropped: Whether a client of the module's is forgotten after an error, as most have to be.
    """
    text = FORMS[form].replace("RESOURCE", resource).replace("WAYS", repr([*ways]))
    after = "MADE.pop(way, None)" if dropped else "pass"
    suite.write(**{f"test_{resource}": text.replace("AFTER", after)})


def write_wrong_marks(suite: Suite, resource: str, ways: Iterable[str]) -> None:
    """Write a module in which each test that uses a way has no mark, and each that does not has one."""
    each = [_WRONG_MARKS.replace("RESOURCE", resource).replace("WAY", way) for way in ways]
    suite.write(**{f"test_{resource}": _KEPT + "".join(each)})


def shuffle(suite: Suite, seed: int) -> None:
    """Write a conftest that gives the tests another order."""
    suite.write(shuffled=_SHUFFLE.format(seed=seed))


def wrong_verdicts(outcome: Outcome, resource: str, ways: Iterable[str]) -> list[str]:
    """The tests whose verdict is wrong, and what was said of them."""
    return [
        f"{way} {name} {outcome[f'test_{name}[{way}]'].text[-3000:]}"
        for way in ways
        for name, is_right in _RIGHT.items()
        if not is_right(outcome[f"test_{name}[{way}]"], resource)
    ]


def assert_fixed(suite: Suite, resources: Collection[tuple[str, Iterable[str]]]) -> None:
    """Assert that the fix puts all marks right that `write_wrong_marks` has written, and then finds nothing to do."""
    for resource, ways in resources:
        write_wrong_marks(suite, resource, ways)

    suite.run("-Wignore", "--resource-guards-fix=write")
    fixed = {name: (suite.path / f"test_{name}.py").read_text() for name, _ in resources}
    again = suite.run("-Wignore", "--resource-guards-fix=write")

    assert set(again.outcomes.values()) == {"passed"}, again.output
    assert "0 marks added, 0 removed" in again.output
    for name, ways in resources:
        assert (suite.path / f"test_{name}.py").read_text() == fixed[name]
        mark = f"@pytest.mark.{name}\n"
        for way in ways:
            for test in ("first", "second"):
                assert f"{mark}def test_{way}_{test}" in fixed[name]
            assert f"\ndef test_{way}_idle" in fixed[name]
            assert f"{mark}def test_{way}_idle" not in fixed[name]
