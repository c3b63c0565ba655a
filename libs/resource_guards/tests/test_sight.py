"""A mark is called superfluous, and removed, only where a use would have been seen."""

from __future__ import annotations

import json
import sys

import pytest

from support.suite import WORKERS
from support.suite import Suite

GUARD = """
    import socket
    from imbue.resource_guards.resource_guards import register_connection_guard
    from imbue.resource_guards.resource_guards import register_sdk_guard

    def is_use(address):
        return isinstance(address, tuple) and address[1] == 9

    register_connection_guard("db", is_use)
"""

TESTS = """
    import contextlib, socket, pytest
    from imbue.resource_guards.resource_guards import fixture_uses_resources

    def connect():
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", 9)).close()

    @pytest.mark.db
    def test_marked_before(): pass

    @pytest.mark.db
    def test_marked():
        import psycopg2

    @fixture_uses_resources("db")
    @pytest.fixture(scope="module")
    def server():
        import psycopg2

    @pytest.mark.db
    def test_with_server(server): pass

    @pytest.mark.db
    def test_seen():
        connect()

    def test_unmarked():
        try:
            connect()
        except Exception:
            pass
"""


@pytest.fixture
def partial(suite: Suite) -> Suite:
    """A suite whose database a library reaches in C, and that guards its address."""
    suite.write(conftest=GUARD, test_it=TESTS)
    suite.write_files(
        {
            "psycopg2/__init__.py": "import psycopg2._psycopg\ndef connect(): pass\n",
            "psycopg2/_psycopg.py": "",
        }
    )
    return suite


@pytest.mark.parametrize("workers", ["-n0", "-n1"])
def test_a_mark_of_which_nothing_is_known(partial: Suite, workers: str) -> None:
    """It is left alone, and the run says so once; before the library was loaded all was seen."""
    outcome = partial.run(workers)

    assert outcome["test_marked_before"].says_superfluous("db")
    assert outcome["test_unmarked"].says_missing("db")
    for name in ("test_marked", "test_with_server", "test_seen"):
        assert outcome[name].outcome == "passed", outcome.output
    (line,) = [each for each in outcome.output.splitlines() if "cannot be known" in each]
    assert line.startswith("db: whether 2 tests with this mark")
    assert "the connections of psycopg2 (libpq)" in line
    assert line.endswith('register_sdk_guard("db", targets=["psycopg2:connect"])')


def test_following_the_advice(partial: Suite) -> None:
    """With the guard that the line names, the marks are judged."""
    partial.write(
        conftest=GUARD + '\n    register_sdk_guard("db", targets=["psycopg2:connect"])\n',
    )

    outcome = partial.run()

    assert outcome["test_marked"].says_superfluous("db"), outcome.output
    assert outcome["test_with_server"].outcome in ("failed", "error")
    assert outcome["test_seen"].outcome == "passed"
    assert "cannot be known" not in outcome.output


def test_the_report_and_the_fix(partial: Suite) -> None:
    """The JSON file says of which tests nothing is known, the report and fix tell, marks stay."""
    before = (partial.path / "test_it.py").read_text()

    outcome = partial.run(
        *("-v", "--resource-guards-json=all.json", "--resource-guards-report"),
        *("--resource-guards-fix=write", "--resource-guards-fix-dirty"),
    )

    tests = json.loads((partial.path / "all.json").read_text())["tests"]
    assert {each["nodeid"].partition("::")[2]: each.get("unsure") for each in tests} == {
        "test_marked_before": None,
        "test_marked": {"db": ["psycopg2 (libpq)"]},
        "test_with_server": {"db": ["psycopg2 (libpq)"]},
        "test_seen": None,
        "test_unmarked": None,
    }
    assert "db: cannot be known for 2 tests (not seen: psycopg2 (libpq))" in outcome.output
    assert "test_marked: passed, marked, not used - cannot be known" in outcome.output
    assert "2 tests left alone: whether they use db cannot be known" in outcome.output
    expected = before.replace("@pytest.mark.db\ndef test_marked_before", "def test_marked_before")
    expected = expected.replace("def test_unmarked", "@pytest.mark.db\ndef test_unmarked")
    assert (partial.path / "test_it.py").read_text() == expected


def test_reports_of_two_machines(partial: Suite) -> None:
    """Where one of them cannot know it, put together they do not."""
    partial.run("--resource-guards-json=a.json")
    (partial.path / "psycopg2" / "_psycopg.py").unlink()
    (partial.path / "psycopg2" / "__init__.py").write_text("def connect(): pass\n")
    partial.run("--resource-guards-json=b.json")

    from imbue.resource_guards.report.document import read_document
    from imbue.resource_guards.report.merging import merge_documents

    for names in (("a.json", "b.json"), ("b.json", "a.json")):
        merged = merge_documents({name: read_document(partial.path / name) for name in names})
        unsure = {each.nodeid.partition("::")[2] for each in merged.tests if each.unsure}
        assert unsure == {"test_marked", "test_with_server"}


@WORKERS
def test_programs_that_may_connect(suite: Suite, workers: tuple[str, ...]) -> None:
    """A mark is not superfluous for a test that has started one, unless the resource names its programs."""
    suite.tool("client")
    suite.write(
        test_it="""
            import subprocess, sys, pytest

            def run(*words):
                subprocess.run(words, check=True)

            @pytest.mark.prices
            def test_by_a_client():
                run("client", "http://127.0.0.1:9")

            @pytest.mark.prices
            def test_by_a_shell():
                run("sh", "-c", "true")

            @pytest.mark.prices
            def test_by_python():
                run(sys.executable, "-c", "pass")

            @pytest.mark.prices
            def test_by_what_connects_to_nothing():
                run("ls")

            @pytest.mark.named
            def test_named():
                run("client")

            @pytest.mark.prices
            def test_nothing():
                pass
        """,
        conftest="""
            def pytest_register_resource_guards(registry):
                registry.register_address_guard("prices", "127.0.0.1:9")
                registry.register_address_guard("named", "127.0.0.1:10")
                registry.register_resource_guard("named", binaries=["other"])
        """,
    )
    outcome = suite.run(*workers)
    superfluous = {
        name
        for name, test in outcome.tests.items()
        if test.says_superfluous("prices") or test.says_superfluous("named")
    }
    assert superfluous == {
        "test_by_python",
        "test_by_what_connects_to_nothing",
        "test_named",
        "test_nothing",
    }
    assert "prices: whether 2 tests" in outcome.output
    assert 'programs = ["curl"] in [tool.resource_guards.prices]' in outcome.output
    assert "named: whether" not in outcome.output


BY_PATH = """
    import os, subprocess, threading, pytest
    TOOL = {tool!r}

    @pytest.mark.tool
    def test_shell_text(): subprocess.run(f"true; {{TOOL}} x", shell=True, check=True)

    @pytest.mark.tool
    def test_argument(): subprocess.run(["timeout", "5", TOOL], check=True)

    @pytest.mark.tool
    def test_system(): os.system(f"exec {{TOOL}}")

    @pytest.mark.tool
    def test_thread():
        thread = threading.Thread(target=subprocess.run, args=(["env", TOOL],))
        thread.start()
        thread.join()

    @pytest.mark.tool
    def test_it_is_only_listed(): subprocess.run(["ls", TOOL], check=True)

    @pytest.mark.tool
    def test_another_program(): subprocess.run("true /elsewhere/tool", shell=True, check=True)

    @pytest.mark.tool
    def test_nothing(): pass
"""


@WORKERS
def test_a_path_that_another_program_is_given(suite: Suite, workers: tuple[str, ...]) -> None:
    """No shim sees it started, so the marks are kept; a test that names no such path is judged."""
    suite.write(test_it=BY_PATH.format(tool=str(suite.tool())))
    suite.write_files({"pytest.ini": "[pytest]\nresource_guards = tool\n"})

    outcome = suite.run(*workers)

    superfluous = {name for name, test in outcome.tests.items() if test.says_superfluous()}
    others = {"test_it_is_only_listed", "test_another_program", "test_nothing"}
    assert superfluous == others, outcome.output
    (line,) = [each for each in outcome.output.splitlines() if "cannot be known" in each]
    assert line.startswith("tool: whether 4 tests with this mark")
    assert line.endswith(
        "pass its name, without the folder, or set resource_guards_native = true (Linux)"
    )
    assert len(suite.runs_of()) == 4

    suite.run("--resource-guards-fix=write", *workers)
    assert (suite.path / "test_it.py").read_text().count("@pytest.mark.tool") == 4


@pytest.mark.skipif(sys.platform != "linux", reason="the native layer is for Linux")
def test_a_path_that_the_native_layer_sees(suite: Suite) -> None:
    """There a start is a use, and what is none is superfluous."""
    suite.write(test_it=BY_PATH.format(tool=str(suite.tool())))
    suite.write_files(
        {"pytest.ini": "[pytest]\nresource_guards = tool\nresource_guards_native = true\n"}
    )

    outcome = suite.run()

    superfluous = {name for name, test in outcome.tests.items() if test.says_superfluous()}
    assert superfluous == {"test_it_is_only_listed", "test_another_program", "test_nothing"}
    assert "cannot be known" not in outcome.output
