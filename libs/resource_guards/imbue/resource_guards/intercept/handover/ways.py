"""How the scope is carried to where work is handed over in this process: one function for each way of handing over.

A context variable carries it wherever a library copies the caller's context. Work that is given to a
thread, or to a worker that serves many tests, has to be given the scope beside it; which methods of which
library do so, and in which of these ways, is the table in `intercept/handover/table.py`.

Each way takes the method as it was and returns what stands in its place.
"""

from __future__ import annotations

import contextvars
import functools
from collections.abc import Callable
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from imbue.resource_guards.scope.slot import CARRIED
from imbue.resource_guards.scope.slot import SLOTS
from imbue.resource_guards.scope.slot import Scopes
from imbue.resource_guards.scope.slot import current_scopes

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


def _in_runner(function: Method) -> Method:
    scopes = current_scopes()

    @functools.wraps(function)
    async def acting(*args: Any, **kwargs: Any) -> Any:
        # Not taken back at the end: the task that runs it runs nothing else until the next one.
        CARRIED.set(scopes)
        return await function(*args, **kwargs)

    return acting


def giving_way(hand_over: Way, positions: Iterable[int], keywords: Iterable[str]) -> Way:
    """The way of a method that takes functions, which are run elsewhere or later.

    Args:
        hand_over: Makes what is given in place of a function.
        positions: Where the functions stand among the arguments, the object itself being 0.
        keywords: Their names, where they may be given by name.
    """
    positions = tuple(positions)

    def replace(method: Method) -> Method:
        def giving(*args: Any, **kwargs: Any) -> Any:
            __tracebackhide__ = True
            if not SLOTS:
                return method(*args, **kwargs)
            given = list(args)
            for at in positions:
                if at < len(given) and callable(given[at]):
                    given[at] = hand_over(given[at])
            for name in keywords:
                if callable(kwargs.get(name)):
                    kwargs[name] = hand_over(kwargs[name])
            return method(*given, **kwargs)

        return giving

    return replace


def to_thread(*positions: int, keywords: Iterable[str] = ()) -> Way:
    """The way of a method whose functions are run later in this process, by whatever thread."""
    return giving_way(in_thread, positions, tuple(keywords))


def to_runner(*positions: int) -> Way:
    """The way of a method whose coroutine functions one task runs, one after the other."""
    return giving_way(_in_runner, positions, ())


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
