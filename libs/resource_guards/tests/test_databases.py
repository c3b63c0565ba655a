"""Real PostgreSQL and Redis, by the clients that suites have: whoever sends or receives is a user."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.databases import Postgres
from support.databases import Redis
from support.sharing import SHARED
from support.sharing import assert_fixed
from support.sharing import shuffle
from support.sharing import write_tests
from support.sharing import wrong_verdicts
from support.suite import Outcome
from support.suite import Suite

CLIENTS = """
    import asyncio

    word = str
    LOOP = asyncio.new_event_loop()
    PG = {"host": FOLDER, "port": PORT, "user": "postgres"}
    URL = f"postgresql://postgres@127.0.0.1:{PORT}/postgres"
    REDIS = {"host": "127.0.0.1", "port": REDIS_PORT}

    def run(made): return LOOP.run_until_complete(made)

    class Psycopg:
        resource = "postgres"
        def __init__(self):
            import psycopg
            self.made = psycopg.connect(**PG, autocommit=True)
        def use(self, word): assert self.made.execute(f"select '{word}'").fetchone() == (word,)
        def close(self): self.made.close()

    class PsycopgTcp(Psycopg):
        def __init__(self):
            import psycopg
            self.made = psycopg.connect(URL)
        def use(self, word):
            with self.made.transaction(), self.made.cursor() as cursor:
                cursor.execute("select %s::text, '%%'".replace("'%%'", f"'{word}'"), (word,))
                assert cursor.fetchone()[0] == word

    class PsycopgCopy(Psycopg):
        def use(self, word):
            with self.made.cursor() as cursor, cursor.copy(f"copy (select '{word}') to stdout") as copy:
                assert [*copy.rows()] == [(word,)]

    class PsycopgStream(Psycopg):
        def use(self, word):
            assert [*self.made.cursor().stream(f"select '{word}'")] == [(word,)]

    class PsycopgPipeline(Psycopg):
        def use(self, word):
            with self.made.pipeline():
                cursor = self.made.execute(f"select '{word}'")
                assert cursor.fetchone() == (word,)

    class PsycopgAsync:
        resource = "postgres"
        def __init__(self): run(self.open())
        async def open(self):
            import psycopg
            self.made = await psycopg.AsyncConnection.connect(**PG, autocommit=True)
        def use(self, word): run(self._use(word))
        async def _use(self, word):
            cursor = await self.made.execute(f"select '{word}'")
            assert await cursor.fetchone() == (word,)
        def close(self): run(self.made.close())

    class PsycopgPool:
        resource = "postgres"
        def __init__(self):
            import psycopg_pool
            self.made = psycopg_pool.ConnectionPool(URL, min_size=1, open=True)
            self.made.wait(timeout=2)
        def use(self, word):
            with self.made.connection() as connection:
                assert connection.execute(f"select '{word}'").fetchone() == (word,)
        def close(self): self.made.close()

    class PsycopgAsyncPool(PsycopgAsync):
        async def open(self):
            import psycopg_pool
            self.made = psycopg_pool.AsyncConnectionPool(URL, min_size=1, open=False)
            await self.made.open(wait=True, timeout=2)
        async def _use(self, word):
            async with self.made.connection() as connection:
                cursor = await connection.execute(f"select '{word}'")
                assert await cursor.fetchone() == (word,)

    class Psycopg2:
        resource = "postgres"
        def __init__(self):
            import psycopg2
            self.made = psycopg2.connect(URL)
        def use(self, word):
            with self.made, self.made.cursor() as cursor:
                cursor.execute(f"select '{word}'")
                assert cursor.fetchone() == (word,)
        def close(self): self.made.close()

    class Psycopg2Unix(Psycopg2):
        def __init__(self):
            import psycopg2, psycopg2.extras
            self.made = psycopg2.connect(**PG, cursor_factory=psycopg2.extras.RealDictCursor)
        def use(self, word):
            with self.made, self.made.cursor() as cursor:
                cursor.execute(f"select '{word}' as word")
                assert cursor.fetchone() == {"word": word}

    class Psycopg2Named(Psycopg2):
        def use(self, word):
            with self.made, self.made.cursor("named") as cursor:
                cursor.execute(f"select '{word}'")
                assert cursor.fetchall() == [(word,)]

    class Psycopg2Pool(Psycopg2):
        def __init__(self):
            import psycopg2.pool
            self.made = psycopg2.pool.ThreadedConnectionPool(1, 2, URL)
        def use(self, word):
            connection = self.made.getconn()
            try:
                with connection.cursor() as cursor:
                    cursor.execute(f"select '{word}'")
                    assert cursor.fetchone() == (word,)
            finally:
                self.made.putconn(connection)
        def close(self): self.made.closeall()

    class Asyncpg(PsycopgAsync):
        where = {"dsn": URL}
        async def open(self):
            import asyncpg
            self.made = await asyncpg.connect(**self.where)
        async def _use(self, word): assert await self.made.fetchval(f"select '{word}'") == word

    class AsyncpgUnix(Asyncpg):
        where = PG

    class AsyncpgPool(Asyncpg):
        async def open(self):
            import asyncpg
            self.made = await asyncpg.create_pool(**PG, min_size=1)

    class Sqlalchemy:
        resource = "postgres"
        driver = "psycopg"
        def __init__(self):
            import sqlalchemy
            self.text = sqlalchemy.text
            self.made = sqlalchemy.create_engine(URL.replace("://", f"+{self.driver}://"))
            self.made.connect().close()
        def use(self, word):
            with self.made.connect() as connection:
                assert connection.execute(self.text(f"select '{word}'")).scalar() == word
        def close(self): self.made.dispose()

    class SqlalchemyPsycopg2(Sqlalchemy):
        driver = "psycopg2"

    class SqlalchemyAsyncpg(PsycopgAsync):
        async def open(self):
            import sqlalchemy.ext.asyncio
            self.text = sqlalchemy.text
            self.made = sqlalchemy.ext.asyncio.create_async_engine(URL.replace("://", "+asyncpg://"))
            await (await self.made.connect()).close()
        async def _use(self, word):
            async with self.made.connect() as connection:
                assert (await connection.execute(self.text(f"select '{word}'"))).scalar() == word
        def close(self): run(self.made.dispose())

    class Redis:
        resource = "redis"
        where = REDIS
        def __init__(self):
            import redis
            self.made = redis.Redis(**self.where)
            self.made.ping()
        def use(self, word): assert self.made.set(word, 1)
        def close(self): self.made.close()

    class RedisUnix(Redis):
        where = {"unix_socket_path": REDIS_UNIX}

    class RedisPool(Redis):
        def __init__(self):
            import redis
            self.pool = redis.BlockingConnectionPool(**REDIS, max_connections=2)
            self.made = redis.Redis(connection_pool=self.pool)
            self.made.ping()
        def close(self): self.pool.disconnect()

    class RedisPipeline(Redis):
        def use(self, word): assert self.made.pipeline().set(word, 1).get(word).execute() == [True, b"1"]

    class RedisPubSub(Redis):
        def __init__(self):
            super().__init__()
            self.subscribed = self.made.pubsub()
        def use(self, word):
            self.subscribed.subscribe(word)
            while (said := self.subscribed.get_message(timeout=10))["channel"] != word.encode():
                assert said
            self.subscribed.unsubscribe(word)
            while self.subscribed.get_message(timeout=10)["type"] != "unsubscribe": pass

    class RedisAsync(PsycopgAsync):
        resource = "redis"
        async def open(self):
            import redis.asyncio
            self.made = redis.asyncio.Redis(**REDIS, retry=None)
            await self.made.ping()
        async def _use(self, word): assert await self.made.set(word, 1)
        def close(self): run(self.made.aclose())

    class RedisAsyncPubSub(RedisAsync):
        async def open(self):
            await super().open()
            self.subscribed = self.made.pubsub()
        async def _use(self, word):
            await self.subscribed.subscribe(word)
            while (await self.subscribed.get_message(timeout=10))["channel"] != word.encode(): pass
            await self.subscribed.unsubscribe(word)
            while (await self.subscribed.get_message(timeout=10))["type"] != "unsubscribe": pass
"""

POSTGRES = {
    "Psycopg": "psycopg",
    "PsycopgTcp": "psycopg, a transaction",
    "PsycopgCopy": "psycopg, copy",
    "PsycopgStream": "psycopg, stream",
    "PsycopgPipeline": "psycopg, pipeline",
    "PsycopgAsync": "psycopg, asynchronous",
    "PsycopgPool": "psycopg_pool",
    "PsycopgAsyncPool": "psycopg_pool, asynchronous",
    "Psycopg2": "psycopg2",
    "Psycopg2Unix": "psycopg2, a cursor of extras",
    "Psycopg2Named": "psycopg2, a cursor of the server's",
    "Psycopg2Pool": "psycopg2.pool",
    "Asyncpg": "asyncpg",
    "AsyncpgUnix": "asyncpg, Unix socket",
    "AsyncpgPool": "asyncpg, pool",
    "Sqlalchemy": "SQLAlchemy with psycopg",
    "SqlalchemyPsycopg2": "SQLAlchemy with psycopg2",
    "SqlalchemyAsyncpg": "SQLAlchemy with asyncpg",
}
REDIS = {
    "Redis": "redis",
    "RedisUnix": "redis, Unix socket",
    "RedisPool": "redis, pool",
    "RedisPipeline": "redis, pipeline",
    "RedisPubSub": "redis, messages",
    "RedisAsync": "redis, asynchronous",
    "RedisAsyncPubSub": "redis, messages, asynchronous",
}
"""Each client, and what docs/what-is-seen.md calls it."""

RESOURCES = (("postgres", POSTGRES), ("redis", REDIS))


class Services:
    """Both servers, and suites that use them.

    Args:
        suite: Where the suites are written.
        postgres: The one.
        redis: The other.
    """

    def __init__(self, suite: Suite, postgres: Postgres, redis: Redis) -> None:
        self.suite = suite
        self.servers: dict[str, Postgres | Redis] = {"postgres": postgres, "redis": redis}
        self.plugins: tuple[str, ...] = ()
        self.words()  # those of earlier tests
        constants = f"""
    FOLDER, PORT = {str(postgres.folder)!r}, {postgres.port}
    REDIS_UNIX, REDIS_PORT = {str(redis.unix)!r}, {redis.port}
    """
        suite.write(clients=constants + CLIENTS)
        (suite.path / "pyproject.toml").write_text(
            f"""
            [tool.resource_guards.postgres]
            addresses = ["127.0.0.1:{postgres.port}", "unix:{postgres.folder}/*"]

            [tool.resource_guards.redis]
            addresses = ["127.0.0.1:{redis.port}", "unix:{redis.unix}"]
            """
        )

    def write(self, form: str, seed: int | None = None) -> None:
        """Write a module of tests for each resource, in an order that a seed gives."""
        for name, ways in RESOURCES:
            write_tests(self.suite, form, name, ways, dropped=True)
        if seed is not None:
            shuffle(self.suite, seed)
            self.plugins = ("shuffled",)

    def words(self) -> dict[str, list[str]]:
        """The words that each has been sent since the last call."""
        return {name: sorted(server.words()) for name, server in self.servers.items()}

    def assert_right(self, outcome: Outcome) -> None:
        """Each test has the right verdict, and nothing came of those that may not."""
        wrong = [each for name, ways in RESOURCES for each in wrong_verdicts(outcome, name, ways)]
        assert wrong == [], "\n".join(wrong)
        assert {
            name: [word for word in words if word != "session"]
            for name, words in self.words().items()
        } == {name: sorted(["first", "second"] * len(ways)) for name, ways in RESOURCES}


@pytest.fixture(name="services")
def services_fixture(
    suite: Suite, postgres: Postgres, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> Services:
    """Both servers."""
    monkeypatch.setenv("PYTHONPATH", str(suite.path))
    return Services(suite, postgres, redis)


@SHARED
def test_a_client(
    services: Services, workers: tuple[str, ...], form: str, seed: int | None
) -> None:
    """Whoever has made it, each test that uses it needs the mark, and nothing is sent by others."""
    services.write(form, seed)

    services.assert_right(services.suite.run("-Wignore", *workers, plugins=services.plugins))


def test_fix(services: Services) -> None:
    """The fix gives each test that uses the shared client the mark, takes idle ones, and then has nothing to do."""
    assert_fixed(services.suite, RESOURCES)


def test_a_reader_in_the_background(suite: Suite, postgres: Postgres, redis: Redis) -> None:
    """What it sends and receives is charged to the test that has started it, and to none that runs meanwhile."""
    Services(suite, postgres, redis)
    suite.write(
        test_it=f"""
            import threading
            import pytest, redis

            ROUNDS = threading.Semaphore(0)
            SAID = threading.Event()
            STARTED = []

            def connect(): return redis.Redis(port={redis.port})

            class Listening(threading.Thread):
                ends = False
                def run(self):
                    with connect() as made, made.pubsub() as subscribed:
                        subscribed.subscribe("news")
                        while not self.ends:
                            message = subscribed.get_message(timeout=0.01)
                            subscribed.ping()
                            ROUNDS.release()
                            if message and message["data"] == b"heard": SAID.set()

            def meanwhile():
                while ROUNDS.acquire(blocking=False): pass
                for _ in range(3): assert ROUNDS.acquire(timeout=20)

            def teardown_module():
                STARTED[0].ends = True
                STARTED[0].join()

            @pytest.mark.redis
            def test_starts_it():
                STARTED.append(Listening())
                STARTED[0].start()
                meanwhile()

            def test_innocent(): meanwhile()

            @pytest.mark.redis
            def test_superfluous(): meanwhile()

            @pytest.mark.redis
            def test_marked():
                with connect() as made: made.publish("news", "heard")
                assert SAID.wait(20)

            def test_unmarked():
                with connect() as made: made.publish("news", "unheard")
        """
    )

    outcome = suite.run("-Wignore")

    for name in ("test_starts_it", "test_innocent", "test_marked"):
        assert outcome[name].outcome == "passed", outcome.output
    assert outcome["test_superfluous"].says_superfluous("redis")
    assert outcome["test_unmarked"].says_missing("redis")


def test_a_pool_that_a_test_without_the_mark_has_opened(suite: Suite, postgres: Postgres) -> None:
    """It serves later tests that have the mark, and no others; the run names who has opened it."""
    suite.write(
        conftest=f"""
            def pytest_register_resource_guards(registry):
                registry.register_address_guard("postgres", "127.0.0.1:{postgres.port}")
        """,
        test_it=f"""
            import psycopg_pool, pytest

            URL = "postgresql://postgres@127.0.0.1:{postgres.port}/postgres"
            POOL = psycopg_pool.ConnectionPool(URL, min_size=1, open=False)

            def use(timeout):
                with POOL.connection(timeout) as made:
                    assert made.execute("select 1").fetchone() == (1,)

            def teardown_module(): POOL.close()

            def test_forgot_the_mark():
                POOL.open()
                use(0.1)

            @pytest.mark.postgres
            def test_marked(): use(20)

            def test_forgot_it_too(): use(0.1)

            @pytest.mark.postgres
            def test_superfluous(): pass
        """,
    )

    outcome = suite.run("-Wignore")

    assert outcome["test_forgot_the_mark"].says_missing("postgres")
    assert outcome["test_marked"].outcome == "passed", outcome.output
    assert outcome["test_forgot_it_too"].says_missing("postgres")
    assert outcome["test_superfluous"].says_superfluous("postgres")
    assert "test_it.py::test_forgot_the_mark used" in outcome.output


def test_the_page_has_the_same_table() -> None:
    """docs/what-is-seen.md lists every client."""
    page = Path(__file__).parents[3] / "docs" / "what-is-seen.md"
    rows = [line.split("|") for line in page.read_text().splitlines() if line.startswith("| ")]
    listed = {
        row[1].strip() for row in rows if row[2].strip() == "connection of a database's client"
    }
    assert listed == {*POSTGRES.values(), *REDIS.values()}
