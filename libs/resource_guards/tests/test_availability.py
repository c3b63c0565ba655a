"""Resources that are not available: their tests are skipped or the run stops, in words; nothing else changes."""

from __future__ import annotations

import json

import pytest

from support.suite import WORKERS
from support.suite import Suite

TESTS = """
    import unittest
    import pytest
    from imbue.resource_guards.resource_guards import fixture_uses_resources

    @pytest.fixture(scope="session", autouse=True)
    def around(): yield

    @pytest.fixture
    def fails(): raise AssertionError("it is set up")

    @pytest.fixture
    @fixture_uses_resources("away")
    def contract(): raise AssertionError("it is set up")

    @pytest.mark.away
    def test_function(fails): pass

    @pytest.mark.parametrize("way", [pytest.param("a", marks=pytest.mark.away), "b"])
    def test_parameter(way): assert way == "b"

    @pytest.mark.away
    class TestClass:
        @classmethod
        def setup_class(cls): raise AssertionError("it is set up")
        def test_method(self): pass

    @pytest.mark.away
    class TestUnit(unittest.TestCase):
        @classmethod
        def setUpClass(cls): raise AssertionError("it is set up")
        def test_method(self): pass

    def test_contract(contract): pass

    @pytest.mark.away
    async def test_coroutine(fails): pass

    @pytest.mark.away(optional=True)
    def test_optional(fails): pass

    @pytest.mark.away
    @pytest.mark.tool
    def test_two(fails): pass

    def test_plain(): pass

    @pytest.mark.tool
    def test_here():
        import subprocess
        subprocess.run(["tool"], check=True)

    @pytest.mark.tool
    def test_superfluous(): pass
"""

MODULE = """
    '''
    >>> 1 / 0
    1
    '''
    import pytest
    pytestmark = pytest.mark.away
    def test_module(): raise AssertionError
"""

SKIPPED = (
    *("test_function", "test_parameter[a]", "test_method", "test_contract", "test_coroutine"),
    # The last is a doctest.
    *("test_optional", "test_two", "test_module", "test_marked_module"),
)


@pytest.fixture(name="partly")
def partly_fixture(suite: Suite) -> Suite:
    """A suite with two programs, of which one is not on PATH."""
    suite.tool()
    suite.write(test_it=TESTS, test_marked_module=MODULE)
    suite.write_files(
        {
            "pytest.ini": "[pytest]\nresource_guards = tool away\n",
            "conftest.py": """
                import pytest

                def pytest_collection_modifyitems(items):
                    for item in items:
                        if isinstance(item, pytest.DoctestItem):
                            item.add_marker("away")
            """,
        }
    )
    return suite


@WORKERS
def test_tests_are_skipped(partly: Suite, workers: tuple[str, ...]) -> None:
    """Before anything is set up for them, with the reason in each place; all others are judged as before."""
    outcome = partly.run(
        "--resource-guards-unavailable=skip",
        *("-rs", "--doctest-modules", "--resource-guards-json=report.json"),
        *workers,
    )

    skipped = [
        (name, each) for (_, name), each in outcome.cases.items() if each.outcome == "skipped"
    ]
    reason = "away is not available: 'away' is not on PATH"
    assert len(skipped) == 10
    assert {name.rpartition(".")[2] for name, _ in skipped} == {*SKIPPED}
    assert all(reason in each.text for _, each in skipped)
    assert f"test_it.py:16: {reason}" in outcome.output
    assert "away: 10 tests skipped (not available: 'away' is not on PATH)" in outcome.output
    assert outcome["test_parameter[b]"].outcome == "passed"
    assert outcome["test_here"].outcome == "passed"
    assert outcome["test_superfluous"].says_superfluous()
    records = json.loads((partly.path / "report.json").read_text())["tests"]
    told = {each["nodeid"]: each["unavailable"] for each in records if "unavailable" in each}
    assert len(told) == 10
    assert {*map(str, told.values())} == {str({"away": "'away' is not on PATH"})}
    assert all(each["reason"] == reason for each in records if each["outcome"] == "skipped")


def test_by_default_they_run(partly: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    """As they do without any probe; in CI too."""
    monkeypatch.setenv("CI", "true")

    outcome = partly.run()

    assert "it is set up" in outcome["test_function"].text
    assert "not available" not in outcome.output


def test_the_fix_leaves_them(partly: Suite) -> None:
    """What does not run shows nothing."""
    before = (partly.path / "test_it.py").read_text()

    outcome = partly.run("--resource-guards-unavailable=skip", "--resource-guards-fix=write")

    after = (partly.path / "test_it.py").read_text()
    assert before.count("mark.away") == after.count("mark.away"), outcome.output
    assert before.count("mark.tool") == after.count("mark.tool") + 1


@WORKERS
@pytest.mark.parametrize("by", ["option", "setting"])
@pytest.mark.parametrize("names", ["away", "all", "tool,away", "tool away"])
def test_required(partly: Suite, workers: tuple[str, ...], by: str, names: str) -> None:
    """The run stops before the first test, with the reason."""
    if by == "setting":
        said = "[pytest]\nresource_guards = tool away\nresource_guards_require = "
        partly.write_files({"pytest.ini": said + names.replace(",", " ")})
    option = [f"--resource-guards-require={names}"] if by == "option" else []

    outcome = partly.run("--resource-guards-unavailable=skip", *option, *workers)

    assert outcome.code == pytest.ExitCode.USAGE_ERROR, outcome.output
    assert (
        "ERROR: away is not available: 'away' is not on PATH. This run requires" in outcome.output
    )
    assert not any(test.outcome == "passed" for test in outcome.tests.values())


@WORKERS
def test_what_is_required_is_there(partly: Suite, workers: tuple[str, ...]) -> None:
    """The run goes on."""
    outcome = partly.run("--resource-guards-require=tool", "-k", "test_here", *workers)

    assert outcome.counts == {"passed": 1}, outcome.output


def test_required_while_nothing_runs(partly: Suite) -> None:
    """`--collect-only` needs nothing."""
    outcome = partly.run("--resource-guards-require=all", "--collect-only", "-q")

    assert outcome.code == 0, outcome.output


@WORKERS
def test_required_of_a_conftest_below(suite: Suite, workers: tuple[str, ...]) -> None:
    """A controller of xdist does not know of it; its workers do, and run nothing."""
    suite.write_files(
        {
            "pytest.ini": "[pytest]\nresource_guards_require = away\n",
            "below/conftest.py": """
                def pytest_register_resource_guards(registry):
                    registry.register_binary_guard("away")
            """,
            "below/test_below.py": "def test_below(): pass\n",
            "test_it.py": "def test_it(): pass\n",
        }
    )

    outcome = suite.run(*workers, "--resource-guards-json=report.json")

    assert outcome.code == pytest.ExitCode.USAGE_ERROR, outcome.output
    assert "ERROR: away is not available: 'away' is not on PATH" in outcome.output
    assert outcome.output.count("'away' is not on PATH") == 1
    assert outcome.tests == {}
    report = json.loads((suite.path / "report.json").read_text())
    assert [each[:46] for each in report["problems"]] == [
        "away is not available: 'away' is not on PATH. "
    ]
    assert {each["outcome"] for each in report["tests"]} == {"not run"}
    assert len(report["tests"]) == 2


@WORKERS
def test_required_with_a_probe_below(suite: Suite, workers: tuple[str, ...]) -> None:
    """What a conftest below the root says of a resource counts, under xdist too."""
    suite.write_files(
        {
            "pytest.ini": "[pytest]\nresource_guards = binary:away\nresource_guards_require = away\n",
            "below/conftest.py": """
                from imbue.resource_guards.resource_guards import register_probe
                register_probe("away", lambda: None)
            """,
            "below/test_below.py": "def test_below(): pass\n",
        }
    )

    outcome = suite.run(*workers)

    assert outcome.counts == {"passed": 1}, outcome.output


@WORKERS
@pytest.mark.parametrize("key", ["calls", "openers"])
def test_a_package_is_missing(suite: Suite, workers: tuple[str, ...], key: str) -> None:
    """Of a call in a project's own table: an error, unless such tests are skipped."""
    suite.tool()
    suite.write_files(
        {
            "pyproject.toml": f"""
                [tool.pytest.ini_options]
                resource_guards = ["acme", "tool"]
                [tool.resource_guards.acme]
                {key} = ["acme.client:Client.send"]
                [tool.resource_guards.tool]
                programs = ["tool"]
                calls = ["acme.tool:run"]
            """,
            "test_it.py": """
                import subprocess, pytest
                @pytest.mark.acme
                def test_acme(): raise AssertionError
                @pytest.mark.tool
                def test_tool(): subprocess.run("tool", check=True)
                def test_plain(): pass
            """,
        }
    )

    as_ever = suite.run(*workers)
    skipped = suite.run("--resource-guards-unavailable=skip", *workers)
    required = suite.run(
        "--resource-guards-unavailable=skip", "--resource-guards-require=acme", *workers
    )

    assert as_ever.code == pytest.ExitCode.USAGE_ERROR
    assert "there is no module 'acme'" in as_ever.output
    assert skipped.counts == {"passed": 2, "skipped": 1}, skipped.output
    said = "acme is not available: the package 'acme' is not installed"
    assert said in skipped["test_acme"].text
    assert required.code == pytest.ExitCode.USAGE_ERROR
    assert f"ERROR: {said}" in required.output


def test_a_target_is_missing(suite: Suite) -> None:
    """Where the package is there, that stays an error: it is a slip."""
    suite.write_files(
        {
            "pyproject.toml": """
                [tool.pytest.ini_options]
                resource_guards_unavailable = "skip"
                [tool.resource_guards.acme]
                calls = ["acme.client:send"]
            """,
            "acme/__init__.py": "",
            "test_it.py": "def test_it(): pass",
        }
    )

    outcome = suite.run()

    assert outcome.code == pytest.ExitCode.USAGE_ERROR
    assert "there is no module 'acme.client'" in outcome.output


@WORKERS
def test_a_fixture_asked_for_late(suite: Suite, workers: tuple[str, ...]) -> None:
    """By `getfixturevalue`, in a test or in a fixture that others share: the tests are skipped, and counted."""
    suite.write_files(
        {
            "pytest.ini": "[pytest]\nresource_guards = binary:away\n",
            "test_it.py": """
                import pytest
                from imbue.resource_guards.resource_guards import fixture_uses_resources

                @pytest.fixture(scope="session")
                @fixture_uses_resources("away")
                def contract(): raise AssertionError

                @pytest.fixture(scope="module")
                def shared(request): return request.getfixturevalue("contract")

                @pytest.mark.parametrize("number", range(2))
                def test_asks(request, number): request.getfixturevalue("contract")

                @pytest.mark.parametrize("number", range(2))
                def test_shared(shared, number): raise AssertionError

                def test_swallows(request):
                    with pytest.raises(pytest.skip.Exception):
                        request.getfixturevalue("contract")

                def test_plain(): pass
            """,
        }
    )

    outcome = suite.run(
        "--resource-guards-unavailable=skip", "-rs", "--resource-guards-json=report.json", *workers
    )

    assert outcome.counts == {"passed": 2, "skipped": 4}, outcome.output
    assert "away: 4 tests skipped (not available: 'away' is not on PATH)" in outcome.output
    assert "test_it.py:12: away is not available" in outcome.output
    records = json.loads((suite.path / "report.json").read_text())["tests"]
    assert sum("unavailable" in each for each in records) == 4


BAD = {
    "resource_guards_unavailable = skpi": "'skpi' is unknown. Write one of run, skip",
    "resource_guards_require = toll": "'toll' is not guarded; did you mean 'tool'?",
    "resource_guards_unavailable = skip\nresource_guards_probe_seconds = soon": "'soon' is not a number of",
    "resource_guards_unavailable = skip\nresource_guards_probe_seconds = 0": "'0' is not a number of",
    "resource_guards_unavailable = skip\nresource_guards_probe_seconds = inf": "'inf' is not a number of",
}


@WORKERS
@pytest.mark.parametrize("setting", BAD)
def test_settings_that_cannot_be(partly: Suite, workers: tuple[str, ...], setting: str) -> None:
    """One usage error that names the value, and what is allowed."""
    partly.write_files({"pytest.ini": f"[pytest]\nresource_guards = tool away\n{setting}\n"})

    outcome = partly.run(*workers)

    assert BAD[setting] in outcome.output
    assert outcome.code != 0
    assert "Traceback" not in outcome.output


def test_required_of_nothing(suite: Suite) -> None:
    """Where nothing is guarded, that is an error too."""
    suite.write(test_it="def test_it(): pass")

    outcome = suite.run("--resource-guards-require=docker")

    assert outcome.code == pytest.ExitCode.USAGE_ERROR
    assert "'docker' is not guarded. Nothing is guarded." in outcome.output


def test_what_pytest_and_others_do_with_skips(partly: Suite) -> None:
    """`--lf`, `--sw` and reruns work as with any skip."""
    skip = ("--resource-guards-unavailable=skip", "-pcacheprovider", "-pstepwise")
    first = partly.run(*skip)
    assert first["test_superfluous"].says_superfluous()

    last_failed = partly.run(*skip, "--lf", "test_it.py")
    assert {*last_failed.tests} == {"test_superfluous"}, last_failed.output

    stepwise = partly.run(*skip, "--sw")
    assert stepwise["test_superfluous"].says_superfluous()

    again = partly.run(
        "--resource-guards-unavailable=skip", "--reruns=1", plugins=("pytest_rerunfailures",)
    )
    assert "away: 9 tests skipped" in again.output


def test_where_guards_are_off(partly: Suite) -> None:
    """What is not available is skipped all the same; nothing else is looked at."""
    outcome = partly.run("--resource-guards-unavailable=skip", "--resource-guards=off")

    assert "away: 9 tests skipped (not available: 'away' is not on PATH)" in outcome.output
    assert outcome["test_superfluous"].outcome == "passed"


@WORKERS
def test_a_reason_of_the_tests_own_goes_first(partly: Suite, workers: tuple[str, ...]) -> None:
    """A mark of pytest's that skips it, with or without a condition; a condition that fails is told as ever."""
    partly.write(
        test_it="""
            import pytest

            @pytest.mark.away
            @pytest.mark.skip(reason="bug 12")
            def test_skip(): pass

            @pytest.mark.away
            @pytest.mark.skipif(True, reason="mine")
            def test_condition(): pass

            @pytest.mark.away
            @pytest.mark.skipif(False, reason="not mine")
            def test_other(): pass

            @pytest.mark.away
            @pytest.mark.skipif("no_such_name", reason="x")
            def test_bad(): pass
        """
    )

    outcome = partly.run("--resource-guards-unavailable=skip", *workers)

    assert "bug 12" in outcome["test_skip"].text
    assert "mine" in outcome["test_condition"].text
    assert "away is not available" in outcome["test_other"].text
    assert outcome["test_bad"].outcome == "error"
    assert "away: 2 tests skipped" in outcome.output


def test_required_and_nothing_can_tell(suite: Suite) -> None:
    """That is said, and not passed over."""
    suite.write(test_it="def test_it(): pass")
    table = "[tool.resource_guards.lan]\naddresses = ['10.0.0.0/8']\n"
    suite.write_files({"pyproject.toml": table})

    outcome = suite.run("--resource-guards-require=lan")

    assert outcome.code == pytest.ExitCode.USAGE_ERROR
    assert "nothing can check whether 'lan' is available here. Give it a probe" in outcome.output
    assert suite.run("--resource-guards-require=all").code == 0
