"""SDK guards of what is rarely guarded: objects that are called, objects at hand, whole modules."""

from __future__ import annotations

import pytest

from support.suite import Suite

SDK = """
    CALLS = []

    class Answering:
        def __call__(self, value):
            CALLS.append(value)
            return value

    class Base:
        inherited_object = Answering()

        @staticmethod
        def inherited_static(value):
            CALLS.append(value)
            return value

    class Client(Base):
        own_object = Answering()

        def send(self, value):
            CALLS.append(value)
            return self, value

        @classmethod
        def of_class(cls, value):
            CALLS.append(value)
            return cls, value

        async def stream(self):
            CALLS.append("stream")
            for number in (1, 2):
                try:
                    yield number
                except KeyError as error:
                    yield error

    CLIENT = Client()
    OTHER = Client()

    def send(value):
        CALLS.append(value)
        return value
"""

TESTS = """
    import asyncio, pytest, sdk

    async def drive(stream):
        first, error = await anext(stream), KeyError("thrown")
        assert await stream.athrow(error) is error
        second = await anext(stream)
        await stream.aclose()
        return first, second

    def test_unmarked():
        del sdk.CALLS[:]
        try:
            {call}
        finally:
            assert sdk.CALLS == []

    @pytest.mark.sdk
    def test_superfluous():
        sdk.OTHER.send(1)

    @pytest.mark.sdk
    def test_marked():
        assert {call} == {answer}
"""


@pytest.mark.parametrize(
    ("target", "call", "answer"),
    [
        ("Client.own_object", "sdk.Client().own_object(7)", "7"),
        ("Client.own_object", "sdk.Client.own_object(7)", "7"),
        ("Client.inherited_object", "sdk.Client().inherited_object(7)", "7"),
        ("Client.inherited_static", "sdk.Client().inherited_static(7)", "7"),
        ("Client.inherited_static", "sdk.Client.inherited_static(7)", "7"),
        ("Client.stream", "asyncio.run(drive(sdk.Client().stream()))", "(1, 2)"),
        ("CLIENT.send", "sdk.CLIENT.send(7)", "(sdk.CLIENT, 7)"),
        ("CLIENT.of_class", "sdk.CLIENT.of_class(7)", "(sdk.Client, 7)"),
        ("CLIENT.inherited_static", "sdk.CLIENT.inherited_static(7)", "7"),
        ("CLIENT.own_object", "sdk.CLIENT.own_object(7)", "7"),
    ],
)
def test_what_is_called(suite: Suite, target: str, call: str, answer: str) -> None:
    """It is blocked without the mark, and answers as ever with it."""
    suite.write(
        sdk=SDK,
        conftest=f"""
            from imbue.resource_guards.resource_guards import register_sdk_guard
            register_sdk_guard("sdk", targets=["sdk:{target}"])
        """,
        test_it=TESTS.format(call=call, answer=answer),
    )

    outcome = suite.run()

    assert outcome["test_marked"].outcome == "passed", outcome.output
    assert outcome["test_unmarked"].says_missing("sdk"), outcome.output
    assert outcome["test_superfluous"].says_superfluous("sdk"), outcome.output


def test_an_object_that_cannot_be_changed(suite: Suite) -> None:
    """A target in an object without attributes of its own is a usage error that says so."""
    suite.write(
        sdk="NUMBER = 7",
        conftest="""
            import sdk
            from imbue.resource_guards.resource_guards import register_sdk_guard
            register_sdk_guard("sdk", targets=["sdk:NUMBER.bit_length"])
        """,
        test_it="def test_never(): pass",
    )

    outcome = suite.run()

    assert outcome.code == pytest.ExitCode.USAGE_ERROR, outcome.output
    assert "sdk:NUMBER.bit_length cannot be patched" in outcome.output


def test_a_module_at_hand_is_guarded_in_children(suite: Suite) -> None:
    """A function of a module that is given as an object is seen in a child Python too."""
    suite.write(
        sdk=SDK,
        conftest="""
            import sdk
            from imbue.resource_guards.resource_guards import MethodKind, create_sdk_method_guard
            create_sdk_method_guard("sdk", [(sdk, "send", MethodKind.SYNC)])
        """,
        test_it="""
            import subprocess, sys, pytest

            def send():
                return subprocess.run([sys.executable, "-c", "import sdk; sdk.send(1)"]).returncode

            @pytest.mark.sdk
            def test_marked():
                assert send() == 0

            def test_unmarked():
                assert send() != 0
        """,
    )

    outcome = suite.run()

    assert outcome["test_marked"].outcome == "passed", outcome.output
    assert outcome["test_unmarked"].says_missing("sdk")


def test_an_install_function_that_is_interrupted(suite: Suite) -> None:
    """The run ends as by any interrupt, with nothing left, and is told of no misconfiguration."""
    suite.guard_tool()
    suite.write(
        conftest="""
            from imbue.resource_guards.resource_guards import register_resource_guard
            from imbue.resource_guards.resource_guards import register_sdk_guard

            def install():
                raise KeyboardInterrupt

            register_resource_guard("tool")
            register_sdk_guard("sdk", install, print)
        """,
        test_it="def test_never(): pass",
    )

    outcome = suite.run()

    assert outcome.code == pytest.ExitCode.INTERRUPTED, outcome.output
    assert "its install function" not in outcome.output
    assert suite.leftovers() == []


def test_functions_of_a_guard_that_use_pools(suite: Suite) -> None:
    """What installs and takes out a guard may use threads and processes of pools."""
    suite.write(
        conftest="""
            import pathlib
            from concurrent.futures import ProcessPoolExecutor
            from multiprocessing.pool import ThreadPool
            from imbue.resource_guards.resource_guards import register_sdk_guard

            def use_pools(name):
                with ThreadPool(1) as threads, ProcessPoolExecutor(1) as processes:
                    lengths = threads.map(len, ["a"]), processes.submit(len, "ab").result()
                pathlib.Path(name).write_text(str(lengths))

            register_sdk_guard("sdk", lambda: use_pools("in"), lambda: use_pools("out"))
        """,
        test_it="def test_it(): pass",
    )

    outcome = suite.run()

    assert outcome.code == 0, outcome.output
    for name in ("in", "out"):
        assert (suite.path / name).read_text() == "([1], 2)"
