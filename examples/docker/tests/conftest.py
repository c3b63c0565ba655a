"""The guards of Docker, and an engine for the tests that use it."""

from __future__ import annotations

from collections.abc import Iterator

import docker
import pytest

from imbue.resource_guards import fixture_uses_resources

pytest_plugins = ["imbue.mngr.pytest_plugin"]


@pytest.fixture(scope="session")
@fixture_uses_resources("docker")
def engine() -> Iterator[docker.DockerClient]:
    """A client of the engine that DOCKER_HOST, or the current context, names."""
    client = docker.from_env()
    yield client
    client.close()


@pytest.fixture(scope="session")
@fixture_uses_resources("docker")
def image(engine: docker.DockerClient) -> str:
    """A small image, which is pulled where it is missing."""
    name = "busybox:1.37"
    try:
        engine.images.get(name)
    except docker.errors.ImageNotFound:
        engine.images.pull(name)
    return name
