"""Plugins and conftests that read a test's report find the verdict in it, and can hide nothing."""

from __future__ import annotations

import html
import json
import re

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


# ---- plugins as they are


def test_dependency_skips_what_depends_on_a_violation(guarded: Suite) -> None:
    """pytest-dependency takes a test that guards have failed for one that has not succeeded."""
    outcome = guarded.run(plugins=("pytest_dependency",))

    assert outcome.outcomes == {
        "test_unmarked": "failed",
        "test_superfluous": "failed",
        "test_after_unmarked": "skipped",
        "test_after_superfluous": "skipped",
        "test_right": "passed",
        "test_after_right": "passed",
    }


VERDICTS = {
    "test_unmarked": "failed",
    "test_superfluous": "failed",
    "test_after_unmarked": "passed",
    "test_after_superfluous": "passed",
    "test_right": "passed",
    "test_after_right": "passed",
}


@pytest.fixture
def undescribed(guarded: Suite) -> Suite:
    """The same suite, without the plugin that gives `dependency` a meaning."""
    guarded.write_files({"pytest.ini": "[pytest]\nmarkers = dependency: for a plugin\n"})
    return guarded


@pytest.mark.parametrize("workers", [(), ("-n1",)], ids=["alone", "workers"])
def test_allure_writes_the_verdict(undescribed: Suite, workers: tuple[str, ...]) -> None:
    """As the test's status; the text it takes from exceptions alone, and here there is none."""
    undescribed.run("--alluredir=allure", *workers, plugins=("allure_pytest.plugin",))

    results = [
        json.loads(path.read_text()) for path in (undescribed.path / "allure").glob("*-result.json")
    ]
    assert {each["name"]: each["status"] for each in results} == VERDICTS


@pytest.mark.parametrize("workers", [(), ("-n1",)], ids=["alone", "workers"])
def test_json_report_has_the_verdict(undescribed: Suite, workers: tuple[str, ...]) -> None:
    """As the outcome of the test and of its phase."""
    options = ("--json-report", "--json-report-file=report.json")
    undescribed.run(
        *options, *workers, plugins=("pytest_metadata.plugin", "pytest_jsonreport.plugin")
    )

    tests = json.loads((undescribed.path / "report.json").read_text())["tests"]
    assert {each["nodeid"].partition("::")[2]: each["outcome"] for each in tests} == VERDICTS
    assert {each["call"]["outcome"] for each in tests} == {"passed", "failed"}


def test_html_has_the_verdict(undescribed: Suite) -> None:
    """As the result in the table."""
    plugins = ("pytest_metadata.plugin", "pytest_html.plugin", "pytest_html.fixtures")
    undescribed.run("--html=report.html", plugins=plugins)

    page = (undescribed.path / "report.html").read_text()
    blob = html.unescape(re.findall(r'data-jsonblob="([^"]*)"', page)[0])
    results = {
        name.partition("::")[2]: rows[-1]["result"].lower()
        for name, rows in json.loads(blob)["tests"].items()
    }
    assert results == VERDICTS


def test_ctrf_has_the_verdict(undescribed: Suite) -> None:
    """As the test's status."""
    undescribed.run("--ctrf=report.json", plugins=("ctrf.main",))

    tests = json.loads((undescribed.path / "report.json").read_text())["results"]["tests"]
    assert {each["name"].rpartition("::")[2]: each["status"] for each in tests} == VERDICTS


def test_ctrf_has_the_marks(undescribed: Suite) -> None:
    """As tags; its plugin has no way to add what a test used, and `extra` is its own."""
    undescribed.run("--ctrf=report.json", plugins=("ctrf.main",))

    tests = json.loads((undescribed.path / "report.json").read_text())["results"]["tests"]
    tags = {each["name"].rpartition("::")[2]: each.get("tags", []) for each in tests}
    assert "tool" in tags["test_right"]
    assert "tool" not in tags["test_unmarked"]
    assert not any("extra" in each for each in tests)


def test_failed_checks_are_no_proof(suite: Suite) -> None:
    """A test that pytest-check fails is no test that has passed, so its mark is not superfluous."""
    suite.guard_tool()
    suite.write(
        test_it="""
            import subprocess, pytest

            @pytest.mark.tool
            def test_failed(check):
                check.equal(1, 2)

            @pytest.mark.tool
            def test_superfluous(check):
                check.equal(1, 1)

            def test_both(check):
                check.equal(1, 2)
                subprocess.run(["tool"])
        """
    )

    outcome = suite.run(plugins=("pytest_check.plugin",))

    assert "but never" not in outcome["test_failed"].text, outcome.output
    assert outcome["test_superfluous"].says_superfluous()
    assert outcome["test_both"].outcome == "failed"
    assert "Failed Checks: 1" in outcome["test_both"].text
    assert "needs @pytest.mark.tool: ran tool" in outcome["test_both"].text
    assert "Test invoked 'tool' without" in outcome.output
