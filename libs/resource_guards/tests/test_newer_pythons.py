"""What Python 3.14 and 3.15 do in another way than before, each by its name."""

from __future__ import annotations

import sys

import pytest

from support.handing_over import fixture
from support.handing_over import run_ways
from support.suite import Suite

FROM_14 = pytest.mark.skipif(sys.version_info < (3, 14), reason="it comes with Python 3.14")
FROM_15 = pytest.mark.skipif(sys.version_info < (3, 15), reason="it comes with Python 3.15")

CONFTEST = """
    def pytest_register_resource_guards(registry):
        registry.register_resource_guard("tool")
        registry.register_sdk_guard("sdk", targets=["sdk:Client.send", "sdk:send"])
"""

SDK = """
    class Client:
        def send(self): return "sent"

    def send(): return "sent"
"""

VERDICTS = ("test_innocent", "test_marked", "test_unmarked", "test_superfluous")


def check(suite: Suite, *arguments: str, mark: str = "tool", fresh: bool = False) -> None:
    """Run a suite with the four tests of `VERDICTS`, and look at what became of each."""
    outcome = suite.run(*arguments, fresh=fresh)

    assert set(VERDICTS) == set(outcome.tests), outcome.output
    assert outcome["test_innocent"].outcome == "passed", outcome.output
    assert outcome["test_marked"].outcome == "passed", outcome.output
    assert outcome["test_unmarked"].says_missing(mark), outcome.output
    assert outcome["test_superfluous"].says_superfluous(mark), outcome.output


WORKERS_WITHOUT_METHOD = {
    "ProcessPoolExecutor": "with ProcessPoolExecutor(1) as pool: pool.submit(function).result(60)",
    "a pool of all tests": "POOL.submit(function).result(60)",
    "Process": "process = Process(target=function); process.start(); process.join(60)",
}


@pytest.mark.parametrize("way", WORKERS_WITHOUT_METHOD)
@pytest.mark.parametrize(
    "method", [pytest.param("as it comes", marks=FROM_14), "forkserver", "spawn"]
)
def test_programs_of_workers(suite: Suite, way: str, method: str) -> None:
    """A worker's program counts for the test that gave it the work, also where a fork server outlives tests."""
    suite.tool()
    choice = "" if method == "as it comes" else f"multiprocessing.set_start_method({method!r})"
    suite.write(
        conftest=f"""
            import multiprocessing
            {choice}

            def pytest_register_resource_guards(registry):
                registry.register_resource_guard("tool")
        """,
        work="""
            import subprocess

            def start():
                subprocess.run(["tool"], check=True)

            def rest():
                pass
        """,
        test_it=f"""
            import multiprocessing
            from concurrent.futures import ProcessPoolExecutor
            from multiprocessing import Process
            import pytest, work

            POOL = ProcessPoolExecutor(1)

            def teardown_module():
                POOL.shutdown()

            def hand_over(function):
                {WORKERS_WITHOUT_METHOD[way]}

            def test_innocent():
                hand_over(work.rest)
                assert multiprocessing.get_start_method() == {method.replace("as it comes", "forkserver")!r}

            @pytest.mark.tool
            def test_marked():
                hand_over(work.start)

            def test_unmarked():
                hand_over(work.start)

            @pytest.mark.tool
            def test_superfluous():
                hand_over(work.rest)
        """,
    )

    check(suite)
    assert suite.runs_of() == [""]


INTERPRETERS = {
    "exec": "interpreter.exec(PATH + 'import work; work.' + name + '()')",
    "call": "interpreter.exec(PATH); interpreter.call(getattr(work, name))",
    "call_in_thread": "interpreter.exec(PATH); interpreter.call_in_thread(getattr(work, name)).join()",
    "a thread that runs it": """
thread = threading.Thread(target=interpreter.exec, args=(PATH + 'import work; work.' + name + '()',))
thread.start()
thread.join()
""",
}


@FROM_14
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("way", INTERPRETERS)
@pytest.mark.parametrize("mark", ["tool", "sdk"])
def test_interpreters(suite: Suite, way: str, mark: str) -> None:
    """What another interpreter of this process does counts for the test that has it done."""
    suite.tool()
    call = INTERPRETERS[way].strip().replace("\n", "\n                ")
    suite.write(
        conftest=CONFTEST,
        sdk=SDK,
        work="""
            import subprocess

            def use_tool():
                try:
                    subprocess.run(["tool"], check=True)
                except Exception:
                    pass

            def use_sdk():
                import sdk
                try:
                    sdk.Client().send()
                except Exception:
                    pass

            def rest():
                pass
        """,
        test_it=f"""
            import os, threading
            from concurrent import interpreters
            import pytest, work

            PATH = f"import sys; sys.path.insert(0, {{os.getcwd()!r}}); "
            interpreter = interpreters.create()

            def run(name):
                {call}

            def test_innocent():
                run("rest")

            @pytest.mark.{mark}
            def test_marked():
                run("use_{mark}")

            def test_unmarked():
                run("use_{mark}")

            @pytest.mark.{mark}
            def test_superfluous():
                run("rest")
        """,
    )

    check(suite, mark=mark)
    assert suite.runs_of() == ([""] if mark == "tool" else [])


INHERITING = {
    "Thread": fixture(
        """
        def hand(function):
            thread = threading.Thread(target=function)
            thread.start()
            thread.join()
        yield hand
        """
    ),
    "Thread with a context": fixture(
        """
        kept = contextvars.copy_context()
        def hand(function):
            thread = threading.Thread(target=function, context=kept)
            thread.start()
            thread.join()
        yield hand
        """
    ),
    "Thread with an empty context": fixture(
        """
        def hand(function):
            thread = threading.Thread(target=function, context=contextvars.Context())
            thread.start()
            thread.join()
        yield hand
        """
    ),
    "ThreadPoolExecutor": fixture(
        """
        with futures.ThreadPoolExecutor(1) as pool:
            yield lambda function: pool.submit(function).result(20)
        """
    ),
    "a thread of a thread": fixture(
        """
        def hand(function):
            def begin():
                inner = threading.Thread(target=function)
                inner.start()
                inner.join()
            outer = threading.Thread(target=begin)
            outer.start()
            outer.join()
        yield hand
        """
    ),
    "_thread": fixture(
        """
        import _thread
        def hand(function):
            done = threading.Event()
            _thread.start_new_thread(lambda: (function(), done.set()), ())
            wait_for(done)
        yield hand
        """
    ),
}

LEFT_IN_THREADS = {
    "a thread that waits": """
GATES = []
def leave(function):
    gate, done = threading.Event(), threading.Event()
    def run():
        gate.wait(30)
        function()
        done.set()
    threading.Thread(target=run).start()
    GATES.append((gate, done))

def let_go():
    gate, done = GATES.pop()
    gate.set()
    wait_for(done)
"""
}


@FROM_14
@pytest.mark.parametrize("inherit", ["0", "1"])
def test_threads_that_inherit_contexts(
    suite: Suite, monkeypatch: pytest.MonkeyPatch, inherit: str
) -> None:
    """Whether a thread begins with its starter's context or an empty one, it acts for its starter."""
    monkeypatch.setenv("PYTHON_THREAD_INHERIT_CONTEXT", inherit)
    seen = {
        "the flag": fixture(
            f"""
            import sys
            assert sys.flags.thread_inherit_context == {inherit}
            yield lambda function: function()
            """
        )
    }

    assert run_ways(suite, {**seen, **INHERITING}, LEFT_IN_THREADS) == {}


LAZY = {
    "all imports": ("", "import sdk", "sdk.Client().send()"),
    "all imports, by name": ("", "from sdk import Client", "Client().send()"),
    "all imports, a function": ("", "from sdk import send", "send()"),
    "a statement": ("normal", "lazy import sdk", "sdk.Client().send()"),
    "a statement, by name": ("normal", "lazy from sdk import Client", "Client().send()"),
    "a statement, a function": ("normal", "lazy from sdk import send", "send()"),
    "named modules": ("normal", '__lazy_modules__ = ["sdk"]\nimport sdk', "sdk.send()"),
}


PLAIN = ("--assert=plain",)
"""Where it rewrites assertions, pytest 9.2 cannot be imported lazily: its finder imports while it looks for modules."""


@FROM_15
@pytest.mark.parametrize("way", LAZY)
@pytest.mark.parametrize("fresh", [False, True], ids=["imported pytest", "fresh"])
def test_lazy_imports(
    suite: Suite, monkeypatch: pytest.MonkeyPatch, way: str, *, fresh: bool
) -> None:
    """A guarded SDK is seen though a test module imports it when the test first uses it; so with all imports lazy."""
    everywhere, statement, use = LAZY[way]
    monkeypatch.setenv("PYTHON_LAZY_IMPORTS", everywhere or "all")
    suite.write(conftest=CONFTEST, sdk=SDK)
    suite.tool()
    suite.write_files(
        {
            "test_it.py": f"""
{statement}
import pytest

def test_innocent():
    pass

@pytest.mark.sdk
def test_marked():
    assert {use} == "sent"

def test_unmarked():
    {use}

@pytest.mark.sdk
def test_superfluous():
    pass
"""
        }
    )

    check(suite, *PLAIN, mark="sdk", fresh=fresh)


@FROM_15
@pytest.mark.parametrize("workers", [(), ("-n2",)], ids=["one process", "two workers"])
def test_all_of_the_plugin_with_lazy_imports(
    suite: Suite, monkeypatch: pytest.MonkeyPatch, workers: tuple[str, ...]
) -> None:
    """Programs, child Pythons, addresses, the report and the fix work where all imports are lazy."""
    monkeypatch.setenv("PYTHON_LAZY_IMPORTS", "all")
    suite.tool()
    suite.write(
        conftest="""
            def pytest_register_resource_guards(registry):
                registry.register_resource_guard("tool")
                registry.register_sdk_guard("sdk", targets=["sdk:Client.send"])
                registry.register_address_guard("server", "127.0.0.1:9")
        """,
        sdk=SDK,
        test_it="""
            import socket, subprocess, sys, threading
            import pytest

            CHILD = "import sdk, subprocess; sdk.Client().send(); subprocess.run(['tool'], check=True)"

            def connect():
                try:
                    socket.create_connection(("127.0.0.1", 9), 5).close()
                except OSError:
                    pass

            @pytest.mark.tool
            @pytest.mark.sdk
            def test_marked():
                subprocess.run([sys.executable, "-c", CHILD], check=True)

            def test_unmarked():
                subprocess.run([sys.executable, "-c", CHILD], check=False)

            @pytest.mark.server
            def test_connects():
                connect()

            def test_connects_unmarked():
                connect()

            def test_thread_unmarked():
                thread = threading.Thread(target=lambda: subprocess.run(["tool"]))
                thread.start()
                thread.join()

            @pytest.mark.tool
            def test_superfluous():
                pass
        """,
    )

    arguments = ("--resource-guards-report", "--resource-guards-json=report.json")
    outcome = suite.run(*arguments, *PLAIN, *workers, "-Wignore", fresh=True)

    assert outcome["test_marked"].outcome == "passed", outcome.output
    assert outcome["test_unmarked"].says_missing("sdk"), outcome.output
    assert outcome["test_connects"].outcome == "passed", outcome.output
    assert outcome["test_connects_unmarked"].says_missing("server"), outcome.output
    assert outcome["test_thread_unmarked"].says_missing(), outcome.output
    assert outcome["test_superfluous"].says_superfluous(), outcome.output
    assert (suite.path / "report.json").exists()

    outcome = suite.run("--resource-guards-fix=diff", *PLAIN, *workers, "-Wignore", fresh=True)
    assert "+@pytest.mark.server" in outcome.output, outcome.output


@FROM_14
def test_annotations_are_not_evaluated(suite: Suite) -> None:
    """Tests, fixtures, probes, guarded functions and what an entry point calls may be annotated with unknown names."""
    suite.tool()
    suite.write(
        conftest="""
            import pytest

            def pytest_register_resource_guards(registry: Registry) -> Nothing[int]:
                registry.register_resource_guard("tool")
                registry.register_probe("tool", there)
                registry.register_sdk_guard(
                    "sdk", targets=["sdk:Client.send", "sdk:send", "sdk:wait", "sdk:each"]
                )

            def there() -> Unknown.name:
                return None

            @pytest.fixture
            def made(request: Request) -> Made:
                yield 1
        """,
        sdk="""
            from dataclasses import dataclass

            @dataclass
            class Client:
                name: str = ""
                def send(self, to: Address = None) -> Answer: return "sent"

            def send(to: Address = None) -> Answer: return "sent"
            async def wait(to: Address) -> Answer: return "sent"
            def each(to: Address) -> Answers: yield "sent"
        """,
        test_it="""
            import annotationlib, subprocess
            import pytest, sdk

            def test_innocent(made: Made) -> Nothing:
                for function in (sdk.Client.send, sdk.send, sdk.wait, sdk.each):
                    texts = annotationlib.get_annotations(function, format=annotationlib.Format.STRING)
                    assert texts["to"] == "Address"

            @pytest.mark.tool
            @pytest.mark.sdk
            def test_marked(made: Made):
                subprocess.run(["tool"], check=True)
                assert sdk.Client().send() == sdk.send() == "sent"

            def test_unmarked(made: Made) -> Nothing:
                subprocess.run(["tool"], check=True)

            @pytest.mark.tool
            def test_superfluous(made: Made) -> Nothing:
                pass
        """,
    )

    check(suite, "--resource-guards-report")


@FROM_14
def test_an_entry_point_with_annotations_that_name_nothing(
    suite: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A package's function that registers guards is asked what it takes, and not what of what kind."""
    monkeypatch.syspath_prepend(suite.path)
    suite.tool()
    suite.write(
        guards="""
            def register(registry: Registry) -> Nothing:
                registry.register_resource_guard("tool")
        """,
        test_it="""
            import subprocess

            def test_unmarked():
                subprocess.run(["tool"])
        """,
    )
    suite.write_files(
        {
            "some_guards-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: some-guards\nVersion: 1.0\n",
            "some_guards-1.0.dist-info/entry_points.txt": "[resource_guards]\nsome = guards:register\n",
            "pytest.ini": "[pytest]\nresource_guards = some\n",
        }
    )
    monkeypatch.setenv("PYTHONPATH", str(suite.path))

    outcome = suite.run(fresh=True)

    assert outcome["test_unmarked"].says_missing(), outcome.output


def test_what_stands_before_functions_takes_what_they_take(suite: Suite) -> None:
    """Of Python's own functions, none of any version takes an argument that ours refuses, or lets through unseen."""
    suite.tool()
    suite.write(
        conftest="""
            def pytest_register_resource_guards(registry):
                registry.register_resource_guard("tool")
                registry.register_address_guard("server", "db.example:9")
        """,
        test_it="""
            import asyncio, concurrent.futures, inspect, multiprocessing.pool, multiprocessing.spawn
            import os, socket, ssl, subprocess, sys, threading, types
            import _posixsubprocess, _socket, _thread
            from imbue.resource_guards.intercept import start_functions
            from imbue.resource_guards.intercept import start_arguments

            OURS = os.path.dirname(os.path.dirname(start_functions.__file__))
            KINDS = inspect.Parameter

            def replaced():
                seen = set()
                for module in list(sys.modules.values()):
                    if module.__name__.startswith(("imbue.", "_pytest.")):
                        continue
                    classes = [each for each in list(vars(module).values()) if isinstance(each, type)]
                    for space in (module, *classes):
                        for name, value in list(vars(space).items()):
                            if not isinstance(value, types.FunctionType) or id(value) in seen:
                                continue
                            old = vars(value).get("__wrapped__")
                            if old is not None and value.__code__.co_filename.startswith(OURS):
                                seen.add(id(value))
                                yield f"{space.__name__}.{name}", value, old

            def parameters(function):
                try:
                    return list(inspect.signature(function, follow_wrapped=False).parameters.values())
                except ValueError:
                    return []  # of C, and does not say

            def refused(own, old):
                takes_all = any(each.kind is KINDS.VAR_POSITIONAL for each in own)
                takes_names = any(each.kind is KINDS.VAR_KEYWORD for each in own)
                names = [each.name for each in own]
                for at, each in enumerate(old):
                    if each.kind is KINDS.KEYWORD_ONLY:
                        if not takes_names and each.name not in names:
                            yield each.name
                    elif not takes_all and not at < len(own):
                        yield each.name
                    elif each.kind is KINDS.POSITIONAL_OR_KEYWORD and not takes_names:
                        if each.name not in names:
                            yield each.name

            def options(text):
                # Also of those whose defaults `inspect` cannot read.
                words = [each.split("=")[0].strip() for each in text.strip("()").split(",")]
                words = [each for each in words if each and each.isidentifier()]
                _, star, named = text.partition("*, ")
                by_name = [each for each in words if star and f"{each}=" in named]
                return [each for each in words if each not in by_name and each != "$module"], by_name

            def test_it():
                found = {name: (parameters(new), parameters(old)) for name, new, old in replaced()}
                assert {"socket.__init__", "Thread.start", "BaseEventLoop.create_task"} <= set(found)
                assert {"os.posix_spawn", "posix.posix_spawn"} & set(found)
                wrong = {name: list(refused(*each)) for name, each in found.items()}
                assert {name: each for name, each in wrong.items() if each} == {}

            def test_names():
                tables = {
                    "posix_spawn": start_arguments.SPAWN, "posix_spawnp": start_arguments.SPAWN,
                    "execv": start_arguments.EXECV, "execve": start_arguments.EXECVE,
                    "system": start_arguments.SYSTEM,
                }
                assert set(tables) == set(start_functions.NAMES)
                for name, takes in tables.items():
                    text = getattr(os, name).__wrapped__.__text_signature__
                    names, by_name = options(text)
                    assert takes.names == tuple(names), name
                    assert takes._options == set(by_name), name
                    assert takes.by_name == ("/, path" in text or "/, command" in text), name
        """,
    )

    outcome = suite.run()

    assert outcome.outcomes == {"test_it": "passed", "test_names": "passed"}, outcome.output


def test_what_a_failure_shows(suite: Suite) -> None:
    """It names the line of the use, in a call of several lines and behind a comprehension, and no frame of ours."""
    suite.guard_tool()
    suite.write(
        test_it="""
            import subprocess
            from concurrent.futures import ThreadPoolExecutor

            def test_unmarked():
                [
                    subprocess.run(
                        [
                            "tool",
                        ],
                    )
                    for _ in range(1)
                ]

            def test_in_thread():
                with ThreadPoolExecutor(1) as pool:
                    pool.submit(
                        subprocess.run, ["tool"]
                    ).result(30)

            def test_in_group():
                try:
                    subprocess.run(["tool"])
                except Exception as error:
                    raise ExceptionGroup("several", [error])
        """
    )

    for style in ("long", "short"):
        outcome = suite.run(f"--tb={style}")
        for name, line in {"test_unmarked": 7, "test_in_group": 23}.items():
            assert outcome[name].says_missing(), outcome.output
            assert f"test_it.py:{line}" in outcome[name].text, outcome.output
            frames = [each for each in outcome[name].text.splitlines() if "imbue/resource" in each]
            assert frames == [], outcome.output
        assert outcome["test_in_thread"].says_missing(), outcome.output
