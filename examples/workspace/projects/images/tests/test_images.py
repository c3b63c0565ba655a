"""Images, and their names."""

from __future__ import annotations

import subprocess

import docker
import pytest
from images.names import image_name
from images.names import service_of
from images.store import publish


@pytest.mark.docker
def test_publish(engine: docker.DockerClient) -> None:
    """The docker program finds what docker-py has named."""
    name = publish(engine, "busybox:1.37", "cart", "v1.2")
    command = ["docker", "image", "inspect", "--format={{.RepoTags}}", name]
    assert (
        "shop/cart:1.2"
        in subprocess.run(command, check=True, capture_output=True, text=True).stdout
    )
    engine.images.remove(name)


def test_names() -> None:
    """A name tells its service."""
    assert service_of(image_name("cart", "v1.2")) == "cart"
