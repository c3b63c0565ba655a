"""A test that forks pytest's process: what the fork uses is recorded, whatever it has closed, and it never comes back.

The real ways: libraries that fork by themselves (pexpect, ptyprocess, sh, gevent, twisted, python-daemon), and
what they do in a fork, written out.
"""

from __future__ import annotations

import os

import pytest

from support.suite import WORKERS
from support.suite import Suite

HELP = """
import os, pathlib, resource, signal, sys, time
import pytest

TOOL = {tool!r}

def until(condition):
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)

def has_ended(pid):
    try:
        return pathlib.Path(f"/proc/{{pid}}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True

def in_fork(call):
    pid = os.fork()
    if not pid:
        call()
        os._exit(3)
    os.waitpid(pid, 0)

def in_a_daemon(name, call):
    # A double fork, whose grandchild nobody waits for.
    note = pathlib.Path(f"{{name}}.pid").absolute()
    def fork_again():
        os.setsid()
        if os.fork():
            os._exit(0)
        note.with_suffix(".new").write_text(str(os.getpid()))
        note.with_suffix(".new").rename(note)
        call()
        os._exit(3)
    in_fork(fork_again)
    until(note.exists)
    until(lambda: has_ended(int(note.read_text())))

def as_at_the_start():
    # Daemons redirect the streams that Python began with, and pytest's have no descriptors.
    sys.stdin, sys.stdout, sys.stderr = sys.__stdin__, sys.__stdout__, sys.__stderr__

def close_all():
    os.closerange(0, 256)

def reuse_all():
    # Each number that may be one of ours becomes a file of the user's own.
    highest = max(int(number) for number in os.listdir("/proc/self/fd"))
    pathlib.Path("own").mkdir(exist_ok=True)
    os.closerange(0, 256)
    for number in range(highest + 3):
        os.open(f"own/{{os.getpid()}}.{{number}}", os.O_CREAT | os.O_RDWR, 0o600)
"""

PROGRAMS = {
    "pexpect": "import pexpect; pexpect.run(TOOL)",
    "pexpect, spawn": "import pexpect; it = pexpect.spawn(TOOL); it.expect(pexpect.EOF); it.wait()",
    "ptyprocess": """
    import ptyprocess
    it = ptyprocess.PtyProcess.spawn([TOOL], env=dict(os.environ))
    try:
        while True:
            it.read()
    except EOFError:
        it.wait()""",
    "sh": "import sh; sh.Command(TOOL)(_ok_code=[0, 127])",
    "sh, by name": "import sh; sh.tool(_ok_code=[0, 127])",
    "gevent": "import gevent.subprocess; gevent.subprocess.call([TOOL])",
    "gevent, by name": "import gevent.subprocess; gevent.subprocess.call(['tool'])",
    "twisted": """
    from twisted.internet import protocol, reactor
    ended = []
    class Ends(protocol.ProcessProtocol):
        def processEnded(self, reason):
            ended.append(reason)
    # Other descriptors than the usual three, so that twisted forks by itself.
    reactor.spawnProcess(Ends(), TOOL, [TOOL], env=None, childFDs={0: 0, 1: 1, 2: 2}, path=".")
    from twisted.internet.process import reapAllProcesses
    def reap():
        reactor.iterate(0.01)
        reapAllProcesses()
        return ended
    until(reap)""",
    "python-daemon": """
    import daemon
    def call():
        as_at_the_start()
        with daemon.DaemonContext(working_directory=os.getcwd(), detach_process=False):
            os.execv(TOOL, [TOOL])
    in_fork(call)""",
    "python-daemon, detached": """
    import daemon
    note = pathlib.Path(f"detached.{os.getpid()}.{len(os.listdir())}").absolute()
    def call():
        as_at_the_start()
        with daemon.DaemonContext(working_directory=os.getcwd()):
            note.write_text(str(os.getpid()))
            os.execv(TOOL, [TOOL])
    in_fork(call)
    until(lambda: note.exists() and note.read_text())
    until(lambda: has_ended(int(note.read_text())))""",
    "a double fork": "in_a_daemon(request.node.name, lambda: os.execv(TOOL, [TOOL]))",
    "all closed": "in_fork(lambda: (close_all(), os.execv(TOOL, [TOOL])))",
    "all closed, by name": "in_fork(lambda: (close_all(), os.execvp('tool', ['tool'])))",
    "reused": "in_fork(lambda: (reuse_all(), os.execv(TOOL, [TOOL])))",
    "reused, a child": "in_fork(lambda: (reuse_all(), os.spawnv(os.P_WAIT, TOOL, [TOOL]), os._exit(0)))",
    "forkpty": """
    pid, terminal = os.forkpty()
    if not pid:
        os.execv(TOOL, [TOOL])
    try:
        while os.read(terminal, 100):
            pass
    except OSError:
        os.waitpid(pid, 0)
    os.close(terminal)""",
}
"""Ways to start a program in a fork; run by tests that have `request`."""

CALLS = {
    "plain": "in_fork(sdk.send)",
    "all closed": "in_fork(lambda: (close_all(), sdk.send()))",
    "reused": "in_fork(lambda: (reuse_all(), sdk.send()))",
    "a double fork": "in_a_daemon(request.node.name, lambda: (close_all(), sdk.send()))",
    "gevent": """
    import gevent.os
    pid = gevent.os.fork()
    if not pid:
        sdk.send()
        os._exit(0)
    os.waitpid(pid, 0)""",
}


def write(suite: Suite, ways: dict[str, str], mark: str) -> None:
    """Write a suite with a marked and an unmarked test for each way, and one after all of them."""
    tool = suite.tool()
    tests = [
        f"{decorator}\ndef test_{kind}_{at}(request):\n    {body.strip()}\n"
        for at, body in enumerate(ways.values())
        for kind, decorator in (("marked", f"@pytest.mark.{mark}"), ("unmarked", ""))
    ]
    ending = """
def test_no_file_of_the_user_was_written():
    assert {each.read_text() for each in pathlib.Path().glob("own/*")} <= {""}

@pytest.fixture(autouse=True)
def torn_down_once(request):
    yield
    with open("torn-down", "a") as file:
        file.write(f"{request.node.name}\\n")
"""
    suite.write_files(
        {"test_it.py": HELP.format(tool=str(tool)) + "import sdk\n" + "\n".join(tests) + ending}
    )
    suite.write(
        sdk=f"""
            import pathlib
            EVIDENCE = pathlib.Path({str(suite.path / "sent")!r})
            def send():
                with EVIDENCE.open("a") as file:
                    file.write("sent\\n")
        """,
        conftest="""
            from imbue.resource_guards.resource_guards import register_resource_guard
            from imbue.resource_guards.resource_guards import register_sdk_guard
            register_resource_guard("tool")
            register_sdk_guard("sdk", targets=["sdk:send"])
        """,
    )


def check(suite: Suite, ways: dict[str, str], mark: str, workers: tuple[str, ...]) -> None:
    outcome = suite.run("--resource-guards=enforce", *workers)
    for at, way in enumerate(ways):
        assert outcome[f"test_marked_{at}"].outcome == "passed", (way, outcome.output)
        assert outcome[f"test_unmarked_{at}"].says_missing(mark), (way, outcome.output)
    assert outcome["test_no_file_of_the_user_was_written"].outcome == "passed", outcome.output
    torn_down = (suite.path / "torn-down").read_text().split()
    assert sorted(torn_down) == sorted(outcome.tests), "a fork has come back"


@WORKERS
def test_programs_that_a_fork_starts(suite: Suite, workers: tuple[str, ...]) -> None:
    """Each is seen and judged, and what is blocked does not run."""
    write(suite, PROGRAMS, "tool")
    check(suite, PROGRAMS, "tool", workers)
    assert len(suite.runs_of()) == len(PROGRAMS)


@WORKERS
def test_calls_in_a_fork(suite: Suite, workers: tuple[str, ...]) -> None:
    """The same of calls of an SDK; a fork whose call is blocked ends there."""
    write(suite, CALLS, "sdk")
    check(suite, CALLS, "sdk", workers)
    assert (suite.path / "sent").read_text().split() == ["sent"] * len(CALLS)


@pytest.mark.parametrize(
    ("call", "code"),
    [
        ("try:\n        sdk.send()\n    except Exception:\n        os._exit(5)", 5),
        ("try:\n        sdk.send()\n    finally:\n        os._exit(6)", 6),
        ("sdk.send()", 127),
        ("with open(os.devnull):\n        sdk.send()", 127),
    ],
    ids=["caught", "ended by itself", "not caught", "unwound"],
)
def test_what_becomes_of_a_blocked_call(suite: Suite, call: str, code: int) -> None:
    """The fork may catch it, and clean up; where it would come back to pytest, it is ended."""
    write(suite, {}, "sdk")
    suite.write_files(
        {
            "test_it.py": f"""
import os, sdk

def fork():
    {call}

def test_it():
    pid = os.fork()
    if not pid:
        fork()
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == {code}

def teardown_module():
    with open("torn-down", "a") as file:
        file.write("once ")
"""
        }
    )

    outcome = suite.run()

    assert outcome["test_it"].says_missing("sdk"), outcome.output
    assert "assert" not in outcome["test_it"].text
    assert (suite.path / "torn-down").read_text() == "once "


@WORKERS
def test_a_fork_that_cannot_record(suite: Suite, workers: tuple[str, ...]) -> None:
    """It is ended with a message, and the run fails with the true reason."""
    write(suite, {}, "sdk")
    suite.write_files(
        {
            "test_it.py": """
import os, resource, pytest, sdk

@pytest.mark.sdk
def test_it():
    pid = os.fork()
    if not pid:
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
        sdk.send()
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 127
"""
        }
    )

    outcome = suite.run(*workers)

    assert outcome.code != 0
    assert "File too large" in outcome.output, outcome.output
    assert not (suite.path / "sent").exists()


def test_a_test_that_closes_our_descriptors(suite: Suite) -> None:
    """In pytest's own process too: the journal is opened anew, and what it says is not lost."""
    write(suite, {"closed": "os.closerange(max(os.pipe()) - 60, 200); os.system('tool')"}, "tool")
    suite.write_files(
        {
            "test_it.py": """
import os, pathlib, pytest

def close_ours():
    for number in os.listdir("/proc/self/fd"):
        try:
            if "resource-guards-" in os.readlink(f"/proc/self/fd/{number}"):
                os.close(int(number))
        except OSError:
            pass

def test_unmarked():
    close_ours()
    os.system("tool")

@pytest.mark.tool
def test_marked():
    close_ours()
    with open("user", "w") as file:
        os.system("tool")
    assert pathlib.Path("user").read_text() == ""

@pytest.mark.tool
def test_superfluous():
    close_ours()
"""
        }
    )

    outcome = suite.run()

    assert outcome["test_unmarked"].says_missing(), outcome.output
    assert outcome["test_marked"].outcome == "passed", outcome.output
    assert outcome["test_superfluous"].says_superfluous(), outcome.output
    assert suite.leftovers() == []


COMING_BACK = {
    "a program by path": """
def test_it():
    in_fork(lambda: subprocess.check_call([TOOL]))
""",
    "posix_spawn of a script's interpreter": """
def test_it():
    in_fork(lambda: os.posix_spawn("/bin/sh", ["sh", TOOL], {}))
""",
    "a handler that does not match": """
def call():
    try:
        sdk.send()
    except ValueError:
        pass

def test_it():
    in_fork(call)
""",
    "caught, and come back": """
def call():
    try:
        sdk.send()
    except Exception:
        raise KeyError("of its own")

def test_it():
    in_fork(call)
""",
    "tear-down": """
@pytest.fixture
def forking():
    yield
    with open(os.devnull):
        in_fork(lambda: subprocess.check_call([TOOL]))

def test_it(request, forking):
    pass
""",
    "unittest": """
import unittest
class TestIt(unittest.TestCase):
    def test_it(self):
        with open(os.devnull):
            in_fork(sdk.send)
    def tearDown(self):
        note("torn down in unittest")
""",
    "doctest": """
def example():
    '''
    >>> in_fork(sdk.send)
    >>> note("the next line")
    '''
""",
    "a function held from before, its streams closed": """
from conftest import execv
def test_it():
    in_fork(lambda: (close_all(), execv(TOOL, [TOOL])))
""",
}
"""Ways in which a fork with a blocked use would come back to pytest."""


@WORKERS
@pytest.mark.parametrize("test", COMING_BACK.values(), ids=COMING_BACK)
def test_a_fork_never_comes_back(suite: Suite, test: str, workers: tuple[str, ...]) -> None:
    """Nothing is torn down twice, nothing runs after it, and the use is the test's."""
    write(suite, {}, "sdk")
    conftest = (suite.path / "conftest.py").read_text()
    suite.write_files(
        {
            "conftest.py": "from os import execv\n" + conftest,
            "test_it.py": HELP.format(tool=str(suite.tool()))
            + """
import subprocess, sdk

def note(what):
    with open("notes", "a") as file:
        file.write(what + "\\n")

@pytest.fixture(scope="module", autouse=True)
def outer():
    yield
    note("torn down")
"""
            + test,
        }
    )

    outcome = suite.run("--doctest-modules", *workers)

    (report,) = outcome.tests.values()
    assert report.says_missing("sdk") or report.says_missing("tool"), outcome.output
    notes = (suite.path / "notes").read_text().splitlines()
    assert len(notes) == len(set(notes)), notes
    assert not (suite.path / "sent").exists()
    assert suite.runs_of() == []


@pytest.mark.parametrize("between", ["mock", "pluggy"])
def test_what_stands_between_a_pool_and_a_blocked_call(suite: Suite, between: str) -> None:
    """A worker catches the violation, though `unittest.mock` or another application's pluggy stands between."""
    write(suite, {}, "sdk")
    suite.write_files(
        {
            "test_it.py": f"""
import multiprocessing, pluggy, pytest, sdk
from unittest import mock

spec, impl = pluggy.HookspecMarker("app"), pluggy.HookimplMarker("app")

class App:
    @spec
    @impl
    def call(self):
        sdk.send()

def by_pluggy():
    manager = pluggy.PluginManager("app")
    manager.add_hookspecs(App)
    manager.register(App())
    manager.hook.call()

def by_mock():
    mock.Mock(side_effect=sdk.send)()

def use(_):
    try:
        by_{between}()
    except Exception as error:
        return type(error).__name__

def test_it():
    with multiprocessing.get_context("fork").Pool(1) as pool:
        assert pool.map(use, [1, 2]) == ["ResourceGuardViolation"] * 2
"""
        }
    )

    outcome = suite.run()

    assert outcome["test_it"].says_missing("sdk"), outcome.output
    assert "assert" not in outcome["test_it"].text


def test_what_a_fork_says_goes_into_no_file_of_the_user(suite: Suite) -> None:
    """Also where it runs a program in its own place by a function that was held before the session."""
    write(suite, {}, "tool")
    conftest = (suite.path / "conftest.py").read_text()
    suite.write_files(
        {
            "conftest.py": "from os import execv\n" + conftest,
            "test_it.py": HELP.format(tool=str(suite.tool()))
            + """
from conftest import execv

def call():
    close_all()
    for _ in range(4):
        os.open("log", os.O_CREAT | os.O_RDWR, 0o600)
    execv(TOOL, [TOOL])

def test_it():
    in_fork(call)
""",
        }
    )

    outcome = suite.run()

    assert outcome["test_it"].says_missing("tool"), outcome.output
    assert (suite.path / "log").read_text() == ""


CHANGES = {
    "user": "os.setuid(65534)",
    "root": "os.mkdir('root'); os.chroot('root')",
    "root, standard error closed": "os.mkdir('root'); os.chroot('root'); os.close(2)",
}


@pytest.mark.skipif(os.getuid() != 0, reason="changing user or root takes root's rights")
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_fork_with_another_user_or_root(suite: Suite, change: str) -> None:
    """What it uses is recorded, though it comes to the journal by no path."""
    write(suite, {}, "sdk")
    suite.write_files(
        {
            "sdk.py": "def send():\n    pass\n",
            "test_it.py": f"""
import os, pathlib, pytest, sdk

def call(name):
    os.makedirs(name)
    os.chdir(name)
    pid = os.fork()
    if not pid:
        {change}
        sdk.send()
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == (0 if "_marked" in str(name) else 127)

@pytest.mark.sdk
def test_marked(tmp_path):
    call(tmp_path / "_marked")

def test_unmarked(tmp_path):
    call(tmp_path / "not")
""",
        }
    )

    outcome = suite.run()

    assert outcome["test_marked"].outcome == "passed", outcome.output
    assert outcome["test_unmarked"].says_missing("sdk"), outcome.output


@pytest.mark.skipif(os.getuid() != 0, reason="changing the root takes root's rights")
@WORKERS
def test_a_fork_that_has_lost_each_way(suite: Suite, workers: tuple[str, ...]) -> None:
    """Another root, and all descriptors closed: it is ended, and the run fails with the reason."""
    write(suite, {}, "sdk")
    suite.write_files(
        {
            "test_it.py": """
import os, pytest, sdk

@pytest.mark.sdk
def test_it(tmp_path):
    pid = os.fork()
    if not pid:
        os.chroot(tmp_path)
        os.closerange(0, 256)
        sdk.send()
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 127
"""
        }
    )

    outcome = suite.run(*workers)

    assert outcome.code != 0
    assert "could not be recorded" in outcome.output, outcome.output
    assert "No such file or directory" in outcome.output
    assert not (suite.path / "sent").exists()


@pytest.mark.skipif(os.getuid() != 0, reason="changing the user takes root's rights")
def test_a_child_python_of_another_user(suite: Suite) -> None:
    """It has no way to record what it uses: it is ended with a message, and the use does not happen."""
    write(suite, {}, "sdk")
    suite.write_files(
        {
            "test_it.py": """
import subprocess, sys, pytest

CODE = "import os, sdk; os.setuid(65534); sdk.send()"

@pytest.mark.sdk
def test_it():
    done = subprocess.run([sys.executable, "-c", CODE], stderr=subprocess.PIPE, text=True)
    assert done.returncode == 127
    assert "so this process was ended" in done.stderr
    assert "Traceback" not in done.stderr
"""
        }
    )

    outcome = suite.run("-rA")

    assert "assert" not in outcome["test_it"].text, outcome.output
    assert not (suite.path / "sent").exists()


def test_functions_of_os_that_a_module_has_replaced(suite: Suite) -> None:
    """A module's fixture replaces what lists and opens files: a program that starts is judged as ever."""
    write(suite, {}, "tool")
    suite.write_files(
        {
            "test_it.py": """
import os, subprocess, pytest

@pytest.fixture(scope="module", autouse=True)
def replaced():
    def refuse(*args, **kwargs):
        raise KeyError(args)
    with pytest.MonkeyPatch.context() as patch:
        for name in ("listdir", "open", "read", "close"):
            patch.setattr(os, name, refuse)
        yield

@pytest.mark.tool
def test_marked():
    os.system("tool")

def test_unmarked():
    os.system("tool")

def test_another_program():
    os.system("true")
"""
        }
    )

    outcome = suite.run()

    assert outcome["test_marked"].outcome == "passed", outcome.output
    assert outcome["test_unmarked"].says_missing("tool"), outcome.output
    assert outcome["test_another_program"].outcome == "passed"
