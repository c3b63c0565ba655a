"""What a crash leaves behind."""

from __future__ import annotations

import subprocess
from unittest import mock

import docker
import pytest
from boxed.box import LABEL
from boxed.leftovers import leftovers
from boxed.leftovers import remove_leftovers


@pytest.mark.docker
def test_remove_leftovers(engine: docker.DockerClient, image: str) -> None:
    """Boxes that still run are removed, those of others are left alone."""
    _, yours = (
        engine.containers.run(
            image, ["sleep", "600"], detach=True, labels={LABEL: owner}, network_mode="none"
        )
        for owner in ("me", "you")
    )
    assert remove_leftovers("me") == 1
    assert leftovers("me") == []
    assert leftovers("you") == [yours.short_id]
    yours.remove(force=True)


def test_no_leftovers() -> None:
    """Where there are none, nothing is removed. A fake of the call is no use, and needs no mark."""
    with mock.patch.object(subprocess, "run", return_value=mock.Mock(stdout="")) as run:
        assert remove_leftovers("me") == 0
    run.assert_called_once()
