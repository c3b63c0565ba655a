"""Plugins and conftests that read a test's report find the verdict in it, and can hide nothing."""

from __future__ import annotations

import json

import pytest

from support.suite import Suite

TESTS = """
    import subprocess, pytest

    @pytest.mark.dependency
    def test_unmarked():
        subprocess.run(["tool"])

    @pytest.mark.dependency
    @pytest.mark.tool
    def test_superfluous():
        pass

    @pytest.mark.dependency(depends=["test_unmarked"])
    def test_after_unmarked():
        pass

    @pytest.mark.dependency(depends=["test_superfluous"])
    def test_after_superfluous():
        pass

    @pytest.mark.tool
    @pytest.mark.dependency
    def test_right():
        subprocess.run(["tool"], check=True)

    @pytest.mark.dependency(depends=["test_right"])
    def test_after_right():
        pass
"""

READER = """
    import pytest

    def pytest_register_resource_guards(registry):
        registry.register_resource_guard("tool")

    def pytest_configure(config):
        config.addinivalue_line("markers", "dependency: for a plugin")

    {wrapper}
    def pytest_runtest_makereport(item, call):
        report = {result}
        print("READ", report.when, item.name, report.outcome)
        return report
"""


@pytest.fixture
def guarded(suite: Suite) -> Suite:
    """A suite with the tests above, whose conftest guards a program."""
    suite.guard_tool()
    suite.write(test_it=TESTS)
    return suite


OLD = "(yield).get_result()"


@pytest.mark.parametrize(
    ("options", "result"),
    [
        ("wrapper=True", "yield"),
        ("wrapper=True, tryfirst=True", "yield"),
        ("hookwrapper=True", OLD),
        ("hookwrapper=True, tryfirst=True", OLD),
        ("hookwrapper=True, trylast=True", OLD),
    ],
)
def test_a_wrapper_reads_the_verdict(suite: Suite, options: str, result: str) -> None:
    """Whichever way it is written, but for one that asks to be inside all others (``trylast``)."""
    suite.tool()
    wrapper = f"@pytest.hookimpl({options})"
    suite.write(conftest=READER.format(wrapper=wrapper, result=result), test_it=TESTS)

    outcome = suite.run("-s")

    verdict = "passed" if "trylast" in options else "failed"
    for name in ("test_unmarked", "test_superfluous"):
        assert f"READ call {name} {verdict}" in outcome.output
        assert outcome[name].outcome == "failed"
    assert "READ call test_right passed" in outcome.output


def test_a_conftest_below_reads_the_verdict(suite: Suite) -> None:
    """It is found while tests are collected, and wraps the reports of its directory alone."""
    suite.guard_tool()
    suite.write(
        sub__conftest="""
            import pytest

            @pytest.hookimpl(wrapper=True)
            def pytest_runtest_makereport(item, call):
                report = yield
                print("READ", report.when, item.name, report.outcome)
                return report
        """,
        sub__test_it=TESTS,
    )

    outcome = suite.run("-s", "-Wignore")

    assert "READ call test_unmarked failed" in outcome.output
    assert outcome["test_unmarked"].says_missing()


def test_a_plugin_that_comes_while_tests_run(suite: Suite) -> None:
    """It reads the verdict, and cannot hide it, though nobody knew of it at the start."""
    suite.guard_tool()
    suite.write(
        late="""
            import pytest

            @pytest.hookimpl(wrapper=True, tryfirst=True)
            def pytest_runtest_makereport(item, call):
                report = yield
                print("READ", report.when, item.name, report.outcome)
                report.outcome = "passed"
                return report
        """,
        test_it="""
            import subprocess, pytest, late

            @pytest.fixture
            def plugin(request):
                request.config.pluginmanager.register(late)

            def test_unmarked(plugin):
                subprocess.run(["tool"])
        """,
    )

    outcome = suite.run("-s")

    assert "READ call test_unmarked failed" in outcome.output
    assert outcome["test_unmarked"].says_missing()


@pytest.mark.parametrize(
    "change",
    [
        "report.outcome = 'passed'",
        "report.outcome = 'skipped'; report.wasxfail = 'known'",
        "report.outcome = 'skipped'; report.longrepr = ('x', 1, 'known')",
        "report = pytest.TestReport.from_item_and_call(item, call); report.outcome = 'passed'",
        "report.longrepr = 'of its own'",
        "report.longrepr = None; report.outcome = 'passed'",
    ],
)
def test_nobody_hides_it(suite: Suite, change: str) -> None:
    """A wrapper that makes something else of the failure changes neither the outcome nor the text."""
    suite.guard_tool()
    suite.write(
        plugin=f"""
            import pytest

            @pytest.hookimpl(wrapper=True, tryfirst=True)
            def pytest_runtest_makereport(item, call):
                report = yield
                if call.when == "call" and report.outcome == "failed":
                    {change}
                return report
        """,
        test_it=TESTS,
    )

    outcome = suite.run("-Wignore", plugins=("plugin",))

    assert outcome["test_superfluous"].outcome == "failed", outcome.output
    for text in ("Test has @pytest.mark.tool but never", "Test invoked 'tool' without"):
        assert text in outcome.output
    assert outcome["test_right"].outcome == "passed"


def test_others_outcomes_stay_theirs(suite: Suite) -> None:
    """The outcome that a conftest gives a test is in the JSON report, and guards judge its body."""
    suite.guard_tool()
    suite.write(
        plugin="""
            import pytest

            @pytest.hookimpl(wrapper=True)
            def pytest_runtest_makereport(item, call):
                report = yield
                if call.when == "call" and "failed_by" in item.name:
                    report.outcome, report.longrepr = "failed", "no"
                if call.when == "call" and "known" in item.name:
                    report.outcome, report.wasxfail = "skipped", "known"
                return report
        """,
        test_it="""
            import pytest

            def test_failed_by_conftest(): pass

            def test_known():
                raise OSError

            @pytest.mark.tool
            def test_known_and_marked():
                raise OSError
        """,
    )

    suite.run("--resource-guards-json=report.json", plugins=("plugin",))

    records = json.loads((suite.path / "report.json").read_text())["tests"]
    assert {each["nodeid"].partition("::")[2]: each["outcome"] for each in records} == {
        "test_failed_by_conftest": "failed",
        "test_known": "xfailed",
        "test_known_and_marked": "xfailed",
    }


def test_kept_directories_of_failed_tests(suite: Suite) -> None:
    """pytest keeps the temporary directory of a test that guards have failed."""
    suite.guard_tool()
    suite.write_files({"pytest.ini": "[pytest]\ntmp_path_retention_policy = failed\n"})
    suite.write(
        test_it="""
            import subprocess

            def test_unmarked(tmp_path):
                (tmp_path / "evidence").touch()
                subprocess.run(["tool"])

            def test_right(tmp_path):
                (tmp_path / "nothing").touch()
        """
    )

    suite.run(f"--basetemp={suite.temporary / 'base'}")

    kept = {path.name for path in (suite.temporary / "base").rglob("*") if path.is_file()}
    assert kept == {"evidence"}
