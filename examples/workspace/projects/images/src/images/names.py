"""The names of images."""

from __future__ import annotations


def image_name(service: str, version: str) -> str:
    """The name of the image of a service: ``shop/cart:1.2``."""
    return f"shop/{service}:{version.removeprefix('v')}"


def service_of(name: str) -> str:
    """The service that an image is of."""
    return name.removeprefix("shop/").partition(":")[0]
