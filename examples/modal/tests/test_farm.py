"""The farm, with the real client of Modal."""

from __future__ import annotations

import pytest
from frames.apps import running_apps
from frames.batches import Batch
from frames.farm import Farm

from imbue.mngr_modal.control_plane import ControlPlane


@pytest.mark.modal
def test_batches_come_in_their_order(farm: Farm) -> None:
    """What has been submitted is taken, and then there is no more."""
    farm.submit([Batch(0, 10), Batch(10, 12)])
    assert [farm.take(), farm.take(), farm.take()] == [Batch(0, 10), Batch(10, 12), None]


@pytest.mark.modal
def test_finish(farm: Farm) -> None:
    """Where a batch is put can be asked for."""
    farm.finish(Batch(20, 30), "frames/20")
    assert farm.place(Batch(20, 30)) == "frames/20"


@pytest.mark.modal
def test_running_apps(control_plane: ControlPlane) -> None:
    """The program is asked, which asks Modal."""
    assert running_apps() == ["an-app"]
    assert "AppList" in control_plane.seen()


def test_a_farm_is_made_without_modal(farm: Farm) -> None:
    """Nothing is asked until there is something to do; so there is no mark."""
    assert isinstance(farm, Farm)
