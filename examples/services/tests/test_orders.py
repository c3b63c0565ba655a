"""Orders, over a connection that the tests share."""

from decimal import Decimal

import pytest
from shop.orders import Orders


@pytest.mark.postgres
def test_add(orders: Orders):
    orders.add("ada", Decimal(21))
    assert orders.total_of("ada") == 21


@pytest.mark.postgres
def test_no_orders(orders: Orders):
    assert orders.total_of("nobody") == 0
