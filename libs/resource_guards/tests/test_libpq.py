"""What psycopg and psycopg2 send and receive on connections that are open, and what they do not."""

from __future__ import annotations

import subprocess
import sys

import pytest

from support.databases import Postgres
from support.suite import MISSING
from support.suite import Suite


def write(suite: Suite, postgres: Postgres, test_it: str, address: str = "") -> None:
    """Write a suite with both libraries' open connections, whose server is guarded."""
    suite.write(
        connections=f"""
            import psycopg, psycopg2, psycopg2.extras
            WHERE = {{"host": "127.0.0.1", "port": {postgres.port}, "user": "postgres"}}
            KEPT = {{}}
            def kept(module=psycopg, **further):
                if module not in KEPT:
                    KEPT[module] = module.connect(**WHERE, **further)
                return KEPT[module]
        """,
        test_it=test_it,
    )
    address = address or f"127.0.0.1:{postgres.port}"
    suite.write_files(
        {
            "pyproject.toml": f"""
                [tool.pytest.ini_options]
                pythonpath = ["."]

                [tool.resource_guards.postgres]
                addresses = ["{address}"]
            """
        }
    )


def test_what_sends_nothing_is_no_use(suite: Suite, postgres: Postgres) -> None:
    """An end of no transaction, a setting of the object, and a read of rows that have come."""
    write(
        suite,
        postgres,
        """
        import pytest
        from connections import kept, psycopg, psycopg2

        pytestmark = pytest.mark.postgres
        ROWS = []

        def test_first():
            kept().execute("select 1")
            kept().commit()
            kept(psycopg2).cursor().execute("select 1")
            kept(psycopg2).commit()

        def test_ends():
            kept().commit()
            kept().rollback()
            kept().autocommit = True
            kept().autocommit = False
            kept().isolation_level = psycopg.IsolationLevel.SERIALIZABLE

        def test_ends_2():
            kept(psycopg2).commit()
            kept(psycopg2).rollback()
            kept(psycopg2).set_session(readonly=True)
            with kept(psycopg2), kept(psycopg2).cursor() as cursor: pass

        def test_asks():
            ROWS.append(kept().execute("select 1"))
            ROWS.append(kept(psycopg2).cursor())
            ROWS[1].execute("select 1")

        def test_reads():
            assert [each.fetchone() for each in ROWS] == [(1,), (1,)]
        """,
    )

    outcome = suite.run()

    used = {name: not test.says_superfluous("postgres") for name, test in outcome.tests.items()}
    assert used == {
        "test_first": True,
        "test_ends": False,
        "test_ends_2": False,
        "test_asks": True,
        "test_reads": False,
    }


WAYS = {
    "executemany": "cursor.executemany('select %s', [(1,), (2,)])",
    "callproc": "cursor.callproc('version')",
    "copy_to": "cursor.copy_to(io.StringIO(), 'pg_class')",
    "copy_expert": "cursor.copy_expert('copy (select 1) to stdout', io.StringIO())",
    "named": "connection.cursor('named').execute('select 1')",
    "encoding": "connection.set_client_encoding('LATIN1')",
    "reset": "connection.reset()",
    "lobject": "connection.lobject()",
    "cancel": "connection.cancel()",
    "tpc": "connection.tpc_recover()",
    "dictionaries": "connection.cursor(cursor_factory=psycopg2.extras.DictCursor).execute('select 1')",
    "values": "psycopg2.extras.execute_values(cursor, 'select * from (values %s) v', [(1,)])",
}


@pytest.mark.parametrize(
    "factory", ["None", "psycopg2.extras.LoggingConnection"], ids=["plain", "of one's own"]
)
def test_each_method_of_psycopg2(suite: Suite, postgres: Postgres, factory: str) -> None:
    """What talks to the server is stopped in a test without the mark, of classes of one's own too."""
    bodies = "\n".join(
        f"""
        def test_{name}():
            connection = kept(psycopg2)
            cursor = connection.cursor()
            {text}
        """
        for name, text in WAYS.items()
    )
    write(
        suite,
        postgres,
        f"""
        import io, pytest
        import psycopg2.extras
        from connections import kept

        @pytest.mark.postgres
        def test_a():
            connection = kept(psycopg2, connection_factory={factory})
            if {factory}: connection.initialize(io.StringIO())
            assert isinstance(connection, {factory} or psycopg2.extensions.connection)
            assert type(connection).__name__ == ({factory} or psycopg2.extensions.connection).__name__
            connection.cursor().execute("select 1")
            connection.commit()
        {bodies}
        """,
    )
    postgres.words()

    outcome = suite.run()

    assert outcome["test_a"].outcome == "passed", outcome.output
    passed = [name for name in WAYS if not outcome[f"test_{name}"].says_missing("postgres")]
    assert passed == []


def test_a_function_that_makes_cursors(suite: Suite, postgres: Postgres) -> None:
    """What its cursors ask is not seen, so to make one is a use."""
    write(
        suite,
        postgres,
        """
        import functools, pytest
        from connections import kept, psycopg2

        def ask():
            factory = functools.partial(psycopg2.extensions.cursor)
            kept(psycopg2).cursor(cursor_factory=factory).execute("select 1")

        @pytest.mark.postgres
        def test_a(): kept(psycopg2)

        def test_unmarked(): ask()

        @pytest.mark.postgres
        def test_marked(): ask()
        """,
    )

    outcome = suite.run()

    assert outcome["test_unmarked"].says_missing("postgres")
    assert outcome["test_marked"].outcome == "passed"


def test_rows_of_a_servers_cursor(suite: Suite, postgres: Postgres) -> None:
    """Its rows come from the server when they are fetched, in whatever test."""
    write(
        suite,
        postgres,
        """
        import pytest
        from connections import kept, psycopg2

        CURSORS = []

        @pytest.mark.postgres
        def test_a():
            for module in (psycopg2, pytest.importorskip("psycopg")):
                CURSORS.append(kept(module).cursor("named"))
                CURSORS[-1].itersize = 1
                CURSORS[-1].execute("select generate_series(1, 9)")

        def test_unmarked(): CURSORS[0].fetchone()
        def test_iterates(): next(iter(CURSORS[0]))
        def test_unmarked_3(): CURSORS[1].fetchone()

        @pytest.mark.postgres
        def test_marked(): assert CURSORS[0].fetchone() == CURSORS[1].fetchone() == (1,)
        """,
    )

    outcome = suite.run()

    for name in ("test_unmarked", "test_iterates", "test_unmarked_3"):
        assert outcome[name].says_missing("postgres"), name
    assert outcome["test_marked"].outcome == "passed"


def test_rows_that_have_come(suite: Suite, postgres: Postgres) -> None:
    """A server's cursor of psycopg2 gives them out without asking."""
    write(
        suite,
        postgres,
        """
        import pytest
        from connections import kept, psycopg2

        CURSORS = []

        @pytest.mark.postgres
        def test_a():
            CURSORS.append(kept(psycopg2).cursor("named"))
            CURSORS[0].itersize = 2
            CURSORS[0].execute("select generate_series(1, 5)")
            assert next(CURSORS[0]) == (1,)

        def test_has_come(): assert next(CURSORS[0]) == (2,)
        def test_asks(): next(CURSORS[0])

        @pytest.mark.postgres
        def test_marked(): assert next(CURSORS[0]) == (3,)
        """,
    )

    outcome = suite.run()

    assert outcome["test_has_come"].outcome == outcome["test_marked"].outcome == "passed"
    assert outcome["test_asks"].says_missing("postgres")


def test_a_large_object_of_psycopg2(suite: Suite, postgres: Postgres) -> None:
    """What it reads and writes goes over its connection; and what is made has room for no more than before."""
    write(
        suite,
        postgres,
        """
        import pytest
        from connections import kept, psycopg2

        LARGE = []

        @pytest.mark.postgres
        def test_a():
            LARGE.append(kept(psycopg2).lobject(0, "rw"))
            assert isinstance(LARGE[0], psycopg2.extensions.lobject)

        def test_writes(): LARGE[0].write("more")
        def test_reads(): LARGE[0].read()

        @pytest.mark.postgres
        def test_marked():
            assert LARGE[0].write("x") == 1

        def test_no_room():
            with pytest.raises(AttributeError):
                kept(psycopg2).own = 1
        """,
    )

    outcome = suite.run()

    assert outcome["test_writes"].says_missing("postgres")
    assert outcome["test_reads"].says_missing("postgres")
    assert outcome["test_marked"].outcome == outcome["test_no_room"].outcome == "passed"


def test_an_asynchronous_connection_of_psycopg2(suite: Suite, postgres: Postgres) -> None:
    """It is asked for what has come, again and again."""
    write(
        suite,
        postgres,
        """
        import pytest
        from connections import WHERE, psycopg2

        MADE = []

        @pytest.mark.postgres
        def test_a():
            MADE.append(psycopg2.connect(**WHERE, async_=True))
            psycopg2.extras.wait_select(MADE[0])

        @pytest.mark.postgres
        def test_marked():
            cursor = MADE[0].cursor()
            cursor.execute("select 1")
            psycopg2.extras.wait_select(MADE[0])
            assert cursor.fetchone() == (1,)

        def test_unmarked(): MADE[0].poll()
        """,
    )

    outcome = suite.run()

    assert outcome["test_a"].outcome == outcome["test_marked"].outcome == "passed"
    assert outcome["test_unmarked"].says_missing("postgres")


def test_a_function_that_makes_connections(suite: Suite, postgres: Postgres) -> None:
    """What goes over the connections that it makes is not seen, so that no mark is superfluous from then on."""
    write(
        suite,
        postgres,
        """
        import pytest
        from connections import kept, psycopg2

        pytestmark = pytest.mark.postgres

        def make(dsn, async_=0): return psycopg2.extensions.connection(dsn, async_)

        def test_a(): kept(psycopg2, connection_factory=make)
        def test_idle(): pass
        """,
    )

    outcome = suite.run()

    assert outcome.outcomes == {"test_a": "passed", "test_idle": "passed"}
    assert "psycopg2 (libpq)" in outcome.output


@pytest.mark.parametrize("module", ["psycopg", "psycopg2"])
def test_a_name_with_its_address(suite: Suite, postgres: Postgres, module: str) -> None:
    """Where both are given, a guard of the name sees it, and nobody looks the name up."""
    write(
        suite,
        postgres,
        f"""
        import pytest
        from connections import WHERE, psycopg, psycopg2

        MADE = []

        @pytest.mark.postgres
        def test_marked():
            MADE.append({module}.connect(**{{**WHERE, "host": "db.example", "hostaddr": "127.0.0.1"}}))
            MADE[0].cursor().execute("select 1")

        def test_unmarked(): MADE[0].cursor().execute("select 1")
        """,
        address=f"db.example:{postgres.port}",
    )

    outcome = suite.run()

    assert outcome["test_marked"].outcome == "passed", outcome.output
    assert MISSING.format("postgres") in outcome["test_unmarked"].text


@pytest.mark.parametrize("module", ["psycopg", "psycopg2"])
def test_where_it_leads_stands_elsewhere(
    suite: Suite, postgres: Postgres, monkeypatch: pytest.MonkeyPatch, module: str
) -> None:
    """In the environment, or in a file of services, which only the client library reads."""
    services = suite.path / "services"
    services.write_text(f"[mine]\nhost=127.0.0.1\nport={postgres.port}\nuser=postgres\n")
    monkeypatch.setenv("PGSERVICEFILE", str(services))
    write(
        suite,
        postgres,
        f"""
        import os, pytest
        from connections import psycopg, psycopg2

        MADE = []

        def set_places(monkeypatch):
            monkeypatch.setenv("PGHOST", "127.0.0.1")
            monkeypatch.setenv("PGPORT", "{postgres.port}")

        def test_unmarked(monkeypatch):
            set_places(monkeypatch)
            {module}.connect("user=postgres").cursor().execute("select 'unmarked'")

        def test_unmarked_service():
            {module}.connect("service=mine").cursor().execute("select 'unmarked'")

        @pytest.mark.postgres
        def test_marked(monkeypatch):
            set_places(monkeypatch)
            MADE.append({module}.connect("user=postgres"))
            MADE[0].cursor().execute("select 'marked'")

        @pytest.mark.postgres
        def test_marked_service():
            {module}.connect("service=mine").cursor().execute("select 'marked'")

        def test_closed():
            MADE[0].close()
            with pytest.raises(({module}.OperationalError, {module}.InterfaceError)):
                MADE[0].cursor().execute("select 'unmarked'")
        """,
    )
    postgres.words()

    outcome = suite.run()

    for name in ("test_unmarked", "test_unmarked_service"):
        assert outcome[name].says_missing("postgres"), outcome.output
    # Of the environment it is known before it connects.
    assert "connection to 127.0.0.1" in outcome["test_unmarked"].text
    for name in ("test_marked", "test_marked_service", "test_closed"):
        assert outcome[name].outcome == "passed", outcome.output
    assert postgres.words() == ["marked", "marked"]


def test_they_are_silent_after_the_session(suite: Suite, postgres: Postgres) -> None:
    """Connections that live on work as before, and nothing of the session is kept by them."""
    write(
        suite,
        postgres,
        """
        import pytest
        from connections import kept, psycopg, psycopg2

        @pytest.mark.postgres
        def test_it():
            for module in (psycopg, psycopg2): kept(module).cursor().execute("select 1")
        """,
    )
    suite.be_nobodys_child()
    suite.write(
        once="""
            import gc, sys, weakref
            import pytest
            from connections import kept, psycopg, psycopg2

            sessions = []

            class Look:
                def pytest_runtest_setup(self, item):
                    plugin = item.config.pluginmanager.get_plugin("resource_guards")
                    from imbue.resource_guards.session import GuardSession
                    sessions.extend(
                        weakref.ref(each) for each in gc.get_objects() if isinstance(each, GuardSession)
                    )

            before = psycopg.Connection.wait
            assert not pytest.main(["-presource_guards", "-pno:cacheprovider"], [Look()])
            gc.collect()
            assert sessions and all(each() is None for each in sessions)
            assert psycopg.Connection.wait is before
            for module in (psycopg, psycopg2):
                with kept(module) as connection, connection.cursor() as cursor:
                    cursor.execute("select 1")
                    assert cursor.fetchone() == (1,)
            print("right")
        """
    )

    done = subprocess.run(
        [sys.executable, "once.py"], cwd=suite.path, capture_output=True, text=True, check=False
    )

    assert "right" in done.stdout, done.stdout + done.stderr
