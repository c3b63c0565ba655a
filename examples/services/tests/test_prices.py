"""Prices need nothing but Python."""

from decimal import Decimal

import pytest
from shop.prices import total


def test_total():
    assert total({"tea": 2, "cup": 1}) == Decimal(21)


def test_nothing():
    assert total({}) == 0


def test_not_sold():
    with pytest.raises(KeyError):
        total({"car": 1})
