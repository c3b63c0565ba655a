"""Work that a test hands to the loop of a library is charged to it: uvloop, anyio, trio and what tests with them."""

from __future__ import annotations

import importlib.util
import textwrap

import pytest

from support.handing_over import fixture
from support.handing_over import run_ways
from support.suite import Suite

_UVLOOP = """
import uvloop
async def task(function): await asyncio.create_task(acall(function))
async def later(function):
    asyncio.get_running_loop().call_later(0.01, function)
    await asyncio.sleep(0.05)
with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
    yield lambda function: runner.run({0}(function))
"""

_UVLOOP_IN_THREAD = """
import uvloop
loop = uvloop.new_event_loop()
thread = threading.Thread(target=loop.run_forever)
thread.start()
yield lambda function: asyncio.run_coroutine_threadsafe({0}(function), loop).result(20)
loop.call_soon_threadsafe(loop.stop)
thread.join()
loop.close()
"""

_PORTAL = """
import anyio, anyio.from_thread, anyio.to_process, anyio.to_thread
async def task(function):
    async with anyio.create_task_group() as group:
        group.start_soon(acall, function)
async def there_and_back(function):
    await anyio.to_thread.run_sync(anyio.from_thread.run, acall, function)
with anyio.from_thread.start_blocking_portal({0!r}) as portal:
    yield lambda function: {1}
"""

_TRIO_IN_THREAD = """
import trio
parts, ready = [], threading.Event()
async def main():
    async with trio.open_nursery() as nursery:
        parts.extend([trio.lowlevel.current_trio_token(), trio.Event(), nursery])
        ready.set()
        await parts[1].wait()
async def finally_set(function, event):
    function()
    event.set()
thread = threading.Thread(target=trio.run, args=(main,))
thread.start()
wait_for(ready)
token, end, nursery = parts
def within(function): return trio.from_thread.run_sync(function, trio_token=token)
def soon(function):
    done = threading.Event()
    token.run_sync_soon(lambda: (function(), done.set()))
    wait_for(done)
def in_nursery(function):
    done = threading.Event()
    within(lambda: nursery.start_soon(finally_set, function, done))
    wait_for(done)
yield {0}
within(end.set)
thread.join()
"""

_APPLICATION = """
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

def answer(request, background=None):
    if background is None:
        sdk.called(request.query_params["call"])
    return PlainTextResponse("", background=background)

async def in_loop(request): return answer(request)

async def afterwards(request):
    return answer(request, BackgroundTask(sdk.called, request.query_params["call"]))

ROUTES = {"/thread": answer, "/loop": in_loop, "/later": afterwards}
APPLICATION = Starlette(routes=[Route(path, handler) for path, handler in ROUTES.items()])
"""

_BACKENDS = ("asyncio", "trio")

LIBRARIES = {
    **{f"uvloop, {way}": fixture(_UVLOOP.format(way)) for way in ("acall", "task", "later")},
    "uvloop, to_thread": fixture(_UVLOOP.format("asyncio.to_thread")),
    "uvloop in a thread": fixture(_UVLOOP_IN_THREAD.format("acall")),
    "uvloop in a thread, to_thread": fixture(_UVLOOP_IN_THREAD.format("asyncio.to_thread")),
    **{
        f"{backend}, {call}": fixture(_PORTAL.format(backend, call))
        for backend in _BACKENDS
        for call in (
            "portal.call(function)",
            "portal.call(acall, function)",
            "portal.start_task_soon(acall, function).result(20)",
            "portal.call(task, function)",
            "portal.call(there_and_back, function)",
            "portal.call(anyio.to_thread.run_sync, function)",
            "portal.call(anyio.to_process.run_sync, function)",
            f"anyio.run(anyio.to_thread.run_sync, function, backend={backend!r})",
        )
    },
    **{
        f"trio in a thread, {way}": fixture(_TRIO_IN_THREAD.format(way))
        for way in ("within", "soon", "in_nursery")
    },
    "trio as a guest": fixture(
        """
        import trio
        async def run(function):
            loop = asyncio.get_running_loop()
            done = loop.create_future()
            soon = loop.call_soon_threadsafe
            trio.lowlevel.start_guest_run(
                acall, function, run_sync_soon_threadsafe=soon, done_callback=done.set_result
            )
            await done
        yield lambda function: asyncio.run(run(function))
        """
    ),
    **{
        f"asgiref, {call}": fixture(
            f"""
            from asgiref.sync import async_to_sync, sync_to_async
            async def there(function): await sync_to_async(function)()
            async def aside(function): await sync_to_async(function, thread_sensitive=False)()
            yield lambda function: {call}
            """
        )
        for call in (
            "asyncio.run(there(function))",
            "async_to_sync(acall)(function)",
            "async_to_sync(there)(function)",
            "async_to_sync(aside)(function)",
        )
    },
    **{
        f"starlette on {backend}, {path}": _APPLICATION
        + fixture(
            f"""
            with TestClient(APPLICATION, backend={backend!r}) as client:
                yield lambda function: client.get("{path}?call=" + function.__name__)
            """
        )
        for backend in _BACKENDS
        for path in ("/thread", "/loop", "/later")
    },
}

INTERPRETERS = {
    f"{backend}, {call}": fixture(
        f"""
        import anyio.from_thread, anyio.to_interpreter, anyio.to_thread
        with anyio.from_thread.start_blocking_portal({backend!r}) as portal:
            yield lambda function: portal.call({call}, function)
        """
    )
    for backend in _BACKENDS
    for call in (
        "anyio.to_interpreter.run_sync",
        "anyio.to_thread.run_sync, anyio.from_thread.run, anyio.to_interpreter.run_sync",
    )
}

_GENERATOR = """
async def generate(function):
    try:
        yield
    finally:
        function()
KEPT = []
async def begin(function):
    KEPT.append(generate(function))
    await anext(KEPT[0])
"""

_LEFT_ON_UVLOOP = """
import uvloop
LOOP = uvloop.new_event_loop()
async def late(function):
    await asyncio.sleep(0.01)
    function()
async def task(function): KEPT.append(asyncio.create_task(late(function)))
def leave(function): {0}
def let_go(): {1}; LOOP.run_until_complete(asyncio.sleep(0.05)); LOOP.close()
"""

_LEFT_ON_PORTAL = """
import anyio, anyio.from_thread
PORTAL_OF = anyio.from_thread.start_blocking_portal({0!r})
PORTAL = PORTAL_OF.__enter__()
GATE = threading.Event()
async def late(function):
    while not GATE.is_set():
        await anyio.sleep(0.01)
    function()
async def end():
    KEPT.clear()
    await anyio.sleep(0.05)
def leave(function): {1}
def let_go():
    GATE.set()
    PORTAL.call(end)
    PORTAL_OF.__exit__(None, None, None)
"""

LEFT = {
    "uvloop, task": _GENERATOR
    + _LEFT_ON_UVLOOP.format("LOOP.run_until_complete(task(function))", "pass"),
    "uvloop, call_later": _GENERATOR
    + _LEFT_ON_UVLOOP.format("LOOP.call_later(0.01, function)", "pass"),
    "uvloop, generator": _GENERATOR
    + _LEFT_ON_UVLOOP.format("LOOP.run_until_complete(begin(function))", "KEPT.clear()"),
    "uvloop, generator at shutdown": _GENERATOR
    + _LEFT_ON_UVLOOP.format(
        "LOOP.run_until_complete(begin(function))",
        "LOOP.run_until_complete(LOOP.shutdown_asyncgens())",
    ),
    **{
        f"{backend}, {name}": _GENERATOR + _LEFT_ON_PORTAL.format(backend, call)
        for backend in _BACKENDS
        for name, call in {
            "task": "PORTAL.start_task_soon(late, function)",
            "generator": "PORTAL.call(begin, function)",
        }.items()
    },
}


def _of_pytest_asyncio(scope: str, body: str) -> str:
    longest = min(scope, "module", key=["function", "module", "session"].index)
    return (
        f"""
# async
import pytest_asyncio
pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.asyncio(loop_scope={scope!r})]
VARIABLE = contextvars.ContextVar("variable", default=0)

async def task(function): await asyncio.create_task(acall(function))

@pytest_asyncio.fixture(scope={longest!r}, loop_scope={scope!r})
async def with_variable():
    VARIABLE.set(1)
    yield
    VARIABLE.set(2)

@pytest_asyncio.fixture(scope={longest!r}, loop_scope={scope!r})
async def hand_over(with_variable):
"""
        + textwrap.indent(textwrap.dedent(body).strip("\n"), "    ")
        + "\n"
    )


_PYTEST_ASYNCIO = {
    "acall": "yield acall",
    "returned": "return acall",
    "task": "yield task",
    "to_thread": "yield asyncio.to_thread",
    "executor": """
        with futures.ThreadPoolExecutor(1) as pool:
            yield lambda function: asyncio.get_running_loop().run_in_executor(pool, function)
    """,
    "task group": """
        async with asyncio.TaskGroup() as group:
            yield lambda function: group.create_task(acall(function))
    """,
    "variable": """
        token = VARIABLE.set(3)
        async def hand(function):
            VARIABLE.set(4)
            function()
        yield hand
        VARIABLE.reset(token)
    """,
}

ASYNCIO_SCOPES = {
    f"{scope}, {name}": _of_pytest_asyncio(scope, body)
    for scope in ("function", "module", "session")
    for name, body in _PYTEST_ASYNCIO.items()
}

_AIOHTTP = """
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
async def answer(request):
    sdk.called(request.query["call"])
    return web.Response()
async def answer_socket(request):
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    sdk.called(request.query["call"])
    await socket.close()
    return socket
application = web.Application()
application.router.add_get("/", answer)
application.router.add_get("/socket", answer_socket)
async with TestClient(TestServer(application)) as client:
    async def hand(function):
        query = {{"call": function.__name__}}
        {ask}
    yield hand
"""

_ASKED = {
    "request": '(await client.get("/", params=query)).release()',
    "socket": """async with client.ws_connect("/socket", params=query) as socket:
            await socket.receive()""",
}

for _scope in ("function", "module"):
    for _name, _ask in _ASKED.items():
        ASYNCIO_SCOPES[f"aiohttp, {_scope}, {_name}"] = _of_pytest_asyncio(
            _scope, _AIOHTTP.format(ask=_ask)
        )

LEFT_ON_ASYNCIO = {
    "task": _of_pytest_asyncio("module", "yield")
    + """
KEPT = []
async def late(function):
    await asyncio.sleep(0.02)
    function()
async def leave(function): KEPT.append(asyncio.create_task(late(function)))
async def let_go(): await asyncio.sleep(0.05)
""",
    "call_later": _of_pytest_asyncio("module", "yield")
    + """
async def leave(function): asyncio.get_running_loop().call_later(0.02, function)
async def let_go(): await asyncio.sleep(0.05)
""",
    "generator": _of_pytest_asyncio("module", "yield")
    + _GENERATOR
    + """
leave = begin
async def let_go():
    KEPT.clear()
    await asyncio.sleep(0.02)
""",
}


def _of_anyio(backend: str, scope: str, body: str) -> str:
    return (
        f"""
# async
import anyio, anyio.from_thread, anyio.to_thread
pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.anyio]

@pytest.fixture(scope="module")
def anyio_backend(): return {backend!r}

@pytest.fixture(scope={scope!r})
async def hand_over(anyio_backend):
"""
        + textwrap.indent(textwrap.dedent(body).strip("\n"), "    ")
        + "\n"
    )


_ANYIO = {
    "acall": "yield acall",
    "returned": "return acall",
    "to_thread": "yield anyio.to_thread.run_sync",
    "there and back": """
        yield lambda function: anyio.to_thread.run_sync(anyio.from_thread.run, acall, function)
    """,
    "task group": """
        async with anyio.create_task_group() as group:
            async def finally_set(function, event):
                function()
                event.set()
            async def hand(function):
                done = anyio.Event()
                group.start_soon(finally_set, function, done)
                await done.wait()
            yield hand
    """,
    "portal": """
        async with anyio.from_thread.BlockingPortal() as portal:
            yield lambda function: anyio.to_thread.run_sync(portal.call, acall, function)
    """,
}

ANYIO_SCOPES = {
    f"{backend}, {scope}, {name}": _of_anyio(backend, scope, body)
    for backend in _BACKENDS
    for scope in ("function", "module")
    for name, body in _ANYIO.items()
}

LEFT_ON_ANYIO = {
    f"{backend}, generator": _of_anyio(backend, "module", "yield")
    + _GENERATOR
    + """
@pytest.fixture(scope="module")
async def left(anyio_backend): yield
leave = begin
async def let_go():
    KEPT.clear()
    await anyio.sleep(0.05)
"""
    for backend in _BACKENDS
}


def test_loops_of_libraries(suite: Suite) -> None:
    """The loop of a library acts for the test that gives it work, and for the one that has left it there."""
    assert run_ways(suite, LIBRARIES, LEFT) == {}


@pytest.mark.skipif(
    importlib.util.find_spec("_interpreters") is None,
    reason="this Python has no module that makes interpreters; it comes with Python 3.13",
)
def test_interpreters_of_anyio(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    """An interpreter that anyio keeps acts for the test that gives it work, on both of its backends."""
    monkeypatch.setenv(
        "PYTHONPATH", str(suite.path)
    )  # for interpreters, which do not get `sys.path`

    assert run_ways(suite, INTERPRETERS) == {}


def test_loops_of_pytest_asyncio(suite: Suite) -> None:
    """A loop that pytest-asyncio keeps for several tests acts for the one that runs, whatever its fixtures set."""
    assert run_ways(suite, ASYNCIO_SCOPES, LEFT_ON_ASYNCIO, plugins=("asyncio",)) == {}


def test_loops_of_anyio(suite: Suite) -> None:
    """So does one that anyio's plugin keeps, on both of its backends."""
    assert run_ways(suite, ANYIO_SCOPES, LEFT_ON_ANYIO, plugins=("anyio",)) == {}
