"""Every way in which a test can reach a resource is seen: the table of docs/what-is-seen.md.

All ways run in one suite, once in one process and once with two workers. Each is a test without
marks, which must fail and leave no evidence that the real thing ran, and one with the mark, which
must pass and leave it.
"""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.suite import WORKERS
from support.suite import Outcome
from support.suite import Suite

# What a test does, with the program's path in `TOOL` and a word in `word` that it is given as its
# argument, which is the evidence. The SDK is `sdk_under_guard.send(word)`.
PROGRAM = {
    "bare name": 'subprocess.run(["tool", word])',
    "absolute path": "subprocess.run([TOOL, word])",
    "relative path with cwd": 'subprocess.run(["./tool", word], cwd=os.path.dirname(TOOL))',
    "symlink of another name": 'os.symlink(TOOL, tmp / "x"); subprocess.run([tmp / "x", word])',
    "executable=": 'subprocess.run(["harmless", word], executable=TOOL)',
    "env without the variable": 'subprocess.run(["tool", word], env={"PATH": os.environ["PATH"]})',
    "env with another PATH": 'subprocess.run(["tool", word], env={"PATH": REAL_PATH})',
    "PATH replaced": 'patch.setenv("PATH", REAL_PATH); subprocess.run(["tool", word])',
    "environment cleared": (
        "with mock.patch.dict(os.environ, clear=True): subprocess.run([TOOL, word])"
    ),
    "os.system": 'os.system(f"tool {word}")',
    "os.popen": 'os.popen(f"tool {word}").read()',
    "sh -c path": 'subprocess.run(["sh", "-c", f"{TOOL} {word}"])',
    "os.system path": 'os.system(f"{TOOL} {word}")',
    "os.system, symlink of another name": (
        'os.symlink(TOOL, tmp / "x"); os.system(f"{tmp}/x {word}")'
    ),
    "shell with another PATH": (
        'subprocess.run(f"tool {word}", shell=True, env={"PATH": REAL_PATH})'
    ),
    "a pipeline of a shell": 'os.system(f"cat /dev/null | tool {word} | cat")',
    "a script of a shell": 'os.system(f"if :; then tool {word}; fi")',
    "fork and execv": "forked(lambda: os.execv(TOOL, [TOOL, word]))",
    "fork and execvp": 'forked(lambda: os.execvp("tool", ["tool", word]))',
    "fork and execve": "forked(lambda: os.execve(TOOL, [TOOL, word], {}))",
    "fork and exec of a descriptor": (
        "forked(lambda: os.execve(os.dup2(os.open(TOOL, os.O_RDONLY), 9), [TOOL, word], {}))"
    ),
    "environment of bytes, made earlier": 'subprocess.run(["tool", word], env=OCTETS_AT_IMPORT)',
    "fork and execl": "forked(lambda: os.execl(TOOL, TOOL, word))",
    "fork and execlpe": 'forked(lambda: os.execlpe("tool", "tool", word, {"PATH": REAL_PATH}))',
    "posix_spawn": "os.waitpid(os.posix_spawn(TOOL, [TOOL, word], {}), 0)",
    "posix_spawnp": 'os.waitpid(os.posix_spawnp("tool", ["tool", word], os.environ), 0)',
    "spawnv": "os.spawnv(os.P_WAIT, TOOL, [TOOL, word])",
    "spawnvp": 'os.spawnvp(os.P_WAIT, "tool", ["tool", word])',
    "spawnle": "os.spawnle(os.P_WAIT, TOOL, TOOL, word, {})",
    "pty.spawn": "pty.spawn([TOOL, word], lambda fd: b'')",
    "asyncio exec": "asyncio.run(aexec(TOOL, word))",
    "asyncio shell": 'asyncio.run(ashell(f"tool {word}"))',
    "uvloop exec": "uvloop.run(aexec(TOOL, word))",
    "uvloop exec of a bare name": 'uvloop.run(aexec("tool", word))',
    "uvloop executable=": 'uvloop.run(aexec("harmless", word, executable=TOOL))',
    "uvloop relative path with cwd": (
        'uvloop.run(aexec("./tool", word, cwd=os.path.dirname(TOOL)))'
    ),
    "uvloop with another PATH": 'uvloop.run(aexec("tool", word, env={"PATH": REAL_PATH}))',
    "uvloop shell": 'uvloop.run(ashell(f"tool {word}"))',
    "uvloop, script of an interpreter": 'uvloop.run(aexec("sh", TOOL, word))',
    "multiprocessing fork": 'process("fork", ways.run, TOOL, word)',
    "multiprocessing spawn": 'process("spawn", ways.run, TOOL, word)',
    "multiprocessing forkserver": 'process("forkserver", ways.run, TOOL, word)',
    "thread": "thread(ways.run, TOOL, word)",
    "thread pool": "pool(futures.ThreadPoolExecutor, ways.run, TOOL, word)",
    "process pool": "pool(futures.ProcessPoolExecutor, ways.run, TOOL, word)",
    "script by its interpreter": 'subprocess.run(["sh", "-e", TOOL, word])',
    "script that which has found": 'subprocess.run(["sh", shutil.which("tool"), word])',
    "shell script": 'subprocess.run(["sh", "-c", f"true; tool {word}"])',
    "make": 'run_make(tmp, f"all:\\n\\t@tool {word}\\n")',
    "env -i PATH=": 'subprocess.run(["env", "-i", "PATH=" + os.environ["PATH"], "tool", word])',
    "timeout": 'subprocess.run(["timeout", "9", "tool", word])',
    "xargs": 'subprocess.run(["xargs", "tool"], input=word.encode())',
    "child Python, absolute path": "python('-c', RUN, TOOL, word)",
    "child Python, uvloop": "python('-c', UVLOOP, TOOL, word)",
    "child Python, os.execv": "python('-c', 'import os,sys; os.execv(sys.argv[1], sys.argv[1:])', TOOL, word)",
    "child Python, fork and exec": "python('-c', FORK, TOOL, word)",
    "child Python -m": "python('-m', 'ways', TOOL, word)",
    "grandchild Python": "python('-c', f'import subprocess, sys; subprocess.run([sys.executable, \"-c\", {RUN!r}, *sys.argv[1:]])', TOOL, word)",
    "Python of a shell": "subprocess.run(['sh', '-c', 'exec \"$@\"', 'sh', sys.executable, '-c', RUN, TOOL, word])",
}

SDK = {
    "call": "ways.call(word)",
    "thread": "thread(ways.call, word)",
    "subclassed thread": "run_thread(ways.Thread(word))",
    "thread pool": "pool(futures.ThreadPoolExecutor, ways.call, word)",
    "asyncio.to_thread": "asyncio.run(asyncio.to_thread(ways.call, word))",
    "loop of another thread": "ways.LOOP.call(word)",
    "forked": "forked(lambda: ways.call(word))",
    "multiprocessing fork": 'process("fork", ways.call, word)',
    "multiprocessing spawn": 'process("spawn", ways.call, word)',
    "multiprocessing forkserver": 'process("forkserver", ways.call, word)',
    "process pool": "pool(futures.ProcessPoolExecutor, ways.call, word)",
    "cleared environment": "with mock.patch.dict(os.environ, clear=True): ways.call(word)",
    "subclass that calls super": "ways.Child().send(word)",
    "own mock of another method": "with mock.patch.object(ways.Client, 'other'): ways.call(word)",
    "child Python -c": "python('-c', CALL, word)",
    "child Python -m": "python('-m', 'ways', word)",
    "child Python -E": "python('-E', '-c', CALL, word)",
    "child Python -s": "python('-s', '-c', CALL, word)",
    "child Python -I": "python('-I', '-c', CALL, word)",
    "console script": "subprocess.run([script(tmp), word])",
    "grandchild Python": "subprocess.run(['sh', '-c', 'exec \"$@\"', 'sh', sys.executable, '-c', CALL, word])",
}

NATIVE = {
    "script naming the path": 'subprocess.run(["sh", "-c", f"true; {TOOL} {word}"])',
    "timeout with the path": 'subprocess.run(["timeout", "9", TOOL, word])',
    "login shell": 'login_shell(tmp, f"tool {word}")',
    "a folder of that name on PATH": (
        'os.makedirs(tmp / "tool");'
        ' subprocess.run(["env", f"PATH={tmp}:" + REAL_PATH, "tool", word])'
    ),
    "execveat": "python('-c', EXEC, 'execveat', TOOL, word)",
    "execveat of a descriptor": "python('-c', EXEC, 'descriptor', TOOL, word)",
    "fexecve": "python('-c', EXEC, 'fexecve', TOOL, word)",
    "env PATH=": 'subprocess.run(["env", "PATH=" + REAL_PATH, "tool", word])',
    "xargs with the path": 'subprocess.run(["xargs", TOOL], input=word.encode())',
    "find -exec": 'subprocess.run(["find", TOOL, "-exec", TOOL, word, ";"])',
    "perl exec": 'subprocess.run(["perl", "-e", "exec @ARGV", TOOL, word])',
    "perl posix_spawn of a list": 'subprocess.run(["perl", "-e", "system @ARGV", TOOL, word])',
    "symlink of another name": 'os.symlink(TOOL, tmp / "x"); os.system(f"true; {tmp}/x {word}")',
    "child Python past its audit hooks": "python('-c', BARE, TOOL, word)",
}

WAYS_MODULE = """
    import asyncio, os, subprocess, sys, threading

    class Client:
        def send(self, word):
            with open(r"{evidence}", "a") as file:
                print(word, file=file)

        def other(self):
            pass

    class Child(Client):
        def send(self, word):
            return super().send(word)

    class Thread(threading.Thread):
        def __init__(self, word):
            super().__init__()
            self.word = word

        def run(self):
            call(self.word)

    class Loop:
        "An event loop in a thread that is started at import and serves all tests."

        def __init__(self):
            self.loop = asyncio.new_event_loop()
            threading.Thread(target=self.loop.run_forever, daemon=True).start()

        def call(self, word):
            async def send():
                Client().send(word)
            asyncio.run_coroutine_threadsafe(send(), self.loop).result(20)

    if "pytest" in sys.modules:
        LOOP = Loop()

    def call(word):
        Client().send(word)

    def run(*command):
        subprocess.run(command)

    if __name__ == "__main__":
        (run if len(sys.argv) > 2 else __import__("ways").call)(*sys.argv[1:])
"""

TEST_MODULE = """
    import asyncio, multiprocessing, os, pathlib, pty, shutil, subprocess, sys, threading
    import uvloop
    from concurrent import futures
    from unittest import mock
    import pytest, ways

    TOOL = r"{tool}"
    REAL_PATH = os.path.dirname(TOOL) + ":/usr/bin:/bin"
    HERE = os.path.dirname(__file__)
    OCTETS_AT_IMPORT = dict(os.environb)
    RUN = "import subprocess, sys; subprocess.run(sys.argv[1:])"
    CALL = f"import sys; sys.path.insert(0, {{HERE!r}}); import ways; ways.call(sys.argv[1])"
    FORK = (
        "import os, sys\\n"
        "pid = os.fork()\\n"
        "os.waitpid(pid, 0) if pid else os.execv(sys.argv[1], sys.argv[1:])"
    )
    UVLOOP = (
        "import asyncio, sys, uvloop\\n"
        "async def run():\\n"
        "    process = await asyncio.create_subprocess_exec(*sys.argv[1:])\\n"
        "    await process.wait()\\n"
        "uvloop.run(run())"
    )
    BARE = (
        "import os, sys\\n"
        "from multiprocessing.util import spawnv_passfds\\n"
        "command = [os.fsencode(each) for each in sys.argv[1:]]\\n"
        "os.waitpid(spawnv_passfds(command[0], command, []), 0)"
    )
    EXEC = (
        "import ctypes, os, sys\\n"
        "how, tool, word = sys.argv[1], *map(os.fsencode, sys.argv[2:])\\n"
        "libc = ctypes.CDLL(None)\\n"
        "argv = (ctypes.c_char_p * 3)(tool, word, None)\\n"
        "envp = (ctypes.c_char_p * 2)(b'PATH=/usr/bin:/bin', None)\\n"
        "opened = os.dup2(os.open(tool, os.O_RDONLY), 9)\\n"
        "if how == 'execveat': libc.execveat(-100, tool, argv, envp, 0)  # AT_FDCWD\\n"
        "elif how == 'descriptor': libc.execveat(opened, b'', argv, envp, 0x1000)  # AT_EMPTY_PATH\\n"
        "else: libc.fexecve(opened, argv, envp)\\n"
    )
    WAYS = {ways!r}

    def python(*arguments):
        subprocess.run([sys.executable, *arguments], cwd=HERE)

    def forked(function):
        pid = os.fork()
        if not pid:
            try:
                function()
            finally:
                os._exit(0)
        os.waitpid(pid, 0)

    async def aexec(*command, **options):
        process = await asyncio.create_subprocess_exec(*command, **options)
        await process.wait()

    async def ashell(command):
        process = await asyncio.create_subprocess_shell(command)
        await process.wait()

    def process(method, function, *arguments):
        started = multiprocessing.get_context(method).Process(target=function, args=arguments)
        started.start()
        started.join()

    def thread(function, *arguments):
        run_thread(threading.Thread(target=function, args=arguments))

    def run_thread(started):
        started.start()
        started.join()

    def pool(kind, function, *arguments):
        with kind(1) as executor:
            executor.submit(function, *arguments).result()

    def run_make(tmp, makefile):
        (tmp / "Makefile").write_text(makefile)
        subprocess.run(["make", "-C", tmp, "--quiet"])

    def script(tmp):
        path = tmp / "console-script"
        path.write_text(f"#!{{sys.executable}}\\n{{CALL}}\\n")
        path.chmod(0o755)
        return path

    def login_shell(tmp, command):
        (tmp / ".profile").write_text(f"PATH={{REAL_PATH}}\\n")
        subprocess.run(["bash", "-lc", command], env={{**os.environ, "HOME": str(tmp)}})

    def go(way, word, tmp_path, monkeypatch):
        names = {{**globals(), "word": word, "tmp": tmp_path, "patch": monkeypatch}}
        exec(WAYS[way], names)

    pytestmark = pytest.mark.filterwarnings("ignore")

    @pytest.mark.parametrize("way", WAYS)
    def test_unmarked(way, tmp_path, monkeypatch):
        try:
            go(way, f"unmarked-{{list(WAYS).index(way)}}", tmp_path, monkeypatch)
        except BaseException as error:
            print(repr(error))

    @pytest.mark.{mark}
    @pytest.mark.parametrize("way", WAYS)
    def test_marked(way, tmp_path, monkeypatch):
        go(way, f"marked-{{list(WAYS).index(way)}}", tmp_path, monkeypatch)
"""


@dataclass
class Seen:
    """What came of all ways in one run."""

    outcome: Outcome
    evidence: list[str]


@pytest.fixture(scope="module")
def seen() -> dict[tuple[str, ...], Seen]:
    """The runs so far, by what they ran."""
    return {}


def run_all(
    suite: Suite,
    seen: dict[tuple[str, ...], Seen],
    ways: dict[str, str],
    *arguments: str,
    mark: str,
) -> Seen:
    """Run a suite of all ways, once for all tests of this module that ask for it."""
    key = (mark, *arguments)
    if key not in seen:
        tool = suite.tool()
        evidence = suite.path / "sdk.evidence"
        suite.write(
            conftest="""
                from imbue.resource_guards.resource_guards import *
                register_resource_guard("tool")
                register_sdk_guard("sdk", targets=["ways:Client.send"])
            """,
            ways=WAYS_MODULE.format(evidence=evidence),
            test_ways=TEST_MODULE.format(tool=tool, ways=ways, mark=mark),
        )
        outcome = suite.run(*arguments)
        from_sdk = evidence.read_text().split() if evidence.exists() else []
        seen[key] = Seen(outcome, suite.runs_of() + from_sdk)
    return seen[key]


def check(seen: Seen, ways: dict[str, str], way: str, mark: str) -> None:
    """A way is blocked without the mark and counts with it."""
    index = list(ways).index(way)
    unmarked = seen.outcome[f"test_unmarked[{way}]"]
    assert unmarked.says_missing(mark), unmarked
    assert "test_ways.py:" in unmarked.text or "ways.py:" in unmarked.text  # a place
    assert f"unmarked-{index}" in unmarked.text or mark == "sdk"  # the command line
    marked = seen.outcome[f"test_marked[{way}]"]
    assert marked.outcome == "passed", marked.text
    assert f"unmarked-{index}" not in seen.evidence
    assert f"marked-{index}" in seen.evidence


@WORKERS
@pytest.mark.parametrize("way", PROGRAM)
def test_programs(
    suite: Suite, seen: dict[tuple[str, ...], Seen], way: str, workers: tuple[str, ...]
) -> None:
    """A program, however it is started."""
    if way == "make" and shutil.which("make") is None:
        pytest.skip("make is not installed")
    check(run_all(suite, seen, PROGRAM, *workers, mark="tool"), PROGRAM, way, "tool")


@WORKERS
@pytest.mark.parametrize("way", SDK)
def test_sdk_calls(
    suite: Suite, seen: dict[tuple[str, ...], Seen], way: str, workers: tuple[str, ...]
) -> None:
    """A method, from whatever thread or process it is called."""
    check(run_all(suite, seen, SDK, *workers, mark="sdk"), SDK, way, "sdk")


@WORKERS
@pytest.mark.skipif(sys.platform != "linux", reason="the native layer works on Linux")
@pytest.mark.parametrize("way", NATIVE)
def test_native_layer(  # noqa: PLR0913, PLR0917 - fixtures
    suite: Suite,
    seen: dict[tuple[str, ...], Seen],
    way: str,
    workers: tuple[str, ...],
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A program that another program starts by its path."""
    if way.startswith("perl") and shutil.which("perl") is None:
        pytest.skip("perl is not installed")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
    arguments = ("-oresource_guards_native=true", *workers)
    result = run_all(suite, seen, {"first": "pass", **NATIVE}, *arguments, mark="tool")
    check(result, {"first": "pass", **NATIVE}, way, "tool")


def test_the_page_has_the_same_table() -> None:
    """docs/what-is-seen.md lists every way of these tables, and no other."""
    page = Path(__file__).parents[3] / "docs" / "what-is-seen.md"
    rows = [line.split("|") for line in page.read_text().splitlines() if line.startswith("| ")]
    listed = {row[1].strip() for row in rows}
    assert {*PROGRAM, *SDK, *NATIVE} <= listed
