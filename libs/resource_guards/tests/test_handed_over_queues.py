"""Work that a test sends to a queue of celery is charged to it, whichever process the worker is in.

All that is sent to one worker is in one way, since it takes four seconds to end.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from support.handing_over import CONFTEST
from support.handing_over import FORWARD
from support.handing_over import REVERSE
from support.handing_over import SDK
from support.handing_over import run_ways
from support.suite import Suite

_IMPORTS = """
import fcntl, functools, os, pathlib, signal, subprocess, sys
from celery import Celery, chain
"""

_MEMORY = """
application = Celery("queue", broker="memory://", backend="cache+memory://")
"""

# What a fork, or another process, puts into memory nobody else gets. The methods of this broker read files
# that another process may not have written whole, and then lose a message; so only one runs at a time.
_FILES = """
from kombu.transport import filesystem

def one_at_a_time(method):
    @functools.wraps(method)
    def locking(*args, **kwargs):
        with pathlib.Path(__file__).with_name("lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            return method(*args, **kwargs)
    return locking

for name in ("_put", "_get", "_queue_bind", "get_table"):
    method = getattr(filesystem.Channel, name)
    if not hasattr(method, "__wrapped__"):
        setattr(filesystem.Channel, name, one_at_a_time(method))

FOLDER = pathlib.Path(__file__).with_suffix(".queue")
for name in ("messages", "control", "results"):
    (FOLDER / name).mkdir(parents=True, exist_ok=True)
application = Celery("queue", broker="filesystem://", backend=f"file://{FOLDER / 'results'}")
application.conf.broker_transport_options = {
    "data_folder_in": str(FOLDER / "messages"),
    "data_folder_out": str(FOLDER / "messages"),
    "control_folder": str(FOLDER / "control"),
}
"""

_TASKS = """
application.conf.broker_transport_options["polling_interval"] = 0.01

@application.task
def called(name):
    sdk.called(name)
    return os.getpid()

@application.task
def called_then(_, name): return called(name)

@application.task(bind=True, max_retries=1)
def called_again(self, name):
    if not self.request.retries:
        raise self.retry(countdown=0)
    return called(name)

def hand(function):
    name = function.__name__
    for sent in (
        called.delay(name),
        called.apply_async((name,), countdown=0.05),
        chain(called.s("rest"), called_then.s(name))(),
        called_again.delay(name),
    ):
        done_by = sent.get(timeout=60, interval=0.01)
        assert (done_by == os.getpid()) == IS_IN_PROCESS
"""

_EAGER = """
application.conf.task_always_eager = True

@pytest.fixture(scope="module")
def hand_over(): return hand
"""

_IN_PROCESS = """
from celery.contrib.testing.worker import start_worker

@pytest.fixture(scope="module")
def hand_over():
    with start_worker(application, pool={0!r}, concurrency=1, perform_ping_check=False):
        yield hand
"""

# Killed with its pool, which is its group, since its end by itself takes six seconds.
_OF_ITS_OWN = """
@pytest.fixture(scope="module")
def hand_over():
    command = [sys.executable, "-m", "celery", "-A", __name__, "worker", "--concurrency=1"]
    options = ["--pool={0}", "--without-gossip", "--without-mingle", "--without-heartbeat"]
    worker = subprocess.Popen([*command, *options], start_new_session=True)
    yield hand
    os.killpg(worker.pid, signal.SIGKILL)
    worker.wait()
"""


def _queue(broker: str, worker: str, *, is_in_process: bool) -> str:
    return f"{_IMPORTS}IS_IN_PROCESS = {is_in_process}\n{broker}{_TASKS}{worker}"


WITHIN = {
    "eager": _queue(_MEMORY, _EAGER, is_in_process=True),
    **{
        pool: _queue(_MEMORY, _IN_PROCESS.format(pool), is_in_process=True)
        for pool in ("solo", "threads")
    },
    "prefork": _queue(_FILES, _IN_PROCESS.format("prefork"), is_in_process=False),
}

APART = {
    pool: _queue(_FILES, _OF_ITS_OWN.format(pool), is_in_process=False)
    for pool in ("solo", "threads", "prefork")
}

# Celery's own signals, without a broker between: nothing waits for a message that does not come.
_SIGNALS = """
import json, subprocess, sys
from celery import signals

WORKER = '''
import json, sys, types
import sdk
from celery import signals
from celery.app.task import Context

for line in sys.stdin:
    headers, name = json.loads(line)
    task = types.SimpleNamespace(request=Context(headers))
    signals.task_prerun.send(sender="a task", task=task)
    sdk.called(name)
    signals.task_postrun.send(sender="a task", task=task)
    print("done", flush=True)
'''

@pytest.fixture(scope="module")
def hand_over():
    command = [sys.executable, "-c", WORKER]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, text=True, bufsize=1, **pipes) as worker:
        def hand(function):
            headers = {}
            signals.before_task_publish.send(sender="a task", headers=headers)
            print(json.dumps([headers, function.__name__]), file=worker.stdin)
            assert worker.stdout.readline().strip() == "done"
        yield hand
"""


def test_workers_within_the_process(suite: Suite) -> None:
    """A worker of a queue acts for the test that has sent the message, also for what a task sends."""
    assert run_ways(suite, WITHIN) == {}


def test_workers_of_their_own_process(suite: Suite) -> None:
    """So does one that a fixture has started as a process, and the pool that this forks."""
    assert run_ways(suite, APART) == {}


def test_a_child_that_takes_up_a_message(suite: Suite) -> None:
    """A child Python that celery tells of a task acts for the test that has sent it, and not for its starter."""
    assert run_ways(suite, {"signals": _SIGNALS}) == {}


@pytest.fixture
def strangers_worker(suite: Suite) -> Iterator[None]:
    """A worker that runs before the tests do, and that nobody of them has started."""
    suite.be_nobodys_child()
    suite.write_files(
        {
            "sdk.py": SDK.format(evidence=str(suite.path / "evidence")),
            "queue_of_all.py": _queue(_FILES, "import sdk", is_in_process=False),
        }
    )
    command = [sys.executable, "-m", "celery", "-A", "queue_of_all", "worker", "--pool=solo"]
    options = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    worker = subprocess.Popen(
        [*command, *options],
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    yield
    os.killpg(worker.pid, signal.SIGKILL)
    worker.wait()


@pytest.mark.usefixtures("strangers_worker")
@pytest.mark.parametrize("order", [FORWARD, REVERSE], ids=["forward", "reverse"])
def test_a_worker_that_no_test_has_started(suite: Suite, order: dict[str, tuple[str, str]]) -> None:
    """What it does is not seen: it is no child of the run, so nothing guards it."""
    tests = [
        f"{'@pytest.mark.sdk' if name in ('test_marked', 'test_superfluous') else ''}\n"
        f"def {name}(): hand(sdk.{function})\n"
        for name, (function, _) in order.items()
    ]
    suite.write_files(
        {
            "conftest.py": CONFTEST,
            "test_it.py": "import pytest, sdk\nfrom queue_of_all import hand\n" + "\n".join(tests),
        }
    )

    outcome = suite.run()

    for name, test in outcome.tests.items():
        if name in ("test_marked", "test_superfluous"):
            assert test.says_superfluous("sdk"), (name, outcome.output)
        else:
            assert test.outcome == "passed", (name, outcome.output)
    assert outcome.tests.keys() == order.keys()
    evidence = (suite.path / "evidence").read_text().splitlines()
    assert len(evidence) == 4 * [function for function, _ in order.values()].count("use")
