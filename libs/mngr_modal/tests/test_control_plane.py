"""The control plane by itself: where it does not start, does not end, or modal is another version."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from modal_proto import api_pb2

from imbue.mngr_modal import control_plane
from imbue.mngr_modal.control_plane.answers import Addresses
from imbue.mngr_modal.control_plane.answers import Answers
from imbue.mngr_modal.control_plane.server import State
from imbue.mngr_modal.control_plane.server import fill
from imbue.mngr_modal.control_plane.server import make_services

NEVER_ENDS = """
import json, os, pathlib, time
pathlib.Path(__file__).with_name("pid").write_text(str(os.getpid()))
print(json.dumps({"plain": "", "tls": "", "http": ""}), flush=True)
while True:
    time.sleep(60)
"""


@pytest.fixture
def in_place_of_trustme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file for a module that the server imports in place of trustme."""
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    return tmp_path / "trustme.py"


def test_one_that_does_not_start(tmp_path: Path, in_place_of_trustme: Path) -> None:
    """What it said, such as which package is missing, is in the error."""
    in_place_of_trustme.write_text("raise ModuleNotFoundError('No module named trustme')")

    with (
        pytest.raises(control_plane.NoControlPlaneError, match="No module named trustme"),
        control_plane.running_control_plane(tmp_path),
    ):
        pytest.fail("it has started")


def test_one_that_does_not_end(
    tmp_path: Path, in_place_of_trustme: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is killed, and nothing is left of it, when it goes on after its standard input."""
    in_place_of_trustme.write_text(NEVER_ENDS)
    monkeypatch.setattr(control_plane, "_SECONDS_TO_END", 0.1)

    with control_plane.running_control_plane(tmp_path):
        pid = int((tmp_path / "pid").read_text())
        os.kill(pid, 0)

    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_modal_without_command_routers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before 1.2 modal has one service, and that one is served."""
    monkeypatch.setitem(sys.modules, "modal_proto.task_command_router_grpc", None)

    services = make_services(State(tmp_path / "log"))

    assert [type(service).__name__ for service in services] == ["ModalClientBase"]


def test_a_field_that_modal_does_not_have() -> None:
    """It is left out of a reply, and the others are in it."""
    reply = api_pb2.AppCreateResponse()

    fill(reply, {"of_a_later_version": {"deep": 1}, "app_id": "ap-1"})

    assert reply == api_pb2.AppCreateResponse(app_id="ap-1")


def test_a_dict_has_what_was_put_into_it() -> None:
    """And nothing else, which it says without failing."""
    answers, at = Answers(), Addresses("", "", "")
    entry = api_pb2.DictEntry(key=b"known", value=b"7")
    answers.of("DictUpdate", api_pb2.DictUpdateRequest(updates=[entry]), at)

    (known,) = answers.of("DictGet", api_pb2.DictGetRequest(key=b"known"), at)
    (unknown,) = answers.of("DictGet", api_pb2.DictGetRequest(key=b"unknown"), at)

    assert known == {"found": True, "value": b"7"}
    assert unknown == {"found": False}
