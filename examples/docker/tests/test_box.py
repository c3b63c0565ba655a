"""Boxes, in the engine."""

from __future__ import annotations

import docker
import pytest
from boxed.box import Result
from boxed.box import run
from boxed.limits import Limits

pytestmark = pytest.mark.docker


def test_output(engine: docker.DockerClient, image: str) -> None:
    """What the command prints comes back."""
    assert run(engine, image, "echo", "hello", limits=Limits()) == Result(0, "hello\n")


def test_exit_code(engine: docker.DockerClient, image: str) -> None:
    """So does the code it exits with."""
    assert run(engine, image, "sh", "-c", "exit 3", limits=Limits()).code == 3


def test_no_network(engine: docker.DockerClient, image: str) -> None:
    """There is no interface but the loopback's."""
    interfaces = run(engine, image, "ls", "/sys/class/net", limits=Limits()).output.split()
    assert interfaces == ["lo"]
