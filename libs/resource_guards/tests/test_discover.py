"""Discovery: what a suite uses from outside, and the settings that guard it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from support.suite import WORKERS
from support.suite import Suite

BARE = """
    import socket, smtplib, subprocess, sys, threading
    import pytest

    subprocess.run(["early"])

    @pytest.fixture
    def repository():
        subprocess.run(["tool", "init"])

    @pytest.fixture(scope="module")
    def server():
        with socket.create_server(("127.0.0.1", 0)) as server:
            yield server.getsockname()

    def test_in_a_fixture(repository): pass
    def test_in_a_shell(): subprocess.run("tool a | cat", shell=True)
    def test_in_a_child():
        subprocess.run([sys.executable, "-c", "import subprocess; subprocess.run(['tool', 'b'])"])
    def test_behind_env(): subprocess.run(["env", "A=1", "other"])
    def test_to_its_own(server): socket.create_connection(server).close()
    def test_to_another(): socket.create_connection(("127.0.0.1", {port})).close()
    def test_of_a_name():
        with pytest.raises(OSError):
            socket.create_connection(("db.invalid", 5433), timeout=1)
    def test_of_a_library():
        smtplib.SMTP("127.0.0.1", {port}, timeout=5).close()
    def test_fails():
        subprocess.run(["other"])
        assert False
    def test_idle(): pass
"""


@pytest.fixture
def bare(suite: Suite) -> Suite:
    """A suite without any settings, and the programs that it starts."""
    for name in ("tool", "other", "early"):
        suite.tool(name)
    return suite


SERVER = """
import socket, sys
server = socket.socket(fileno=int(sys.argv[1]))
while True:
    connection, _ = server.accept()
    connection.sendall(b"220 here\\r\\n")
    connection.close()
"""


@contextmanager
def mail_server() -> Iterator[int]:
    """A server that was started before pytest, and so is none of the suite's own; gives its port."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        command = [sys.executable, "-c", SERVER, str(server.fileno())]
        with subprocess.Popen(command, pass_fds=[server.fileno()]) as process:
            port = server.getsockname()[1]
            server.close()
            try:
                yield port
            finally:
                process.kill()


def rows(output: str) -> dict[str, str]:
    """What is said of each thing that was found."""
    lines = [line.split(maxsplit=3) for line in output.splitlines() if " test" in line[:12]]
    return {
        words[2]: f"{words[0]} {' '.join(words[3:])}".strip() for words in lines if len(words) > 2
    }


@WORKERS
def test_what_a_suite_uses(bare: Suite, workers: tuple[str, ...]) -> None:
    """Programs however they are started, addresses, known libraries; each with tests, fixtures and an example."""
    with mail_server() as port:
        bare.write(test_it=BARE.format(port=port))
        before = bare.run(*workers)
        outcome = bare.run("--resource-guards-discover", *workers)

    assert outcome.outcomes == before.outcomes
    found = rows(outcome.output)
    assert found["tool"] == "3 a program, through sh (1), in fixture repository (1)", outcome.output
    assert found["other"] == "2 a program, 1 of them failed or were skipped"
    assert found["early"] == "no a program, while tests were collected"
    assert found["db.invalid:5433"] == "1 an address"
    assert found["smtp"].startswith("1 by smtplib"), found
    assert found[f"127.0.0.1:{port}"] == "2 an address"
    assert "such as test_it.py::test_in_a_fixture" in outcome.output
    assert "Servers of the suite's own, which need no mark: 1 test" in outcome.output
    assert "Not known of tests that did not pass: 1 failed" in outcome.output
    assert 'resource_guards = ["other", "smtp", "tool"]' in outcome.output
    assert f'[tool.resource_guards.localhost_{port}]\naddresses = ["127.0.0.1:{port}"]' in (
        outcome.output
    )


def test_where_nobody_listens(suite: Suite) -> None:
    """A port that refuses is nothing to guard for tests that pass by that; one that fails by it may want a service."""
    with (
        socket.create_server(("127.0.0.1", 0)) as one,
        socket.create_server(("127.0.0.1", 0)) as two,
    ):
        refusing, down = (each.getsockname()[1] for each in (one, two))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        datagrams.bind(("127.0.0.1", 0))
        other = datagrams.getsockname()[1]
        suite.write(
            test_it=f"""
                import socket
                import pytest

                def test_refused():
                    with pytest.raises(OSError):
                        socket.create_connection(("127.0.0.1", {refusing}))
                def test_no_path():
                    with pytest.raises(OSError), socket.socket(socket.AF_UNIX) as it:
                        it.connect("/not/there")
                def test_closed_by_then():
                    with socket.create_server(("127.0.0.1", 0)) as server:
                        address = server.getsockname()
                        socket.create_connection(address).close()
                    with pytest.raises(OSError):
                        socket.create_connection(address)
                def test_down(): socket.create_connection(("127.0.0.1", {down}))
                def test_datagram():
                    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as it:
                        it.sendto(b"x", ("127.0.0.1", {other}))
            """
        )

        output = suite.run("--resource-guards-discover").output

    found = {name: said for name, said in rows(output).items() if ":" in name and said[1:3] == " a"}
    assert found == {
        f"127.0.0.1:{down}": "1 an address, 1 of them failed or were skipped",
        f"127.0.0.1:{other}": "1 an address",
    }
    vain = next(line for line in output.splitlines() if "Nobody listens there" in line)
    assert vain.startswith("Nobody listens there, and 2 tests passed all the same: ")
    assert f"127.0.0.1:{refusing}" in vain
    assert "unix:/not/there" in vain
    assert f"localhost_{refusing}" not in output


@pytest.mark.skipif(os.getuid() != 0, reason="changing user or root takes root's rights")
@WORKERS
def test_what_cannot_be_recorded_is_let_go(bare: Suite, workers: tuple[str, ...]) -> None:
    """A fork and a child Python that have lost each way to the records do what they would do without discovery."""
    bare.write(
        test_it="""
            import os, socket, subprocess, sys

            CODE = '''
            import os, subprocess
            os.setuid(65534)
            os._exit(subprocess.run(["true"]).returncode)
            '''

            def test_fork():
                pid = os.fork()
                if not pid:
                    os.setuid(65534)
                    os.closerange(0, 256)
                    os.execvp("true", ["true"])
                assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
            def test_child():
                code = CODE.replace("            ", "")
                done = subprocess.run([sys.executable, "-c", code], stderr=subprocess.PIPE)
                assert (done.returncode, done.stderr) == (0, b"")
            def test_tool(): subprocess.run(["tool"])
        """
    )

    before = bare.run(*workers)
    outcome = bare.run("--resource-guards-discover", *workers)

    assert set(before.outcomes.values()) == {"passed"}, before.output
    assert outcome.outcomes == before.outcomes, outcome.output
    assert outcome.code == 0
    assert rows(outcome.output)["tool"] == "1 a program", outcome.output
    assert "what a process used and could not record" in outcome.output


def test_a_known_library_on_a_server_of_the_suites_own(suite: Suite) -> None:
    """Where the library is proposed for other tests, its guard stops these, too: one run gives all of them the mark."""
    with mail_server() as port:
        suite.write_files(
            {
                "pyproject.toml": "",
                "test_it.py": f"""
import smtplib, socket, threading

import pytest


@pytest.fixture
def own():
    def serve():
        connection, _ = server.accept()
        connection.sendall(b"220 here\\r\\n")
        connection.close()

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1]


def test_own(own):
    smtplib.SMTP("127.0.0.1", own, timeout=5).close()


def test_other():
    smtplib.SMTP("127.0.0.1", {port}, timeout=5).close()


def test_idle():
    pass
""",
            }
        )

        both = suite.run("--resource-guards-discover=write", "--resource-guards-fix=write")
        enforced = suite.run()

    assert set(both.outcomes.values()) == {"passed"}, both.output
    assert set(enforced.outcomes.values()) == {"passed"}, enforced.output
    assert len(enforced.outcomes) == 3
