"""This project guards Modal, with the guards of imbue-mngr-modal, and tests without an account."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from imbue.mngr_modal.control_plane import running_control_plane
from imbue.mngr_modal.register_guards import register_modal_guards

register_modal_guards()


@pytest.fixture(scope="session")
def control_plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Takes the place of Modal. To start it is no use of Modal."""
    with (
        running_control_plane(tmp_path_factory.mktemp("modal")) as control_plane,
        pytest.MonkeyPatch.context() as patch,
    ):
        for name, value in control_plane.environment.items():
            patch.setenv(name, value)
        yield
