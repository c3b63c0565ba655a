"""Carts, in Redis."""

from __future__ import annotations

from typing import Any

import redis


class Carts:
    """What customers have put into their carts.

    Args:
        client: The client, which answers in text.
    """

    def __init__(self, client: redis.Redis) -> None:
        self._client: Any = client

    def put(self, customer: str, name: str, count: int = 1) -> None:
        """Put something into a cart."""
        self._client.hincrby(f"cart:{customer}", name, count)

    def of(self, customer: str) -> dict[str, int]:
        """What is in a cart."""
        kept = self._client.hgetall(f"cart:{customer}")
        return {name: int(count) for name, count in kept.items()}

    def clear(self, customer: str) -> None:
        """Empty it."""
        self._client.delete(f"cart:{customer}")
