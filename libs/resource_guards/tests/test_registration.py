"""How guards are found, and what becomes of those that cannot work."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from support.suite import Suite

IMPORT = "from imbue.resource_guards.resource_guards import *\n"


def test_hook_in_conftest_plugin_and_subdirectory(suite: Suite) -> None:
    """The hook is found in a plugin, the top conftest, and one that collection loads late."""
    for name in ("one", "two", "three"):
        suite.tool(name)
    hook = "def pytest_register_resource_guards(registry):\n    registry.register_resource_guard('{}')\n"
    suite.write(
        a_plugin=hook.format("one"),
        conftest="pytest_plugins = ['a_plugin']\n" + hook.format("two"),
        sub__conftest=hook.format("three"),
        sub__test_it="""
            import subprocess, pytest

            @pytest.mark.parametrize("name", ["one", "two", "three"])
            def test_unmarked(name):
                subprocess.run([name])

            @pytest.mark.three
            def test_marked():
                subprocess.run(["three"], check=True)
        """,
    )

    for arguments in ((), ("-n2",), ("sub",)):
        outcome = suite.run("--strict-markers", *arguments)

        assert outcome.counts == {"failed": 3, "passed": 1}, outcome.output
        for name in ("one", "two", "three"):
            assert outcome[f"test_unmarked[{name}]"].says_missing(name)
        assert [suite.runs_of(name) for name in ("one", "two", "three")] == [[], [], [""]]


def test_only_a_subdirectory_registers(suite: Suite) -> None:
    """A guard works when the first of all is registered after the session has started."""
    suite.tool()
    suite.write(
        sub__conftest="""
            from imbue.resource_guards.resource_guards import register_resource_guard
            register_resource_guard("tool")
        """,
        sub__test_it="""
            import subprocess

            def test_unmarked():
                subprocess.run(["tool"])
        """,
    )

    assert suite.run()["test_unmarked"].says_missing()


def test_a_guard_added_by_a_running_test_session(suite: Suite) -> None:
    """Registering while tests run guards what comes after."""
    suite.tool()
    suite.write(
        test_it="""
            import subprocess
            from imbue.resource_guards.resource_guards import register_resource_guard

            def test_before():
                subprocess.run(["tool"], check=True)
                register_resource_guard("tool")

            def test_after():
                subprocess.run(["tool"])
        """
    )

    outcome = suite.run()

    assert outcome["test_before"].outcome == "passed"
    assert outcome["test_after"].says_missing()


def test_inert_until_a_guard_is_registered(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a guard nothing is made, set or imported."""
    suite.tool()
    monkeypatch.setenv("PATH_OUTSIDE", os.environ["PATH"])
    monkeypatch.delenv("RESOURCE_GUARDS_SCOPE", raising=False)  # that of the run around this one
    suite.write(
        test_it="""
            import os, subprocess, sys

            def test_nothing():
                subprocess.run(["tool"], check=True)
                assert os.environ["PATH"] == os.environ["PATH_OUTSIDE"]
                assert "RESOURCE_GUARDS_SCOPE" not in os.environ

            def test_next_to_nothing_is_imported():
                ours = {name for name in sys.modules if name.startswith("imbue.resource_guards.")}
                below = {name.partition("imbue.resource_guards.")[2] for name in ours}
                assert below <= {
                    "declare", "declare.gathering", "declare.policy", "errors", "hookspecs", "kinds",
                    "messages", "messages.common", "messages.options", "plugin", "session",
                }
        """
    )

    outcome = suite.run()

    assert outcome.outcomes == {
        "test_nothing": "passed",
        "test_next_to_nothing_is_imported": "passed",
    }


NOT_AT_START = (
    *("declare.from_settings", "declare.registrar", "declare.tables", "declare.unfound"),
    *("exchange", "messages.settings", "report.doubts", "report.open_verdicts"),
    *("intercept.aliases", "intercept.attributes", "intercept.child", "intercept.fake_file_system"),
    *("intercept.gate", "intercept.method_patch", "intercept.patches", "intercept.standing"),
    *("intercept.handover.by_value", "intercept.handover.executors"),
    *("intercept.handover.generators", "intercept.handover.posted", "intercept.handover.table"),
    *("intercept.past_sockets", "intercept.uvloop_starts", "intercept.wrappers"),
)
"""What a session does without that has guards of each kind, and imports nothing that they are about."""

OF_ASYNCIO = (
    *("intercept.child", "intercept.child_installs", "intercept.transports"),
    *("intercept.handover.by_value", "intercept.handover.executors"),
    *("intercept.handover.generators", "intercept.handover.posted", "intercept.handover.table"),
)
"""What is loaded with asyncio and concurrent.futures."""

MOST_AT_START = 105
"""So many modules of ours it loads at most; each takes some 0.7 million instructions (decision 0018)."""


def test_what_a_session_with_guards_loads_at_its_start(
    suite: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not what few sessions need; that is loaded with the library that it is about."""
    suite.tool()
    monkeypatch.delenv("RESOURCE_GUARDS_SCOPE", raising=False)  # that of the run around this one
    suite.write(
        sdk="def send(): pass",
        conftest="""
            def pytest_register_resource_guards(registry):
                registry.register_binary_guard("tool")
                registry.register_sdk_guard("tool", targets=["sdk:send"])
                registry.register_connection_guard("tool", lambda address: False, libraries=["pycurl"])
        """,
        test_it=f"""
            import sys

            PREFIX = "imbue.resource_guards."

            # What pytest imports by itself, as Python 3.15's does asyncio, has its part of ours.
            EXTRA = {{*{OF_ASYNCIO!r}}} if "asyncio" in sys.modules else set()

            def loaded():
                names = {{name.removeprefix(PREFIX) for name in sys.modules if name.startswith(PREFIX)}}
                return names - EXTRA

            def test_before():
                assert sorted(loaded() & {{*{NOT_AT_START!r}}}) == []
                assert len(loaded()) <= {MOST_AT_START}, len(loaded())

            def test_when_libraries_are_imported():
                import asyncio, sdk
                EXTRA.clear()
                assert {{"intercept.method_patch", "intercept.handover.generators"}} <= loaded()
        """,
    )

    outcome = suite.run()

    assert outcome.outcomes == {
        "test_before": "passed",
        "test_when_libraries_are_imported": "passed",
    }


def test_a_conftest_with_the_hook_survives_without_the_plugin(suite: Suite) -> None:
    """With ``optionalhook=True``, ``-p no:resource_guards`` needs no change of the conftest."""
    suite.write(
        conftest="""
            import pytest

            @pytest.hookimpl(optionalhook=True)
            def pytest_register_resource_guards(registry):
                raise AssertionError
        """,
        test_it="def test_it(): pass",
    )

    assert suite.run(load="blocked").outcomes == {"test_it": "passed"}


def test_registering_starting_and_stopping_twice(suite: Suite) -> None:
    """Each is harmless."""
    suite.tool()
    suite.write(
        sdk="""
            class Client:
                def send(self):
                    return "sent"
        """,
        conftest="""
            from imbue.resource_guards.resource_guards import *
            import sdk

            INSTALLED = []
            def install(): INSTALLED.append(1)
            def cleanup(): INSTALLED.pop()

            for _ in range(2):
                register_resource_guard("tool")
                register_sdk_guard("sdk", targets=["sdk:Client.send"])
                register_sdk_guard("other", install, cleanup)
                create_sdk_method_guard("third", [(sdk.Client, "send", MethodKind.SYNC)])

            def pytest_configure(config):
                register_guarded_resource_markers(config)
                register_guarded_resource_markers(config, skip_names={"tool"})

            def pytest_sessionstart(session):
                start_resource_guards(session)
                start_resource_guards(session)
                assert INSTALLED == [1]
                assert get_guarded_resource_names() == ("tool", "sdk", "other", "third")

            def pytest_sessionfinish(session):
                stop_resource_guards()
                stop_resource_guards()

            def pytest_unconfigure(config):
                stop_resource_guards()
                assert INSTALLED == []
                print("all undone")
        """,
        test_it="""
            import subprocess, sdk, pytest

            def test_unmarked():
                subprocess.run(["tool"])

            @pytest.mark.sdk
            @pytest.mark.third
            def test_marked():
                assert sdk.Client().send() == "sent"
        """,
    )

    outcome = suite.run("-s", "--strict-markers")

    assert outcome["test_unmarked"].says_missing()
    assert outcome["test_marked"].outcome == "passed"
    assert "all undone" in outcome.output


def test_the_marks_are_listed_once(suite: Suite) -> None:
    """``--markers`` describes each mark, and leaves a project's own description alone."""
    suite.write(
        conftest="""
            from imbue.resource_guards.resource_guards import *
            register_resource_guard("tool")
            register_resource_guard("other")
            register_resource_guard("third")

            def pytest_configure(config):
                register_guarded_resource_markers(config, skip_names=["third"])
                config.addinivalue_line("markers", "third: ours too")
        """
    )
    (suite.path / "pytest.ini").write_text("[pytest]\nmarkers =\n    tool: ours\n")

    output = suite.run("--markers").output

    assert output.count("@pytest.mark.tool:") == 1
    assert "@pytest.mark.tool: ours" in output
    assert output.count("@pytest.mark.other:") == 1
    assert output.count("@pytest.mark.third:") == 1
    assert "@pytest.mark.third: ours too" in output


def test_guards_that_packages_publish(suite: Suite) -> None:
    """`register_all_resource_guards` calls the functions of the entry-point group."""
    suite.tool()
    suite.write(
        publisher="""
            from imbue.resource_guards.resource_guards import register_resource_guard
            def register(): register_resource_guard("tool")
        """,
        conftest="""
            from importlib.metadata import EntryPoint
            from imbue.resource_guards.resource_guards import register_all_resource_guards

            def published(*, group):
                return [EntryPoint("tool", "publisher:register", group)]

            register_all_resource_guards(published)
        """,
        test_it="""
            import subprocess
            def test_unmarked(): subprocess.run(["tool"])
        """,
    )

    assert suite.run("-ppublisher")["test_unmarked"].says_missing()


@pytest.mark.parametrize(
    "function",
    [
        "def register(registrar): registrar.register_binary_guard('tool')",
        "def register(registry, /): registry.register_binary_guard('tool')",
        "def register(registrar=None): registrar.register_binary_guard('tool')",
        "def register(*, verbose=False): register_binary_guard('tool')",
        "def register(verbose=False): assert not verbose; register_binary_guard('tool')",
    ],
)
def test_what_a_published_function_is_given(suite: Suite, function: str) -> None:
    """The registry, if it has a place for it; else nothing, as in 0.1.x."""
    suite.tool()
    suite.write(
        publisher=f"""
            from imbue.resource_guards import register_binary_guard
            {function}
        """,
        conftest="""
            from importlib.metadata import EntryPoint
            from imbue.resource_guards import register_all_resource_guards
            register_all_resource_guards(
                lambda group: [EntryPoint("tool", "publisher:register", group)]
            )
        """,
        test_it="""
            import subprocess
            def test_unmarked(): subprocess.run(["tool"])
        """,
    )

    assert suite.run("-ppublisher")["test_unmarked"].says_missing()


def test_session_cleanup_callbacks(suite: Suite) -> None:
    """They run when asked to, each once and in order, and one that fails stops no other."""
    suite.write(
        conftest="""
            import pytest
            from imbue.resource_guards.resource_guards import *

            RAN = []
            def first(): RAN.append(1); raise OSError("first")
            def second(): RAN.append(2)
            for callback in (first, second, second):
                register_session_cleanup_callback(callback)

            def pytest_sessionfinish(session):
                with pytest.raises(OSError, match="first"):
                    run_session_cleanup_callbacks()
                assert RAN == [1, 2]
                print("cleaned up")
        """,
        test_it="def test_it(): pass",
    )

    assert "cleaned up" in suite.run("-s").output


BAD = {
    "empty name": ("register_resource_guard('')", "Give it a name that is not empty"),
    "no identifier": (
        "register_resource_guard('7z')",
        "Set another mark where the resource is registered, as mark='...'",
    ),
    "spaces": ("register_resource_guard('a b')", "'a b' cannot be the name of a mark"),
    "keyword": ("register_resource_guard('import')", "no Python keyword"),
    "underscore": ("register_resource_guard('_x')", "'_x' cannot be the name of a mark"),
    "pytest's own mark": ("register_resource_guard('skip')", "belongs to pytest"),
    "bad mark": ("register_resource_guard('7z', mark='7-z')", "'7-z' cannot be the name of a mark"),
    "path": ("register_resource_guard('x', binaries=['/bin/x'])", "Give the bare name"),
    "path as the name": ("register_resource_guard('/bin/x')", "Give the bare name"),
    "text": ("register_resource_guard('x', binaries='tool')", "write ['tool']"),
    "one mark for two": (
        "register_resource_guard('a-b'); register_resource_guard('a.b')",
        "both use the mark 'a_b'",
    ),
    "one mark for two, given": (
        "register_resource_guard('a'); register_resource_guard('b', mark='a')",
        "both use the mark 'a'",
    ),
    "one binary for two": (
        "register_resource_guard('a', binaries=['x']); register_resource_guard('x')",
        "both guard the binary 'x'",
    ),
    "neither way": ("register_sdk_guard('x')", "give either targets="),
    "both ways": ("register_sdk_guard('x', print, print, targets=['a:b'])", "give either targets="),
    "half a way": ("register_sdk_guard('x', print)", "give either targets="),
    "unreadable target": ("register_sdk_guard('x', targets=['a.b.c'])", "Write 'package.module:"),
    "targets as text": ("register_sdk_guard('x', targets='a:b')", "write ['a:b']"),
    "missing module": ("register_sdk_guard('x', targets=['nosuch.m:C.f'])", "no module 'nosuch'"),
    "missing submodule": ("register_sdk_guard('x', targets=['json.no:f'])", "no module 'json.no'"),
    "missing class": ("register_sdk_guard('x', targets=['json:No.f'])", "json:No.f does not exist"),
    "missing method": (
        "import json; create_sdk_method_guard('x', [(json.JSONDecoder, 'no', MethodKind.SYNC)])",
        "json.decoder:JSONDecoder.no does not exist",
    ),
    "not callable": ("register_sdk_guard('x', targets=['os:sep'])", "os:sep is '/'"),
    "built-in type": (
        "create_sdk_method_guard('x', [(dict, 'get', MethodKind.SYNC)])",
        "builtins:dict.get cannot be patched",
    ),
    "failing install": (
        "def install(): raise OSError('no such SDK')\nregister_sdk_guard('x', install, print)",
        "install raised OSError: no such SDK",
    ),
    "no binaries": ("register_resource_guard('x', binaries=[])", "name at least one binary"),
    "no targets": (
        "register_sdk_guard('x', targets=[])",
        "name at least one binary, target or address",
    ),
    "no list": ("register_resource_guard('x', binaries=5)", "binaries=5 is not a list"),
    "target of no kind": ("register_sdk_guard('x', targets=[5])", "cannot read the target 5"),
    "mark of no kind": ("register_resource_guard('x', mark=5)", "mark=5 is not a string"),
    "two marks for one": (
        "register_resource_guard('x', mark='y'); register_resource_guard('x', mark='z')",
        "A resource has one mark",
    ),
    "unknown kind": (
        "create_sdk_method_guard('x', [(dict, 'get', 'bogus')])",
        "the kinds are 'sync', 'async', 'gen', 'async_gen'",
    ),
    "half a method": ("create_sdk_method_guard('x', [(dict, 'get')])", "cannot read the method"),
    "text for a class": (
        "create_sdk_method_guard('x', [('json', 'loads', MethodKind.SYNC)])",
        "cannot read the method",
    ),
    "no owner": (
        "create_sdk_method_guard('x', [(None, 'get', MethodKind.SYNC)])",
        "cannot read the method",
    ),
    "class": (
        "register_sdk_guard('x', targets=['json:JSONDecoder'])",
        "json:JSONDecoder is a class",
    ),
    "skipping install": (
        "import pytest; register_sdk_guard('x', lambda: pytest.skip('no'), print)",
        "raised Skipped: no",
    ),
    "failing entry point": (
        "from importlib.metadata import EntryPoint as E; register_all_resource_guards(lambda group: [E('e', 'no.such:thing', group)])",
        "entry point 'e' (no.such:thing)",
    ),
}


@pytest.mark.parametrize("workers", [(), ("-n2",)], ids=["one process", "two workers"])
@pytest.mark.parametrize("name", BAD)
def test_bad_registrations(suite: Suite, name: str, workers: tuple[str, ...]) -> None:
    """Each is one clear error before any test runs, and nothing stays installed."""
    code, complaint = BAD[name]
    suite.tool()
    suite.write(
        conftest=f"{IMPORT}register_resource_guard('tool')\n{code}\n",
        test_it="def test_never(): raise AssertionError('a test has run')",
    )

    outcome = suite.run(*workers)

    assert outcome.code == pytest.ExitCode.USAGE_ERROR
    assert outcome.output.count(complaint) == 1, outcome.output
    assert "INTERNALERROR" not in outcome.output
    assert "registry.py" not in outcome.output  # the place shown is the user's
    assert "a test has run" not in outcome.output
    assert suite.leftovers() == []


def test_a_hook_that_fails(suite: Suite) -> None:
    """An error of the hook itself is told in one line, with its place."""
    suite.write(
        conftest="def pytest_register_resource_guards(registry): 1 / 0",
        test_it="def test_never(): pass",
    )

    outcome = suite.run()

    assert outcome.code == pytest.ExitCode.USAGE_ERROR
    assert "failed at" in outcome.output
    assert "conftest.py:1: ZeroDivisionError" in outcome.output
    assert "Traceback" not in outcome.output


@pytest.mark.parametrize("workers", [(), ("-n2",)], ids=["one process", "two workers"])
def test_a_cleanup_that_fails(suite: Suite, workers: tuple[str, ...]) -> None:
    """The run fails, tells which guard it was, and undoes the others."""
    suite.guard_tool()
    suite.write(
        conftest="""
            from imbue.resource_guards.resource_guards import *
            register_resource_guard("tool")
            def cleanup(): raise OSError("stuck")
            register_sdk_guard("sdk", print, cleanup)
        """,
        test_it="def test_it(): pass",
    )

    outcome = suite.run(*workers)

    assert outcome.code != 0
    assert "INTERNALERROR" not in outcome.output
    assert "Resource guard 'sdk'" in outcome.output
    assert "raised OSError: stuck" in outcome.output
    assert suite.leftovers() == []


def test_a_late_guard_that_fails_is_not_half_installed(suite: Suite) -> None:
    """Its first target is as it was, and the tests go on without it."""
    suite.guard_tool()
    suite.write(
        sdk="""
            class Client:
                def good(self): return 1
        """,
        test_it="""
            import subprocess, pytest, sdk
            from imbue.resource_guards.resource_guards import *

            def test_registers():
                original = sdk.Client.good
                with pytest.raises(ResourceGuardMisconfiguration, match="no does not exist"):
                    create_sdk_method_guard(
                        "sdk",
                        [(sdk.Client, "good", MethodKind.SYNC), (sdk.Client, "no", MethodKind.SYNC)],
                    )
                assert sdk.Client.good is original
                assert get_guarded_resource_names() == ("tool",)

            def test_next():
                assert sdk.Client().good() == 1
        """,
    )

    assert suite.run().counts == {"passed": 2}


def test_one_name_is_one_resource(suite: Suite) -> None:
    """A guard that is added under a resource's name gets its mark."""
    suite.tool()
    suite.write(
        sdk="def send(): pass",
        conftest="""
            from imbue.resource_guards.resource_guards import *
            register_resource_guard("tool", mark="needs_tool")
            register_sdk_guard("tool", targets=["sdk:send"])
        """,
        test_it="""
            import sdk, subprocess, pytest

            @pytest.mark.needs_tool
            def test_program(): subprocess.run(["tool"], check=True)

            @pytest.mark.needs_tool
            def test_sdk(): sdk.send()
        """,
    )

    assert suite.run("--strict-markers").counts == {"passed": 2}


def test_a_nested_run_without_the_plugin_leaves_the_outer_alone(suite: Suite) -> None:
    """An in-process run under ``-p no:`` starts and stops no guards of the pytest around it."""
    suite.tool()
    suite.write(
        conftest="""
            pytest_plugins = ["pytester"]
            def pytest_register_resource_guards(registry):
                registry.register_resource_guard("tool")
        """,
        test_it="""
            import subprocess

            def test_nested(pytester):
                pytester.makeconftest(
                    "from imbue.resource_guards.resource_guards import *\\n"
                    "def pytest_configure(config): register_guarded_resource_markers(config)\\n"
                    "def pytest_sessionstart(session): start_resource_guards(session)\\n"
                    "def pytest_sessionfinish(session): stop_resource_guards()\\n"
                )
                pytester.makepyfile("def test_it(): pass")
                result = pytester.runpytest_inprocess("-pno:resource_guards")
                result.assert_outcomes(passed=1)

            def test_unmarked():
                subprocess.run(["tool"])
        """,
    )

    outcome = suite.run()

    assert outcome["test_nested"].outcome == "passed", outcome.output
    assert outcome["test_unmarked"].says_missing()


def test_a_bad_registration_in_the_hook(suite: Suite) -> None:
    """It is a usage error of one line, with the place of the registration."""
    suite.write(
        conftest="""
            def pytest_register_resource_guards(registry):
                registry.register_resource_guard("x")
                registry.register_sdk_guard("y", targets=["nosuch:f"])
        """,
        test_it="def test_never(): pass",
    )

    outcome = suite.run()

    assert outcome.code == pytest.ExitCode.USAGE_ERROR
    error = [line for line in outcome.output.splitlines() if line.startswith("ERROR")]
    assert len(error) == 1
    assert "Resource guard 'y' (" in error[0]
    assert "conftest.py:4)" in error[0]
    assert "Traceback" not in outcome.output


def test_a_target_that_turns_out_missing_fails_the_run(suite: Suite) -> None:
    """A module that lacks the target, imported while tests run by code that swallows the error."""
    suite.write(
        sdk="pass",
        conftest="""
            from imbue.resource_guards.resource_guards import register_sdk_guard
            register_sdk_guard("sdk", targets=["sdk:Client.send"])
        """,
        test_it="""
            def test_it():
                try:
                    import sdk
                except Exception:
                    pass

            def test_next():
                pass
        """,
    )

    outcome = suite.run()

    assert outcome.code == pytest.ExitCode.TESTS_FAILED
    assert "sdk:Client.send does not exist" in outcome.output
    assert "test_next" not in outcome.tests


def test_a_target_of_a_table_that_turns_out_missing(suite: Suite) -> None:
    """The test whose import shows it ends with one sentence, which names the table, and shows no code of ours."""
    suite.write(
        sdk="pass",
        test_it="""
            def test_it():
                import sdk
        """,
    )
    suite.write_files(
        {"pyproject.toml": '[tool.resource_guards.rates]\ncalls = ["sdk:Client.send"]\n'}
    )

    outcome = suite.run()

    assert (
        "Resource guard 'rates' (the table [tool.resource_guards.rates]): the target sdk:Client.send does not exist."
        in outcome["test_it"].text
    )
    assert "import_hook.py" not in outcome.output
    assert "sdk_patches.py" not in outcome.output
    assert "resource guards cannot go on: see 'resource guards' above" in outcome.output


def test_a_missing_optional_target_is_left_out(suite: Suite) -> None:
    """An optional target may be absent, by package, module or name, and the others still guard."""
    suite.write(
        sdk="def send(): pass",
        conftest="""
            from imbue.resource_guards.resource_guards import SdkTarget, register_sdk_guard
            register_sdk_guard(
                "sdk",
                targets=[
                    SdkTarget(owner="nosuch", attribute="f", optional=True),
                    SdkTarget(owner="json.nosuch", attribute="f", optional=True),
                    SdkTarget(owner="json:No", attribute="f", optional=True),
                    SdkTarget(owner="sdk", attribute="nosuch", optional=True),
                    "sdk:send",
                ],
            )
        """,
        test_it="""
            import sdk
            def test_unmarked(): sdk.send()
        """,
    )

    assert suite.run()["test_unmarked"].says_missing("sdk")


@pytest.mark.parametrize("workers", [(), ("-n2",)], ids=["one process", "two workers"])
def test_a_temporary_directory_that_cannot_be_written(
    suite: Suite, workers: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is a usage error that names the guards, the directory and what to set."""
    suite.guard_tool()
    suite.write(test_it="def test_never(): raise AssertionError")
    monkeypatch.setenv("TMPDIR", str(suite.path / "no" / "such"))

    outcome = suite.run(*workers, f"--basetemp={suite.temporary / 'base'}")

    assert outcome.code == pytest.ExitCode.USAGE_ERROR
    assert outcome.output.count("Resource guards 'tool' cannot create their private directory") == 1
    assert "Set TMPDIR" in outcome.output
    assert outcome.tests == {}


def test_path_may_be_empty_or_unset(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    """A PATH with empty and relative entries is searched as a shell would."""
    suite.guard_tool()
    suite.write(
        test_it="""
            import subprocess, pytest

            def test_unmarked(tmp_path):
                subprocess.run(["tool"], cwd=tmp_path)
        """
    )
    relative = os.path.relpath(suite.bin, suite.path)
    monkeypatch.setenv("PATH", f":{relative}:{os.environ['PATH']}")

    assert suite.run()["test_unmarked"].says_missing()
    assert Path(suite.bin, "tool").exists()
