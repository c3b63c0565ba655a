"""The resource that comes ready as `network`: all that leaves this machine."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys

import pytest

from imbue.resource_guards.intercept.addresses import Addresses
from imbue.resource_guards.intercept.addresses import parse_address
from support.suite import WORKERS
from support.suite import Suite

ELSEWHERE = Addresses([parse_address("*")])

# 192.0.2.0/24 and 2001:db8::/32 are for documentation (RFC 5737, RFC 3849), and no machine has them.
TESTS = """
    import asyncio, contextlib, os, socket, socketserver, subprocess, sys, threading, pytest

    CODE = "import socket; socket.getaddrinfo('example.invalid', 80)"

    def connect(address=("192.0.2.1", 80), family=socket.AF_INET):
        with socket.socket(family) as made:
            made.setblocking(False)
            made.connect(address)

    def connect_6(): connect(("2001:db8::1", 80), socket.AF_INET6)
    def datagram():
        with socket.socket(type=socket.SOCK_DGRAM) as made: made.sendto(b"x", ("192.0.2.1", 9))
    def look_up(): socket.getaddrinfo("example.invalid", 80)
    def reverse(): socket.gethostbyaddr("192.0.2.1")
    def name_of(): socket.getnameinfo(("192.0.2.1", 80), 0)
    def child(): subprocess.run([sys.executable, "-c", CODE], capture_output=True)

    def local_tcp():
        with socket.create_server(("127.0.0.1", 0)) as server:
            made = socket.create_connection(("localhost", server.getsockname()[1]))
            accepted, _ = server.accept()
            made.sendall(b"x")
            assert accepted.recv(9) == b"x"
            made.close()
            accepted.close()

    def local_names():
        for name in ("localhost", socket.gethostname(), "127.0.0.1", "::1", "0.0.0.0", None, "app.localhost"):
            with contextlib.suppress(OSError): socket.getaddrinfo(name, 80)

    def local_unix():
        one, other = socket.socketpair()
        one.send(b"x")
        other.recv(9)
        one.close()
        other.close()

    def local_datagram():
        with socket.socket(type=socket.SOCK_DGRAM) as made:
            made.bind(("127.0.0.1", 0))
            made.sendto(b"x", made.getsockname())

    def local_loop():
        async def run():
            server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
            _, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            writer.close()
            server.close()
        asyncio.run(run())

    AWAY = [connect, connect_6, datagram, look_up, reverse, name_of, child]
    LOCAL = [local_tcp, local_names, local_unix, local_datagram, local_loop]
    away = pytest.mark.parametrize("way", AWAY, ids=lambda way: way.__name__)
    local = pytest.mark.parametrize("way", LOCAL, ids=lambda way: way.__name__)

    @away
    def test_unmarked(way):
        with contextlib.suppress(Exception): way()

    @away
    @pytest.mark.network
    def test_marked(way):
        with contextlib.suppress(OSError): way()

    @local
    def test_local(way): way()

    @local
    @pytest.mark.network
    def test_superfluous(way): way()
"""


def verdicts(output: str) -> dict[str, int]:
    """How many of each test have passed and failed, by what ``-rA`` says."""
    found: dict[str, int] = {}
    for line in output.splitlines():
        if line.startswith(("PASSED ", "FAILED ", "ERROR ")):
            word, test = line.split()[:2]
            key = f"{test.partition('::')[2].partition('[')[0]} {word.lower()}"
            found[key] = found.get(key, 0) + 1
    return found


EXPECTED = {
    "test_unmarked failed": 7,
    "test_marked passed": 7,
    "test_local passed": 5,
    "test_superfluous failed": 5,
}


@pytest.fixture(name="with_network")
def with_network_fixture(suite: Suite) -> Suite:
    """A suite whose settings name it."""
    suite.write(test_it=TESTS)
    suite.write_files({"pytest.ini": "[pytest]\nresource_guards = network\n"})
    return suite


@WORKERS
def test_what_leaves_this_machine(with_network: Suite, workers: tuple[str, ...]) -> None:
    """Connections, datagrams and look-ups; what stays here is none of it."""
    outcome = with_network.run("-rA", "-Wignore", *workers)

    assert verdicts(outcome.output) == EXPECTED, outcome.output


def without_network(suite: Suite, *arguments: str) -> str:
    """What a run in a network namespace says that has nothing but a loopback that is down."""
    unshare = shutil.which("unshare")
    if unshare is None or subprocess.run([unshare, "-rn", "true"], check=False).returncode:
        pytest.skip("no network namespace can be made here")
    command = [
        unshare,
        "-rn",
        sys.executable,
        "-mpytest",
        "-presource_guards",
        "-pno:cacheprovider",
    ]
    done = subprocess.run(
        [*command, "-rA", "-Wignore", *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=suite.path,
    )
    return done.stdout


def test_the_verdict_without_a_network(with_network: Suite) -> None:
    """It is the same, but for tests that connect to loopback, which is down there."""
    output = without_network(with_network, "-k", "not local or names or unix")

    found = verdicts(output)
    assert found["test_unmarked failed"] == EXPECTED["test_unmarked failed"], output
    assert found["test_marked passed"] == EXPECTED["test_marked passed"], output
    assert found["test_superfluous failed"] == found["test_local passed"] == 2, output


def test_what_is_deselected_needs_no_network(with_network: Suite) -> None:
    """``-m "not network"`` passes where there is none."""
    output = without_network(with_network, "-m", "not network", "-k", "names or unix")

    assert verdicts(output) == {"test_local passed": 2}, output


@pytest.mark.parametrize(
    ("address", "is_elsewhere"),
    [
        (("192.0.2.1", 80), True),
        (("::ffff:192.0.2.1", 80, 0, 0), True),
        (("example.com", 80), True),
        (("127.1.2.3", 80), False),
        (("::1", 80, 0, 0), False),
        (("::ffff:127.0.0.1", 80, 0, 0), False),
        (("0.0.0.0", 80), False),  # noqa: S104 - it leads here
        (("", 80), False),
        (("localhost", 80), False),
        (("app.localhost.", 80), False),
        ((socket.gethostname(), 80), False),
        ("/run/service", False),
        (b"\0abstract", False),
        (None, False),
        (5, False),
    ],
)
def test_what_is_elsewhere(address: object, *, is_elsewhere: bool) -> None:
    """Other machines, by their addresses and names."""
    assert ELSEWHERE.matches(address, lambda *_: ()) is is_elsewhere


def test_an_address_of_this_machine() -> None:
    """One that a socket can be bound to is its own."""
    with socket.socket(type=socket.SOCK_DGRAM) as made:
        made.connect(("192.0.2.1", 9)) if has_route() else made.bind(("127.0.0.1", 0))
        assert not ELSEWHERE.matches(made.getsockname(), lambda *_: ())


def has_route() -> bool:
    """Whether this machine would know where to send something."""
    with socket.socket(type=socket.SOCK_DGRAM) as made:
        try:
            made.connect(("192.0.2.1", 9))
        except OSError:
            return False
        return True
