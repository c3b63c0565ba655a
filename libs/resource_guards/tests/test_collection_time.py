"""What is used before the first test: it fails nothing, and is told."""

from __future__ import annotations

import pytest

from imbue.resource_guards.messages.report import SUMMARY_TITLE
from support.suite import WORKERS
from support.suite import Suite

SAID = "While tests were collected, tool was used: "


@WORKERS
def test_a_module_that_uses_it_when_imported(suite: Suite, workers: tuple[str, ...]) -> None:
    """It is told once, with the place; no test is blamed, and nothing is blocked."""
    suite.guard_tool()
    suite.write(
        test_it="""
            import subprocess, pytest

            subprocess.run(["tool", "version"], check=True)

            def test_plain(): pass

            @pytest.mark.tool
            def test_superfluous(): pass

            def test_unmarked(): subprocess.run(["tool"])
        """
    )

    outcome = suite.run(*workers)

    said = (
        f"{SAID}tool version at {suite.path}/test_it.py:4. Every run that collects this needs tool"
    )
    assert outcome.output.count(said) == 1, outcome.output
    assert outcome["test_plain"].outcome == "passed"
    assert outcome["test_superfluous"].says_superfluous()
    assert outcome["test_unmarked"].says_missing()
    assert set(suite.runs_of()) == {"version"}


@pytest.mark.parametrize("arguments", [("--collect-only",), ("-k", "nothing"), ()])
def test_runs_without_tests(suite: Suite, arguments: tuple[str, ...]) -> None:
    """It is told however the run ends, an error of collection included; nothing stays behind."""
    suite.guard_tool()
    suite.write(
        test_it="""
            import subprocess

            subprocess.run(["tool"], check=True)

            def test_plain(): pass
        """,
        test_zz="raise OSError" if not arguments else "",
    )

    outcome = suite.run(*arguments)

    assert SAID in outcome.output, outcome.output
    assert suite.leftovers() == []


def test_a_guard_that_is_registered_meanwhile(suite: Suite) -> None:
    """A conftest that is found while tests are collected adds its guards; they block nothing yet."""
    suite.guard_tool()
    suite.tool("other")
    suite.write(
        sub__conftest="""
            import subprocess
            from imbue.resource_guards.resource_guards import register_resource_guard

            register_resource_guard("other")
            subprocess.run(["other", "here"], check=True)
        """,
        sub__test_it="def test_plain(): pass",
    )

    outcome = suite.run(".")

    assert outcome.counts == {"passed": 1}
    assert "While tests were collected, other was used: other here" in outcome.output


def test_what_collection_leaves_running(suite: Suite) -> None:
    """A thread that a module starts and that uses it later is told in the same way."""
    suite.write_files({"sdk.py": "def send(): pass\n", "pytest.ini": "[pytest]\npythonpath = .\n"})
    suite.write(
        conftest="""
            def pytest_register_resource_guards(registry):
                registry.register_sdk_guard("sdk", targets=["sdk:send"])
        """,
        test_it="""
            import threading
            import sdk

            GO = threading.Event()

            def use():
                GO.wait()
                sdk.send()

            THREAD = threading.Thread(target=use)
            THREAD.start()

            def test_plain():
                GO.set()
                THREAD.join()
        """,
    )

    outcome = suite.run()

    assert outcome.counts == {"passed": 1}
    assert "While tests were collected, sdk was used: sdk:send" in outcome.output, outcome.output


def test_nothing_is_told_of_nothing(suite: Suite) -> None:
    """The ordinary run has no such line."""
    suite.guard_tool()
    suite.write(test_it="def test_plain(): pass")

    output = suite.run().output

    assert "While tests were collected" not in output
    assert f"= {SUMMARY_TITLE} =" not in output


PROBES = """
    import subprocess, pytest
    from imbue.resource_guards import unguarded

    def ask(how=""):
        return subprocess.run(f"tool {how}", shell=bool(how)) if how else subprocess.run(["tool"])

    @unguarded()
    def is_there():
        ask()
        with unguarded():
            ask("in-a-shell")
        return ask().returncode == 0

    THERE = is_there()
    with unguarded():
        ask("in-a-shell")
        ask()

    @pytest.mark.skipif(not THERE, reason="it is not there")
    def test_plain(): pass

    @pytest.fixture
    def probed(): return is_there()

    def test_unmarked():
        try: is_there()
        except Exception: pass

    @pytest.mark.tool
    def test_marked(): is_there()

    @pytest.mark.tool
    def test_by_fixture(probed): pass

    @pytest.mark.tool
    def test_superfluous(): pass
"""


@WORKERS
def test_a_probe_that_is_meant(suite: Suite, workers: tuple[str, ...]) -> None:
    """What a probe uses while tests are collected is not told; tests and fixtures need what it uses in them."""
    suite.guard_tool()
    suite.write(test_it=PROBES)

    outcome = suite.run(*workers)

    assert "While tests were collected" not in outcome.output
    failed = {name for name, outcome in outcome.outcomes.items() if outcome == "failed"}
    assert failed == {"test_unmarked", "test_superfluous"}
    assert outcome["test_unmarked"].says_missing()
    assert outcome["test_superfluous"].says_superfluous()


def test_an_asynchronous_probe(suite: Suite) -> None:
    """A decorated coroutine function covers what it does when it is awaited."""
    suite.guard_tool()
    suite.write(
        test_it="""
            import asyncio, subprocess
            from imbue.resource_guards import unguarded

            @unguarded()
            async def is_there():
                await asyncio.sleep(0)
                return subprocess.run(["tool"]).returncode == 0

            THERE = asyncio.run(is_there())

            def test_plain(): assert asyncio.iscoroutinefunction(is_there) and THERE
        """
    )

    outcome = suite.run()

    assert "While tests were collected" not in outcome.output
    assert outcome["test_plain"].outcome == "passed"
    assert suite.runs_of() == [""]


def test_a_probe_ends_where_it_ends(suite: Suite) -> None:
    """What comes after it is told again, and an error in it is the user's."""
    suite.guard_tool()
    suite.write(
        test_it="""
            import subprocess
            from imbue.resource_guards import unguarded

            try:
                with unguarded():
                    subprocess.run(["tool", "first"])
                    raise LookupError
            except LookupError:
                subprocess.run(["tool", "second"])

            def test_plain(): pass
        """
    )

    output = suite.run().output

    assert "While tests were collected, tool was used: tool second at " in output
    assert "tool first" not in output


def test_a_probe_without_guards(suite: Suite) -> None:
    """Where nothing is guarded, or guards are off, it does nothing."""
    suite.tool()
    suite.write(test_it=PROBES.replace("@pytest.mark.tool", ""))

    assert suite.run().counts == {"passed": 5}
