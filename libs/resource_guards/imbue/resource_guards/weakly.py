"""A function that calls a method while its object is there, and does not keep it."""

from __future__ import annotations

from collections.abc import Callable
from weakref import WeakMethod


def unless_gone(method: Callable[[str], None]) -> Callable[[str], None]:
    """The function for a method.

    The frames of a traceback that somebody keeps (`sys.last_value`) lead to what is given this, and must
    not keep its object by it.
    """
    known = WeakMethod(method)

    def call(problem: str) -> None:
        there = known()
        if there is not None:
            there(problem)

    return call
