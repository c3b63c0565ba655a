"""What the document of resource-guards 0.1.5 shows its users works as it is written there.

The three snippets are that document's, letter for letter.
"""

from __future__ import annotations

import pytest

from support.suite import Suite

CONFTEST = """
# conftest.py
from imbue.resource_guards.resource_guards import (
    register_guarded_resource_markers,
    register_resource_guard,
    start_resource_guards,
    stop_resource_guards,
)

register_resource_guard("tmux")
register_resource_guard("rsync")

def pytest_configure(config):
    register_guarded_resource_markers(config)

def pytest_sessionstart(session):
    start_resource_guards(session)

def pytest_sessionfinish(session, exitstatus):
    stop_resource_guards()
"""

TEST = """
import pytest

@pytest.mark.tmux
def test_agent_creates_tmux_session():
    ...
"""

SDK_GUARD = """
from imbue.resource_guards.resource_guards import enforce_sdk_guard
from imbue.resource_guards.resource_guards import register_sdk_guard

_originals = {}

def _install():
    _originals["send"] = SomeClient.send
    SomeClient.send = _guarded_send

def _cleanup():
    if "send" in _originals:
        SomeClient.send = _originals["send"]
        _originals.clear()

def _guarded_send(self, *args, **kwargs):
    enforce_sdk_guard("my_sdk")
    return _originals["send"](self, *args, **kwargs)

register_sdk_guard("my_sdk", _install, _cleanup)
"""

WAYS = pytest.mark.parametrize(
    ("workers", "load"),
    [((), "auto"), ((), "none"), (("-n2",), "auto")],
    ids=["as installed", "without plugin autoload", "two workers"],
)


@WAYS
def test_the_conftest_and_its_test(suite: Suite, workers: tuple[str, ...], load: str) -> None:
    """The documented conftest guards its programs, and the documented test has a superfluous mark."""
    suite.tool("tmux")
    suite.tool("rsync")
    suite.write(
        conftest=CONFTEST,
        test_documented=TEST,
        test_more="""
            import subprocess, pytest

            def test_unmarked():
                subprocess.run(["rsync"])

            @pytest.mark.rsync
            def test_marked():
                subprocess.run(["rsync"], check=True)
        """,
    )

    outcome = suite.run("--strict-markers", *workers, load=load)

    documented = outcome["test_agent_creates_tmux_session"]
    assert documented.outcome == "failed"
    assert "never invoked tmux" in documented.text
    assert "invoked 'rsync' without @pytest.mark.rsync" in outcome["test_unmarked"].text
    assert outcome["test_marked"].outcome == "passed"
    assert suite.runs_of("tmux") == []
    assert suite.runs_of("rsync") == [""]
    assert suite.leftovers() == []


@WAYS
def test_the_custom_sdk_guard(suite: Suite, workers: tuple[str, ...], load: str) -> None:
    """The documented SDK guard blocks unmarked calls and is satisfied by marked ones."""
    client = """
            class SomeClient:
                def send(self, *args, **kwargs):
                    return args, kwargs
    """
    suite.write(
        some_sdk=client,
        conftest="from some_sdk import SomeClient\n"
        + SDK_GUARD
        + CONFTEST.replace('register_resource_guard("rsync")', ""),
        test_it="""
            import pytest
            from some_sdk import SomeClient

            def test_unmarked():
                SomeClient().send(1)

            @pytest.mark.my_sdk
            def test_marked():
                assert SomeClient().send(1, two=2) == ((1,), {"two": 2})

            @pytest.mark.my_sdk
            def test_superfluous():
                pass
        """,
    )

    outcome = suite.run("--strict-markers", *workers, load=load)

    assert "invoked 'my_sdk' without @pytest.mark.my_sdk" in outcome["test_unmarked"].text
    assert outcome["test_marked"].outcome == "passed"
    assert outcome["test_superfluous"].says_superfluous("my_sdk")


def test_without_the_plugin_nothing_happens(suite: Suite) -> None:
    """Under ``-p no:resource_guards`` the documented conftest still loads, and guards nothing."""
    suite.tool("tmux")
    suite.write(
        conftest=CONFTEST,
        test_it="""
            import subprocess

            def test_unmarked():
                subprocess.run(["tmux"], check=True)
        """,
    )

    outcome = suite.run(load="blocked")

    assert outcome.outcomes == {"test_unmarked": "passed"}
    assert suite.runs_of("tmux") == [""]
