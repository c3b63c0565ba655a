"""SDK guards, as a user meets them: a small SDK, a real pytest in a process of its own."""

from __future__ import annotations

import pytest

from support.suite import Suite

SDK = """
    import asyncio
    CALLS = []

    def touch(name):
        CALLS.append(name)

    class Base:
        def inherited(self):
            touch("inherited"); return "inherited"

    class Client(Base):
        def plain(self, a, *, b=0):
            touch("plain"); return a + b

        async def coroutine(self):
            touch("coroutine"); await asyncio.sleep(0); return "coroutine"

        def generator(self):
            touch("generator"); got = yield 1; yield got; return "end"

        async def async_generator(self):
            touch("async_generator"); got = yield 1; yield got

        @classmethod
        def for_class(cls):
            touch("for_class"); return cls

        @staticmethod
        def static(a):
            touch("static"); return a

    class Child(Client):
        def plain(self, a, *, b=0):
            return super().plain(a, b=b) + 100

    def function(a):
        touch("function"); return a
"""

TARGETS = [
    "sdk:Client.plain",
    "sdk:Client.coroutine",
    "sdk:Client.generator",
    "sdk:Client.async_generator",
    "sdk:Client.for_class",
    "sdk:Client.static",
    "sdk:Client.inherited",
    "sdk:function",
]

# How each is called, and what it then answers.
CALLS = {
    "plain": ("sdk.Client().plain(1, b=2)", "3"),
    "child": ("sdk.Child().plain(1, b=2)", "103"),
    "coroutine": ("asyncio.run(sdk.Client().coroutine())", "'coroutine'"),
    "generator": ("drive(sdk.Client().generator())", "(1, 'sent', 'end')"),
    "async_generator": ("asyncio.run(adrive(sdk.Client().async_generator()))", "(1, 'sent')"),
    "for_class": ("sdk.Child.for_class()", "sdk.Child"),
    "static": ("sdk.Client.static(7)", "7"),
    "static of an instance": ("sdk.Client().static(7)", "7"),
    "inherited": ("sdk.Client().inherited()", "'inherited'"),
    "function": ("sdk.function(7)", "7"),
}

TESTS = """
    import asyncio, pytest, sdk

    def drive(generator):
        first = next(generator)
        second = generator.send("sent")
        with pytest.raises(StopIteration) as end:
            next(generator)
        return first, second, end.value.value

    async def adrive(generator):
        return await anext(generator), await generator.asend("sent")

    @pytest.fixture(autouse=True)
    def calls():
        sdk.CALLS.clear()

    @pytest.mark.sdk
    def test_marked():
        assert {call} == {answer}
        assert len(sdk.CALLS) == 1

    def test_unmarked():
        try:
            {call}
        finally:
            assert sdk.CALLS == []

    @pytest.mark.sdk
    def test_superfluous():
        pass

    def test_made_and_not_run():
        made = sdk.Client().coroutine()
        made.close()
        sdk.Client().generator()
        sdk.Client().async_generator()
"""


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("imported", ["before", "later"])
def test_every_kind_of_callable(suite: Suite, name: str, imported: str) -> None:
    """Each is blocked without the mark, works as before with it, and is patched whenever imported."""
    call, answer = CALLS[name]
    suite.write(
        sdk=SDK,
        conftest=("import sdk\n" if imported == "before" else "")
        + "from imbue.resource_guards.resource_guards import register_sdk_guard\n"
        + f"register_sdk_guard('sdk', targets={TARGETS})\n",
        test_it=TESTS.format(call=call, answer=answer),
    )

    outcome = suite.run()

    assert outcome["test_marked"].outcome == "passed", outcome.output
    assert "invoked 'sdk' without @pytest.mark.sdk" in outcome["test_unmarked"].text
    assert "test_it.py:" in outcome["test_unmarked"].text
    assert outcome["test_superfluous"].says_superfluous("sdk")
    assert outcome["test_made_and_not_run"].outcome == "passed"


def test_method_kinds_of_the_released_package(suite: Suite) -> None:
    """`create_sdk_method_guard` takes classes, method names and kinds as 0.1.9 does."""
    suite.write(
        sdk=SDK,
        conftest="""
            import sdk
            from imbue.resource_guards.resource_guards import MethodKind
            from imbue.resource_guards.resource_guards import create_sdk_method_guard

            create_sdk_method_guard(
                "sdk",
                [
                    (sdk.Client, "plain", MethodKind.SYNC),
                    (sdk.Client, "coroutine", MethodKind.ASYNC),
                    (sdk.Client, "async_generator", MethodKind.ASYNC_GEN),
                ],
            )
        """,
        test_it="""
            import asyncio, pytest, sdk

            async def drain(generator):
                return [each async for each in generator]

            CALLS = {
                "plain": lambda: sdk.Client().plain(1),
                "coroutine": lambda: asyncio.run(sdk.Client().coroutine()),
                "generator": lambda: asyncio.run(drain(sdk.Client().async_generator())),
            }

            @pytest.mark.parametrize("name", CALLS)
            def test_unmarked(name):
                CALLS[name]()

            @pytest.mark.sdk
            @pytest.mark.parametrize("name", CALLS)
            def test_marked(name):
                CALLS[name]()
        """,
    )

    outcome = suite.run()

    unmarked = [test for name, test in outcome.tests.items() if "unmarked" in name]
    assert len(unmarked) == 3
    assert all(test.says_missing("sdk") for test in unmarked)
    assert outcome.counts == {"failed": 3, "passed": 3}


def test_a_swallowed_block_still_fails(suite: Suite) -> None:
    """The violation is recorded before it is raised, so catching it hides nothing."""
    suite.write(
        sdk=SDK,
        conftest="""
            def pytest_register_resource_guards(registry):
                registry.register_sdk_guard("sdk", targets=["sdk:Client.plain"])
        """,
        test_it="""
            import os, pytest, sdk, threading
            from unittest import mock

            def test_except():
                try:
                    sdk.Client().plain(1)
                except Exception:
                    pass

            def test_raises():
                with pytest.raises(BaseException):
                    sdk.Client().plain(1)

            def test_cleared_environment():
                with mock.patch.dict(os.environ, clear=True), pytest.raises(Exception):
                    sdk.Client().plain(1)

            @pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
            def test_thread():
                thread = threading.Thread(target=lambda: sdk.Client().plain(1))
                thread.start()
                thread.join()
        """,
    )

    outcome = suite.run()

    assert len(outcome.tests) == 4
    assert all(test.says_missing("sdk") for test in outcome.tests.values())


def test_a_test_that_patches_the_sdk_itself(suite: Suite) -> None:
    """A mock in place of the guarded method is no use; a mock of another changes nothing."""
    suite.write(
        sdk=SDK,
        conftest="""
            def pytest_register_resource_guards(registry):
                registry.register_sdk_guard("sdk", targets=["sdk:Client.plain", "sdk:Client.inherited"])
        """,
        test_it="""
            import pytest, sdk
            from unittest import mock

            def test_guarded_method_mocked():
                with mock.patch.object(sdk.Client, "plain", return_value=5):
                    assert sdk.Client().plain(1) == 5

            def test_other_method_mocked():
                with mock.patch.object(sdk.Client, "static"), pytest.raises(Exception):
                    sdk.Client().plain(1)

            @pytest.mark.sdk
            def test_base_mocked():
                # the guard passes on to what the base class has now, not to what it had once
                with mock.patch.object(sdk.Base, "inherited", return_value=5):
                    assert sdk.Client().inherited() == 5
        """,
    )

    outcome = suite.run()

    assert outcome["test_guarded_method_mocked"].outcome == "passed"
    assert outcome["test_other_method_mocked"].says_missing("sdk")
    assert outcome["test_base_mocked"].outcome == "passed"


def test_a_mark_added_while_the_test_runs(suite: Suite) -> None:
    """`request.node.add_marker` in a fixture or test counts from then on."""
    suite.write(
        sdk=SDK,
        conftest="""
            def pytest_register_resource_guards(registry):
                registry.register_sdk_guard("sdk", targets=["sdk:Client.plain"])
        """,
        test_it="""
            import pytest, sdk

            @pytest.fixture
            def marking(request):
                request.node.add_marker("sdk")

            def test_by_fixture(marking):
                sdk.Client().plain(1)

            def test_by_itself(request):
                request.node.add_marker(pytest.mark.sdk)
                sdk.Client().plain(1)

            def test_superfluous(marking):
                pass
        """,
    )

    outcome = suite.run()

    assert outcome["test_by_fixture"].outcome == "passed"
    assert outcome["test_by_itself"].outcome == "passed"
    assert outcome["test_superfluous"].says_superfluous("sdk")


def test_a_mark_of_the_module_that_changes_between_tests(suite: Suite) -> None:
    """Each test is judged by the marks that its module has then, also if one replaces another."""
    suite.write(
        sdk=SDK,
        conftest="""
            import pytest

            def pytest_register_resource_guards(registry):
                registry.register_sdk_guard("sdk", targets=["sdk:Client.plain"])

            def pytest_runtest_logstart(nodeid):
                replace(nodeid.endswith("marked"))

            def pytest_collection_finish(session):
                global replace
                marks = session.items[0].parent.own_markers
                def replace(by_sdk):
                    marks[:] = [(pytest.mark.sdk if by_sdk else pytest.mark.usefixtures()).mark]
        """,
        test_it="""
            import pytest, sdk

            pytestmark = pytest.mark.usefixtures()

            def test_plain():
                pass

            def test_marked():
                sdk.Client().plain(1)

            def test_missing():
                sdk.Client().plain(1)
        """,
    )

    outcome = suite.run()

    assert outcome["test_plain"].outcome == outcome["test_marked"].outcome == "passed"
    assert outcome["test_missing"].says_missing("sdk")


def test_only_some_calls_are_uses(suite: Suite) -> None:
    """A target's `when` lets other calls of the same method pass."""
    suite.write(
        sdk=SDK,
        conftest="""
            from imbue.resource_guards.resource_guards import SdkTarget

            def pytest_register_resource_guards(registry):
                target = SdkTarget(owner="sdk", attribute="function", when=lambda a: a == "remote")
                registry.register_sdk_guard("sdk", targets=[target])
        """,
        test_it="""
            import sdk

            def test_local():
                assert sdk.function("local") == "local"

            def test_remote():
                sdk.function("remote")
        """,
    )

    outcome = suite.run()

    assert outcome["test_local"].outcome == "passed"
    assert outcome["test_remote"].says_missing("sdk")


def test_the_sdk_is_as_it_was_when_the_run_is_over(suite: Suite) -> None:
    """Every class and module has its own entries again, or none where it had none."""
    suite.write(
        sdk=SDK,
        conftest=f"""
            import sdk
            from imbue.resource_guards.resource_guards import stop_resource_guards

            BEFORE = dict(vars(sdk.Client)), sdk.function

            def pytest_register_resource_guards(registry):
                registry.register_sdk_guard("sdk", targets={TARGETS})

            def pytest_unconfigure(config):
                assert "inherited" not in vars(sdk.Client)
                assert (dict(vars(sdk.Client)), sdk.function) == BEFORE
                print("all as it was")
        """,
        test_it="""
            import sdk

            def test_it():
                assert "inherited" in vars(sdk.Client)
        """,
    )

    assert "all as it was" in suite.run("-s").output


def test_enforcing_a_name_that_is_not_guarded(suite: Suite) -> None:
    """A patch that names another resource than it was registered for fails, and says which exist."""
    suite.write(
        conftest="""
            from imbue.resource_guards import resource_guards
            resource_guards.register_sdk_guard("my-sdk", lambda: None, lambda: None)
        """,
        test_it="""
            import pytest
            from imbue.resource_guards.resource_guards import enforce_sdk_guard

            def test_wrong():
                enforce_sdk_guard("other")

            @pytest.mark.my_sdk
            def test_by_name():
                enforce_sdk_guard("my-sdk")

            @pytest.mark.my_sdk
            def test_by_mark():
                enforce_sdk_guard("my_sdk")
        """,
    )

    outcome = suite.run()

    assert (
        "no resource of this name is guarded. Guarded resources: 'my-sdk'"
        in outcome["test_wrong"].text
    )
    assert outcome["test_by_name"].outcome == "passed"
    assert outcome["test_by_mark"].outcome == "passed"


def test_a_call_that_was_let_through_lets_no_other_test_through(suite: Suite) -> None:
    """After the first call in a test the next ones take a short way, which ends with the test."""
    suite.write(
        conftest="""
            def pytest_register_resource_guards(registry):
                registry.register_sdk_guard("sdk", targets=["sdk:call", "sdk:acall", "sdk:items"])
        """,
        sdk="""
            def call(): return 1
            async def acall(): return 2
            def items(): yield 3
        """,
        test_it="""
            import asyncio, threading, pytest, sdk

            def use():
                assert sdk.call() == 1
                assert asyncio.run(sdk.acall()) == 2
                assert list(sdk.items()) == [3]

            def blocked(function):
                with pytest.raises(Exception, match="without @pytest.mark.sdk"):
                    function()

            @pytest.mark.sdk
            def test_marked():
                use()
                use()

            def test_unmarked():
                for function in (sdk.call, lambda: asyncio.run(sdk.acall()), lambda: [*sdk.items()]):
                    blocked(function)
                    blocked(function)

            @pytest.mark.sdk
            def test_marked_again():
                use()

            @pytest.fixture(scope="module")
            def shared():
                sdk.call()  # which one of the tests of this module may

            def test_in_a_fixture(shared):
                pass

            def test_in_a_thread_of_another_test(request):
                thread = threading.Thread(target=sdk.call)
                thread.start()
                thread.join()

            @pytest.mark.sdk
            def test_while_an_earlier_thread_calls(request):
                sdk.call()
        """,
    )

    outcome = suite.run()

    assert outcome["test_marked"].outcome == "passed", outcome.output
    assert outcome["test_unmarked"].says_missing("sdk"), outcome.output
    assert outcome["test_marked_again"].outcome == "passed", outcome.output
    assert outcome["test_in_a_fixture"].says_missing("sdk"), outcome.output
    assert outcome["test_in_a_thread_of_another_test"].says_missing("sdk"), outcome.output
    assert outcome["test_while_an_earlier_thread_calls"].outcome == "passed", outcome.output


def test_further_calls_by_name_are_still_those_of_whoever_makes_them(suite: Suite) -> None:
    """After one call has been let through, another test's is stopped, in whatever context it is made."""
    suite.write(
        conftest="""
            def pytest_register_resource_guards(registry):
                registry.register_sdk_guard("own", lambda: None, lambda: None)
        """,
        test_it="""
            import contextvars, threading
            import pytest
            from imbue.resource_guards.resource_guards import enforce_sdk_guard

            CONTEXTS, BEGUN, GATE, DONE = [], *(threading.Event() for _ in range(3))

            def twice():
                enforce_sdk_guard("own")
                enforce_sdk_guard("own")

            def late():
                twice()
                BEGUN.set()
                GATE.wait(30)
                twice()
                DONE.set()

            @pytest.mark.own
            def test_marked():
                threading.Thread(target=late).start()
                assert BEGUN.wait(30)
                twice()
                CONTEXTS.append(contextvars.copy_context())
                CONTEXTS[0].run(twice)

            def test_unmarked(): twice()

            def test_unmarked_in_an_older_context(): CONTEXTS[0].run(twice)

            def test_innocent():
                GATE.set()
                assert DONE.wait(30)

            @pytest.mark.own
            def test_superfluous(): pass
        """,
    )

    outcome = suite.run()

    assert outcome["test_unmarked"].says_missing("own")
    assert outcome["test_unmarked_in_an_older_context"].says_missing("own")
    assert outcome["test_superfluous"].says_superfluous("own")
    assert outcome.counts == {"passed": 2, "failed": 3}, outcome.output


def test_calls_of_a_thread_that_is_older_than_the_session(suite: Suite) -> None:
    """It names no test of a pytest within pytest: each test there answers for what it makes the thread do."""
    suite.write(
        sdk="def send(): pass",
        work="""
            import queue

            ASKED, DONE = queue.Queue(), queue.Queue()

            def do(function):
                ASKED.put(function)
                DONE.get(timeout=30)

            def work():
                while function := ASKED.get():
                    try:
                        function()
                    except Exception as error:
                        DONE.put(error)
                    else:
                        DONE.put(None)
        """,
        test_outer="""
            import contextvars, threading
            import pytest, work

            pytest_plugins = ["pytester"]

            @pytest.mark.parametrize("own", [False, True], ids=["handed over", "of its own"])
            def test_outer(pytester, own):
                run = contextvars.copy_context().run if own else lambda function: function()
                thread = threading.Thread(target=run, args=(work.work,))
                thread.start()
                pytester.makeconftest('''if True:
                    def pytest_register_resource_guards(registry):
                        registry.register_sdk_guard("own", lambda: None, lambda: None)
                        registry.register_sdk_guard("sdk", targets=["sdk:send"])
                ''')
                pytester.makepyfile(test_inner='''
                    import pytest, sdk, work
                    from imbue.resource_guards.resource_guards import enforce_sdk_guard

                    @pytest.mark.own
                    def test_own(): work.do(lambda: enforce_sdk_guard("own"))

                    def test_own_unmarked(): work.do(lambda: enforce_sdk_guard("own"))

                    @pytest.mark.sdk
                    def test_sdk(): work.do(sdk.send)

                    def test_sdk_unmarked(): work.do(sdk.send)
                ''')
                result = pytester.runpytest_inprocess("-presource_guards")
                work.ASKED.put(None)
                thread.join()
                result.assert_outcomes(passed=2, failed=2)
        """,
        conftest="""
            def pytest_register_resource_guards(registry):
                registry.register_resource_guard("tool")
        """,
    )

    outcome = suite.run()

    assert outcome.counts == {"passed": 2}, outcome.output
