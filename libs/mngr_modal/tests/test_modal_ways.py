"""Each way to use Modal, with the mark and without, against a control plane that counts."""

from __future__ import annotations

import importlib.metadata
import os
import sys
from pathlib import Path

import pytest
from packaging.version import Version

from imbue.mngr_modal.control_plane import ControlPlane
from support.suite import Suite

MODAL = Version(importlib.metadata.version("modal"))

# Each is what a test does, with `tmp` a folder of its own. Whatever is raised comes out.
PROGRAMS = {
    "app list": 'run("modal", "app", "list")',
    "secret list": 'run("modal", "secret", "list")',
    "an unknown command": 'assert subprocess.run(["modal", "unknown"]).returncode',
    "the program by its path": "run(str(pathlib.Path(sys.executable).with_name('modal')), 'app', 'list')",
    "python -m modal": "run(sys.executable, '-m', 'modal', 'app', 'list')",
    "the program in a child Python": (
        "python(\"import os; assert os.system('modal app list') == 0\")"
    ),
    "the program in a thread": 'in_thread(lambda: run("modal", "app", "list"))',
    "CliRunner": 'assert command_line("app", "list").exit_code == 0',
}
if Version("1.6") <= MODAL:  # it asks the server what may have been meant
    PROGRAMS["CliRunner, an unknown command"] = 'assert command_line("unknown").exit_code'

OBJECTS = {
    "App.lookup": "assert look_up().app_id == 'ap-1'",
    "App.lookup.aio": "asyncio.run(look_up_aio())",
    "two event loops": "asyncio.run(look_up_aio())\n    asyncio.run(look_up_aio())",
    "an event loop in a thread": "in_thread(lambda: asyncio.run(look_up_aio()))",
    "a thread": "in_thread(look_up)",
    "a pool of threads": (
        "with futures.ThreadPoolExecutor() as pool:\n        pool.submit(look_up).result()"
    ),
    "a child Python": "python(\"import modal; modal.App.lookup('an-app', create_if_missing=True)\")",
    "hello": "modal.Client.from_env().hello()",
    "app.run": "with modal.App('an-app').run(): pass",
    "app.run, asynchronous": (
        "async def go():\n        async with modal.App('an-app').run(): pass\n    asyncio.run(go())"
    ),
    "Function.remote": "assert function().remote(1) == 42",
    "Function.remote.aio": "assert asyncio.run(function().remote.aio(1)) == 42",
    "Function.spawn": "assert function().spawn(1).get() == 42",
    "Secret": "modal.Secret.from_name('a-secret').hydrate()",
    "Dict": "kept = dictionary()\n    kept['a'] = 1\n    assert kept['a'] == 1",
    "Dict, asynchronous": (
        "async def go():\n"
        "        await dictionary().put.aio('b', 2)\n"
        "        assert await dictionary().get.aio('b') == 2\n"
        "    asyncio.run(go())"
    ),
    "Queue": "queue().put('a')\n    assert queue().get() == 'a'",
    "Queue, asynchronous": (
        "async def go():\n"
        "        await queue().put.aio('b')\n"
        "        assert await queue().get.aio() == 'b'\n"
        "    asyncio.run(go())"
    ),
    "Volume, a small file": (
        "(tmp / 'small').write_text(str(tmp))\n"
        "    with volume().batch_upload() as batch: batch.put_file(tmp / 'small', '/small')"
    ),
    "Volume, a blob": (
        "(tmp / 'large').write_bytes(bytes(9 << 20))\n"
        "    with volume().batch_upload() as batch: batch.put_file(tmp / 'large', '/large')"
    ),
    "Volume, reading": "assert b''.join(volume().read_file('a')) == SAID",
    "a client of grpclib": "asyncio.run(raw_stub())",
    "a generator of the client": "modal.Volume.from_name('v', create_if_missing=True).listdir('/')",
}
if Version("1.2.6") <= MODAL:
    OBJECTS["a wrapper's direct()"] = "direct()"
# The last: until 1.4 the client can no longer be used by a process that has forked and whose child
# has used it.
OBJECTS["a fork"] = "in_fork(look_up)"

SANDBOXES = {
    "Sandbox.create": "assert sandbox().object_id",
    "Sandbox.create.aio": "asyncio.run(sandbox_aio())",
    "Sandbox.from_id": "modal.Sandbox.from_id('sb-1').exec('true').wait()",
    "terminate": "sandbox().terminate()",
    "exec and stdout": "assert sandbox().exec('echo').stdout.read() == SAID.decode()",
    "exec and lines of stdout": (
        "assert list(sandbox().exec('echo', bufsize=1).stdout) == [SAID.decode()]"
    ),
    "exec and wait": "assert sandbox().exec('true').wait() == 0",
    "exec and poll": "sandbox().exec('true').poll()",
    "exec and stdin": (
        "process = sandbox().exec('cat')\n"
        "    process.stdin.write(b'hi')\n"
        "    process.stdin.write_eof()\n"
        "    process.stdin.drain()"
    ),
    "exec.aio": (
        "async def go():\n"
        "        process = await (await sandbox_aio()).exec.aio('echo')\n"
        "        assert await process.stdout.read.aio() == SAID.decode()\n"
        "    asyncio.run(go())"
    ),
    "stdout of the sandbox": "assert sandbox().stdout.read() == SAID.decode()",
    "stdin of the sandbox": ("box = sandbox()\n    box.stdin.write(b'hi')\n    box.stdin.drain()"),
    "wait": "sandbox().wait()",
}
if Version("1.4.3") <= MODAL:
    SANDBOXES["the file system"] = "assert sandbox().filesystem.read_text('/a') == SAID.decode()"
else:
    SANDBOXES["the file system"] = "assert sandbox().open('/a').read() == SAID.decode()"

HEADER = """
import asyncio, contextlib, os, pathlib, subprocess, sys, threading
from concurrent import futures
import modal, pytest
from imbue.mngr_modal.control_plane.answers import SAID

def run(*command):
    subprocess.run(command, check=True, capture_output=True)

def python(code):
    run(sys.executable, "-c", code)

def command_line(*arguments):
    from click.testing import CliRunner
    from modal.cli.entry_point import entrypoint_cli
    return CliRunner().invoke(entrypoint_cli, arguments)

def look_up():
    return modal.App.lookup("an-app", create_if_missing=True)

async def look_up_aio():
    return await modal.App.lookup.aio("an-app", create_if_missing=True)

def function():
    return modal.Function.from_name("an-app", "a_function")

def dictionary():
    return modal.Dict.from_name("a-dict", create_if_missing=True)

def queue():
    return modal.Queue.from_name("a-queue", create_if_missing=True)

def volume():
    return modal.Volume.from_name("a-volume", create_if_missing=True)

def image():
    # Without a version Modal wants that of this Python, and its images have no newest one.
    return modal.Image.debian_slim(python_version="3.12")

def sandbox():
    return modal.Sandbox.create("sleep", "60", app=look_up(), image=image())

async def sandbox_aio():
    return await modal.Sandbox.create.aio("sleep", "60", app=await look_up_aio(), image=image())

async def raw_stub():
    from grpclib.client import Channel
    from modal_proto import api_grpc, api_pb2
    host, port = os.environ["MODAL_SERVER_URL"].removeprefix("http://").split(":")
    async with Channel(host, int(port)) as channel:
        await api_grpc.ModalClientStub(channel).AppList(api_pb2.AppListRequest())

def direct():
    from modal._utils.async_utils import synchronize_api
    from modal_proto import api_pb2
    async def ask():
        client = await modal.client._Client.from_env()
        await client.stub.AppList.direct(api_pb2.AppListRequest())
    synchronize_api(ask)()

def in_thread(function):
    with futures.ThreadPoolExecutor(1) as pool:
        pool.submit(lambda: None).result()
    errors = []
    def guarded():
        try:
            function()
        except BaseException as error:
            errors.append(error)
    thread = threading.Thread(target=guarded)
    thread.start()
    thread.join()
    if errors:
        raise errors[0]

def in_fork(function):
    pid = os.fork()
    if not pid:
        code = 1
        try:
            function()
            code = 0
        finally:
            os._exit(code)
    assert os.waitpid(pid, 0)[1] == 0
"""

FOUR = """
def test_{index}_unmarked(tmp_path):
    tmp = tmp_path
    {use}

def test_{index}_swallowed_unmarked(tmp_path):
    try:
        test_{index}_unmarked(tmp_path)
    except BaseException:
        pass

@pytest.mark.modal
def test_{index}_marked(tmp_path):
    tmp = tmp_path
    {use}

@pytest.mark.modal
def test_{index}_failing(tmp_path):
    test_{index}_marked(tmp_path)
    raise OSError("of its own")
"""

# CPython 3.11 sometimes fails to parse source for a traceback while another thread runs
# (python/cpython#106905), and the client has one.
QUIET = ("-Wignore", "--tb=native")

CONFTEST = 'pytest_plugins = ["imbue.mngr_modal.pytest_plugin"]'


@pytest.mark.parametrize(
    "ways", [PROGRAMS, OBJECTS, SANDBOXES], ids=["programs", "objects", "sandboxes"]
)
def test_every_way(
    suite: Suite,
    control_plane: ControlPlane,
    ways: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Unmarked, it fails and nothing arrives; marked, it works."""
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)
    tests = [FOUR.format(index=index, use=use) for index, use in enumerate(ways.values())]
    superfluous = "\n@pytest.mark.modal\ndef test_superfluous(): pass\n"
    suite.write(conftest=CONFTEST)
    suite.write_files({"test_it.py": HEADER + "".join(tests) + superfluous})

    blocked = suite.run(*QUIET, "-k", "unmarked or superfluous")
    assert control_plane.seen() == []
    allowed = suite.run(*QUIET, "-k", "not unmarked and not superfluous")

    assert blocked["test_superfluous"].says_superfluous("modal"), blocked.output
    for index, way in enumerate(ways):
        for variant in ("unmarked", "swallowed_unmarked"):
            test = blocked[f"test_{index}_{variant}"]
            assert test.says_missing("modal"), (way, variant, test.text, blocked.output)
        test = allowed[f"test_{index}_marked"]
        assert test.outcome == "passed", (way, test.text)
        test = allowed[f"test_{index}_failing"]
        assert test.outcome == "failed", (way, test.text)
        assert "of its own" in test.text, (way, test.text)
        assert "@pytest.mark.modal" not in test.text.replace("@pytest.mark.modal\n", "")
    assert control_plane.seen()
