"""The images that an engine has."""

from __future__ import annotations

import docker

from images.names import image_name


def publish(client: docker.DockerClient, source: str, service: str, version: str) -> str:
    """Give an image the name of a service's version."""
    name = image_name(service, version)
    client.images.get(source).tag(name)
    return name


def versions(client: docker.DockerClient, service: str) -> list[str]:
    """The versions of a service that there are images of."""
    found = client.images.list(name=image_name(service, "*"))
    return sorted(tag.rpartition(":")[2] for image in found for tag in image.tags)
