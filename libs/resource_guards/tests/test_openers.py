"""A client is guarded by the function in which it opens its connections, wherever they lead."""

from __future__ import annotations

import socketserver
import ssl
import textwrap
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from imbue.resource_guards.declare.registry import Registry
from imbue.resource_guards.errors import ResourceGuardMisconfiguration
from imbue.resource_guards.guards.opener import Opener
from imbue.resource_guards.model import SdkTarget
from support.sharing import SHARED
from support.sharing import shuffle
from support.sharing import write_tests
from support.sharing import wrong_verdicts
from support.suite import WORKERS
from support.suite import Suite


class Echo(socketserver.StreamRequestHandler):
    """Sends back each line, once after it has been asked for TLS."""

    def handle(self) -> None:
        """Answer until the client has gone."""
        for line in self.rfile:
            if line == b"STARTTLS\n":
                self.wfile.write(line)
                self.connection = self.server.context.wrap_socket(self.connection, server_side=True)  # type: ignore[attr-defined]
                with self.connection:
                    self.rfile = self.connection.makefile("rb")
                    self.handle()
                return
            self.server.received.append(line.decode().strip())  # type: ignore[attr-defined]
            self.connection.sendall(line)


@pytest.fixture(name="server")
def server_fixture(tmp_path: Path) -> Iterator[socketserver.ThreadingTCPServer]:
    """A server on loopback that notes what it is sent."""
    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Echo)
    server.daemon_threads = True
    server.received = []  # type: ignore[attr-defined]
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    server.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)  # type: ignore[attr-defined]
    authority.issue_cert("localhost").configure_cert(server.context)  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


SDK = """
    import asyncio, os, socket, ssl, sys

    PORT = int(os.environ["THING_PORT"])

    class Client:
        def __init__(self): self.made = self.connect()
        def connect(self): return socket.create_connection(("127.0.0.1", PORT))
        def use(self, line):
            self.made.sendall(line)
            while not self.made.recv(100).endswith(b"\\n"): pass
        def close(self): self.made.close()

    class StartTls(Client):
        def __init__(self):
            super().__init__()
            super().use(b"STARTTLS\\n")
            context = ssl.create_default_context(cafile=os.environ["THING_AUTHORITY"])
            self.made = context.wrap_socket(self.made, server_hostname="localhost")

    class Duplicate(Client):
        def __init__(self):
            super().__init__()
            self.made = self.made.dup()

    class Descriptor(Client):
        def __init__(self):
            super().__init__()
            self.made = socket.socket(fileno=self.made.detach())

    class Static(Client):
        def __init__(self): self.made = type(self).open()
        @staticmethod
        def open(): return socket.create_connection(("127.0.0.1", PORT))

    class OfClass(Client):
        def __init__(self): self.made = self.open()
        @classmethod
        def open(cls): return socket.create_connection(("127.0.0.1", PORT))

    class Tasks:
        # Each host is tried in a task of its own, as aiohttp and anyio do.
        def __init__(self):
            self.loop = asyncio.new_event_loop()
            self.made = self.loop.run_until_complete(self.connect())
        async def connect(self):
            return await asyncio.create_task(asyncio.open_connection("localhost", PORT, happy_eyeballs_delay=0.2))
        def use(self, line): self.loop.run_until_complete(self._use(line))
        async def _use(self, line):
            reader, writer = self.made
            writer.write(line)
            await writer.drain()
            await reader.readline()
        def close(self): self.loop.close()

    class Other(Client):
        # Another client of the same server, which nobody guards.
        def connect(self): return socket.create_connection(("127.0.0.1", PORT))

    class Fake(Client):
        # A mock of the first, which connects to nothing.
        def connect(self):
            one, self.other = socket.socketpair()
            return one
        def use(self, line):
            self.made.sendall(line)
            self.other.recv(100)
"""

WAYS = ("Client", "StartTls", "Duplicate", "Descriptor", "Static", "OfClass", "Tasks")

OPENERS = ("Client.connect", "Static.open", "OfClass.open", "Tasks.connect")


@pytest.fixture(name="guarded")
def guarded_fixture(
    suite: Suite,
    server: socketserver.ThreadingTCPServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Suite:
    """A suite with an SDK of many clients, whose openers are guarded by settings alone."""
    monkeypatch.setenv("PYTHONPATH", str(suite.path))
    monkeypatch.setenv("THING_PORT", str(server.server_address[1]))
    monkeypatch.setenv("THING_AUTHORITY", str(tmp_path / "authority.pem"))
    names = [f"thing_sdk:{each}" for each in OPENERS]
    suite.write_files({"pyproject.toml": f"[tool.resource_guards.thing]\nopeners = {names}\n"})
    suite.write(
        thing_sdk=SDK,
        clients="""
            from thing_sdk import *
            from thing_sdk import Client

            def word(text): return text.encode() + b"\\n"
        """,
    )
    return suite


@SHARED
def test_a_client(
    guarded: Suite,
    server: socketserver.ThreadingTCPServer,
    workers: tuple[str, ...],
    form: str,
    seed: int | None,
) -> None:
    """Each test that connects with it, or sends over its connection, is a user; nothing goes out of others."""
    write_tests(guarded, form, "thing", WAYS)
    if seed is not None:
        shuffle(guarded, seed)

    outcome = guarded.run("-Wignore", *workers, plugins=() if seed is None else ("shuffled",))

    wrong = wrong_verdicts(outcome, "thing", WAYS)
    assert wrong == [], "\n".join(wrong)
    received: list[str] = server.received  # type: ignore[attr-defined]
    assert sorted(set(received) - {"session"}) == ["first", "second"]


@WORKERS
def test_no_use_of_it(guarded: Suite, workers: tuple[str, ...]) -> None:
    """Another client of the same server; a mock that connects to nothing; the opener, where it does not connect."""
    guarded.write(
        test_it="""
            import subprocess, sys, pytest, thing_sdk

            LINE = b"other\\n"

            def test_first_use(): thing_sdk.Other().use(LINE)

            @pytest.mark.thing
            def test_marked(): thing_sdk.Client().use(LINE)

            def test_other(): thing_sdk.Other().use(LINE)

            def test_fake(): thing_sdk.Fake().use(LINE)

            def test_other_in_a_child():
                subprocess.run([sys.executable, "-c", f"import thing_sdk; thing_sdk.Other().use({LINE})"], check=True)

            @pytest.mark.thing
            def test_superfluous_fake(): thing_sdk.Fake().use(LINE)

            @pytest.mark.thing
            def test_superfluous_patched(monkeypatch):
                monkeypatch.setattr("socket.create_connection", lambda address: None)
                thing_sdk.Client()

            def test_in_a_child():
                subprocess.run([sys.executable, "-c", "import thing_sdk; thing_sdk.Client()"])

            @pytest.mark.thing
            def test_marked_in_a_child():
                subprocess.run([sys.executable, "-c", "import thing_sdk; thing_sdk.Tasks()"], check=True)
        """
    )

    outcome = guarded.run(*workers)

    for name, test in outcome.tests.items():
        if name.startswith("test_superfluous"):
            assert test.says_superfluous("thing"), (name, outcome.output)
        elif name == "test_in_a_child":
            assert test.says_missing("thing"), outcome.output
        else:
            assert test.outcome == "passed", (name, test.text, outcome.output)


def test_a_name_that_leads_nowhere(suite: Suite) -> None:
    """Its look-up in an opener is an attempt, in threads of asyncio too; another's look-up is none."""
    suite.write(
        thing_sdk="""
            import asyncio, socket

            def connect(): return socket.create_connection(("name.invalid", 9))

            async def connect_async(): return await asyncio.open_connection("name.invalid", 9)

            def other(): return socket.create_connection(("name.invalid", 9))
        """,
        test_it="""
            import asyncio, pytest, thing_sdk

            WAYS = dict(sync=thing_sdk.connect, tasks=lambda: asyncio.run(thing_sdk.connect_async()))

            @pytest.mark.parametrize("way", WAYS)
            def test_unmarked(way):
                try: WAYS[way]()
                except OSError: pass

            @pytest.mark.thing
            @pytest.mark.parametrize("way", WAYS)
            def test_marked(way):
                with pytest.raises(OSError):
                    WAYS[way]()

            def test_other():
                with pytest.raises(OSError):
                    thing_sdk.other()
        """,
    )
    line = "thing: opener:thing_sdk:connect opener:thing_sdk:connect_async"
    suite.write_files({"pytest.ini": f"[pytest]\nresource_guards_define = {line}\n"})

    outcome = suite.run()

    for name, test in outcome.tests.items():
        right = test.says_missing("thing") if "unmarked" in name else test.outcome == "passed"
        assert right, (name, outcome.output)


def test_loopback_does_not_count(guarded: Suite) -> None:
    """Where it is said so, a connection on this machine is no use, and one that leaves it is."""
    table = "[tool.resource_guards.thing]\nopeners = ['thing_sdk:Client.connect', 'leaving:connect']\nloopback = false\n"
    guarded.write_files({"pyproject.toml": table})
    guarded.write(
        leaving="""
            import socket

            def connect():
                # For documentation (RFC 5737): nobody has it.
                with socket.socket() as made:
                    made.setblocking(False)
                    made.connect_ex(("192.0.2.1", 9))
        """,
        test_it="""
            import pytest, leaving, thing_sdk

            def test_here(): thing_sdk.Client().use(b"x\\n")

            @pytest.mark.thing
            def test_superfluous(): thing_sdk.Client().use(b"x\\n")

            def test_unmarked(): leaving.connect()

            @pytest.mark.thing
            def test_marked(): leaving.connect()
        """,
    )

    outcome = guarded.run()

    assert outcome["test_here"].outcome == outcome["test_marked"].outcome == "passed"
    assert outcome["test_superfluous"].says_superfluous("thing")
    assert outcome["test_unmarked"].says_missing("thing")


def test_the_list(guarded: Suite) -> None:
    """It has each opener, what is missing of it, and what is seen."""
    guarded.write_files(
        {
            "pyproject.toml": "[tool.resource_guards.thing]\n"
            "openers = ['thing_sdk:Client.connect', 'no_such_package:connect', 'psycopg2']\n"
        }
    )
    guarded.write(test_it="def test_it(): pass", no_such_package="def connect(): pass")

    output = guarded.run("--resource-guards-list").output

    assert "  connections of thing_sdk:Client.connect\n" in output
    assert "  connections of psycopg2\n" in output


BAD = {
    "'thing_sdk:Client'": "is a class",
    "'thing_sdk:Client.nothing'": "does not exist",
    "'thing_sdk:PORT'": "which is not callable. Name a method or a function",
    "'thing_sdk:callable'": "the opener thing_sdk:callable is neither a function nor a method",
    "'thing_sdk:pieces'": "the opener thing_sdk:pieces is a generator",
    "'redis'": "cannot read the opener 'redis'. Write 'package.module:Class.method'",
    "'psycopg3'": "cannot read the opener 'psycopg3'; did you mean 'psycopg'?",
}


@pytest.mark.parametrize("opener", BAD)
def test_what_cannot_be_an_opener(guarded: Suite, opener: str) -> None:
    """One error, which says what to name."""
    guarded.write(
        thing_sdk=SDK
        + """
    def pieces(): yield 1

    class Callable:
        def __call__(self): pass

    callable = Callable()
""",
        test_it="import thing_sdk\n\ndef test_it(): pass",
    )
    guarded.write_files({"pyproject.toml": f"[tool.resource_guards.thing]\nopeners = [{opener}]\n"})

    outcome = guarded.run()

    assert outcome.code != 0
    assert BAD[opener] in outcome.output


def test_values_that_cannot_be() -> None:
    """Whether connections on this machine count is true or false."""
    with pytest.raises(
        ResourceGuardMisconfiguration, match=r"loopback is 'no'\. Write true, or false"
    ):
        Opener.parse_all("thing", ["psycopg"], {"loopback": "no"})


def test_in_code() -> None:
    """An opener is registered as any guard is; one of a class that is at hand is not told to children."""
    registry = Registry()
    target = SdkTarget(owner=Echo, attribute="handle")
    registry.register_guard("thing", Opener.parse("thing", target))
    registry.register_guard("thing", Opener.parse("thing", "psycopg"))

    [resource] = registry
    assert [each.title for each in resource.guards] == [target.title, "psycopg"]
    assert [each.wire(None) for each in resource.guards] == [None, ["psycopg", "", "", "", ""]]


@WORKERS
def test_a_condition(
    suite: Suite, workers: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Behind an opener or a call stands what its object has to have; another object's connections are not meant."""
    monkeypatch.setenv("PYTHONPATH", str(suite.path))
    suite.write(
        cloud_sdk="""
            import socket

            class Service: pass

            class Endpoint:
                def __init__(self, name):
                    self.about = Service()
                    self.about.name = name
                def send(self):
                    try: socket.create_connection(("127.0.0.1", 9)).close()
                    except OSError: pass
                def call(self): pass
        """,
        test_it="""
            import subprocess, sys, pytest
            from cloud_sdk import Endpoint

            def child(code):
                subprocess.run([sys.executable, "-c", f"from cloud_sdk import Endpoint; {code}"])

            WAYS = dict(
                send=lambda name: Endpoint(name).send(),
                call=lambda name: Endpoint(name).call(),
                send_in_a_child=lambda name: child(f"Endpoint({name!r}).send()"),
                call_in_a_child=lambda name: child(f"Endpoint({name!r}).call()"),
            )

            @pytest.mark.parametrize("way", WAYS)
            def test_unmarked(way): WAYS[way]("files")

            @pytest.mark.files
            @pytest.mark.parametrize("way", WAYS)
            def test_marked(way): WAYS[way]("files")

            @pytest.mark.parametrize("way", WAYS)
            def test_other(way): WAYS[way]("queues")

            @pytest.mark.files
            @pytest.mark.parametrize("way", WAYS)
            def test_superfluous(way): WAYS[way]("queues")
        """,
    )
    table = """
        [tool.resource_guards.files]
        openers = ["cloud_sdk:Endpoint.send[about.name=files]"]
        calls = ["cloud_sdk:Endpoint.call[about.name=files]"]
    """
    suite.write_files({"pyproject.toml": textwrap.dedent(table)})

    outcome = suite.run(*workers)

    assert len(outcome.tests) == 16
    for name, test in outcome.tests.items():
        if name.startswith("test_unmarked"):
            assert test.says_missing("files"), (name, outcome.output)
        elif name.startswith("test_superfluous"):
            assert test.says_superfluous("files"), (name, outcome.output)
        else:
            assert test.outcome == "passed", (name, outcome.output)
    assert (
        "connections of cloud_sdk:Endpoint.send[about.name=files]\n"
        in suite.run("--resource-guards-list").output
    )
