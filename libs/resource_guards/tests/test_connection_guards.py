"""Guards of addresses: whoever connects, in this process or a child Python, needs the mark."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator

import pytest

from support.suite import Suite


@pytest.fixture
def server() -> Iterator[tuple[int, list[object]]]:
    """A port of loopback that answers ``hello``, and those that have connected."""
    callers: list[object] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    caller, _ = listening.accept()
                    callers.append(caller)
                    caller.sendall(b"hello")
                    caller.close()

        thread = threading.Thread(target=serve)
        thread.start()
        yield listening.getsockname()[1], callers
        listening.shutdown(socket.SHUT_RDWR)
        thread.join()


WAYS = """
    import asyncio, os, socket, subprocess, sys, threading, pytest

    HERE = os.path.dirname(__file__)
    CONNECT = "import socket; socket.create_connection(('127.0.0.1', {port})).close()"

    async def streams():
        reader, writer = await asyncio.open_connection("127.0.0.1", {port})
        await reader.read()
        writer.close()

    def thread():
        worker = threading.Thread(target=plain)
        worker.start()
        worker.join()

    def plain():
        with socket.socket() as connection:
            try:
                connection.connect(("127.0.0.1", {port}))
                connection.recv(9)
            except Exception:
                if threading.current_thread() is threading.main_thread():
                    raise

    def fork():
        pid = os.fork()
        if not pid:
            try:
                plain()
            finally:
                os._exit(0)
        os.waitpid(pid, 0)

    WAYS = dict(
        plain=plain,
        streams=lambda: asyncio.run(streams()),
        thread=thread,
        fork=fork,
        child=lambda: subprocess.run([sys.executable, "-c", CONNECT], cwd=HERE),
    )

    @pytest.mark.parametrize("way", WAYS)
    def test_unmarked(way):
        try:
            WAYS[way]()
        except Exception:
            pass

    @pytest.mark.service
    @pytest.mark.parametrize("way", WAYS)
    def test_marked(way):
        WAYS[way]()

    @pytest.mark.service
    def test_superfluous():
        with socket.socket() as other, socket.create_server(("127.0.0.1", 0)) as elsewhere:
            other.connect(elsewhere.getsockname())
"""


@pytest.mark.parametrize("workers", [(), ("-n2",)], ids=["one process", "two workers"])
def test_connections(
    suite: Suite,
    server: tuple[int, list[object]],
    workers: tuple[str, ...],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each way to connect is seen, in both directions; another address is another thing."""
    port, callers = server
    monkeypatch.setenv("PYTHONPATH", str(suite.path))
    suite.write(
        addresses=f"def is_service(address): return address == ('127.0.0.1', {port})",
        conftest="""
            from addresses import is_service

            def pytest_register_resource_guards(registry):
                registry.register_connection_guard("service", is_service)
                registry.register_connection_guard("service", is_service)
        """,
        test_it=WAYS.format(port=port),
    )

    blocked = suite.run("-k", "unmarked or superfluous", "-Wignore", *workers)
    assert callers == []
    allowed = suite.run("-k", "test_marked", *workers)

    for name, test in blocked.tests.items():
        if name == "test_superfluous":
            assert test.says_superfluous("service")
        else:
            assert test.says_missing("service"), (name, blocked.output)
            assert f"connection to 127.0.0.1:{port}" in test.text
    assert len(blocked.tests) == 6
    assert allowed.counts == {"passed": 5}, allowed.output
    assert len(callers) == 5


def test_a_python_without_the_guards_package(
    suite: Suite, server: tuple[int, list[object]]
) -> None:
    """Where what knows the resource is not installed, connections and SDKs work as ever."""
    port, callers = server
    suite.write(
        guards="""
            def is_service(address): return True
            def is_call(*args): return True
        """,
        sdk__sdk="def send(): print('sent')",
        sdk__child=f"""
            import socket
            for _ in range(2):
                socket.create_connection(("127.0.0.1", {port})).close()
            import sdk
            sdk.send()
        """,
        conftest="""
            import guards, sys
            from imbue.resource_guards.resource_guards import SdkTarget
            sys.path.append(__file__.rpartition("/")[0] + "/sdk")

            def pytest_register_resource_guards(registry):
                registry.register_connection_guard("service", guards.is_service)
                registry.register_sdk_guard(
                    "service", targets=[SdkTarget(owner="sdk", attribute="send", when=guards.is_call)])
        """,
        test_it=r"""
            import os, subprocess, sys

            def test_it():
                child = os.path.join(os.path.dirname(__file__), "sdk", "child.py")
                elsewhere = {**os.environ, "PYTHONPATH": ""}
                done = subprocess.run([sys.executable, child], env=elsewhere, capture_output=True)
                assert (done.stdout, done.stderr) == (b"sent\n", b"")
        """,
    )

    outcome = suite.run()

    assert outcome.outcomes == {"test_it": "passed"}, outcome.output
    assert len(callers) == 2


def test_bad_input(suite: Suite) -> None:
    """Something that cannot be asked is a usage error."""
    suite.write(
        conftest="""
            from imbue.resource_guards.resource_guards import register_connection_guard
            register_connection_guard("service", ("127.0.0.1", 80))
        """,
        test_it="def test_never(): pass",
    )

    outcome = suite.run()

    assert outcome.code == pytest.ExitCode.USAGE_ERROR
    assert "returns whether it belongs to the resource" in outcome.output


@pytest.mark.parametrize("is_use", ["partial(is_port, 1)", "Port()", "Port().is_it"])
def test_a_guard_that_no_name_leads_to_is_not_in_child_pythons(suite: Suite, is_use: str) -> None:
    """They connect as they would without it: what its name leads to there is another thing."""
    suite.write(
        conftest=f"""
            from functools import partial
            from ports import Port, is_port

            def pytest_register_resource_guards(registry):
                registry.register_connection_guard("service", {is_use})
        """,
        ports="""
            def is_port(port, address): return address[1] == port

            class Port:
                def __call__(self, address): return is_port(1, address)
                def is_it(self, address): return is_port(1, address)
        """,
        test_it="""
            import os, subprocess, sys

            CONNECT = "import socket; print(socket.socket().connect_ex(('127.0.0.1', 1)))"

            def test_child():
                env = {**os.environ, "PYTHONPATH": os.path.dirname(__file__)}
                command = [sys.executable, "-c", CONNECT]
                done = subprocess.run(command, env=env, capture_output=True, text=True)
                assert done.stdout.strip().isdecimal(), done.stderr
        """,
    )

    assert suite.run().counts == {"passed": 1}
