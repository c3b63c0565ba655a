"""What the Modal client does by itself, and clients and processes that several tests share."""

from __future__ import annotations

import importlib.metadata

import pytest
from packaging.version import Version

from imbue.mngr_modal.control_plane import ControlPlane
from support.suite import Suite

MODAL = Version(importlib.metadata.version("modal"))

CONFTEST = 'pytest_plugins = ["imbue.mngr_modal.pytest_plugin"]'


def test_heartbeats_are_charged_to_the_test_that_started_the_app(
    suite: Suite, control_plane: ControlPlane, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tests that run meanwhile are neither blamed for them, nor do they count for their marks."""
    monkeypatch.setenv("MODAL_HEARTBEAT_INTERVAL", "0.1")
    suite.write(
        conftest=CONFTEST,
        test_it="""
            import contextlib, os, pathlib, time, modal, pytest

            STACK = contextlib.ExitStack()
            LOG = pathlib.Path(os.environ["HOME"], "control-plane.log")

            def wait_for_heartbeats():
                before = LOG.read_text().count("AppHeartbeat")
                deadline = time.monotonic() + 20
                while LOG.read_text().count("AppHeartbeat") < before + 3:
                    assert time.monotonic() < deadline, "no heartbeats"
                    time.sleep(0.02)

            @pytest.mark.modal
            def test_0_marked():
                STACK.enter_context(modal.App("an-app").run())

            def test_1_innocent():
                wait_for_heartbeats()

            @pytest.mark.modal
            def test_2_superfluous():
                wait_for_heartbeats()

            @pytest.mark.modal
            def test_3_marked():
                STACK.close()
        """,
    )

    outcome = suite.run("-Wignore")

    assert outcome["test_2_superfluous"].says_superfluous("modal"), outcome.output
    for name in ("test_0_marked", "test_1_innocent", "test_3_marked"):
        assert outcome[name].outcome == "passed", outcome.output
    assert control_plane.seen().count("AppHeartbeat") >= 6


def test_an_app_of_a_fixture(
    suite: Suite, control_plane: ControlPlane, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A session's fixture that runs an app makes a user of each test that depends on it."""
    monkeypatch.setenv("MODAL_HEARTBEAT_INTERVAL", "0.1")
    suite.write(
        conftest=CONFTEST,
        test_it="""
            import modal, pytest

            @pytest.fixture(scope="session")
            def app():
                app = modal.App("an-app")
                with app.run():
                    yield app

            @pytest.mark.modal
            def test_marked(app):
                assert app.app_id == "ap-1"

            def test_unmarked(app):
                pass

            def test_without():
                pass
        """,
    )

    outcome = suite.run("-Wignore")

    assert outcome["test_marked"].outcome == "passed", outcome.output
    assert outcome["test_unmarked"].says_missing("modal"), outcome.output
    assert outcome["test_without"].outcome == "passed"
    assert control_plane.seen().count("AppCreate") == 1


SHARED = """
    import time, modal, pytest

    KEPT = {}

    @pytest.mark.modal
    def test_0_opens():
        app = modal.App.lookup("an-app", create_if_missing=True)
        # Without a version Modal wants that of this Python, and its images have no newest one.
        image = modal.Image.debian_slim(python_version="3.12")
        box = modal.Sandbox.create("sleep", "60", app=app, image=image)
        KEPT.update(box=box, lines=box.exec("cat", bufsize=1))
        for name in ("process", "async", "waiting"):
            KEPT[name] = box.exec("cat")
        KEPT["client"] = modal.Client.from_env()
        KEPT["function"] = modal.Function.from_name("an-app", "a_function")
        KEPT["function"].hydrate()

    def aio(call):
        import asyncio
        async def go():
            return await call()
        return asyncio.run(go())

    WAYS = {
        "hello": lambda: KEPT["client"].hello(),
        "stdout": lambda: KEPT["process"].stdout.read(),
        "stdout.aio": lambda: aio(KEPT["async"].stdout.read.aio),
        "lines": lambda: list(KEPT["lines"].stdout),
        "poll": lambda: KEPT["process"].poll(),
        "wait": lambda: KEPT["waiting"].wait(),
        "drain": lambda: (KEPT["process"].stdin.write(b"a"), KEPT["process"].stdin.drain()),
        "exec": lambda: KEPT["box"].exec("true"),
        "logs": lambda: KEPT["box"].stdout.read(),
        "terminate": lambda: KEPT["box"].terminate(),
        "remote": lambda: KEPT["function"].remote(1),
    }

    @pytest.mark.parametrize("way", WAYS)
    def test_unmarked(way):
        start = time.monotonic()
        try:
            WAYS[way]()
        except Exception:
            pass
        assert time.monotonic() - start < 3, "it has waited for what was blocked"

    @pytest.mark.modal
    @pytest.mark.parametrize("way", WAYS)
    def test_marked(way):
        WAYS[way]()
"""


def test_what_another_test_has_opened(suite: Suite, control_plane: ControlPlane) -> None:
    """Each test that sends on it, or reads from it, is a user; none hangs."""
    suite.write(conftest=CONFTEST, test_it=SHARED)

    opening = suite.run("-Wignore", "-k", "opens")
    opened = control_plane.seen()
    blocked = suite.run("-Wignore", "-k", "opens or unmarked")
    assert opening["test_0_opens"].outcome == "passed", opening.output
    assert sorted(set(control_plane.seen())) == sorted(set(opened))

    for name, test in blocked.tests.items():
        if name != "test_0_opens":
            assert test.says_missing("modal"), (name, blocked.output)
            assert "has waited" not in test.text, (name, test.text)
    assert len(blocked.tests) == 12

    allowed = suite.run("-Wignore", "-k", "not unmarked")
    assert allowed.counts == {"passed": 12}, allowed.output


@pytest.mark.skipif(Version("1.2") <= MODAL, reason="processes are read in another way from 1.2 on")
def test_a_reader_in_the_background_that_is_blocked(
    suite: Suite, control_plane: ControlPlane
) -> None:
    """Whoever waits for what it reads does not wait for ever."""
    suite.write(
        conftest=CONFTEST,
        test_it="""
            import time, modal, pytest

            CLIENT = []

            @pytest.mark.modal
            def test_0_opens():
                CLIENT.append(modal.Client.from_env())

            def test_unmarked():
                from modal._utils.async_utils import synchronize_api
                from modal.container_process import _ContainerProcess

                async def read():
                    return await _ContainerProcess("ce-1", CLIENT[0]).stdout.read()

                start = time.monotonic()
                with pytest.raises(Exception, match="modal"):
                    synchronize_api(read)()
                assert time.monotonic() - start < 3, "it has waited"
        """,
    )

    outcome = suite.run("-Wignore")

    assert outcome["test_unmarked"].says_missing("modal"), outcome.output
    assert "has waited" not in outcome["test_unmarked"].text
    assert not [name for name in control_plane.seen() if "Exec" in name]


@pytest.mark.skipif(Version("1.6") > MODAL, reason="there are streams from 1.6 on")
def test_streams(
    suite: Suite, control_plane: ControlPlane, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They go over plain HTTP, with a token that is kept: seen all the same."""
    monkeypatch.setenv("MODAL_STREAMS_URL", control_plane.http)
    suite.write(
        conftest=CONFTEST,
        test_it="""
            import modal.experimental, pytest

            STREAM = modal.experimental.Stream.from_name("a-stream")

            def test_0_unmarked():
                STREAM.info()

            @pytest.mark.modal
            def test_1_marked():
                assert STREAM.info().last_seq == 0

            @pytest.mark.modal
            def test_2_marked():
                assert STREAM.info().last_seq == 0

            def test_3_unmarked():
                STREAM.info()
        """,
    )

    outcome = suite.run("-Wignore")

    for name, test in outcome.tests.items():
        if "unmarked" in name:
            assert test.says_missing("modal"), (name, outcome.output)
        else:
            assert test.outcome == "passed", (name, outcome.output)
    assert len([name for name in control_plane.seen() if name.startswith("GET")]) == 2
