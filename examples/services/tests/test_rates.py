"""Rates, over a connection that the module keeps."""

from decimal import Decimal

import httpx
import pytest
from shop.rates import convert


@pytest.mark.rates
def test_dollars():
    assert convert(Decimal(20), "USD") == 25


@pytest.mark.rates
def test_unknown():
    with pytest.raises(httpx.HTTPStatusError):
        convert(Decimal(20), "XXX")


def test_euros():
    assert convert(Decimal(20), "EUR") == 20
