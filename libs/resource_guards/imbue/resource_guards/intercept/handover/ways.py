"""How the scope is carried to where work is handed over: one function for each way of handing over.

A context variable carries it wherever a library copies the caller's context. Work that is given to a
thread, to a worker that serves many tests, or to another process has to be given the scope beside it; which
methods of which library do so, and in which of these ways, is the table in `intercept/handover/table.py`.

Each way takes the method as it was and returns what stands in its place.
"""

from __future__ import annotations

import contextvars
import functools
from collections.abc import Callable
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from imbue.resource_guards.intercept.child import acting_for
from imbue.resource_guards.scope.slot import CARRIED
from imbue.resource_guards.scope.slot import SLOTS
from imbue.resource_guards.scope.slot import Scopes
from imbue.resource_guards.scope.slot import current_scopes
from imbue.resource_guards.scope.slot import scopes_in
from imbue.resource_guards.scope.slot import value_for_child
from imbue.resource_guards.wire.variable import PREPARATION

Method = Callable[..., Any]
Way = Callable[[Method], Method]


def given(scopes: Scopes, function: Method, /, *args: Any, **kwargs: Any) -> Any:
    """Call a function on behalf of the scopes that it was handed over with."""
    __tracebackhide__ = True
    token = CARRIED.set(scopes)
    try:
        return function(*args, **kwargs)
    finally:
        CARRIED.reset(token)


def given_by_value(value: str, function: Method, /, *args: Any, **kwargs: Any) -> Any:
    """The same in another process, or wherever the scopes themselves cannot be sent.

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


def in_thread(function: Method) -> Method:
    """What is given in place of a function that is run later in this process."""
    scopes = current_scopes()
    # What `Context.run` calls has that context's scopes, in place of those that are set around it.
    if is_run_of_context(function):
        return functools.partial(function, given, scopes)
    if isinstance(function, functools.partial) and is_run_of_context(function.func):
        return functools.partial(function.func, given, scopes, *function.args, **function.keywords)
    return functools.partial(given, scopes, function)


def is_run_of_context(function: Any) -> bool:
    """Whether it is the `run` of a context, which has scopes of its own."""
    return isinstance(getattr(function, "__self__", None), contextvars.Context)


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


def _in_runner(function: Method) -> Method:
    scopes = current_scopes()

    @functools.wraps(function)
    async def acting(*args: Any, **kwargs: Any) -> Any:
        # Not taken back at the end: the task that runs it runs nothing else until the next one.
        CARRIED.set(scopes)
        return await function(*args, **kwargs)

    return acting


def _giving(hand_over: Way, positions: Iterable[int], keywords: Iterable[str]) -> Way:
    """The way of a method that takes functions, which are run elsewhere or later.

    Args:
        hand_over: Makes what is given in place of a function.
        positions: Where the functions stand among the arguments, the object itself being 0.
        keywords: Their names, where they may be given by name.
    """

    def replace(method: Method) -> Method:
        def giving(*args: Any, **kwargs: Any) -> Any:
            __tracebackhide__ = True
            if not SLOTS:
                return method(*args, **kwargs)
            given = [
                hand_over(value) if at in positions and callable(value) else value
                for at, value in enumerate(args)
            ]
            for name in keywords:
                if callable(kwargs.get(name)):
                    kwargs[name] = hand_over(kwargs[name])
            return method(*given, **kwargs)

        return giving

    return replace


def to_thread(*positions: int, keywords: Iterable[str] = ()) -> Way:
    """The way of a method whose functions are run later in this process, by whatever thread."""
    return _giving(in_thread, positions, tuple(keywords))


def to_process(*positions: int, keywords: Iterable[str] = ()) -> Way:
    """The way of a method whose functions are run in another process."""
    return _giving(_in_process, positions, tuple(keywords))


def to_runner(*positions: int) -> Way:
    """The way of a method whose coroutine functions one task runs, one after the other."""
    return _giving(_in_runner, positions, ())


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


def to_trio(run_sync_soon: Method) -> Method:
    """The way of a token of trio's, which may be told to do the same function only once."""
    carrying = to_thread(1)(run_sync_soon)

    def giving(self: Any, *args: Any, **kwargs: Any) -> Any:
        # Trio knows the same function again by comparing, and two that are ours are not equal.
        is_once = kwargs.get("idempotent")
        return (run_sync_soon if is_once else carrying)(self, *args, **kwargs)

    return giving


def connect_to_gevent(greenlet: Any) -> Callable[[], None]:
    """Have greenlets act for whoever starts them, which begin with an empty context.

    Args:
        greenlet: The module `gevent.greenlet`.
    """

    def starts(started: Any) -> None:
        if started.gr_context is None:
            started.gr_context = contextvars.Context()
            started.gr_context.run(CARRIED.set, current_scopes())

    greenlet.Greenlet.add_spawn_callback(starts)
    return functools.partial(greenlet.Greenlet.remove_spawn_callback, starts)


def to_trio_fixture(initialize: Method) -> Method:
    """The way of pytest-trio's fixtures, which are made when pytest sets them up, and run with the test."""
    from imbue.resource_guards.intercept.handover.steps import stepping  # for few

    def giving(self: Any, name: str, func: Any, *args: Any, **kwargs: Any) -> None:
        initialize(self, name, stepping(func) if SLOTS else func, *args, **kwargs)

    return giving


def to_loop(create_task: Method) -> Method:
    """The way of a loop's `create_task`.

    A task is for whoever makes it, though a context that outlives a test be given (`asyncio.Runner` has
    one, and pytest-asyncio one for each scope). Within the loop a task most often copies the context of
    its maker, and nothing is to be done.
    """
    from asyncio.events import _get_running_loop  # somebody has imported it

    def carrying_creation(self: Any, coro: Any, **kwargs: Any) -> Any:
        context = kwargs.get("context")
        if context is not None or _get_running_loop() is not self:
            scopes = current_scopes()
            if context is None and CARRIED.get() != scopes:
                context = kwargs["context"] = contextvars.copy_context()
            if context is not None:
                with suppress(RuntimeError):  # it is the caller's own
                    context.run(CARRIED.set, scopes)
        return create_task(self, coro, **kwargs)

    return carrying_creation


def preparing(get_preparation_data: Method) -> Method:
    """The way of `multiprocessing.spawn`, whose fork server outlives the test it was started in."""

    def carrying_data(*args: Any, **kwargs: Any) -> dict[str, Any]:
        data: dict[str, Any] = get_preparation_data(*args, **kwargs)
        if SLOTS:
            data[PREPARATION] = value_for_child()
        return data

    return carrying_data
