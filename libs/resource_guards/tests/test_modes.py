"""Settings and modes: guards without a conftest, and runs that warn or do nothing."""

from __future__ import annotations

import os

import pytest

from support.suite import WORKERS
from support.suite import Suite

TESTS = """
    import subprocess, pytest

    def test_unmarked():
        subprocess.run(["tool"], check=True)

    @pytest.mark.tool
    def test_superfluous():
        pass

    @pytest.mark.tool
    def test_marked():
        subprocess.run(["tool"], check=True)

    def test_plain():
        pass
"""


@pytest.fixture
def named(suite: Suite) -> Suite:
    """A suite whose settings name a program, and that has no conftest."""
    suite.tool()
    suite.write(test_it=TESTS)
    suite.write_files({"pytest.ini": "[pytest]\nresource_guards = tool\n"})
    return suite


@WORKERS
@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pytest.ini", "[pytest]\nresource_guards = tool\n"),
        ("tox.ini", "[pytest]\nresource_guards = binary:tool\n"),
        ("setup.cfg", "[tool:pytest]\nresource_guards =\n    tool\n"),
        ("pyproject.toml", '[tool.pytest.ini_options]\nresource_guards = ["tool"]\n'),
    ],
)
def test_settings_name_the_guards(
    suite: Suite, workers: tuple[str, ...], name: str, text: str
) -> None:
    """No conftest is needed, and the marks are known under --strict-markers."""
    suite.tool()
    suite.write(test_it=TESTS)
    suite.write_files({name: text})

    outcome = suite.run("--strict-markers", *workers)

    assert outcome["test_unmarked"].says_missing(), outcome.output
    assert outcome["test_superfluous"].says_superfluous()
    assert outcome["test_marked"].outcome == "passed"
    assert outcome["test_plain"].outcome == "passed"
    assert len(suite.runs_of()) == 1


def test_a_name_of_a_guard_package(suite: Suite) -> None:
    """It registers what the installed package's entry point registers."""
    suite.write_files({"pytest.ini": "[pytest]\nresource_guards = modal\n"})

    said = suite.run("--resource-guards-list").output

    assert "modal  @pytest.mark.modal" in said
    assert "patch grpclib.client:Channel.request" in said


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ("resource_guards = a/b", ["'a/b'"]),
        ("resource_guards = binary:", ["''"]),
        ("resource_guards_mode = strict", ["'strict'", "enforce, warn, off"]),
        (
            "resource_guards = tool\nresource_guards_warn = both:tool",
            ["'both:tool'", "missing: or superfluous:"],
        ),
        ("resource_guards = tool\nresource_guards_warn = missing:", ["'missing:'"]),
        ("resource_guards = tool\nresource_guards_warn = dokcer", ["'dokcer'", "'tool'"]),
    ],
)
@WORKERS
def test_settings_that_cannot_be(
    suite: Suite, settings: str, said: list[str], workers: tuple[str, ...]
) -> None:
    """One clear error before any test runs."""
    suite.tool()
    suite.write(test_it="import pathlib\n\ndef test_it(): pathlib.Path('ran').touch()")
    suite.write_files({"pytest.ini": f"[pytest]\n{settings}\n"})

    outcome = suite.run(*workers)

    assert outcome.code == pytest.ExitCode.USAGE_ERROR, outcome.output
    for text in said:
        assert text in outcome.output, outcome.output
    assert "INTERNALERROR" not in outcome.output
    assert not (suite.path / "ran").exists()


def test_a_program_that_is_not_installed(suite: Suite) -> None:
    """OwnerName as a program it is guarded all the same, so that runs without it work."""
    suite.write(
        test_it="""
            import pytest

            @pytest.mark.tool
            def test_marked():
                raise OSError("it is not there")

            def test_plain():
                pass
        """
    )
    suite.write_files({"pytest.ini": "[pytest]\nresource_guards = binary:tool\n"})

    assert suite.run("-m", "not tool").outcomes == {"test_plain": "passed"}


@WORKERS
@pytest.mark.parametrize("by", ["option", "setting"])
def test_warn(named: Suite, workers: tuple[str, ...], by: str) -> None:
    """Nothing is blocked and nothing fails: a warning for each violation, and the summary."""
    arguments = ["--resource-guards=warn"] if by == "option" else ["-oresource_guards_mode=warn"]

    outcome = named.run(*arguments, *workers)

    assert outcome.counts == {"passed": 4}, outcome.output
    assert outcome.code == 0
    assert len(named.runs_of()) == 2
    assert outcome.output.count("ResourceGuardWarning") == 2
    assert "ResourceGuardWarning: needs @pytest.mark.tool: ran tool" in outcome.output
    assert "@pytest.mark.tool is not needed: tool was not used" in outcome.output
    assert "tool: 1 test needs @pytest.mark.tool (warning only): test_it.py (1)" in outcome.output
    assert "1 test does not need its @pytest.mark.tool (warning only): test_it.py" in outcome.output
    assert "--resource-guards-fix=write" in outcome.output.splitlines()[-2]
    assert "2 warnings" in outcome.output


def test_warn_where_warnings_are_errors(named: Suite) -> None:
    """A warning of resource guards fails nothing, whatever the filters."""
    outcome = named.run("--resource-guards=warn", "-Werror")

    assert outcome.counts == {"passed": 4}, outcome.output


def test_warn_for_a_child_python(suite: Suite) -> None:
    """Nothing is blocked there either."""
    suite.write_files(
        {
            "sdk.py": "def send(): pass\n",
            "pytest.ini": "[pytest]\npythonpath = .\nresource_guards_mode = warn\n",
        }
    )
    suite.write(
        conftest="""
            def pytest_register_resource_guards(registry):
                registry.register_sdk_guard("sdk", targets=["sdk:send"])
        """,
        test_it="""
            import subprocess, sys

            def test_unmarked():
                subprocess.run([sys.executable, "-c", "import sdk; sdk.send()"], check=True)
        """,
    )

    outcome = suite.run()

    assert outcome.counts == {"passed": 1}, outcome.output
    assert "sdk: 1 test needs @pytest.mark.sdk (warning only)" in outcome.output


def test_a_native_layer_that_is_neither_on_nor_off(named: Suite) -> None:
    """The setting is named, with what it may be."""
    ini = named.path / "pytest.ini"
    ini.write_text(f"{ini.read_text()}\nresource_guards_native = yess\n")

    outcome = named.run()

    assert outcome.code == pytest.ExitCode.USAGE_ERROR
    assert (
        "resource_guards_native: invalid truth value 'yess'. Write true or false." in outcome.output
    )


def test_off(named: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is done at all: no shim, no variable, no import; the marks are still known."""
    named.write(
        test_off="""
            import os, sys

            def test_nothing_is_there():
                # The run around this one has its own; it names the scope for this process.
                sessions = os.environ.get("RESOURCE_GUARDS_SCOPE", "").count("=")
                assert sessions == os.environ["OUTER_SCOPE"].count("=")
                assert os.environ["PATH"] == os.environ["OUTER_PATH"]
                assert "imbue.resource_guards.enforcement" not in sys.modules
                assert "imbue.resource_guards.lifecycle.tests" not in sys.modules
        """
    )

    monkeypatch.setenv("OUTER_SCOPE", os.environ.get("RESOURCE_GUARDS_SCOPE", ""))
    monkeypatch.setenv("OUTER_PATH", os.environ["PATH"])

    outcome = named.run("--resource-guards=off", "--strict-markers")

    assert outcome.counts == {"passed": 5}, outcome.output
    assert "resource guards" not in outcome.output
    assert len(named.runs_of()) == 2


@pytest.mark.parametrize(
    ("entry", "fails"),
    [
        ("tool", set()),
        ("missing:tool", {"test_superfluous"}),
        ("superfluous:tool", {"test_unmarked"}),
        ("missing:tool superfluous:tool", set()),
        ("other", {"test_unmarked", "test_superfluous"}),
    ],
)
@WORKERS
def test_warn_for_a_resource_or_direction(
    named: Suite, entry: str, fails: set[str], workers: tuple[str, ...]
) -> None:
    """What is named only warns; all else is blocked and fails."""
    named.tool("other")
    named.write_files(
        {"pytest.ini": f"[pytest]\nresource_guards = tool other\nresource_guards_warn = {entry}\n"}
    )

    outcome = named.run(*workers)

    failed = {name for name, test in outcome.tests.items() if test.outcome == "failed"}
    assert failed == fails, outcome.output
    assert len(named.runs_of()) == (1 if "test_unmarked" in fails else 2)
    assert outcome.output.count("ResourceGuardWarning") == 2 - len(fails)


def test_the_option_goes_before_the_setting(named: Suite) -> None:
    """A run can be stricter or milder than the project's settings."""
    mild = named.run("--resource-guards=warn", "-oresource_guards_mode=enforce")
    strict = named.run("--resource-guards=enforce", "-oresource_guards_mode=off")

    assert mild.counts == {"passed": 4}
    assert strict.counts == {"passed": 2, "failed": 2}


def test_an_unknown_mode_on_the_command_line(named: Suite) -> None:
    """The modes are named."""
    outcome = named.run("--resource-guards=strict")

    assert outcome.code == pytest.ExitCode.USAGE_ERROR
    for mode in ("enforce", "warn", "off"):
        assert mode in outcome.output


def test_settings_in_a_file_that_is_named(named: Suite) -> None:
    """``-c`` works as for any other setting."""
    named.write_files({"other.ini": f"[pytest]\nresource_guards_mode = off\n{os.linesep}"})

    assert named.run("-c", "other.ini").counts == {"passed": 4}
