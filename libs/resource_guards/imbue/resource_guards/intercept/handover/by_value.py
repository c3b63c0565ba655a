"""How the scope is carried to other processes, which are handed a value that names it.

So are interpreters of this process that have modules of their own. Loaded with the first library that has workers
there, for what child Pythons need of it too.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from imbue.resource_guards.intercept.child import acting_for
from imbue.resource_guards.intercept.handover.ways import Method
from imbue.resource_guards.intercept.handover.ways import Way
from imbue.resource_guards.intercept.handover.ways import giving_way
from imbue.resource_guards.intercept.handover.ways import to_thread
from imbue.resource_guards.scope.slot import CARRIED
from imbue.resource_guards.scope.slot import SLOTS
from imbue.resource_guards.scope.slot import scopes_in
from imbue.resource_guards.scope.slot import value_for_child
from imbue.resource_guards.wire.variable import PREPARATION


def given_by_value(value: str, function: Method, /, *args: Any, **kwargs: Any) -> Any:
    """Call a function in another process, or wherever the scopes themselves cannot be sent.

    Args:
        value: The environment variable's value, for the scope that handed the function over.
        function: The function.
        args: Its arguments.
        kwargs: Its keyword arguments.
    """
    __tracebackhide__ = True
    with acting_as(value):
        return function(*args, **kwargs)


class acting_as:  # noqa: N801 - it is called like a function
    """Act for the scopes of a value of the variable within a ``with`` block.

    One that is never left keeps nothing, and does nothing when it is thrown away.
    """

    def __init__(self, value: str) -> None:
        self._value = value
        self._in_child = acting_for(value, leave_out=[slot.key for slot in SLOTS])

    def __enter__(self) -> None:
        for slot in SLOTS:  # where this process is a fork of theirs, and has their guards
            slot.adopt(self._value)
        self._in_child.__enter__()
        self._token = CARRIED.set(scopes_in(self._value))

    def __exit__(self, *_: object) -> None:
        # Left in another context than it was entered in, it has nothing to take back here.
        with suppress(ValueError):
            CARRIED.reset(self._token)
        with suppress(ValueError):
            self._in_child.__exit__()


class ByValue:
    """A function on its way to another process, where it acts for whoever has handed it over.

    Args:
        value: The environment variable's value, for that.
        function: The function, which those find that look at its arguments.
    """

    def __init__(self, value: str, function: Method) -> None:
        self.value = value
        self.__wrapped__ = function

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function."""
        __tracebackhide__ = True
        return given_by_value(self.value, self.__wrapped__, *args, **kwargs)


def _in_process(function: Method) -> Method:
    return ByValue(value_for_child(), function)


def to_process(*positions: int, keywords: Iterable[str] = ()) -> Way:
    """The way of a method whose functions are run in another process."""
    return giving_way(_in_process, positions, tuple(keywords))


def to_pool(*positions: int, keywords: Iterable[str], callbacks: Iterable[int] = ()) -> Way:
    """The way of `multiprocessing.pool.Pool`, whose subclass `ThreadPool` has no processes."""
    call_back = to_thread(*callbacks, keywords=("callback", "error_callback"))
    process, thread = (
        to_process(*positions, keywords=keywords),
        to_thread(*positions, keywords=keywords),
    )

    def replace(method: Method) -> Method:
        with_processes, with_threads = call_back(process(method)), call_back(thread(method))

        def giving(self: Any, *args: Any, **kwargs: Any) -> Any:
            __tracebackhide__ = True
            is_threads = any(each.__name__ == "ThreadPool" for each in type(self).__mro__)
            return (with_threads if is_threads else with_processes)(self, *args, **kwargs)

        return giving

    return replace


def preparing(get_preparation_data: Method) -> Method:
    """The way of `multiprocessing.spawn`, whose fork server outlives the test it was started in."""

    def carrying_data(*args: Any, **kwargs: Any) -> dict[str, Any]:
        data: dict[str, Any] = get_preparation_data(*args, **kwargs)
        if SLOTS:
            data[PREPARATION] = value_for_child()
        return data

    return carrying_data
