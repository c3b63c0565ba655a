"""What things cost."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

PRICES = {"tea": Decimal("4.50"), "cup": Decimal(12), "pot": Decimal("29.90")}


def total(cart: Mapping[str, int]) -> Decimal:
    """What a cart costs, in euros.

    Raises:
        KeyError: Something in it is not sold here.
    """
    return sum((PRICES[name] * count for name, count in cart.items()), Decimal(0))
