"""A mark is called superfluous, and removed, only where a use would have been seen."""

from __future__ import annotations

from types import ModuleType
from types import SimpleNamespace

import pytest

from imbue.resource_guards.declare.registry import Registry
from imbue.resource_guards.errors import ResourceGuardMisconfiguration
from imbue.resource_guards.guard import Guard
from imbue.resource_guards.guards.address import Address
from imbue.resource_guards.guards.call import Call
from imbue.resource_guards.intercept import past_sockets
from imbue.resource_guards.judge.sight import doubts_of
from imbue.resource_guards.judge.verdict import Facts
from imbue.resource_guards.judge.verdict import FixtureFacts
from imbue.resource_guards.judge.verdict import verdict
from imbue.resource_guards.kinds import ViolationKind
from imbue.resource_guards.model import Resource
from imbue.resource_guards.model import SdkTarget
from imbue.resource_guards.past_python import LIBRARIES
from imbue.resource_guards.past_python import may_start_others


def never(_address: object) -> bool:
    """No address is the resource's."""
    return False


ADDRESSES = Address(never)
LOADED = {"psycopg2._psycopg": ModuleType("psycopg2._psycopg"), "grpc": ModuleType("grpc")}


@pytest.fixture(autouse=True)
def _nothing_is_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The guards of the run around this one may follow a library here."""
    monkeypatch.setattr(past_sockets, "_FOUND", set())


def libraries(*guards: Guard, modules: dict[str, object] | None = None) -> list[str]:
    """What may have used a resource that has these guards."""
    resource = Resource("db", "db", "here", guards=guards)
    return [each.library for each in doubts_of(resource, LOADED if modules is None else modules)]


def test_a_library_that_is_loaded() -> None:
    """A guard of addresses cannot see it, and any other guard claims nothing of connections."""
    assert libraries(ADDRESSES) == ["psycopg2 (libpq)"]
    assert libraries(ADDRESSES, modules={"psycopg2._psycopg": None}) == []
    assert libraries(ADDRESSES, modules={"psycopg2": ModuleType("psycopg2")}) == []
    assert libraries(Call(SdkTarget(owner="sdk", attribute="send"))) == []
    assert libraries() == []


def test_a_call_guard_covers_its_library() -> None:
    """However its target is given; one of another library does not."""
    assert libraries(ADDRESSES, Call(SdkTarget(owner="psycopg2", attribute="connect"))) == []
    assert (
        libraries(ADDRESSES, Call(SdkTarget(owner="psycopg2.extensions:connection", attribute="x")))
        == []
    )
    assert (
        libraries(ADDRESSES, Call(SdkTarget(owner=ModuleType("psycopg2"), attribute="connect")))
        == []
    )
    owner = type("connection", (), {"__module__": "psycopg2.extensions"})
    assert libraries(ADDRESSES, Call(SdkTarget(owner=owner, attribute="x"))) == []
    assert libraries(ADDRESSES, Call(SdkTarget(owner="psycopg", attribute="connect"))) == [
        "psycopg2 (libpq)"
    ]


def test_libraries_that_can_reach_the_resource() -> None:
    """The guard of addresses may say which; of several guards, one is enough."""
    assert libraries(Address(never, ("uvloop",))) == []
    assert libraries(Address(never, ())) == []
    assert libraries(Address(never, ("psycopg2",))) == ["psycopg2 (libpq)"]
    assert libraries(Address(never, ()), ADDRESSES) == ["psycopg2 (libpq)"]


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
        ("uvloop", "libraries='uvloop' is a string; write ['uvloop']."),
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


def test_a_library_that_is_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    """It has used nothing before it has led to these addresses; of a version with other calls nothing is known."""
    monkeypatch.setattr(past_sockets, "_FOUND", {"psycopg2"})
    assert libraries(ADDRESSES) == []
    with monkeypatch.context() as reached:
        reached.setattr(past_sockets, "REACHED", {"psycopg2": [(("127.0.0.1", 5432), [])]})
        assert libraries(Address(lambda address: address[1] == 5432)) == ["psycopg2 (libpq)"]
        assert libraries(ADDRESSES) == []
    monkeypatch.setattr(past_sockets, "_NOT_FOUND", {"psycopg2"})
    assert libraries(ADDRESSES) == ["psycopg2 (libpq)"]


@pytest.mark.parametrize(
    ("program", "may"),
    [
        ("/bin/sh", True),
        ("/usr/bin/timeout", True),
        ("/usr/bin/find", True),
        ("/bin/ls", False),
        ("/usr/bin/python3", False),
    ],
)
def test_which_programs_start_others_unseen(program: str, *, may: bool) -> None:
    """Tools of POSIX start none, but for some; a Python is guarded itself."""
    assert may_start_others(program) is may
