"""Names of hosts among the addresses: an attempt is seen at the look-up, with and without a network."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

from imbue.resource_guards.intercept import lookups
from imbue.resource_guards.intercept.import_hook import ImportHook
from support.suite import WORKERS
from support.suite import Suite

WAYS = """
    import asyncio, contextlib, http.client, os, socket, subprocess, sys, threading, urllib.request

    NAME, URL = "rates.example.invalid", "http://rates.example.invalid/"
    CODE = "import socket; socket.getaddrinfo('rates.example.invalid', 80)"

    def getaddrinfo(): socket.getaddrinfo(NAME, 80)
    def by_name(): socket.getaddrinfo(host=NAME, port="http")
    def octets(): socket.getaddrinfo(NAME.encode(), b"80")
    def upper(): socket.getaddrinfo(NAME.upper() + ".", 80)
    def gethostbyname(): socket.gethostbyname(NAME)
    def gethostbyname_ex(): socket.gethostbyname_ex(NAME)
    def gethostbyaddr(): socket.gethostbyaddr(NAME)
    def create_connection(): socket.create_connection((NAME, 80))
    def connect():
        with socket.socket() as made: made.connect((NAME, 80))
    def sendto():
        with socket.socket(type=socket.SOCK_DGRAM) as made: made.sendto(b"x", (NAME, 80))
    def loop(): asyncio.run(_loop())
    async def _loop(): await asyncio.get_running_loop().getaddrinfo(NAME, 80)
    def streams(): asyncio.run(_streams())
    async def _streams(): await asyncio.open_connection(NAME, 80)
    def http_client(): http.client.HTTPConnection(NAME).request("GET", "/")
    def urllib_request(): urllib.request.urlopen(URL)
    def requests():
        import requests
        requests.get(URL)
    def httpx():
        import httpx
        httpx.get(URL)
    def aiohttp(): asyncio.run(_aiohttp())
    async def _aiohttp():
        import aiohttp
        async with aiohttp.ClientSession() as session: await session.get(URL)
    def trio():
        import trio
        trio.run(trio.socket.getaddrinfo, NAME, 80)
    def trio_stream():
        import trio
        trio.run(trio.open_tcp_stream, NAME, 80)
    def anyio():
        import anyio
        anyio.run(anyio.connect_tcp, NAME, 80)
    def gevent():
        import gevent.socket
        gevent.socket.create_connection((NAME, 80), timeout=5)
    def thread():
        worker = threading.Thread(target=_quiet)
        worker.start()
        worker.join()
    def _quiet():
        with contextlib.suppress(Exception): getaddrinfo()
    def child(): subprocess.run([sys.executable, "-c", CODE], capture_output=True)
    def fork():
        if not os.fork():
            with contextlib.suppress(BaseException): getaddrinfo()
            os._exit(0)
        os.wait()
"""

TESTS = """
    import inspect, socket, pytest
    import ways

    each = pytest.mark.parametrize("way", WAYS)

    def use(way):
        try: vars(ways)[way]()
        except Exception as error: return type(error).__name__

    @each
    def test_unmarked(way): use(way)

    @each
    @pytest.mark.rates
    def test_marked(way): assert use(way) != "ResourceGuardViolation"

    @pytest.mark.rates
    def test_superfluous():
        for name in ("example.invalid", "other.example.invalid", "rates.example.invalid.test"):
            with pytest.raises(socket.gaierror):
                socket.getaddrinfo(name, 80)
        socket.getaddrinfo("127.0.0.1", 80)
"""

NAMES = (
    *("getaddrinfo", "by_name", "octets", "upper", "gethostbyname", "gethostbyname_ex"),
    *("gethostbyaddr", "create_connection", "connect", "sendto", "loop", "streams", "http_client"),
    *("urllib_request", "requests", "httpx", "aiohttp", "trio", "trio_stream", "anyio", "gevent"),
    *("thread", "child", "fork"),
)
VERDICTS = {
    **{f"test_unmarked[{way}]": "failed" for way in NAMES},
    **{f"test_marked[{way}]": "passed" for way in NAMES},
    "test_superfluous": "failed",
}


@pytest.fixture(name="with_names")
def with_names_fixture(suite: Suite) -> Suite:
    """A suite that looks the name up in each way, and settings that guard it."""
    suite.write(ways=WAYS, test_it=TESTS.replace("WAYS", repr(NAMES)))
    suite.write_files(
        {
            "pytest.ini": "[pytest]\nresource_guards_define =\n  rates: address:rates.example.invalid\n"
        }
    )
    return suite


@WORKERS
def test_a_look_up_is_an_attempt(with_names: Suite, workers: tuple[str, ...]) -> None:
    """Whatever looks the name up needs the mark, here and in children; a name that is another is another thing."""
    outcome = with_names.run("-Wignore", *workers)

    assert outcome.outcomes == VERDICTS, outcome.output
    assert all(outcome[f"test_unmarked[{way}]"].says_missing("rates") for way in NAMES)
    assert "lookup of rates.example.invalid" in outcome["test_unmarked[getaddrinfo]"].text
    assert outcome["test_superfluous"].says_superfluous("rates")


def test_without_a_network(with_names: Suite) -> None:
    """In a network namespace that has none, not even loopback, the verdicts are the same."""
    unshare = shutil.which("unshare")
    if unshare is None or subprocess.run([unshare, "-rn", "true"], check=False).returncode:
        pytest.skip("no network namespace can be made here")
    python = with_names.path.parent / "python"
    python.write_text(f'#!/bin/sh\nexec {unshare} -rn {sys.executable} "$@"\n')
    python.chmod(0o755)

    done = subprocess.run(
        [python, "-mpytest", "-presource_guards", "-pno:cacheprovider", "-Wignore", "-rA", "-q"],
        capture_output=True,
        text=True,
        check=False,
        cwd=with_names.path,
    )

    said = dict(
        line.split()[1::-1]
        for line in done.stdout.splitlines()
        if line.startswith(("PASSED ", "FAILED "))
    )
    expected = {f"test_it.py::{name}": outcome.upper() for name, outcome in VERDICTS.items()}
    assert said == expected, done.stdout


def test_what_a_name_led_to(suite: Suite) -> None:
    """A connection to an address that the name was found by is one to the name; another port is not."""
    suite.write(
        resolver="""
            import _socket

            real = _socket.getaddrinfo

            def getaddrinfo(host, *args, **kwargs):
                return real("127.0.0.1" if host == "service.invalid" else host, *args, **kwargs)

            _socket.getaddrinfo = getaddrinfo
        """,
        conftest="""
            import socket, pytest, resolver
            from imbue.resource_guards import register_address_guard

            LISTENER = socket.create_server(("127.0.0.1", 0))
            PORT = LISTENER.getsockname()[1]
            register_address_guard("service", f"service.invalid:{PORT}")

            @pytest.fixture(scope="session")
            def port(): return PORT

            @pytest.fixture(scope="session")
            def address(port):
                return socket.getaddrinfo("service.invalid", port, type=socket.SOCK_STREAM)[0][4]
        """,
        test_it="""
            import socket, pytest

            @pytest.mark.service
            def test_found(address): pass

            @pytest.mark.service
            def test_marked(address):
                socket.create_connection(address).close()

            def test_unmarked(port):
                with pytest.raises(Exception):
                    socket.create_connection(("127.0.0.1", port)).close()

            def test_another_port(port):
                with socket.create_server(("127.0.0.1", 0)) as other:
                    socket.create_connection(other.getsockname()).close()
        """,
    )

    outcome = suite.run()

    assert outcome["test_unmarked"].says_missing("service"), outcome.output
    assert outcome.counts == {"passed": 3, "failed": 1}, outcome.output


@pytest.fixture(name="watched")
def watched_fixture() -> Iterator[tuple[list[str], ImportHook]]:
    """All look-ups, seen in this process."""
    seen: list[str] = []
    hook = ImportHook()
    watcher = lookups.LookupWatcher(lambda *_: True, seen.append)
    watcher.watch(hook)
    yield seen, hook
    watcher.unwatch()
    watcher.unwatch()
    hook.uninstall()


def test_an_address_of_many_hosts(suite: Suite) -> None:
    """A name that was looked up for one port leads to no other one of its address."""
    suite.write(
        test_it="""
            import socket
            import pytest

            def found(name, port): return socket.getaddrinfo(name, port, socket.AF_INET)[0][4]

            @pytest.mark.service
            def test_0_by_name(monkeypatch):
                found(socket.gethostname(), 9)

            def test_1_another_port():
                with pytest.raises(ConnectionRefusedError):
                    socket.create_connection(ADDRESS(10))

            def test_2_this_port():
                try: socket.create_connection(ADDRESS(9))
                except Exception: pass
        """.replace("ADDRESS", "(lambda port: (socket.gethostbyname_ex('localhost')[2][0], port))"),
        conftest="""
            import _socket, socket

            # This machine's name leads to loopback here, whatever the system says.
            def pytest_configure():
                old = _socket.getaddrinfo
                def looked_up(host, *args, **kwargs):
                    return old("127.0.0.1" if host == socket.gethostname() else host, *args, **kwargs)
                _socket.getaddrinfo = socket._socket.getaddrinfo = looked_up
        """,
    )

    suite.write_files(
        {
            "pyproject.toml": f"[tool.resource_guards.service]\naddresses = ['{socket.gethostname()}']\n"
        }
    )

    outcome = suite.run()

    assert outcome["test_0_by_name"].outcome == "passed", outcome.output
    assert outcome["test_1_another_port"].outcome == "passed", outcome.output
    assert outcome["test_2_this_port"].says_missing("service"), outcome.output


def test_what_is_no_look_up(watched: tuple[list[str], ImportHook]) -> None:
    """Nothing is looked up for a numeric host, for none, or in a call that fails by itself."""

    seen, _ = watched
    socket.getaddrinfo(None, 80)
    socket.getaddrinfo("127.0.0.1", 80, flags=socket.AI_NUMERICHOST)
    with pytest.raises(TypeError):
        socket.gethostbyname(5)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        socket.gethostbyname()  # type: ignore[call-arg]
    assert seen == []
    assert socket.getnameinfo(("127.0.0.1", 80), socket.NI_NUMERICHOST)[0] == "127.0.0.1"
    assert socket.gethostbyname("127.0.0.1") in lookups.names_of("127.0.0.1", 9)
    assert socket.gethostbyname_ex("127.0.0.1")[2] == ["127.0.0.1"]
    assert seen == ["lookup of 127.0.0.1"] * 2


def test_the_functions_are_put_back() -> None:
    """A second watcher adds nothing, and after the last all are as before."""
    import _socket

    before = [(vars(space).get(name)) for space in (socket, _socket) for name in lookups.FUNCTIONS]
    hook = ImportHook()
    first, second = (lookups.LookupWatcher(lambda *_: False, print) for _ in range(2))
    first.watch(hook)
    during = _socket.getaddrinfo
    second.watch(hook)
    assert _socket.getaddrinfo is during is not before[len(lookups.FUNCTIONS)]
    first.unwatch()
    assert _socket.getaddrinfo is during
    second.unwatch()
    hook.uninstall()

    assert before == [
        vars(space).get(name) for space in (socket, _socket) for name in lookups.FUNCTIONS
    ]
