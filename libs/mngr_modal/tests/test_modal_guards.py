"""Modal guards: the program, and the real client against a control plane that counts RPCs."""

from __future__ import annotations

import importlib.metadata
import os
import sys
from pathlib import Path

import pytest

from imbue.mngr_modal.control_plane import ControlPlane
from support.suite import Suite

CONFTESTS = {
    "plugin": 'pytest_plugins = ["imbue.mngr_modal.pytest_plugin"]',
    "function": """
        from imbue.mngr_modal.register_guards import register_modal_guard, register_modal_guards
        register_modal_guard()
        register_modal_guards()
    """,
}


@pytest.mark.parametrize("conftest", CONFTESTS)
def test_the_client(suite: Suite, control_plane: ControlPlane, conftest: str) -> None:
    """Unmarked, it is blocked and no RPC arrives; marked, it works."""
    suite.write(
        conftest=CONFTESTS[conftest],
        test_it="""
            import asyncio, modal, pytest

            def look_up():
                return modal.App.lookup("an-app", create_if_missing=True)

            def test_unmarked():
                look_up()

            def test_swallowed():
                try:
                    look_up()
                except Exception:
                    pass

            def test_asynchronous():
                asyncio.run(modal.App.lookup.aio("an-app", create_if_missing=True))

            @pytest.mark.modal
            def test_marked():
                assert look_up().app_id == "ap-1"

            @pytest.mark.modal
            def test_superfluous():
                pass
        """,
    )

    outcome = suite.run("--strict-markers", "-k", "not test_marked")
    assert control_plane.seen() == []
    for name in ("test_unmarked", "test_swallowed", "test_asynchronous"):
        assert outcome[name].says_missing("modal"), outcome.output
    assert outcome["test_superfluous"].says_superfluous("modal")

    outcome = suite.run("--strict-markers", "-k", "test_marked")
    assert outcome.outcomes == {"test_marked": "passed"}, outcome.output
    assert control_plane.seen() == ["AppGetOrCreate"]


def test_the_program(
    suite: Suite, control_plane: ControlPlane, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The real ``modal`` program is blocked without the mark, and reaches the server with it."""
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)
    suite.write(
        conftest=CONFTESTS["plugin"],
        test_it="""
            import subprocess, pytest

            def test_unmarked():
                subprocess.run(["modal", "app", "list"])

            @pytest.mark.modal
            def test_marked():
                subprocess.run(["modal", "app", "list"], check=True)
        """,
    )

    outcome = suite.run("--strict-markers")

    assert outcome["test_unmarked"].says_missing("modal")
    assert "modal app list" in outcome["test_unmarked"].text
    assert outcome["test_marked"].outcome == "passed", outcome.output
    assert control_plane.seen().count("AppList") == 1


@pytest.mark.parametrize("lacking", ["credentials", "network"])
def test_without_credentials_or_network(
    suite: Suite, lacking: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The verdict is the same, and at once, though no RPC could be made."""
    for name in ("MODAL_TOKEN_ID", "MODAL_TOKEN_SECRET", "MODAL_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(suite.path))
    monkeypatch.setenv("MODAL_SERVER_URL", "http://127.0.0.1:9")
    if lacking == "network":
        monkeypatch.setenv("MODAL_TOKEN_ID", "ak-test")
        monkeypatch.setenv("MODAL_TOKEN_SECRET", "as-test")
    suite.write(
        conftest=CONFTESTS["plugin"],
        test_it="""
            import time, modal, pytest

            WAYS = {
                "look up": lambda: modal.App.lookup("an-app"),
                "from_env": lambda: modal.Client.from_env(),
                "from_credentials": lambda: modal.Client.from_credentials("ak-1", "as-1"),
                "hydrate": lambda: modal.Secret.from_name("a-secret").hydrate(),
            }

            @pytest.mark.parametrize("way", WAYS)
            def test_unmarked(way):
                start = time.monotonic()
                try:
                    WAYS[way]()
                except Exception:
                    pass
                assert time.monotonic() - start < 1.5, "it has tried to connect"

            def test_lazy():
                modal.Function.from_name("an-app", "a-function")
        """,
    )

    outcome = suite.run("-Wignore")

    for name, test in outcome.tests.items():
        if name == "test_lazy":
            assert test.outcome == "passed", outcome.output
        else:
            assert test.says_missing("modal"), (name, outcome.output)
            assert "tried to connect" not in test.text
    assert len(outcome.tests) == 5


def test_without_credentials_a_marked_test_fails_for_that(
    suite: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And is not called superfluous when it skips on it."""
    for name in ("MODAL_TOKEN_ID", "MODAL_TOKEN_SECRET", "MODAL_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(suite.path))
    suite.write(
        conftest=CONFTESTS["plugin"],
        test_it="""
            import modal, pytest

            @pytest.mark.modal
            def test_marked():
                modal.App.lookup("an-app")

            @pytest.mark.modal
            def test_tolerant():
                with pytest.raises(modal.exception.AuthError):
                    modal.App.lookup("an-app")
        """,
    )

    outcome = suite.run("-Wignore")

    assert "AuthError" in outcome["test_marked"].text
    assert "pytest.mark.modal" not in outcome["test_marked"].text.replace(
        "@pytest.mark.modal\n", ""
    )
    assert outcome["test_tolerant"].outcome == "passed", outcome.output


def test_other_users_of_grpclib_are_left_alone(suite: Suite) -> None:
    """An RPC of another service than Modal's is no use."""
    suite.write(
        conftest=CONFTESTS["plugin"],
        test_it="""
            import asyncio, pytest
            from grpclib.client import Channel
            from grpclib.const import Cardinality

            def request(name):
                async def make():
                    channel = Channel("127.0.0.1", 1)
                    channel.request(name, Cardinality.UNARY_UNARY, None, None)
                    channel.close()
                asyncio.run(make())

            def test_other():
                request("/other.Service/Method")

            def test_modal():
                request("/modal.client.ModalClient/AppList")
        """,
    )

    outcome = suite.run()

    assert outcome["test_other"].outcome == "passed", outcome.output
    assert outcome["test_modal"].says_missing("modal")


def test_registering_imports_nothing(suite: Suite) -> None:
    """A session that guards Modal does not import its client unless a test does."""
    suite.write(
        conftest=CONFTESTS["plugin"],
        test_it="""
            import sys

            def test_it():
                assert not {"modal", "grpclib", "aiohttp"} & set(sys.modules)
        """,
    )

    assert suite.run().outcomes == {"test_it": "passed"}


def test_a_private_name_that_has_moved(suite: Suite, control_plane: ControlPlane) -> None:
    """It is told with Modal's version, and the remaining targets guard."""
    suite.write(
        conftest="""
            import dataclasses
            from imbue.mngr_modal import register_guards

            register_guards.SDK_TARGETS = tuple(
                dataclasses.replace(target, attribute="moved")
                if target.attribute == "_check_config" else target
                for target in register_guards.SDK_TARGETS
            )
            register_guards.register_modal_guards()
        """,
        test_it="""
            import modal

            def test_unmarked():
                modal.App.lookup("an-app", create_if_missing=True)
        """,
    )
    version = importlib.metadata.version("modal")

    listed = suite.run("--resource-guards-list")
    outcome = suite.run("-Wignore")

    assert f"patch modal.client:moved: MISSING in {version}" in listed.output
    header, _, rest = outcome.output.partition("test_it.py")
    for part in (header, rest):
        assert part.count(f"modal.client:moved is missing in modal {version}") == 1, outcome.output
    assert outcome["test_unmarked"].says_missing("modal")
    assert control_plane.seen() == []


def test_every_target_is_there(suite: Suite) -> None:
    """Those of the installed version: nothing is told to be missing."""
    suite.write(conftest=CONFTESTS["plugin"], test_it="import modal\n\ndef test_it(): pass")

    outcome = suite.run("-Wignore")

    assert outcome.outcomes == {"test_it": "passed"}
    assert "is missing in modal" not in outcome.output
    assert "MISSING" not in suite.run("--resource-guards-list").output
