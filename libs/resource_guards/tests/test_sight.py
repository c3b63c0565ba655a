"""A mark is called superfluous, and removed, only where a use would have been seen."""

from __future__ import annotations

import json
from types import ModuleType
from types import SimpleNamespace

import pytest

from imbue.resource_guards.declare.registry import Registry
from imbue.resource_guards.errors import ResourceGuardMisconfiguration
from imbue.resource_guards.judge.sight import doubts_of
from imbue.resource_guards.judge.verdict import Facts
from imbue.resource_guards.judge.verdict import FixtureFacts
from imbue.resource_guards.judge.verdict import verdict
from imbue.resource_guards.kinds import ViolationKind
from imbue.resource_guards.model import ConnectionGuard
from imbue.resource_guards.model import Resource
from imbue.resource_guards.model import SdkGuard
from imbue.resource_guards.model import SdkTarget
from imbue.resource_guards.past_python import LIBRARIES
from support.suite import Suite

# ---- pure functions


def never(_address: object) -> bool:
    """No address is the resource's."""
    return False


ADDRESSES = ConnectionGuard(never)
LOADED = {"psycopg2._psycopg": ModuleType("psycopg2._psycopg"), "grpc": ModuleType("grpc")}


def libraries(*guards: SdkGuard, modules: dict[str, object] | None = None) -> list[str]:
    """What may have used a resource that has these guards."""
    resource = Resource("db", "db", "here", sdks=guards)
    return [each.library for each in doubts_of(resource, LOADED if modules is None else modules)]


def test_a_library_that_is_loaded() -> None:
    """A guard of addresses cannot see it, and any other guard claims nothing of connections."""
    assert libraries(ADDRESSES) == ["psycopg2 (libpq)"]
    assert libraries(ADDRESSES, modules={"psycopg2._psycopg": None}) == []
    assert libraries(ADDRESSES, modules={"psycopg2": ModuleType("psycopg2")}) == []
    assert libraries(SdkTarget("sdk", "send")) == []
    assert libraries() == []


def test_a_call_guard_covers_its_library() -> None:
    """However its target is given; one of another library does not."""
    assert libraries(ADDRESSES, SdkTarget("psycopg2", "connect")) == []
    assert libraries(ADDRESSES, SdkTarget("psycopg2.extensions:connection", "x")) == []
    assert libraries(ADDRESSES, SdkTarget(ModuleType("psycopg2"), "connect")) == []
    owner = type("connection", (), {"__module__": "psycopg2.extensions"})
    assert libraries(ADDRESSES, SdkTarget(owner, "x")) == []
    assert libraries(ADDRESSES, SdkTarget("psycopg", "connect")) == ["psycopg2 (libpq)"]


def test_libraries_that_can_reach_the_resource() -> None:
    """The guard of addresses may say which; of several guards, one is enough."""
    assert libraries(ConnectionGuard(never, ("uvloop",))) == []
    assert libraries(ConnectionGuard(never, ())) == []
    assert libraries(ConnectionGuard(never, ("psycopg2",))) == ["psycopg2 (libpq)"]
    assert libraries(ConnectionGuard(never, ()), ADDRESSES) == ["psycopg2 (libpq)"]


@pytest.mark.parametrize(
    ("module", "expected"),
    [
        (SimpleNamespace(is_thin_mode=lambda: True), []),
        (SimpleNamespace(is_thin_mode=lambda: False), ["oracledb (thick)"]),
        (SimpleNamespace(), ["oracledb (thick)"]),
    ],
)
def test_a_library_that_connects_so_at_times(module: object, expected: list[str]) -> None:
    """It is asked; where that fails it may connect so."""
    assert libraries(ADDRESSES, modules={"oracledb": module}) == expected


@pytest.mark.parametrize("library", LIBRARIES, ids=lambda each: each.packages[0])
def test_what_is_advised_covers_the_library(library: object) -> None:
    """Whoever adds the targets that a message names is not told of the library again."""
    assert isinstance(library, type(LIBRARIES[0]))
    modules = {library.module: SimpleNamespace(), library.packages[0]: SimpleNamespace()}
    registry = Registry()
    registry.register_connection_guard("db", never)
    (resource,) = registry
    assert [each.targets for each in doubts_of(resource, modules)] == [library.targets]

    if library.targets:
        registry.register_sdk_guard("db", targets=library.targets)
        (resource,) = registry
        assert doubts_of(resource, modules) == ()


def test_the_verdict_where_it_cannot_be_known() -> None:
    """Nothing is superfluous, of tests and of fixtures; what is missing is missing."""
    fixture = FixtureFacts("server", frozenset({"db", "tool"}), (), finished=True)
    facts = Facts(frozenset({"db", "tool"}), (), (fixture,), passed=True, finished=True)

    found = verdict(facts._replace(unsure=frozenset({"db"})))

    assert [(each.kind, each.resource) for each in found] == [
        (ViolationKind.SUPERFLUOUS_MARK, "tool"),
        (ViolationKind.FIXTURE_UNUSED_DECLARATION, "tool"),
    ]


@pytest.mark.parametrize(
    ("libraries", "said"),
    [
        ("uvloop", "libraries='uvloop' is text; write ['uvloop']."),
        (5, "libraries"),
        (["psycopg2", "requests"], "libraries=['requests'] names no library that is known"),
        ([None], "libraries=[None] names no library that is known"),
    ],
)
def test_libraries_that_cannot_be(libraries: object, said: str) -> None:
    """They are refused, and the message names those that are known."""
    with pytest.raises(ResourceGuardMisconfiguration) as raised:
        Registry().register_connection_guard("db", never, libraries=libraries)  # type: ignore[arg-type]
    assert said in str(raised.value)


# ---- runs

GUARD = """
    import socket
    from imbue.resource_guards.resource_guards import register_connection_guard
    from imbue.resource_guards.resource_guards import register_sdk_guard

    def is_use(address):
        return isinstance(address, tuple) and address[1] == 9

    register_connection_guard("db", is_use)
"""

TESTS = """
    import contextlib, socket, pytest
    from imbue.resource_guards.resource_guards import fixture_uses_resources

    def connect():
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", 9)).close()

    @pytest.mark.db
    def test_marked_before(): pass

    @pytest.mark.db
    def test_marked():
        import psycopg2

    @fixture_uses_resources("db")
    @pytest.fixture(scope="module")
    def server():
        import psycopg2

    @pytest.mark.db
    def test_with_server(server): pass

    @pytest.mark.db
    def test_seen():
        connect()

    def test_unmarked():
        try:
            connect()
        except Exception:
            pass
"""


@pytest.fixture
def partial(suite: Suite) -> Suite:
    """A suite whose database a library reaches in C, and that guards its address."""
    suite.write(conftest=GUARD, test_it=TESTS)
    suite.write_files(
        {
            "psycopg2/__init__.py": "import psycopg2._psycopg\ndef connect(): pass\n",
            "psycopg2/_psycopg.py": "",
        }
    )
    return suite


@pytest.mark.parametrize("workers", ["-n0", "-n1"])
def test_a_mark_of_which_nothing_is_known(partial: Suite, workers: str) -> None:
    """It is left alone, and the run says so once; before the library was loaded all was seen."""
    outcome = partial.run(workers)

    assert outcome["test_marked_before"].says_superfluous("db")
    assert outcome["test_unmarked"].says_missing("db")
    for name in ("test_marked", "test_with_server", "test_seen"):
        assert outcome[name].outcome == "passed", outcome.output
    (line,) = [each for each in outcome.output.splitlines() if "cannot be known" in each]
    assert line.startswith("db: whether 2 tests with this mark")
    assert "the connections of psycopg2 (libpq)" in line
    assert line.endswith('register_sdk_guard("db", targets=["psycopg2:connect"])')


def test_following_the_advice(partial: Suite) -> None:
    """With the guard that the line names, the marks are judged."""
    partial.write(
        conftest=GUARD + '\n    register_sdk_guard("db", targets=["psycopg2:connect"])\n',
    )

    outcome = partial.run()

    assert outcome["test_marked"].says_superfluous("db"), outcome.output
    assert outcome["test_with_server"].outcome in ("failed", "error")
    assert outcome["test_seen"].outcome == "passed"
    assert "cannot be known" not in outcome.output


def test_the_report_and_the_fix(partial: Suite) -> None:
    """The JSON file says of which tests nothing is known, the report and fix tell, marks stay."""
    before = (partial.path / "test_it.py").read_text()

    outcome = partial.run(
        *("-v", "--resource-guards-json=all.json", "--resource-guards-report"),
        *("--resource-guards-fix=write", "--resource-guards-fix-dirty"),
    )

    tests = json.loads((partial.path / "all.json").read_text())["tests"]
    assert {each["nodeid"].partition("::")[2]: each.get("unsure") for each in tests} == {
        "test_marked_before": None,
        "test_marked": {"db": ["psycopg2 (libpq)"]},
        "test_with_server": {"db": ["psycopg2 (libpq)"]},
        "test_seen": None,
        "test_unmarked": None,
    }
    assert "db: cannot be known for 2 tests (psycopg2 (libpq) connects unseen)" in outcome.output
    assert "test_marked: passed, marked, not used - cannot be known" in outcome.output
    assert "2 tests left alone: whether they use db cannot be known" in outcome.output
    expected = before.replace("@pytest.mark.db\ndef test_marked_before", "def test_marked_before")
    expected = expected.replace("def test_unmarked", "@pytest.mark.db\ndef test_unmarked")
    assert (partial.path / "test_it.py").read_text() == expected


def test_reports_of_two_machines(partial: Suite) -> None:
    """Where one of them cannot know it, put together they do not."""
    partial.run("--resource-guards-json=a.json")
    (partial.path / "psycopg2" / "_psycopg.py").unlink()
    (partial.path / "psycopg2" / "__init__.py").write_text("def connect(): pass\n")
    partial.run("--resource-guards-json=b.json")

    from imbue.resource_guards.report.document import merge_documents
    from imbue.resource_guards.report.document import read_document

    for names in (("a.json", "b.json"), ("b.json", "a.json")):
        merged = merge_documents({name: read_document(partial.path / name) for name in names})
        unsure = {each.nodeid.partition("::")[2] for each in merged.tests if each.unsure}
        assert unsure == {"test_marked", "test_with_server"}
