"""A control plane in place of Modal, so that no test needs an account."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from frames.farm import Farm

from imbue.mngr_modal.control_plane import ControlPlane
from imbue.mngr_modal.control_plane import running_control_plane


@pytest.fixture(scope="session")
def control_plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """One for all tests, as the client keeps its connection. To start it is no use of Modal."""
    with (
        running_control_plane(tmp_path_factory.mktemp("modal")) as control_plane,
        pytest.MonkeyPatch.context() as patch,
    ):
        for name, value in control_plane.environment.items():
            patch.setenv(name, value)
        yield control_plane


@pytest.fixture
def farm(control_plane: ControlPlane) -> Farm:
    """A farm, which has asked Modal for nothing yet: the client waits until it is used."""
    return Farm("metropolis")
