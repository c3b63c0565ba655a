"""Many threads that use resources at the same time: nothing is lost, counted twice or raised, with a lock or without."""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Callable
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from imbue.resource_guards import system
from imbue.resource_guards.guard import SDK
from imbue.resource_guards.intercept import audit
from imbue.resource_guards.intercept import starts
from imbue.resource_guards.intercept.import_hook import ImportHook
from imbue.resource_guards.intercept.socket_classes import SocketClasses
from imbue.resource_guards.kinds import OwnerKind
from imbue.resource_guards.model import Use
from imbue.resource_guards.record.ledger import Ledger
from imbue.resource_guards.scope.publish import Publisher
from imbue.resource_guards.scope.scope import OwnerName
from imbue.resource_guards.scope.scope import Scope
from imbue.resource_guards.system import STARTS
from imbue.resource_guards.system import Lock
from support.suite import Suite

THREADS = 16
TIMES = 200
OWNER = OwnerName("test_it", OwnerKind.TEST)


@pytest.fixture(autouse=True)
def _switch_often() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def at_once(work: Callable[[int], object], threads: int = THREADS) -> list[object]:
    """Call a function in many threads, which all begin together; gives what they return."""
    gate = threading.Barrier(threads)

    def run(number: int) -> object:
        gate.wait(30)
        return work(number)

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(run, range(threads)))


def use_of(resource: str) -> Use:
    """A use that was seen."""
    return Use(
        resource, allowed=True, layer=SDK, what="call", where="", pid=os.getpid(), through=""
    )


def test_no_use_is_lost() -> None:
    """Each use of each thread is on its scope, and each resource among the used ones, from the first on."""
    for turn in range(60):
        scope = Scope(turn, OWNER, frozenset())

        def work(number: int, scope: Scope = scope) -> None:
            scope.note(use_of(f"r{number}"))

        at_once(work)

        assert scope.count == THREADS
        assert scope.used == {f"r{number}" for number in range(THREADS)}


def test_no_resource_is_lost_where_the_use_is_kept_elsewhere() -> None:
    """As in a fork, whose uses go to the journal."""
    for turn in range(60):
        scope = Scope(turn, OWNER, frozenset())

        def work(number: int, scope: Scope = scope) -> None:
            scope.note_resource(f"r{number}")

        at_once(work)

        assert len(scope.used) == THREADS


def test_uses_while_a_fixture_ends() -> None:
    """What threads use while the uses of a fixture are named after it stays, and has its name or none."""
    for turn in range(20):
        scope = Scope(turn, OWNER, frozenset())
        scope.note(use_of("r"))

        def work(number: int, scope: Scope = scope) -> None:
            for _ in range(TIMES):
                if number:
                    scope.note(use_of("r"))
                else:
                    scope.came_through("fixture", 0)

        at_once(work, 4)

        assert scope.count == 1 + 3 * TIMES
        assert {use.fixture for use in scope.uses} <= {"", "fixture"}


def test_uses_while_their_test_ends() -> None:
    """A use is on the scope when that is judged, or among the late ones; at the very end it may be both."""
    for _ in range(30):
        ledger = Ledger()
        scope = ledger.open(OWNER, frozenset())
        judged: list[int] = []

        def work(
            number: int,
            ledger: Ledger = ledger,
            scope: Scope = scope,
            judged: list[int] = judged,
        ) -> None:
            if number:
                for _ in range(20):
                    ledger.note(scope, use_of("r"))
            else:
                ledger.close(scope)
                judged.append(scope.count)

        at_once(work, 6)

        assert judged[0] + len(ledger.late) >= 100


@pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")  # from Python 3.12 on
def test_a_lock_in_a_fork() -> None:
    """It is free there, though another thread had it; the thread that has it may take it again."""
    lock = Lock()
    has_it, may_go = threading.Event(), threading.Event()

    def keep() -> None:
        with lock.now, lock.now:
            has_it.set()
            may_go.wait(30)

    thread = threading.Thread(target=keep)
    thread.start()
    assert has_it.wait(30)
    pid = os.fork()
    if not pid:
        os._exit(0 if lock.now.acquire(timeout=10) else 1)
    may_go.set()
    thread.join()

    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def test_the_state_file(tmp_path: Path) -> None:
    """It is written by one thread at a time, and says in the end what the last one wrote."""
    complaints: list[str] = []
    publisher = Publisher(f"{tmp_path}=1", tmp_path / "state", complaints.append)
    try:
        scopes = [Scope(each, OWNER, frozenset({f"r{each}"})) for each in range(4)]

        def work(number: int) -> None:
            for at in range(50):
                if number:
                    publisher.tell_nobody_runs(lambda: False)
                else:
                    publisher.publish(scopes[at % 4])

        at_once(work, 4)
        publisher.publish(scopes[0])

        assert complaints == []
        assert (tmp_path / "state").read_text() == "*:,r0,\n"
    finally:
        publisher.close()


def test_the_state_file_stays_a_running_scopes(tmp_path: Path) -> None:
    """A thread of nobody's that starts something while a scope runs, or as one begins, does not take it away."""
    publisher = Publisher(f"{tmp_path}=1", tmp_path / "state", lambda _: None)
    scope = Scope(1, OWNER, frozenset({"r"}))
    try:
        publisher.publish(scope)
        publisher.tell_nobody_runs(lambda: True)
        assert (tmp_path / "state").read_text() == "*:,r,\n"

        def begins_now() -> bool:
            # The main thread begins the next test just before this one is asked who runs.
            thread = threading.Thread(target=publisher.publish, args=[scope])
            thread.start()
            began.append(thread)
            return False

        began: list[threading.Thread] = []
        publisher.tell_nobody_runs(begins_now)
        began[0].join()
        assert (tmp_path / "state").read_text() == "*:,r,\n"
    finally:
        publisher.close()


def test_a_start_that_is_interrupted_keeps_no_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    """An exception of a signal's handler, as that of Ctrl-C, leaves the lock of starts free for other threads."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(starts, "raw_environment", lambda: {starts.OCTETS: b"x"})
    monkeypatch.setattr(system, "putenv", interrupt)
    with pytest.raises(KeyboardInterrupt), starts.NamingScope():
        pass
    free: list[bool] = []

    def take() -> None:
        free.append(STARTS.now.acquire(timeout=10))
        STARTS.now.release()

    thread = threading.Thread(target=take)
    thread.start()
    thread.join()
    assert free == [True]


def test_a_start_that_returns_late_waits_for_others_and_is_waited_for_by_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It sets the variable only while no other start needs it, and lets go of the lock at once."""
    seen: list[str] = []
    monkeypatch.setattr(starts, "raw_environment", lambda: {starts.OCTETS: b"x"})
    monkeypatch.setattr(system, "putenv", lambda *_: seen.append(threading.current_thread().name))
    entered, may_end = threading.Event(), threading.Event()

    def late() -> None:
        with starts.NamingScope(returns_late=True):
            entered.set()
            may_end.wait(30)

    thread = threading.Thread(target=late, name="late")
    with starts.NamingScope():
        thread.start()
        assert not entered.wait(0.2)
        assert "late" not in seen
    assert entered.wait(30)
    assert STARTS.now.acquire(timeout=10)
    STARTS.now.release()
    may_end.set()
    thread.join()


def test_events_whose_handler_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """An event comes to nobody when its handler has just ended, and raises nothing."""
    monkeypatch.setattr(sys, "addaudithook", lambda _: None)
    monkeypatch.setattr(audit, "_INSTALLED", [])
    handlers = {"resource_guards.test": lambda: None}

    def work(number: int) -> None:
        for _ in range(2000):
            if number:
                audit._audit("resource_guards.test", ())
            else:
                audit.handle(handlers)
                audit.stop_handling(handlers)

    at_once(work, 4)


def test_imports_while_a_session_ends() -> None:
    """A module is found while the hook that waits for it comes and goes."""

    def work(number: int) -> None:
        hook = ImportHook()
        for _ in range(100):
            hook.waiting["colorsys"] = []
            hook.install()
            if number % 2:
                hook.find_spec("colorsys", None)
                hook.uninstall()
            else:
                hook.uninstall()
                assert hook.find_spec("colorsys", None) is None

    at_once(work, 6)


def test_classes_of_sockets() -> None:
    """All threads get the same class that tells of a socket's, and one that is no other's is found meanwhile."""
    for _ in range(20):
        classes = SocketClasses({}, lambda *_: None)
        plain = [type(f"Plain{at}", (), {"send": print}) for at in range(20)]

        def work(
            number: int, classes: SocketClasses = classes, plain: list[type] = plain
        ) -> list[type]:
            del number
            made = [classes.telling(each) for each in plain]
            assert [classes.plain(each) for each in made] == plain
            return made

        first, *others = at_once(work, 6)

        assert all(each == first for each in others)


def test_the_uses_of_marked_tests(suite: Suite) -> None:
    """Calls, programs, forks and new threads of many threads: each is counted, for the test that began its thread."""
    suite.guard_tool()
    suite.write(
        conftest="""
            import sys

            sys.setswitchinterval(1e-6)

            def pytest_register_resource_guards(registry):
                registry.register_resource_guard("tool")
                for name in "abcdefgh":
                    registry.register_sdk_guard(name, targets=[f"sdk:{name}"])
        """,
        sdk="".join(f"\n            def {name}(): return 1" for name in "abcdefgh"),
        test_it="""
            import os, subprocess, threading
            from concurrent.futures import ThreadPoolExecutor
            import pytest, sdk

            MARKS = [getattr(pytest.mark, each) for each in "abcdefgh"]

            def all_marks(test):
                for mark in MARKS:
                    test = mark(test)
                return test

            def at_once(work, count=16):
                gate = threading.Barrier(count)
                failed = []
                def run(number):
                    gate.wait(30)
                    try:
                        work(number)
                    except BaseException as error:
                        failed.append(error)
                threads = [threading.Thread(target=run, args=(at,)) for at in range(count)]
                for each in threads: each.start()
                for each in threads: each.join()
                return failed

            def call_each(number):
                for at in range(20):
                    getattr(sdk, "abcdefgh"[(number + at) % 8])()

            @pytest.mark.parametrize("turn", range(10))
            @all_marks
            def test_marked(turn):
                assert at_once(call_each) == []

            @pytest.mark.tool
            def test_programs():
                assert at_once(lambda number: subprocess.run(["tool", str(number)], check=True)) == []

            @pytest.mark.tool
            def test_programs_and_calls():
                def work(number):
                    if number % 2:
                        subprocess.run(["tool", str(number)], check=True)
                    else:
                        os.system(f"tool {number}")
                assert at_once(work) == []

            def test_unmarked():
                failed = at_once(call_each)
                assert len(failed) == 16
        """,
    )

    outcome = suite.run("--resource-guards-json=report.json", fresh=True)

    wrong = {name: each for name, each in outcome.outcomes.items() if each != "passed"}
    assert list(wrong) == ["test_unmarked"], outcome.output
    assert outcome["test_unmarked"].says_missing("a"), outcome.output
    assert len(suite.runs_of()) == 32
    report = json.loads((suite.path / "report.json").read_text())
    counts = {
        test["nodeid"].partition("::")[2]: {
            mark: used["count"] for mark, used in test["used"].items()
        }
        for test in report["tests"]
    }
    assert counts["test_programs"] == {"tool": 16}
    assert counts["test_programs_and_calls"] == {"tool": 16}
    for turn in range(10):
        assert set(counts[f"test_marked[{turn}]"]) == set("abcdefgh")
    assert set(counts["test_unmarked"]) == set("abcdefgh")


def test_each_process_gets_its_starters_scope(suite: Suite) -> None:
    """Threads of several tests start processes at the same time: none gets the scope of another thread's test."""
    suite.guard_tool()
    suite.write(
        test_it="""
            import os, subprocess, sys, threading

            NAME = "RESOURCE_GUARDS_SCOPE"
            SEEN = {}
            GATE = threading.Event()
            THREADS = []

            def scope_of(value):
                return value.strip().rpartition("=")[2].partition(":")[0]

            def start_many(test):
                GATE.wait(60)
                for _ in range(12):
                    # Without an environment of its own, which would name the scope by itself.
                    words = ["sh", "-c", "echo $RESOURCE_GUARDS_SCOPE"]
                    run = subprocess.run(words, capture_output=True, text=True, close_fds=True)
                    SEEN.setdefault(test, []).append(scope_of(run.stdout))

            def leave(test):
                for _ in range(4):
                    THREADS.append(threading.Thread(target=start_many, args=(test,)))
                    THREADS[-1].start()

            def test_first():
                sys.setswitchinterval(1e-6)
                leave("first")

            def test_second():
                leave("second")

            def test_third():
                leave("third")
                GATE.set()
                for each in THREADS:
                    each.join()
                numbers = {test: set(seen) for test, seen in SEEN.items()}
                assert all(len(each) == 1 and all(map(str.isdecimal, each)) for each in numbers.values()), SEEN
                assert len(set.union(*numbers.values())) == 3
                assert {test: len(seen) for test, seen in SEEN.items()} == dict.fromkeys(numbers, 48)
        """
    )

    outcome = suite.run()

    assert outcome.counts == {"passed": 3}, outcome.output
