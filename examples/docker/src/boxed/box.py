"""Boxes, by docker-py."""

from __future__ import annotations

from dataclasses import dataclass

import docker

from boxed.limits import Limits

LABEL = "boxed.owner"


@dataclass(frozen=True)
class Result:
    """What became of a command."""

    code: int
    output: str


def run(
    client: docker.DockerClient, image: str, *command: str, limits: Limits, owner: str = "someone"
) -> Result:
    """Run a command in a box of its own, which bears its owner's name, and take the box away."""
    box = client.containers.run(
        image,
        list(command),
        detach=True,
        labels={LABEL: owner},
        mem_limit=limits.memory,
        network_mode="none",
        pids_limit=limits.processes,
    )
    try:
        code = box.wait()["StatusCode"]
        return Result(code, box.logs().decode())
    finally:
        box.remove(force=True)
