"""Guards of addresses that are written out: whoever connects to one of them needs the mark."""

from __future__ import annotations

import pytest

from imbue.resource_guards.declare.registry import Registry
from imbue.resource_guards.errors import ResourceGuardMisconfiguration
from imbue.resource_guards.guard import Guard
from imbue.resource_guards.guards.address import Address
from support.suite import WORKERS
from support.suite import Suite

# No server listens there: whether somebody does is nothing to the guard.
TESTS = """
    import socket, subprocess, sys, pytest

    CHILD = "import socket; socket.create_connection(('127.0.0.1', 9)).close()"

    def connect(port, host="127.0.0.1"):
        with socket.socket() as connection:
            connection.connect((host, port))

    def connect_to_path(path):
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(path)

    WAYS = dict(
        plain=lambda: connect(9),
        named=lambda: connect(9, "localhost"),
        path=lambda: connect_to_path("/no/such/socket"),
        abstract=lambda: connect_to_path(b"\\0no such socket"),
        child=lambda: subprocess.run([sys.executable, "-c", CHILD]),
    )

    @pytest.mark.parametrize("way", WAYS)
    def test_unmarked(way):
        try:
            WAYS[way]()
        except OSError:
            pass

    @pytest.mark.db
    @pytest.mark.parametrize("way", WAYS)
    def test_marked(way):
        try:
            WAYS[way]()
        except (ConnectionRefusedError, FileNotFoundError):
            pass

    @pytest.mark.db
    def test_superfluous():
        with pytest.raises(ConnectionRefusedError):
            connect(10)
"""

REGISTER = {
    "hook": """
        def pytest_register_resource_guards(registry):
            registry.register_address_guard(
                "database", "localhost:9", "unix:/no/*", "unix:@no such*", mark="db", libraries=[])
    """,
    "function": """
        from imbue.resource_guards import register_address_guard
        register_address_guard("database", "127.0.0.1:9", "unix:/no/such/socket", mark="db")
        register_address_guard("database", "127.0.0.1:9", "unix:@no such socket")
    """,
}


@WORKERS
@pytest.mark.parametrize("how", REGISTER)
def test_they_are_judged(suite: Suite, how: str, workers: tuple[str, ...]) -> None:
    """By host and port, name, path and abstract name; here and in child Pythons; both ways."""
    suite.write(conftest=REGISTER[how], test_it=TESTS)

    outcome = suite.run("-Wignore", *workers)

    assert len(outcome.tests) == 11
    for name, test in outcome.tests.items():
        if name == "test_superfluous":
            assert test.says_superfluous("database")
        elif name.startswith("test_unmarked"):
            assert test.says_missing("db"), (name, outcome.output)
        else:
            assert test.outcome == "passed", (name, outcome.output)


def test_they_are_listed(suite: Suite) -> None:
    """Each as it was written."""
    suite.write(conftest=REGISTER["function"])

    output = suite.run("--resource-guards-list").output

    assert "  connections to 127.0.0.1:9\n  connections to unix:/no/such/socket\n" in output


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("http://db",), "Resource guard 'db': cannot read the address 'http://db': it is a URL;"),
        ((["db:5432"],), r"cannot read the address ['db:5432']"),
        ((), "name at least one binary, target or address"),
    ],
)
def test_bad_input(suite: Suite, arguments: tuple[object, ...], complaint: str) -> None:
    """One usage error, which says what is wrong."""
    suite.write(
        conftest=f"""
            from imbue.resource_guards.resource_guards import register_address_guard
            register_address_guard("db", *{arguments!r})
        """,
        test_it="def test_never(): pass",
    )

    outcome = suite.run()

    assert outcome.code == pytest.ExitCode.USAGE_ERROR
    assert complaint in outcome.output
    assert outcome.tests == {}


def test_libraries() -> None:
    """They are those of `register_connection_guard`."""
    registry = Registry()
    registry.register_address_guard("db", "db:5432", libraries=["psycopg2"])
    registry.register_address_guard("db", "db:5432", libraries=["psycopg2"])

    (resource,) = registry
    assert resource.guards == (Address.parse("db", "db:5432", ["psycopg2"]),)
    assert resource.guards != (Address.parse("db", "db:5432"),)
    with pytest.raises(ResourceGuardMisconfiguration, match="names no library that is known"):
        registry.register_address_guard("db", "db:5432", libraries=["nosuch"])


class Reserved(Guard):
    """A kind whose key in a table would be another's."""

    kind = "library"
    setting = "libraries"


class Twice(Guard):
    """The same, of a kind."""

    kind = "host"
    setting = "addresses"


@pytest.mark.parametrize("kind", [Reserved, Twice])
def test_kinds_have_a_key_of_their_own(kind: type[Guard]) -> None:
    """That of another is refused."""
    with pytest.raises(ResourceGuardMisconfiguration, match="is one word that no other kind uses"):
        Registry().register_guard_kind(kind)
