"""A control plane for the tests of the Modal guards."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from imbue.mngr_modal.control_plane import ControlPlane
from imbue.mngr_modal.control_plane import running_control_plane


@pytest.fixture
def control_plane(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ControlPlane]:
    """A control plane on loopback, which the client's environment variables name."""
    with running_control_plane(tmp_path) as running:
        for name, value in running.environment.items():
            monkeypatch.setenv(name, value)
        yield running
