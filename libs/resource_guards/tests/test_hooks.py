"""Hooks of conftests and plugins that guards meet: wrappers, use between tests, late registration."""

from __future__ import annotations

import pytest

from support.suite import Suite


@pytest.mark.parametrize("wrapper", ["wrapper=True", "hookwrapper=True"])
def test_what_a_wrapper_of_the_set_up_uses(suite: Suite, wrapper: str) -> None:
    """It is charged to the test that is set up, in a wrapper of either kind."""
    suite.guard_tool()
    suite.write(
        conftest=f"""
            import subprocess, pytest

            def pytest_register_resource_guards(registry):
                registry.register_resource_guard("tool")

            @pytest.hookimpl({wrapper}, tryfirst=True)
            def pytest_runtest_setup(item):
                if "idle" not in item.name:
                    subprocess.run(["tool"])
                return (yield)
        """,
        test_it="""
            import pytest

            def test_unmarked():
                pass

            @pytest.mark.tool
            def test_marked():
                pass

            @pytest.mark.tool
            def test_idle():
                pass
        """,
    )

    outcome = suite.run()

    assert outcome["test_unmarked"].says_missing()
    assert outcome["test_marked"].outcome == "passed", outcome.output
    assert outcome["test_idle"].says_superfluous()
    assert len(suite.runs_of()) == 1


def test_use_between_tests(suite: Suite) -> None:
    """What a hook runs outside of any test is let through, and is no test's use."""
    path = suite.tool()
    suite.write(
        conftest=f"""
            import subprocess

            def pytest_register_resource_guards(registry):
                registry.register_resource_guard("tool")

            def pytest_runtest_logstart(nodeid):
                for program in ("tool", {str(path)!r}):
                    subprocess.run([program, "before", nodeid], check=True)
        """,
        test_it="""
            import pytest

            def test_innocent():
                pass

            @pytest.mark.tool
            def test_superfluous():
                pass
        """,
    )

    outcome = suite.run()

    assert outcome["test_innocent"].outcome == "passed", outcome.output
    assert outcome["test_superfluous"].says_superfluous()
    assert suite.runs_of() == [
        f"before test_it.py::{name}" for name in ("test_innocent", "test_superfluous") for _ in "ab"
    ]


def test_a_hook_that_registers_wrongly(suite: Suite) -> None:
    """It is told as one line, by what is wrong with the guard."""
    suite.write(
        conftest="""
            def pytest_register_resource_guards(registry):
                registry.register_resource_guard("7z")
        """,
        test_it="def test_never(): pass",
    )

    outcome = suite.run()

    assert outcome.code == pytest.ExitCode.USAGE_ERROR
    assert "ERROR: Resource guard '7z': '7z' cannot be the name of a mark" in outcome.output
    assert "pytest_register_resource_guards failed" not in outcome.output


def test_a_further_guard_that_cannot_be_installed(suite: Suite) -> None:
    """It is refused each time, and the resource keeps the guards that it has."""
    suite.guard_tool()
    suite.write_files(
        {
            "sub/conftest.py": """
                import pytest
                from imbue.resource_guards.resource_guards import ResourceGuardMisconfiguration
                from imbue.resource_guards.resource_guards import register_sdk_guard

                for _ in range(2):
                    with pytest.raises(ResourceGuardMisconfiguration, match="no module 'nosuch'"):
                        register_sdk_guard("tool", targets=["nosuch:send"])
            """,
            "sub/test_it.py": """
                import subprocess, pytest

                def test_unmarked():
                    subprocess.run(["tool"])

                @pytest.mark.tool
                def test_marked():
                    subprocess.run(["tool"], check=True)
            """,
        }
    )

    outcome = suite.run()

    assert outcome["test_unmarked"].says_missing(), outcome.output
    assert outcome["test_marked"].outcome == "passed"


def test_clean_up_callbacks_that_fail(suite: Suite) -> None:
    """All run, and the errors of several come as one group."""
    suite.write(
        conftest="""
            import pytest
            from imbue.resource_guards.resource_guards import register_session_cleanup_callback
            from imbue.resource_guards.resource_guards import run_session_cleanup_callbacks

            RAN = []

            def failing(error):
                def fail():
                    RAN.append(error)
                    raise error
                return fail

            ERRORS = [OSError("one"), ValueError("two")]
            for error in ERRORS:
                register_session_cleanup_callback(failing(error))
            register_session_cleanup_callback(lambda: RAN.append(None))

            def pytest_sessionfinish(session):
                with pytest.raises(ExceptionGroup, match="cleanup callbacks failed") as group:
                    run_session_cleanup_callbacks()
                assert list(group.value.exceptions) == ERRORS
                assert RAN == [*ERRORS, None]
                print("cleaned up")
        """,
        test_it="def test_it(): pass",
    )

    assert "cleaned up" in suite.run("-s").output


def test_a_guard_that_patches_by_itself_is_shared_by_pytest_in_pytest(suite: Suite) -> None:
    """It is installed once, is told to both, and stays until the outer one ends."""
    suite.write(
        own_guard="""
            from imbue.resource_guards.resource_guards import enforce_sdk_guard

            DONE = []

            def install():
                DONE.append("in")

            def cleanup():
                DONE.append("out")

            def send():
                enforce_sdk_guard("own")

            def register(registry):
                registry.register_sdk_guard("own", install, cleanup)
        """,
        conftest="""
            pytest_plugins = ["pytester"]

            def pytest_register_resource_guards(registry):
                import own_guard
                own_guard.register(registry)
        """,
        test_it='''
            import pytest, own_guard

            INNER = """
                import own_guard
                def test_inner():
                    own_guard.send()
            """
            CONFTEST = """
                import own_guard
                def pytest_register_resource_guards(registry):
                    own_guard.register(registry)
            """

            @pytest.mark.own
            def test_outer(pytester):
                pytester.makeconftest(CONFTEST)
                pytester.makepyfile(INNER)
                result = pytester.runpytest_inprocess("-presource_guards")
                result.assert_outcomes(failed=1)
                result.stdout.fnmatch_lines(["*without @pytest.mark.own*"])
                assert own_guard.DONE == ["in"]

            def test_unmarked():
                own_guard.send()
        ''',
    )

    outcome = suite.run()

    assert outcome["test_outer"].outcome == "passed", outcome.output
    assert outcome["test_unmarked"].says_missing("own")
