"""What the tests share. Nothing here is about guards: they are in `pyproject.toml` alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest
import redis
from shop import places
from shop.carts import Carts
from shop.orders import Orders


@pytest.fixture(scope="session")
def orders() -> Iterator[Orders]:
    """The orders; they connect when they are first asked."""
    with closing(Orders(places.DATABASE)) as made:
        yield made


@pytest.fixture(scope="session")
def carts() -> Iterator[Carts]:
    """The carts; the client connects when it is first asked."""
    with redis.Redis.from_url(places.REDIS, decode_responses=True) as client:
        yield Carts(client)
