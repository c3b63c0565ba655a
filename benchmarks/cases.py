"""The suites that are measured.

Guards are registered in the way that the released peer documents, which works with both.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from functools import partial
from pathlib import Path

BINARIES = ("git", "ls", "cat", "sed", "grep")

CONFTEST = """
import os
if os.environ["BENCHMARK"] != "bare":
    from imbue.resource_guards import resource_guards as guards

    {register}

    def pytest_configure(config):
        guards.register_guarded_resource_markers(config)

    def pytest_sessionstart(session):
        guards.start_resource_guards(session)

    def pytest_sessionfinish(session):
        folder = os.environ.get("RESOURCE_GUARDS_SCOPE", "").partition("=")[0].strip()
        if folder:
            from notes import note
            files = [os.path.join(top, name) for top, _, names in os.walk(folder) for name in names]
            note(directory=sum(map(os.path.getsize, files)))
        guards.stop_resource_guards()
else:
    def pytest_configure(config):
        for name in {names}:
            config.addinivalue_line("markers", name + ": as the others have it")
"""

NOTES = """
import json, os, time

def note(**figures):
    with open(os.environ.get("BENCHMARK_NOTES", os.devnull), "a") as file:
        file.write(json.dumps(figures) + chr(10))

class Timed:
    def __enter__(self):
        self.cpu, self.wall = time.process_time(), time.perf_counter()

    def __exit__(self, *error):
        cpu, wall = time.process_time(), time.perf_counter()
        note(cpu=cpu - self.cpu, wall=wall - self.wall)
"""

SDK = """
class Client:
    def send(self):
        pass

    async def receive(self):
        pass
"""

TARGETS = """
guards.register_sdk_guard("sender", targets=["sdk:Client.send"])
guards.register_sdk_guard("receiver", targets=["sdk:Client.receive"])
"""

INSTALL = """
def make(name, method):
    import sdk
    original = getattr(sdk.Client, method)
    if method == "receive":
        async def guarded(self):
            guards.enforce_sdk_guard(name)
            return await original(self)
    else:
        def guarded(self):
            guards.enforce_sdk_guard(name)
            return original(self)
    def install():
        setattr(sdk.Client, method, guarded)
    def cleanup():
        setattr(sdk.Client, method, original)
    guards.register_sdk_guard(name, install, cleanup)
make("sender", "send")
make("receiver", "receive")
"""


@dataclass(frozen=True)
class Case:
    """A suite, and how it is run.

    Args:
        title: What it is, for the table.
        count: How many units it has; the cost is told for one of them.
        files: The files for so many units.
        arguments: Further arguments of pytest.
        short: How many units it has in the short form.
        by_peer: The peer can run it.
        most_rounds: How often it is run at most, since it takes minutes.
        limit: What one unit may cost above the bare run, by the design, in µs of CPU.
        held: What else holds its budget.
        options: What else pytest is told where our guards run.
        commands: What Python runs instead of pytest, by the flavour.
        megabytes: How much memory our run may take, in MB.
    """

    title: str
    count: int
    files: Callable[[int], Mapping[str, str]]
    arguments: tuple[str, ...] = ()
    short: int = 20
    by_peer: bool = True
    most_rounds: int = 1000
    limit: float | None = None
    held: str = ""
    options: tuple[str, ...] = ()
    commands: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    megabytes: float | None = None


def _conftest(register: str, names: tuple[str, ...]) -> str:
    return CONFTEST.format(register=register.strip().replace("\n", "\n    "), names=names)


def _binaries() -> str:
    return _conftest(f"for name in {BINARIES}:\n    guards.register_resource_guard(name)", BINARIES)


def _sdks() -> str:
    return _conftest(INSTALL, ("sender", "receiver"))


def _targets() -> str:
    return _conftest(TARGETS, ("sender", "receiver"))


def _empty(count: int) -> str:
    return "\n\n".join(f"def test_{index}():\n    pass" for index in range(count))


def _calls(count: int) -> str:
    lines = "import subprocess, pytest\npytestmark = pytest.mark.cat\n"
    body = '    subprocess.run(["cat", "/dev/null"], check=True)'
    return lines + "\n\n".join(f"def test_{index}():\n{body}" for index in range(count))


IN_A_TEST = 20


def _further_calls(count: int) -> str:
    body = f"    for _ in range({IN_A_TEST}):\n        subprocess.run(['cat', '/dev/null'], check=True)\n"
    tests = (f"def test_{index}():\n{body}" for index in range(count // IN_A_TEST))
    return "import subprocess, pytest\npytestmark = pytest.mark.cat\n" + "\n".join(tests)


def _shell_calls(count: int) -> str:
    return _calls(count).replace('["cat", "/dev/null"]', '"cat /dev/null", shell=True')


def _script_calls(count: int) -> str:
    return _shell_calls(count).replace("cat /dev/null", "if :; then cat /dev/null; fi")


def _session_fixture(count: int) -> str:
    return f"""
import pytest

@pytest.fixture(scope="session", autouse=True)
def settings():
    yield {{}}

{_empty(count)}
"""


def _without_marks(count: int) -> str:
    body = "    sdk.Client().send()"
    return "import sdk\n\n" + "\n\n".join(f"def test_{i}():\n{body}" for i in range(count))


def _with_marks(count: int) -> str:
    mark = "@pytest.mark.sender"
    return "import pytest\n\n" + "\n\n".join(
        f"{mark}\ndef test_{i}():\n    pass" for i in range(count)
    )


def _using_much(count: int) -> str:
    marks = "\n".join(f"@pytest.mark.service_{index}" for index in range(RESOURCES))
    return f"""
import pytest, sdk

{marks}
@pytest.mark.parametrize("index", range({count}))
def test_it(index):
    for name in sdk.NAMES:
        getattr(sdk, name)()
"""


RESOURCES = 30
_MANY_SDKS = f"""
NAMES = [f"service_{{index}}" for index in range({RESOURCES})]
for name in NAMES:
    exec(f"def {{name}}(): pass")
"""


def _much(count: int) -> Mapping[str, str]:
    names = tuple(f"service_{index}" for index in range(RESOURCES))
    register = f"for name in {names}:\n    guards.register_sdk_guard(name, targets=['sdk:' + name])"
    files = {"conftest.py": _conftest(register, names), "notes.py": NOTES, "sdk.py": _MANY_SDKS}
    return {**files, "test_it.py": _using_much(count)}


REPORTS = 20
_NAMES_OF_REPORTS = tuple(f"report-{index}.json" for index in range(REPORTS))
_READ = """
import json, sys
tests = [json.load(open(path)) for path in sys.argv[1:]]
with open("merged.json", "w") as file:
    json.dump(tests, file)
"""


def _reports(count: int) -> Mapping[str, str]:
    """Reports of so many tests together, made from that of a run of a part of them."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for path, text in _suite(_sdks, _parametrized)(count // REPORTS).items():
            (folder / path).write_text(text)
        command = [sys.executable, "-m", "pytest", "-q", "-pno:cacheprovider", "-pno:randomly"]
        command += ["--resource-guards-json=report.json"]
        environment = {**os.environ, "BENCHMARK": "ours"}
        environment.pop("RESOURCE_GUARDS_SCOPE", None)
        subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)
        report = (folder / "report.json").read_text()
    reports = {
        f"report-{index}.json": report.replace("test_it.py", f"test_{index}.py")
        for index in range(REPORTS)
    }
    return {**reports, "read.py": _READ}


def _parametrized(count: int) -> str:
    return f"""
import pytest, sdk

@pytest.mark.sender
@pytest.mark.parametrize("index", range({count}))
def test_it(index):
    sdk.Client().send()
"""


def _sdk_calls(count: int) -> str:
    return f"""
import pytest, sdk
from notes import Timed

@pytest.mark.sender
def test_it():
    send = sdk.Client().send
    with Timed():
        for _ in range({count}):
            send()
"""


def _async_calls(count: int) -> str:
    return f"""
import asyncio, pytest, sdk
from notes import Timed

@pytest.mark.receiver
def test_it():
    async def run():
        receive = sdk.Client().receive
        with Timed():
            for _ in range({count}):
                await receive()
    asyncio.run(run())
"""


def _spawns(count: int) -> str:
    return f"""
import subprocess

def test_it():
    for _ in range({count}):
        subprocess.run(["true"], check=True)
"""


def _addresses() -> str:
    register = """
import where
guards.register_connection_guard("service", where.is_service, libraries=[])
guards.register_connection_guard("other", where.is_other, libraries=[])
"""
    return _conftest(register, ("service", "other"))


def _sends(count: int, *, is_guarded: bool) -> str:
    return f"""
import socket, pytest, where
from notes import Timed

@pytest.mark.service
def test_it():
    server = socket.socket(type=socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 0))
    where.PORTS.append(server.getsockname()[1])
    sender, used = socket.socket(type=socket.SOCK_DGRAM), socket.socket(type=socket.SOCK_DGRAM)
    used.connect(server.getsockname())
    if not {is_guarded}:
        where.PORTS.clear()
    sender.connect(server.getsockname())
    with Timed():
        for _ in range({count}):
            sender.send(b"x")
"""


def _sockets(tests: Callable[[int], str]) -> Callable[[int], Mapping[str, str]]:
    return lambda count: {
        "conftest.py": _addresses(),
        "notes.py": NOTES,
        "where.py": WHERE,
        "test_it.py": tests(count),
    }


WHERE = """
PORTS = []

def is_service(address):
    return address[1] in PORTS

def is_other(address):
    return address[1] == 0
"""


def _fixture(count: int) -> str:
    return f"""
import subprocess, pytest

@pytest.fixture(scope="module")
def shared():
    subprocess.run(["cat", "/dev/null"], check=True)

@pytest.mark.cat
@pytest.mark.parametrize("index", range({count}))
def test_it(shared, index):
    pass
"""


_START = """
import os
if os.environ["BENCHMARK"] != "bare":
    pytest_plugins = ["imbue.mngr.pytest_plugin", "imbue.mngr_modal.pytest_plugin"]
"""


def _suite(
    conftest: Callable[[], str], tests: Callable[[int], str]
) -> Callable[[int], Mapping[str, str]]:
    common = {"conftest.py": conftest(), "notes.py": NOTES, "sdk.py": SDK}
    return lambda count: {**common, "test_it.py": tests(count)}


NOTHING = "in instructions"

CASES = {
    "empty": Case(
        "an empty test, 5 programs guarded", 5000, _suite(_binaries, _empty), held=NOTHING
    ),
    "empty-sdk": Case("an empty test, 2 SDKs guarded", 5000, _suite(_sdks, _empty), held=NOTHING),
    "empty-addresses": Case(
        "an empty test, 2 addresses guarded", 5000, _sockets(_empty), by_peer=False
    ),
    "empty-n2": Case(
        "an empty test, 5 programs, -n2",
        5000,
        _suite(_binaries, _empty),
        ("-n2",),
        held=NOTHING,
    ),
    "calls": Case(
        "a test that calls a guarded program",
        2000,
        _suite(_binaries, _calls),
        limit=100,
    ),
    "further-calls": Case(
        f"a further call in the same test, of {IN_A_TEST}",
        4000,
        _suite(_binaries, _further_calls),
        limit=100,
    ),
    "shell-calls": Case(
        "a test that calls one from a shell",
        2000,
        _suite(_binaries, _shell_calls),
        limit=500,
    ),
    "script-calls": Case(
        "the same, in a line that is not plain",
        2000,
        _suite(_binaries, _script_calls),
    ),
    "sdk-calls": Case(
        "an SDK call, guarded by enforce_sdk_guard",
        100_000,
        _suite(_sdks, _sdk_calls),
        short=1000,
        limit=0.3,
    ),
    "async-calls": Case(
        "the same, by an async function",
        100_000,
        _suite(_sdks, _async_calls),
        short=1000,
        limit=0.3,
    ),
    "target-calls": Case(
        "a call of a guarded target",
        100_000,
        _suite(_targets, _sdk_calls),
        short=1000,
        by_peer=False,
        limit=0.3,
    ),
    "async-target-calls": Case(
        "an async call of a guarded target",
        100_000,
        _suite(_targets, _async_calls),
        short=1000,
        by_peer=False,
        limit=0.3,
    ),
    "spawns": Case(
        "a start of a program that is not guarded", 6000, _suite(_binaries, _spawns), limit=50
    ),
    "sends": Case(
        "a send on a socket that is not guarded, 2 addresses guarded",
        100_000,
        _sockets(partial(_sends, is_guarded=False)),
        short=1000,
        by_peer=False,
        limit=0.2,
    ),
    "guarded-sends": Case(
        "a send on a socket that is guarded",
        100_000,
        _sockets(partial(_sends, is_guarded=True)),
        short=1000,
        by_peer=False,
        limit=1,
    ),
    # The peer fails all dependents but the first, so that its figures would be of something else.
    "fixture": Case(
        "a dependent of a module's fixture", 1000, _suite(_binaries, _fixture), by_peer=False
    ),
    "session-fixture": Case(
        "an empty test under a session's autouse fixture",
        5000,
        _suite(_binaries, _session_fixture),
        held=NOTHING,
    ),
    "start": Case(
        "a session, Docker and Modal guarded, 1 test",
        1,
        lambda count: {"conftest.py": _START, "test_it.py": _empty(count)},
        short=1,
        by_peer=False,
        limit=15_000,
    ),
    "fix": Case(
        "a test that fix=write gives a mark",
        2000,
        _suite(_targets, _without_marks),
        by_peer=False,
        options=("--resource-guards-fix=write",),
        limit=3000,
    ),
    "warn": Case(
        "a superfluous mark that is warned of",
        2000,
        _suite(_targets, _with_marks),
        by_peer=False,
        options=("-oresource_guards_mode=warn",),
        limit=250,
    ),
    "json": Case(
        f"a test of {RESOURCES} resources, with --resource-guards-json",
        4000,
        _much,
        by_peer=False,
        options=("--resource-guards-json=report.json",),
        held="twice the bare run",
        megabytes=150,
    ),
    "merge": Case(
        f"a test of {REPORTS} reports that are merged; bare: read and written by json",
        50_000,
        _reports,
        short=200,
        by_peer=False,
        limit=100,
        commands={
            "bare": ("read.py", *_NAMES_OF_REPORTS),
            "ours": (
                "-mimbue.resource_guards",
                "merge",
                "--output=merged.json",
                *_NAMES_OF_REPORTS,
            ),
        },
        megabytes=200,
    ),
    "many": Case(
        "a test of 100,000, 5 programs guarded",
        100_000,
        _suite(_binaries, _empty),
        short=100,
        most_rounds=1,
        held="memory and directory as for 5,000",
    ),
}
