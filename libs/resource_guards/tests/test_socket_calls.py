"""Connections are seen without an audit hook, and with one where something would go past the methods."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest

from support.suite import Suite

CONFTEST = """
def pytest_register_resource_guards(registry):
    registry.register_connection_guard("service", is_service, libraries=[])

def is_service(address):
    return address[1] == PORT
"""

BEFORE = {
    "nothing": "",
    "the class of C": "from _socket import socket as plain",
    "trio": "import trio",
    "a subclass of the class of C": """
        import _socket
        class Other(_socket.socket): pass
    """,
    "a method": "import socket; CONNECT = socket.socket.connect",
    "a fake of a method": """
        from unittest import mock
        FAKE = mock.patch("socket.socket.connect"); FAKE.start()
    """,
}
"""What a conftest has before there are guards, past which or in whose place connections could be made."""

WAYS = {
    "nothing": "made = socket.socket()",
    "the class of C": "import conftest; made = conftest.plain()",
    "trio": """
        import trio
        async def connect():
            made = trio.socket.socket()
            await made.connect(("127.0.0.1", PORT))
            made.close()
        trio.run(connect)
        return
    """,
    "a subclass of the class of C": "import conftest; made = conftest.Other()",
    "a method": """
        import conftest
        socket.socket.connect = conftest.CONNECT
        made = socket.socket()
    """,
    "a fake of a method": """
        import conftest
        from unittest import mock
        mock.patch.stopall()
        made = socket.socket()
    """,
}

ASKED = {
    "by its module": "import _socket; made = _socket.socket()",
    "by another name": "import _socket; made = _socket.SocketType()",
    "of Python's module": "made = socket.SocketType()",
    "from there": "from _socket import socket as plain; made = plain()",
    "all of it": "space = {}; exec('from _socket import *', space); made = space['socket']()",
    "as a base": "import _socket; made = type('Other', (_socket.socket,), {})()",
    "of Python's module, loaded anew": """
        import importlib; importlib.reload(socket); made = socket.SocketType()
    """,
    "of a copy of Python's module": """
        import sys; before = sys.modules.pop("socket")
        import socket as copy
        sys.modules["socket"] = before
        made = copy.socket()
    """,
}
"""How a test may ask for what goes past."""

TEST = """
import socket

SERVER = socket.create_server(("127.0.0.1", PORT))

def connect():
{way}
    made.settimeout(20)
    made.connect(("127.0.0.1", PORT))
    made.close()
"""

JUDGED = """
@pytest.mark.service
def test_marked(): connect()

def test_unmarked(): connect()

@pytest.mark.service
def test_superfluous(): pass
"""


def port() -> int:
    """A port that is free."""
    import socket

    with socket.create_server(("127.0.0.1", 0)) as server:
        number: int = server.getsockname()[1]
    return number


def write(suite: Suite, before: str, way: str, more: str = "") -> None:
    """Write a suite whose tests connect in a way, with something in its conftest that was there before."""
    suite.be_nobodys_child()  # for which there is a hook already
    number = f"PORT = {port()}\n"
    suite.write(
        conftest=number + CONFTEST + textwrap.dedent(before),
        test_it=number
        + "import pytest\n"
        + TEST.format(way=textwrap.indent(textwrap.dedent(way), "    "))
        + JUDGED
        + more,
    )


def judge_rightly(suite: Suite) -> None:
    """Run it; each verdict is right."""
    tests = suite.run("-pno:pytester", "-n0", plugins=("xdist",))
    assert tests["test_marked"].outcome == "passed", tests["test_marked"].text
    assert tests["test_unmarked"].says_missing("service")
    assert tests["test_superfluous"].outcome != "passed" or "cannot" in tests.output


@pytest.mark.parametrize("held", BEFORE)
def test_what_was_held_before(suite: Suite, held: str) -> None:
    """A connection is seen, whatever somebody had of `socket` before there were guards."""
    write(suite, BEFORE[held], WAYS[held])

    judge_rightly(suite)


@pytest.mark.parametrize("asked", ASKED)
def test_what_a_test_asks_for(suite: Suite, asked: str) -> None:
    """A connection is seen by whichever class a test finds, and however."""
    write(suite, "", ASKED[asked])

    judge_rightly(suite)


@pytest.mark.parametrize("asked", ["by its module", "of Python's module"])
def test_what_a_child_asks_for(suite: Suite, asked: str) -> None:
    """The same in a Python that a test starts, where `socket` may not be imported at all."""
    suite.be_nobodys_child()
    number = f"PORT = {port()}\n"
    connects = textwrap.indent(textwrap.dedent(ASKED[asked]), "    ")
    first = "" if "_socket" in connects else "import socket\n"
    suite.write(
        conftest=number + CONFTEST,
        once=f"{number}{first}def connect():\n{connects}\n    made.connect(('127.0.0.1', PORT))\nconnect()\n",
        test_it=f"""
            import pathlib, socket, subprocess, sys, pytest

            SERVER = socket.create_server(("127.0.0.1", {number.rsplit(maxsplit=1)[-1]}))

            def connect():
                once = pathlib.Path(__file__).with_name("once.py")
                assert subprocess.run([sys.executable, once]).returncode == 0

            @pytest.mark.service
            def test_marked(): connect()

            def test_unmarked(): connect()
        """,
    )

    tests = suite.run()

    assert tests["test_marked"].outcome == "passed", tests["test_marked"].text
    assert tests["test_unmarked"].says_missing("service")


GOES_PAST = {
    each: (BEFORE[each], WAYS[each]) for each in BEFORE if each not in ("nothing", "trio")
} | {each: ("", way) for each, way in ASKED.items() if each != "of a copy of Python's module"}
"""What there is a hook for."""

DOES_NOT = {each: (BEFORE[each], WAYS[each]) for each in ("nothing", "trio")} | {
    "trio, imported later": ("", WAYS["trio"]),
}


@pytest.mark.parametrize("held", [*GOES_PAST, *DOES_NOT])
def test_when_there_is_an_audit_hook(suite: Suite, held: str) -> None:
    """Where somebody has, or asks for, what goes past the methods, and not otherwise: it slows each test."""
    is_there = "def test_last():\n    from imbue.resource_guards.intercept import audit\n"
    is_there += f"    assert audit.is_made() is {held in GOES_PAST}\n"
    write(suite, *(GOES_PAST | DOES_NOT)[held], is_there)

    tests = suite.run("-k", "last or marked")

    assert tests["test_last"].outcome == "passed", tests["test_last"].text


ERRORS = """
import socket
for address in [None, 5, (), ("localhost",), ("localhost", "80"), (1, 2), ("localhost", -1)]:
    for call in (
        lambda made: made.connect(address),
        lambda made: made.connect_ex(address),
        lambda made: made.sendto(b"", address),
        lambda made: made.sendmsg([b""], [], 0, address),
        lambda made: made.connect(),
        lambda made: made.connect(address, 1),
        lambda made: made.sendto(b""),
    ):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as made:
            try:
                told = call(made)
            except Exception as error:
                told = type(error).__name__, str(error)
            print(address, told)
print(sorted(socket.__all__), socket.SocketType, socket.SocketType.__module__)
import _socket, pickle
print(pickle.loads(pickle.dumps(_socket.socket)) is socket.SocketType is socket.socket.__base__)
space = {}
exec("from socket import *", space)
print(sorted(name for name in space if name[0] != "_"))
"""


def test_errors_are_the_same(suite: Suite) -> None:
    """What is no address is an error of the method, as without guards; and the modules have what they had."""
    suite.be_nobodys_child()
    suite.write(
        conftest="PORT = 1\n" + CONFTEST,
        script=ERRORS,
        test_it="""
            import pathlib, subprocess, sys

            SCRIPT = pathlib.Path(__file__).with_name("script.py")

            def test_in_a_child():
                told = subprocess.run([sys.executable, SCRIPT], stdout=subprocess.PIPE, check=True, text=True).stdout
                assert told == SCRIPT.with_name("expected").read_text()

            def test_here(capsys):
                exec(SCRIPT.read_text(), {})
                assert capsys.readouterr().out == SCRIPT.with_name("expected").read_text()
        """,
    )
    bare = subprocess.run(
        [sys.executable, "-I", "-S", str(suite.path / "script.py")],
        capture_output=True,
        text=True,
        check=True,
    )
    (suite.path / "expected").write_text(bare.stdout)

    outcome = suite.run(fresh=True)

    assert outcome.outcomes == {"test_in_a_child": "passed", "test_here": "passed"}, outcome.output


FAILS = {
    "a port that is none": 'inet().connect(("127.0.0.1", 580800))',
    "a third part": 'inet().connect(("127.0.0.1", 58080, 0))',
    "an address of the other family": 'socket.socket(socket.AF_INET6).connect(("127.0.0.1", 58080))',
    "the other way round": 'inet().connect(("::1", 58080))',
    "a text to be sent": 'inet(socket.SOCK_DGRAM).sendto("text", ("127.0.0.1", 58080))',
}


@pytest.mark.parametrize("way", FAILS)
def test_what_fails_before_it_begins_is_no_use(suite: Suite, way: str) -> None:
    """An error of the call itself, as without guards."""
    suite.be_nobodys_child()
    table = '[tool.resource_guards.service]\naddresses = ["127.0.0.0/8", "[::1]"]\n'
    suite.write_files({"pyproject.toml": table})
    suite.write(
        test_it=f"""
            import socket, pytest

            def inet(kind=socket.SOCK_STREAM): return socket.socket(socket.AF_INET, kind)

            def test_it():
                with pytest.raises((TypeError, OverflowError, OSError)):
                    {FAILS[way]}
        """
    )

    assert suite.run()["test_it"].outcome == "passed"


def test_other_threads_make_sockets_meanwhile(suite: Suite) -> None:
    """While names are taken out of the modules and put back, they are there for everyone."""
    suite.be_nobodys_child()
    suite.write(
        conftest="PORT = 1\n" + CONFTEST,
        test_it="""
            import _socket, socket, sys, threading
            from imbue.resource_guards.intercept import connection_hook

            def test_it():
                errors, ended, before = [], threading.Event(), sys.getswitchinterval()

                def make():
                    while not ended.is_set() and not errors:
                        try: socket.socket().close()
                        except Exception as error: errors.append(error)

                threads = [threading.Thread(target=make) for _ in range(3)]
                calls = connection_hook._CALLS
                sys.setswitchinterval(1e-6)
                try:
                    for thread in threads: thread.start()
                    for _ in range(1000):
                        calls._leave()
                        calls._told.update(calls._handlers)
                        calls._see_class_of_c(_socket)
                finally:
                    ended.set()
                    for thread in threads: thread.join()
                    sys.setswitchinterval(before)
                assert errors == []
        """,
    )

    assert suite.run()["test_it"].outcome == "passed"


def test_nothing_is_left(suite: Suite) -> None:
    """When the session ends, the modules and the class are what they were; so after another within it."""
    suite.be_nobodys_child()
    suite.write(
        conftest="PORT = 1\n" + CONFTEST,
        test_it="""
            pytest_plugins = "pytester"

            def test_inner(pytester):
                import socket
                outer = socket.socket.connect
                pytester.makeconftest('''
                    def pytest_register_resource_guards(registry):
                        registry.register_connection_guard("other", lambda address: False, libraries=[])
                ''')
                pytester.makepyfile("def test_it(): pass")
                pytester.runpytest_inprocess("-presource_guards").assert_outcomes(passed=1)
                assert socket.socket.connect is outer
        """,
        once="""
            import _socket, socket, sys, pytest

            def things():
                return dict(vars(_socket)), dict(vars(socket)), dict(vars(socket.socket))

            before = things()
            code = pytest.main(["-q", "-presource_guards", "-pno:cacheprovider"])
            assert code == 0, code
            assert things() == before
        """,
    )

    done = subprocess.run(
        [sys.executable, "once.py"], cwd=suite.path, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr
