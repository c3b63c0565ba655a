"""Carts, by a client that the tests share."""

import pytest
from shop.carts import Carts


@pytest.mark.redis
def test_put(carts: Carts, request: pytest.FixtureRequest):
    name = request.node.nodeid
    carts.put(name, "tea", 2)
    carts.put(name, "tea")
    assert carts.of(name) == {"tea": 3}
    carts.clear(name)


@pytest.mark.redis
def test_empty(carts: Carts):
    assert carts.of("nobody") == {}
