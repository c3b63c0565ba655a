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


def guarding(*targets: str) -> str:
    """A conftest that guards some targets of an SDK."""
    return f"""
        from imbue.resource_guards.resource_guards import SdkTarget, register_sdk_guard
        register_sdk_guard("sdk", targets=[{", ".join(targets)}])
    """


IMPORTS = """
    import pytest

    def test_unmarked():
        import sdk
        sdk.send()

    @pytest.mark.sdk
    def test_marked():
        import sdk
        assert sdk.send() == 7
"""


@pytest.mark.parametrize(
    ("files", "says"),
    [
        (
            {
                "sdk/__init__.py": """
                    import importlib

                    def __getattr__(name):
                        if name != "send":
                            raise AttributeError(name)
                        return importlib.import_module("sdk._impl").send
                """,
                "sdk/_impl.py": "def send(): return 7",
            },
            "Name it where it is defined: sdk._impl:send.",
        ),
        ({"sdk/_impl.py": "def send(): return 7"}, "Name a module in it."),
        ({"sdk.py": "class send: pass"}, "Name the method that all its calls go through"),
    ],
    ids=["PEP 562", "namespace package", "class"],
)
def test_what_is_refused(suite: Suite, files: dict[str, str], says: str) -> None:
    """The run says once, in a line, what to name instead."""
    suite.write_files(files)
    suite.write(conftest=guarding('"sdk:send"'), test_it=IMPORTS)

    outcome = suite.run()

    assert outcome.code != 0
    assert says in outcome.output
    assert "Traceback" not in outcome.output


def test_an_optional_class_that_is_missing(suite: Suite) -> None:
    """Its `__init__` is missing with it, and so is that of one that is `None` without some extra."""
    suite.write(
        sdk="""
            Extra = None
            def send():
                return 7
        """,
        conftest=guarding(
            '"sdk:send"',
            'SdkTarget(owner="sdk:Gone", attribute="__init__", optional=True)',
            'SdkTarget(owner="sdk:Extra", attribute="__init__", optional=True)',
        ),
        test_it=IMPORTS,
    )

    outcome = suite.run()

    assert outcome["test_marked"].outcome == "passed", outcome.output
    assert outcome["test_unmarked"].says_missing("sdk"), outcome.output
    for name in ("Gone", "Extra"):
        assert f"sdk:{name}.__init__ is missing in sdk" in outcome.output


def test_modules_that_tests_load_anew(suite: Suite) -> None:
    """Each copy is guarded, in child Pythons too, and goes when the test lets it go."""
    suite.write(
        sdk="class Client:\n    def send(self): return 7\nsend = Client().send",
        conftest=guarding('"sdk:Client.send"'),
        test_it="""
            import gc, importlib.util, subprocess, sys, weakref
            import pytest

            LOAD = '''
            import importlib.util
            spec = importlib.util.spec_from_file_location("sdk", "sdk.py")
            sdk = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(sdk)
            sdk.send()
            '''.replace("            ", "")

            def test_unmarked():
                exec(LOAD, {})

            def test_unmarked_in_a_child():
                assert subprocess.run([sys.executable, "-c", LOAD]).returncode == 0

            @pytest.mark.sdk
            def test_marked():
                exec(LOAD, names := {})
                client = weakref.ref(names.pop("sdk").Client)
                gc.collect()
                assert client() is None

            @pytest.mark.sdk
            def test_marked_in_a_child():
                assert subprocess.run([sys.executable, "-c", LOAD]).returncode == 0
        """,
    )

    outcome = suite.run()

    assert outcome["test_marked"].outcome == "passed", outcome.output
    assert outcome["test_marked_in_a_child"].outcome == "passed", outcome.output
    assert outcome["test_unmarked"].says_missing("sdk"), outcome.output
    assert outcome["test_unmarked_in_a_child"].says_missing("sdk"), outcome.output


def test_a_copy_of_a_class_that_has_no_name(suite: Suite) -> None:
    """A child Python that is not told of its guard hears of the copy's calls all the same, and blocks them."""
    suite.write(
        made="""
            def make():
                class Client:
                    def send(self): print("sent")
                return Client
            Client = make()
        """,
        conftest="""
            import made
            from imbue.resource_guards import SdkTarget, register_sdk_guard
            target = SdkTarget(owner=made.Client, attribute="send")
            register_sdk_guard("sdk", targets=[target], mark="sdk_mark")
        """,
        test_it="""
            import subprocess, sys, cloudpickle, made, pytest

            CODE = "import pickle, sys; pickle.load(sys.stdin.buffer).send()"

            def call():
                cloudpickle.register_pickle_by_value(made)
                copy = cloudpickle.dumps(made.Client())
                cloudpickle.unregister_pickle_by_value(made)
                return subprocess.run([sys.executable, "-c", CODE], input=copy, capture_output=True)

            def test_unmarked():
                done = call()
                assert done.stdout == b""
                assert b"ResourceGuardViolation" in done.stderr

            @pytest.mark.sdk_mark
            def test_marked():
                assert call().stdout == b"sent\\n"
        """,
    )

    outcome = suite.run()

    assert outcome["test_unmarked"].says_missing("sdk"), outcome.output
    assert "assert" not in outcome["test_unmarked"].text, outcome.output
    assert outcome["test_marked"].outcome == "passed", outcome.output
