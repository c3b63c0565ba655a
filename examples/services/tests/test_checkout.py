"""All together."""

from decimal import Decimal

import pytest
from shop.carts import Carts
from shop.orders import Orders
from shop.prices import total
from shop.rates import convert


@pytest.mark.postgres
@pytest.mark.redis
@pytest.mark.rates
def test_checkout(carts: Carts, orders: Orders, request: pytest.FixtureRequest):
    customer = request.node.nodeid
    carts.put(customer, "pot", 10)
    orders.add(customer, total(carts.of(customer)))
    carts.clear(customer)
    assert orders.total_of(customer) == 299
    assert convert(Decimal(299), "CHF") == Decimal("284.05")
