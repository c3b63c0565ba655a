"""Orders, in PostgreSQL."""

from __future__ import annotations

from decimal import Decimal
from functools import cached_property
from typing import Any

import psycopg


class Orders:
    """The table of orders, over one connection, which is opened when it is first needed.

    Args:
        url: Where the database is.
    """

    def __init__(self, url: str) -> None:
        self._url = url

    @cached_property
    def _connection(self) -> psycopg.Connection[Any]:
        made = psycopg.connect(self._url, autocommit=True)
        made.execute("create temporary table orders (customer text, total numeric)")
        return made

    def add(self, customer: str, total: Decimal) -> None:
        """Note an order."""
        self._connection.execute("insert into orders values (%s, %s)", (customer, total))

    def total_of(self, customer: str) -> Decimal:
        """What a customer has ordered in all."""
        query = "select coalesce(sum(total), 0) from orders where customer = %s"
        row = self._connection.execute(query, (customer,)).fetchone()
        assert row is not None
        return Decimal(row[0])

    def close(self) -> None:
        """Close the connection, if there is one."""
        if "_connection" in vars(self):
            self._connection.close()
