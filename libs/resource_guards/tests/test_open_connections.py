"""A use of a service is what goes over a connection, whoever has opened that."""

from __future__ import annotations

import contextlib
import socketserver
import ssl
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import h2.config
import h2.connection
import h2.events
import pytest
import trustme

from support.sharing import SHARED
from support.sharing import assert_fixed
from support.sharing import shuffle
from support.sharing import write_tests
from support.sharing import wrong_verdicts
from support.suite import Suite


class Services:
    """Servers of all kinds, each of which notes what it is sent.

    Attributes:
        received: What they have been sent.
        ports: The port or path of each.
        authority: The file of whoever has signed their certificate.
    """

    def __init__(self, folder: Path) -> None:
        self.received: list[str] = []
        self.ports: dict[str, int | str] = {}
        self.authority = folder / "authority.pem"
        authority = trustme.CA()
        authority.cert_pem.write_to_path(self.authority)
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("localhost", "127.0.0.1").configure_cert(self._context)
        self._servers: list[socketserver.BaseServer] = []
        self._echo = self._echoing()
        self._start("tcp", socketserver.ThreadingTCPServer(("127.0.0.1", 0), self._echo))
        self._start("tls", socketserver.ThreadingTCPServer(("127.0.0.1", 0), self._echo), tls=True)
        self._start("udp", socketserver.ThreadingUDPServer(("127.0.0.1", 0), self._answering()))
        unix = folder / "echo"
        self._start("unix", socketserver.ThreadingUnixStreamServer(str(unix), self._echo))
        self._start("http", ThreadingHTTPServer(("127.0.0.1", 0), self._http()))
        self._start("https", ThreadingHTTPServer(("127.0.0.1", 0), self._http()), tls=True)
        self._context.set_alpn_protocols(["h2"])
        http2 = socketserver.ThreadingTCPServer(("127.0.0.1", 0), self._http2())
        self._start("http2", http2, tls=True)

    def _start(self, name: str, server: Any, *, tls: bool = False) -> None:
        if tls:
            server.socket = self._context.wrap_socket(server.socket, server_side=True)
        server.daemon_threads = True
        server.handle_error = lambda *_: None  # a client that goes away
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}).start()
        address = server.server_address
        self.ports[name] = address if isinstance(address, str) else address[1]
        self._servers.append(server)

    def _echoing(self) -> type[socketserver.BaseRequestHandler]:
        received = self.received

        class Echo(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                for line in self.rfile:
                    received.append(line.decode().strip())
                    self.wfile.write(line)
                    self.wfile.flush()

        return Echo

    def _answering(self) -> type[socketserver.BaseRequestHandler]:
        received = self.received

        class Answer(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                data, own = self.request
                received.append(data.decode().strip())
                own.sendto(data, self.client_address)

        return Answer

    def _http(self) -> type[BaseHTTPRequestHandler]:
        received = self.received

        class Http(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                received.append(self.path.strip("/"))
                self.send_response(200)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"ok")

            def log_message(self, *_: object) -> None:
                pass

        return Http

    def _http2(self) -> type[socketserver.BaseRequestHandler]:
        received = self.received

        class Http2(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                state = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
                state.initiate_connection()
                self.request.sendall(state.data_to_send())
                while data := self.request.recv(65536):
                    for event in state.receive_data(data):
                        if isinstance(event, h2.events.RequestReceived):
                            received.append(dict(event.headers)[b":path"].decode().strip("/"))
                            state.send_headers(event.stream_id, [(":status", "200")])
                            state.send_data(event.stream_id, b"ok", end_stream=True)
                    self.request.sendall(state.data_to_send())

        return Http2

    def close(self) -> None:
        """Stop them."""
        for server in self._servers:
            server.shutdown()
            server.server_close()


@pytest.fixture(name="services")
def services_fixture(tmp_path: Path) -> Iterator[Services]:
    """Servers of all kinds."""
    services = Services(tmp_path)
    with contextlib.closing(services):
        yield services


# Each client is made by the first test that has it, and kept by all; `use` sends a word with it.
CLIENTS = """
    import asyncio, array, contextlib, http.client, os, socket, ssl, tempfile, threading, urllib.request

    word = str.encode
    PORTS = {ports!r}
    AUTHORITY = {authority!r}
    CONTEXT = ssl.create_default_context(cafile=AUTHORITY)
    LOOP = asyncio.new_event_loop()

    def base(name):
        tls = name in ("https", "http2")
        return f"https://localhost:{{PORTS[name]}}" if tls else f"http://127.0.0.1:{{PORTS[name]}}"

    def connected(name="tcp", kind=socket.SOCK_STREAM):
        made = socket.socket(socket.AF_INET, kind)
        made.connect(("127.0.0.1", PORTS[name]))
        return made

    def echo(made, word):
        made.sendall(word + b"\\n")
        assert made.recv(99).strip() == word

    class Plain:
        def __init__(self): self.made = connected()
        def use(self, word): echo(self.made, word)

    class Tls:
        def __init__(self):
            self.made = CONTEXT.wrap_socket(connected("tls"), server_hostname="localhost")
        def use(self, word): echo(self.made, word)

    class TlsConnectedLater(Tls):
        def __init__(self):
            self.made = CONTEXT.wrap_socket(socket.socket(), server_hostname="localhost")
            self.made.connect(("127.0.0.1", PORTS["tls"]))

    class Unix:
        def __init__(self):
            self.made = socket.socket(socket.AF_UNIX)
            self.made.connect(os.fsencode(PORTS["unix"]))
        def use(self, word): echo(self.made, word)

    class File:
        def __init__(self): self.made = connected().makefile("rwb", buffering=0)
        def use(self, word):
            self.made.write(word + b"\\n")
            assert self.made.readline().strip() == word

    class SendFile(Plain):
        def use(self, word):
            with tempfile.TemporaryFile() as file:
                file.write(word + b"\\n")
                file.seek(0)
                self.made.sendfile(file)
            assert self.made.recv(99).strip() == word

    class Messages(Plain):
        def use(self, word):
            self.made.sendmsg([word, b"\\n"])
            assert self.made.recvmsg(99)[0].strip() == word

    class Into(Plain):
        def use(self, word):
            self.made.send(word + b"\\n")
            room = bytearray(99)
            assert room[: self.made.recv_into(room)].strip() == word

    class FromDescriptor(Plain):
        def __init__(self):
            self.first = connected()
            self.made = socket.socket(fileno=os.dup(self.first.fileno()))

    class Duplicate(Plain):
        def __init__(self): self.made = connected().dup()

    class UdpConnected(Plain):
        def __init__(self): self.made = connected("udp", socket.SOCK_DGRAM)

    class UdpSendTo:
        def __init__(self): self.made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        def use(self, word):
            self.made.sendto(word, ("127.0.0.1", PORTS["udp"]))
            assert self.made.recvfrom(99)[0] == word

    class UdpSendMessage(UdpSendTo):
        def use(self, word):
            self.made.sendmsg([word], [], 0, ("127.0.0.1", PORTS["udp"]))
            assert self.made.recv(99) == word

    class Streams:
        port, tls = "tcp", None
        def __init__(self):
            made = asyncio.open_connection("localhost" if self.tls else "127.0.0.1", PORTS[self.port], ssl=self.tls)
            self.reader, self.writer = LOOP.run_until_complete(made)
        def use(self, word): LOOP.run_until_complete(self._use(word))
        async def _use(self, word):
            self.writer.write(word + b"\\n")
            await self.writer.drain()
            assert (await self.reader.readline()).strip() == word

    class TlsStreams(Streams):
        port, tls = "tls", CONTEXT

    class SendFileOfLoop(Streams):
        async def _use(self, word):
            with tempfile.TemporaryFile() as file:
                file.write(word + b"\\n")
                file.seek(0)
                await LOOP.sendfile(self.writer.transport, file)
            assert (await self.reader.readline()).strip() == word

    class LoopSocket(Plain):
        def use(self, word): LOOP.run_until_complete(self._use(word))
        async def _use(self, word):
            self.made.setblocking(False)
            await LOOP.sock_sendall(self.made, word + b"\\n")
            assert (await LOOP.sock_recv(self.made, 99)).strip() == word

    class Datagrams(asyncio.DatagramProtocol):
        def __init__(self):
            made = LOOP.create_datagram_endpoint(lambda: self, remote_addr=("127.0.0.1", PORTS["udp"]))
            self.transport, _ = LOOP.run_until_complete(made)
        def datagram_received(self, data, _): self.answer.set_result(data)
        def use(self, word):
            self.answer = LOOP.create_future()
            self.transport.sendto(word)
            assert LOOP.run_until_complete(self.answer) == word

    class HttpClient:
        def __init__(self): self.made = http.client.HTTPConnection("127.0.0.1", PORTS["http"])
        def use(self, word):
            try:
                self.made.request("GET", "/" + word.decode())
            except Exception:
                self.made.close()  # as whoever keeps one has to do after an error
                raise
            assert self.made.getresponse().read() == b"ok"

    class HttpsClient(HttpClient):
        def __init__(self):
            self.made = http.client.HTTPSConnection("localhost", PORTS["https"], context=CONTEXT)

    class Urllib:
        port, tls = "http", None
        def use(self, word):
            url = base(self.port) + "/" + word.decode()
            assert urllib.request.urlopen(url, context=self.tls).read() == b"ok"

    class UrllibTls(Urllib):
        port, tls = "https", CONTEXT

    class Requests:
        port = "http"
        def __init__(self):
            import requests
            self.made = requests.Session()
        def use(self, word):
            url = base(self.port) + "/" + word.decode()
            assert self.made.get(url, verify=AUTHORITY).content == b"ok"

    class RequestsTls(Requests):
        port = "https"

    class Urllib3:
        port = "http"
        def __init__(self):
            import urllib3
            self.made = urllib3.PoolManager(ca_certs=AUTHORITY)
        def use(self, word):
            url = base(self.port) + "/" + word.decode()
            assert self.made.request("GET", url, retries=False).data == b"ok"

    class Urllib3Tls(Urllib3):
        port = "https"

    class Httplib2:
        port = "http"
        def __init__(self):
            import httplib2
            self.made = httplib2.Http(ca_certs=AUTHORITY)
        def use(self, word):
            try:
                assert self.made.request(base(self.port) + "/" + word.decode())[1] == b"ok"
            except Exception:
                self.made.close()  # as of http.client
                raise

    class Httplib2Tls(Httplib2):
        port = "https"

    class Httpx:
        port = "http"
        def __init__(self):
            import httpx
            self.made = httpx.Client(verify=CONTEXT)
        def use(self, word):
            assert self.made.get(base(self.port) + "/" + word.decode()).content == b"ok"

    class HttpxTls(Httpx):
        port = "https"

    class HttpxTwo:
        def __init__(self):
            import httpx
            self.made = httpx.Client(verify=ssl.create_default_context(cafile=AUTHORITY), http2=True)
        def use(self, word):
            answer = self.made.get(base("http2") + "/" + word.decode())
            assert (answer.content, answer.http_version) == (b"ok", "HTTP/2")

    class HttpxAsync:
        port, version = "http", "HTTP/1.1"
        def __init__(self):
            import httpx
            verify = ssl.create_default_context(cafile=AUTHORITY)
            self.made = httpx.AsyncClient(verify=verify, http2=self.version == "HTTP/2")
        def use(self, word):
            made = LOOP.run_until_complete(self.made.get(base(self.port) + "/" + word.decode()))
            assert (made.content, made.http_version) == (b"ok", self.version)

    class HttpxAsyncTls(HttpxAsync):
        port = "https"

    class HttpxAsyncTwo(HttpxAsync):
        port, version = "http2", "HTTP/2"

    class Aiohttp:
        port = "http"
        def use(self, word): LOOP.run_until_complete(self._use(word))
        async def _use(self, word):
            import aiohttp
            if not hasattr(self, "made"):
                self.made = aiohttp.ClientSession()
            async with self.made.get(base(self.port) + "/" + word.decode(), ssl=CONTEXT) as answer:
                assert await answer.read() == b"ok"

    class AiohttpTls(Aiohttp):
        port = "https"

    class Trio(Plain):
        def use(self, word):
            import trio
            async def use():
                made = trio.socket.from_stdlib_socket(self.made)
                await made.send(word + b"\\n")
                assert (await made.recv(99)).strip() == word
            trio.run(use)

    class TrioStream:
        def use(self, word):
            import trio
            async def use():
                async with await trio.open_tcp_stream("127.0.0.1", PORTS["tcp"]) as made:
                    await made.send_all(word + b"\\n")
                    assert (await made.receive_some(99)).strip() == word
            trio.run(use)

    class Anyio:
        backend = "asyncio"
        def use(self, word):
            import anyio
            async def use():
                async with await anyio.connect_tcp("127.0.0.1", PORTS["tcp"]) as made:
                    await made.send(word + b"\\n")
                    assert (await made.receive(99)).strip() == word
            anyio.run(use, backend=self.backend)

    class AnyioTrio(Anyio):
        backend = "trio"

    class Gevent:
        def __init__(self):
            from gevent import socket
            self.made = socket.create_connection(("127.0.0.1", PORTS["tcp"]))
        def use(self, word): echo(self.made, word)

    class GeventTls:
        def __init__(self):
            import gevent.socket, gevent.ssl
            made = gevent.socket.create_connection(("127.0.0.1", PORTS["tls"]))
            context = gevent.ssl.create_default_context(cafile=AUTHORITY)
            self.made = context.wrap_socket(made, server_hostname="localhost")
        def use(self, word): echo(self.made, word)

    class Thread(Plain):
        def use(self, word):
            errors = []
            def run():
                try: echo(self.made, word)
                except Exception as error: errors.append(error)
            thread = threading.Thread(target=run)
            thread.start()
            thread.join()
            if errors: raise errors[0]

    class Fork(Plain):
        def use(self, word):
            pid = os.fork()
            if not pid:
                code = 1
                try:
                    echo(self.made, word)
                    code = 0
                finally:
                    os._exit(code)
            assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
"""

WAYS = {
    "Plain": "socket",
    "Tls": "TLS",
    "TlsConnectedLater": "TLS, wrapped before it is connected",
    "Unix": "Unix socket",
    "File": "makefile",
    "SendFile": "sendfile",
    "Messages": "sendmsg and recvmsg",
    "Into": "send and recv_into",
    "FromDescriptor": "socket of a descriptor",
    "Duplicate": "dup",
    "UdpConnected": "UDP, connected",
    "UdpSendTo": "UDP sendto",
    "UdpSendMessage": "UDP sendmsg",
    "Streams": "asyncio streams",
    "TlsStreams": "asyncio streams, TLS",
    "SendFileOfLoop": "asyncio, loop.sendfile",
    "LoopSocket": "asyncio, loop.sock_sendall",
    "Datagrams": "asyncio datagrams",
    "HttpClient": "http.client",
    "HttpsClient": "http.client, TLS",
    "Urllib": "urllib.request",
    "UrllibTls": "urllib.request, TLS",
    "Requests": "requests",
    "RequestsTls": "requests, TLS",
    "Urllib3": "urllib3",
    "Urllib3Tls": "urllib3, TLS",
    "Httplib2": "httplib2",
    "Httplib2Tls": "httplib2, TLS",
    "Httpx": "httpx",
    "HttpxTls": "httpx, TLS",
    "HttpxTwo": "httpx, HTTP/2",
    "HttpxAsync": "httpx, asynchronous",
    "HttpxAsyncTls": "httpx, asynchronous, TLS",
    "HttpxAsyncTwo": "httpx, asynchronous, HTTP/2",
    "Aiohttp": "aiohttp",
    "AiohttpTls": "aiohttp, TLS",
    "Trio": "trio socket",
    "TrioStream": "trio stream",
    "Anyio": "anyio on asyncio",
    "AnyioTrio": "anyio on trio",
    "Gevent": "gevent socket",
    "GeventTls": "gevent socket, TLS",
    "Thread": "thread",
    "Fork": "fork",
}
"""Each client, and what docs/what-is-seen.md calls it."""

CONFTEST = """
    from addresses import is_service

    def pytest_register_resource_guards(registry):
        registry.register_connection_guard("service", is_service, libraries=[])
"""


@pytest.fixture(name="guarded")
def guarded_fixture(suite: Suite, services: Services, monkeypatch: pytest.MonkeyPatch) -> Suite:
    """A suite with all the clients, whose services are guarded."""
    monkeypatch.setenv("PYTHONPATH", str(suite.path))
    suite.write(
        addresses=f"""
            PORTS = {services.ports!r}

            def is_service(address):
                if isinstance(address, bytes):
                    address = address.decode()
                return (address if isinstance(address, str) else address[1]) in PORTS.values()
        """,
        clients=CLIENTS.format(ports=services.ports, authority=str(services.authority)),
        conftest=CONFTEST,
    )
    return suite


@SHARED
def test_a_connection(
    guarded: Suite, services: Services, workers: tuple[str, ...], form: str, seed: int | None
) -> None:
    """Each test that sends or receives over it is a user, in any order and on any worker; nothing goes out of others.

    Whoever has opened it: each by itself, a fixture of the session, or the first to use that of a module.
    """
    write_tests(guarded, form, "service", WAYS)
    if seed is not None:
        shuffle(guarded, seed)

    outcome = guarded.run("-Wignore", *workers, plugins=() if seed is None else ("shuffled",))

    wrong = wrong_verdicts(outcome, "service", WAYS)
    assert wrong == [], "\n".join(wrong)
    if form == "global":
        assert outcome["test_innocent"].outcome == "passed"
    sent = sorted(word for word in services.received if word != "session")
    assert sent == sorted(["first", "second"] * len(WAYS))


@pytest.fixture(name="http")
def http_fixture(suite: Suite, services: Services, monkeypatch: pytest.MonkeyPatch) -> Suite:
    """The same, guarded by the catalogue's entry, which knows clients and no address."""
    monkeypatch.setenv("PYTHONPATH", str(suite.path))
    suite.write(clients=CLIENTS.format(ports=services.ports, authority=str(services.authority)))
    settings = "[tool.pytest.ini_options]\nresource_guards = ['http']\n"
    suite.write_files(
        {"pyproject.toml": f"{settings}[tool.resource_guards.http]\nloopback = true\n"}
    )
    return suite


@SHARED
def test_a_client_of_http(
    http: Suite, services: Services, workers: tuple[str, ...], form: str, seed: int | None
) -> None:
    """Its connections are known by what has opened them, with TLS and HTTP/2 too."""
    ways = [way for way in WAYS if way.startswith(("Http", "Url", "Requests", "Aio"))]
    assert len(ways) == 18
    write_tests(http, form, "http", ways)
    if seed is not None:
        shuffle(http, seed)

    outcome = http.run("-Wignore", *workers, plugins=() if seed is None else ("shuffled",))

    wrong = wrong_verdicts(outcome, "http", ways)
    assert wrong == [], "\n".join(wrong)
    sent = sorted(word for word in services.received if word != "session")
    assert sent == sorted(["first", "second"] * len(ways))


def test_fix(guarded: Suite) -> None:
    """The fix gives each test that uses a shared connection the mark, takes idle ones, and then has nothing to do."""
    assert_fixed(guarded, [("service", WAYS)])


def test_the_page_has_the_same_table() -> None:
    """docs/what-is-seen.md lists every way of this table."""
    page = Path(__file__).parents[3] / "docs" / "what-is-seen.md"
    rows = [line.split("|") for line in page.read_text().splitlines() if line.startswith("| ")]
    listed = {row[1].strip() for row in rows if row[2].strip() == "open connection"}
    assert listed == set(WAYS.values())


def test_every_socket_gets_its_class_back(suite: Suite) -> None:
    """After a session, those that still live are as they were, and new ones are not looked at."""
    suite.be_nobodys_child()
    suite.write(
        conftest="""
            def pytest_register_resource_guards(registry):
                registry.register_connection_guard("service", lambda address: True, libraries=[])
        """,
        test_it="""
            import socket, pytest
            import kept

            @pytest.mark.service
            def test_it():
                server = socket.create_server(("127.0.0.1", 0))
                made = socket.create_connection(server.getsockname())
                accepted, _ = server.accept()
                kept.SOCKETS += [made, made.dup(), socket.socket(fileno=made.dup().detach()), accepted]
                kept.DURING += map(type, kept.SOCKETS)
                made.connect_ex(server.getsockname())
                made.sendall(b"x")
                assert repr(made).startswith("<socket.socket fd=")
                assert isinstance(made, socket.socket)
        """,
        kept="SOCKETS, DURING = [], []",
        once="""
            import socket
            import pytest
            import kept

            functions = dict(vars(socket.socket))
            assert not pytest.main(["-presource_guards", "-pno:cacheprovider"])
            assert [each is socket.socket for each in kept.DURING] == [False, False, False, True]
            assert all(type(each) is socket.socket for each in kept.SOCKETS)
            assert dict(vars(socket.socket)) == functions
            kept.SOCKETS[0].sendall(b"y")
            assert kept.SOCKETS[3].recv(9) == b"xy"
            for each in kept.SOCKETS: each.close()
        """,
    )

    done = subprocess.run(
        [sys.executable, "once.py"], cwd=suite.path, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr


def test_a_class_of_c_has_no_room(suite: Suite) -> None:
    """A bare socket of `_socket` is seen when it connects, and goes on to work."""
    suite.write(
        conftest="""
            def pytest_register_resource_guards(registry):
                registry.register_connection_guard("service", lambda address: True, libraries=[])
        """,
        test_it="""
            import _socket, socket, pytest

            SERVER = socket.create_server(("127.0.0.1", 0))

            def connect():
                made = _socket.socket()
                made.connect(SERVER.getsockname())
                made.send(b"x")
                made.close()

            @pytest.mark.service
            def test_marked(): connect()

            def test_unmarked(): connect()
        """,
    )

    outcome = suite.run()

    assert outcome["test_marked"].outcome == "passed"
    assert outcome["test_unmarked"].says_missing("service")


def guard_tcp(suite: Suite, services: Services, test_it: str) -> None:
    """Write a suite whose settings guard the port that echoes."""
    suite.write(test_it=f"PORT = {services.ports['tcp']}\n" + textwrap.dedent(test_it))
    table = f'[tool.resource_guards.service]\naddresses = ["localhost:{services.ports["tcp"]}"]\n'
    suite.write_files({"pyproject.toml": table})


def test_what_tests_put_in_the_place_of_methods(suite: Suite, services: Services) -> None:
    """It is called as it would be without guards, and gone when it is taken away."""
    guard_tcp(
        suite,
        services,
        """
        import socket
        from unittest import mock
        import pytest

        pytestmark = pytest.mark.service

        class Own(socket.socket): pass

        def connected(cls=socket.socket):
            made = cls()
            made.connect(("127.0.0.1", PORT))
            return made

        def echoed(made):
            made.sendall(b"x\\n")
            return made.recv(9)

        def test_faked_first(monkeypatch):
            monkeypatch.setattr(socket.socket, "recv", lambda self, size: b"faked")
            assert echoed(connected()) == b"faked"

        def test_real(): assert echoed(connected()) == b"x\\n"

        def test_mock_of_an_own_class():
            with mock.patch.object(Own, "recv", return_value=b"faked") as fake:
                made = connected(Own)
                assert echoed(made) == b"faked"
                fake.assert_called_once_with(9)
            assert echoed(connected(Own)) == b"x\\n"

        def test_an_error_on_one_that_is_open():
            made = connected()
            with mock.patch.object(socket.socket, "sendall", side_effect=BrokenPipeError):
                with pytest.raises(BrokenPipeError): made.sendall(b"never\\n")
            assert echoed(made) == b"x\\n"
        """,
    )

    outcome = suite.run("-Wignore")

    assert set(outcome.outcomes.values()) == {"passed"}, outcome.output
    assert "never" not in services.received


def test_sent_to_another_process(suite: Suite, services: Services) -> None:
    """multiprocessing hands a connection on as it does others; plain pickle refuses it as it does them."""
    guard_tcp(
        suite,
        services,
        """
        import multiprocessing, pickle, socket
        import pytest

        def echo(made, answers):
            made.sendall(b"child\\n")
            answers.send(made.recv(9))

        @pytest.mark.service
        @pytest.mark.parametrize("method", ["spawn", "fork"])
        def test_marked(method):
            context = multiprocessing.get_context(method)
            here, there = context.Pipe()
            with socket.create_connection(("127.0.0.1", PORT)) as made:
                process = context.Process(target=echo, args=(made, there))
                process.start()
                assert here.poll(30) and here.recv() == b"child\\n"
                process.join()
                with pytest.raises(TypeError, match="cannot pickle"): pickle.dumps(made)

        @pytest.mark.service
        def test_by_a_pipe():
            here, there = multiprocessing.Pipe()
            with socket.create_connection(("127.0.0.1", PORT)) as made:
                here.send(made)
                with there.recv() as other:
                    other.sendall(b"piped\\n")
                    assert made.recv(9) == b"piped\\n"
        """,
    )

    outcome = suite.run("-Wignore")

    assert set(outcome.outcomes.values()) == {"passed"}, outcome.output


PEER = """
import socket, ssl, sys
made = socket.create_connection(("127.0.0.1", int(sys.argv[1])), source_address=("127.0.0.2", 0))
if sys.argv[2] == "tls": made = ssl._create_unverified_context().wrap_socket(made)
made.sendall(b"x")
print(made.recv(9).decode())
"""


def test_whoever_comes_from_a_guarded_address(suite: Suite) -> None:
    """A server of the test's asks nobody, by whichever socket it answers: TLS makes another of the same descriptor."""
    suite.write(
        test_it=f"""
            import socket, ssl, subprocess, sys, threading
            import pytest, trustme

            @pytest.mark.parametrize("how", ["plain", "tls", "dup"])
            def test_server(how):
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                trustme.CA().issue_cert("localhost").configure_cert(context)
                with socket.create_server(("127.0.0.1", 0)) as server:
                    def answer():
                        made, _ = server.accept()
                        if how == "tls": made = context.wrap_socket(made, server_side=True)
                        if how == "dup": made = made.dup()
                        with made:
                            made.recv(9)
                            made.sendall(b"hello")
                    thread = threading.Thread(target=answer)
                    thread.start()
                    command = [sys.executable, "-S", "-c", {PEER!r}, str(server.getsockname()[1]), how]
                    done = subprocess.run(command, capture_output=True, text=True, timeout=30)
                    thread.join()
                assert done.stdout == "hello\\n", done.stderr
        """
    )
    suite.write_files(
        {"pyproject.toml": '[tool.resource_guards.peers]\naddresses = ["127.0.0.2"]\n'}
    )

    outcome = suite.run("-Wignore")

    assert set(outcome.outcomes.values()) == {"passed"}, outcome.output


UNFOLLOWED = {
    "multiprocessing": """
        from multiprocessing.connection import Connection
        def connect():
            made = socket.create_connection(("127.0.0.1", PORT))
            return Connection(made.detach())
    """,
    "_socket": """
        import _socket
        def connect():
            made = _socket.socket()
            made.connect(("127.0.0.1", PORT))
            return made
    """,
    "no_subclass": """
        class Final(socket.socket):
            def __init_subclass__(cls, **kwargs): raise ValueError("no subclasses")
        def connect():
            made = Final()
            made.connect(("127.0.0.1", PORT))
            return made
    """,
}


@pytest.mark.parametrize("way", UNFOLLOWED)
def test_what_cannot_be_followed_is_in_doubt(suite: Suite, services: Services, way: str) -> None:
    """From such a connection on, no mark of the resource is called superfluous, and the run says why."""
    tests = """
        MADE = []

        @pytest.mark.service
        def test_before(): pass

        @pytest.mark.service
        def test_first(): MADE.append(connect())

        @pytest.mark.service
        def test_later(): assert MADE
    """
    parts = ("import socket\nimport pytest\n", UNFOLLOWED[way], tests)
    guard_tcp(suite, services, "".join(map(textwrap.dedent, parts)))

    outcome = suite.run("-Wignore")

    assert outcome["test_before"].says_superfluous("service")
    assert outcome["test_first"].outcome == outcome["test_later"].outcome == "passed"
    assert "by their descriptors" in outcome.output
