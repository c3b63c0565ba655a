"""Connections of asyncio that tests share: whoever reads is a user, and what nobody asked for is nobody's."""

from __future__ import annotations

import contextlib
import socketserver
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from support.suite import WORKERS
from support.suite import Suite


class Teller(socketserver.StreamRequestHandler):
    """Sends a line for each that it gets, and further lines by and by where it is asked for them."""

    def handle(self) -> None:
        """Answer until the client has gone."""
        with contextlib.suppress(OSError):
            for line in self.rfile:
                self.wfile.write(line * int(line))


@pytest.fixture(name="ports")
def ports_fixture(tmp_path: Path) -> Iterator[dict[str, int]]:
    """The ports of a plain server and one with TLS."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost", "127.0.0.1").configure_cert(context)
    with contextlib.ExitStack() as stack:
        ports = {}
        for name in ("plain", "tls"):
            server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Teller)
            server.daemon_threads = True
            if name == "tls":
                server.socket = context.wrap_socket(server.socket, server_side=True)
            thread = threading.Thread(target=server.serve_forever, args=(0.01,))
            thread.start()
            stack.callback(server.server_close)
            stack.callback(thread.join)
            stack.callback(server.shutdown)
            ports[name] = server.server_address[1]
        yield ports


SHARED = """
    import asyncio, ssl
    import pytest

    LOOP = asyncio.new_event_loop()
    run = LOOP.run_until_complete

    CONTEXT = ssl.create_default_context(cafile={authority!r})
    KINDS = {{
        "plain": dict(port={ports[plain]}),
        "tls": dict(port={ports[tls]}, ssl=CONTEXT),
    }}
    MADE = {{}}

    async def open_one(kind):
        return await asyncio.open_connection("127.0.0.1", **KINDS[kind])

    def kept(kind):
        if kind not in MADE:
            MADE[kind] = run(open_one(kind))
        return MADE[kind]
"""


@pytest.fixture(name="sharing")
def sharing_fixture(suite: Suite, ports: dict[str, int], tmp_path: Path) -> Suite:
    """A suite whose module `shared` has connections, and whose settings guard both ports."""
    suite.write(shared=SHARED.format(ports=ports, authority=str(tmp_path / "authority.pem")))
    addresses = [f"127.0.0.1:{port}" for port in ports.values()]
    table = f"[tool.resource_guards.service]\naddresses = {addresses}\nlibraries = []\n"
    suite.write_files({"pyproject.toml": table})
    return suite


@WORKERS
def test_whoever_reads_from_a_stream(sharing: Suite, workers: tuple[str, ...]) -> None:
    """It is a user, though the transport receives for whoever has opened it."""
    sharing.write(
        test_it="""
            import pytest
            from shared import KINDS, kept, run

            async def ask(kind, line):
                reader, writer = kept(kind)
                writer.write(line)
                assert await reader.readline() == line

            pytestmark = pytest.mark.parametrize("kind", KINDS)

            @pytest.mark.service
            @pytest.mark.parametrize("read", ["readline", "readexactly", "read", "readuntil"])
            class TestReads:
                def test_0_asks(self, kind, read):
                    kept(kind)
                    run(ask(kind, b"2\\n"))

                def test_1_marked(self, kind, read):
                    ways = dict(readline=(), readexactly=(2,), read=(2,), readuntil=())
                    reader, _ = kept(kind)
                    assert run(getattr(reader, read)(*ways[read])) == b"2\\n"

            @pytest.mark.service
            def test_asks(kind):
                kept(kind)
                run(ask(kind, b"2\\n"))

            def test_unmarked(kind):
                try: run(kept(kind)[0].readline())
                except Exception: pass

            @pytest.mark.service
            def test_superfluous(kind): assert run(kept(kind)[1].drain()) is None
        """
    )

    outcome = sharing.run(*workers, *(["--dist=loadfile"] if workers else []))

    assert len(outcome.tests) == 22
    for name, test in outcome.tests.items():
        if "unmarked" in name:
            assert test.says_missing("service"), (name, outcome.output)
        elif "superfluous" in name:
            assert test.says_superfluous("service"), (name, outcome.output)
        else:
            assert test.outcome == "passed", (name, test.text)


@pytest.mark.parametrize("kind", ["plain", "tls"])
def test_what_comes_to_a_protocol(sharing: Suite, kind: str) -> None:
    """Nobody knows for whom it is, so the mark of a test that waits for it is in doubt, and of no other one."""
    sharing.write(
        test_it="""
            import asyncio
            import pytest
            from shared import KINDS, run, LOOP

            class Listener(asyncio.Protocol):
                def __init__(self): self.came = asyncio.Queue()
                def connection_made(self, transport): self.transport = transport
                def data_received(self, data):
                    for line in data.split(): self.came.put_nowait(line)

            MADE = {}

            async def listen(kind):
                options = {"host": "127.0.0.1", **KINDS[kind]}
                _, MADE[kind] = await LOOP.create_connection(Listener, **options)
                MADE[kind].transport.write(b"1\\n")
                return await MADE[kind].came.get()

            def later(kind):
                # Asked for by a task of the first test, it comes while another one runs.
                async def ask(): MADE[kind].transport.write(b"1\\n")
                return LOOP.create_task(ask())

            pytestmark = pytest.mark.parametrize("kind", [KIND])

            @pytest.mark.service
            def test_0_first(kind):
                assert run(listen(kind)) == b"1"
                MADE[kind, "later"] = later(kind)

            @pytest.mark.service
            def test_1_waits(kind):
                assert run(MADE[kind].came.get()) == b"1"

            @pytest.mark.service
            def test_2_idle(kind): run(asyncio.sleep(0))
        """.replace("KIND]", f"{kind!r}]")
    )

    outcome = sharing.run("-pno:randomly")

    assert outcome[f"test_0_first[{kind}]"].outcome == "passed", outcome.output
    assert outcome[f"test_1_waits[{kind}]"].outcome == "passed", outcome.output
    assert outcome[f"test_2_idle[{kind}]"].says_superfluous("service"), outcome.output
    assert "the connections of asyncio that tests share" in outcome.output


def test_the_end_of_a_connection_is_no_use(sharing: Suite) -> None:
    """With TLS neither, which says good-bye; and the connection is closed then."""
    sharing.write(
        test_it="""
            import pytest
            from shared import KINDS, kept, run

            pytestmark = pytest.mark.parametrize("kind", KINDS)

            @pytest.mark.service
            def test_0_opens(kind): kept(kind)

            def test_1_closes(kind):
                reader, writer = kept(kind)
                writer.close()
                run(writer.wait_closed())

            @pytest.mark.service
            def test_2_superfluous(kind): kept(kind)[1].close()
        """
    )

    outcome = sharing.run()

    for kind in ("plain", "tls"):
        assert outcome[f"test_1_closes[{kind}]"].outcome == "passed", outcome.output
        assert outcome[f"test_2_superfluous[{kind}]"].says_superfluous("service"), outcome.output


def test_sockets_of_many_threads(sharing: Suite) -> None:
    """Some are closed and others given away while more are opened."""
    sharing.write(
        test_it="""
            import socket, sys, threading
            import pytest
            from shared import KINDS

            @pytest.mark.service
            def test_it():
                address = ("127.0.0.1", KINDS["plain"]["port"])
                errors = []
                end = threading.Event()

                def again(work):
                    try:
                        while not end.is_set(): work()
                    except BaseException as error:
                        errors.append(error)
                        end.set()

                def open_some():
                    made = [socket.create_connection(address) for _ in range(20)]
                    for each in made: each.close()

                def detach():
                    socket.socket(fileno=socket.create_connection(address).detach()).close()

                sys.setswitchinterval(1e-5)
                kept = [socket.create_connection(address) for _ in range(200)]
                threads = [threading.Thread(target=again, args=[work]) for work in (open_some, open_some, detach, detach)]
                for each in threads: each.start()
                end.wait(1)
                end.set()
                for each in threads: each.join()
                for each in kept: each.close()
                assert errors == []
        """
    )

    outcome = sharing.run()

    assert outcome["test_it"].outcome == "passed", outcome.output


def test_a_class_that_is_not_ready_when_it_is_made(suite: Suite) -> None:
    """A user's class of sockets is not asked for its ends by methods of its own."""
    suite.write(
        conftest="""
            def pytest_register_resource_guards(registry):
                registry.register_connection_guard("service", lambda address: False, libraries=[])
        """,
        test_it="""
            import socket

            class Named(socket.socket):
                def __init__(self, **kwargs):
                    super().__init__(**kwargs)
                    self.name = "own"
                def getpeername(self): return self.name, super().getpeername()

            def test_it():
                one, other = socket.socketpair()
                made = Named(fileno=one.detach())
                assert made.getpeername()[0] == "own"
                for each in (made, other): each.close()
        """,
    )

    assert suite.run().counts == {"passed": 1}
