"""This project guards Docker, with the guards of imbue-mngr."""

from __future__ import annotations

from collections.abc import Iterator

import docker
import pytest

from imbue.mngr.register_guards_docker import register_docker_guards
from imbue.resource_guards import fixture_uses_resources

register_docker_guards()


@pytest.fixture(scope="session")
@fixture_uses_resources("docker")
def engine() -> Iterator[docker.DockerClient]:
    """A client of the engine that DOCKER_HOST, or the current context, names."""
    client = docker.from_env()
    yield client
    client.close()
