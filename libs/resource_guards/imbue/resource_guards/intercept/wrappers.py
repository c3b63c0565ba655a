"""The functions that stand before a guarded one, for each way in which a function is called.

A generator or coroutine that is made and never run has used nothing: each looks when its body starts.
Calling the original there keeps what the caller sees of it, `inspect` included.
"""

from __future__ import annotations

import functools
import inspect
import types
from collections.abc import AsyncGenerator
from collections.abc import Callable
from collections.abc import Generator
from typing import Any
from typing import Final

from imbue.resource_guards.intercept.gate import Lookout
from imbue.resource_guards.intercept.gate import Opening
from imbue.resource_guards.intercept.reaching import end
from imbue.resource_guards.kinds import MethodKind

Call = Callable[..., Any]


def guarded(call: Call, look: Lookout, kind: MethodKind, like: Any) -> Call:
    """A function that looks, and then calls.

    Args:
        call: What it calls.
        look: Called before, unless its gate is open.
        kind: How it is called.
        like: The function that it takes the place of, for whoever inspects it.
    """
    if isinstance(look, Opening):
        function = OPENING[kind](call, look)
    else:
        function = WRAPPERS[kind](call, look)
    functools.update_wrapper(function, like)
    if kind is MethodKind.GEN and _has_flag(like, inspect.CO_ITERABLE_COROUTINE):
        return types.coroutine(function)  # one that can be awaited, as `like` can
    return function


def kind_of(found: Any) -> MethodKind:
    """How an object is called, as far as looking at it tells."""
    function = _innermost(found)
    # By its code: what is only marked as a coroutine function may return any awaitable.
    if _has_flag(function, inspect.CO_COROUTINE):
        return MethodKind.ASYNC
    if inspect.isasyncgenfunction(function):
        return MethodKind.ASYNC_GEN
    if inspect.isgeneratorfunction(function):
        return MethodKind.GEN
    return MethodKind.SYNC


def _innermost(found: Any) -> Any:
    while not isinstance(found, types.FunctionType):
        if isinstance(found, (staticmethod, classmethod, types.MethodType)):
            found = found.__func__
        elif isinstance(
            found, (functools.partial, functools.partialmethod, functools.singledispatchmethod)
        ):
            found = found.func
        elif isinstance(inspect.getattr_static(type(found), "__call__", None), types.FunctionType):
            found = type(found).__call__
        else:
            return found
    return found


def _has_flag(function: Any, flag: int) -> bool:
    code = getattr(function, "__code__", None)
    return isinstance(code, types.CodeType) and bool(code.co_flags & flag)


def _sync(call: Call, look: Lookout) -> Call:
    gate = look.gate

    def guarded(*args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        if gate.open_for is not gate.current():
            look(*args, **kwargs)
        return call(*args, **kwargs)

    return guarded


def _async(call: Call, look: Lookout) -> Call:
    gate = look.gate

    async def guarded(*args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        if gate.open_for is not gate.current():
            look(*args, **kwargs)
        return await call(*args, **kwargs)

    return guarded


def _gen(call: Call, look: Lookout) -> Call:
    gate = look.gate

    def guarded(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        __tracebackhide__ = True
        if gate.open_for is not gate.current():
            look(*args, **kwargs)
        return (yield from call(*args, **kwargs))

    return guarded


def _async_gen(call: Call, look: Lookout) -> Call:
    gate = look.gate

    # What `yield from` does for a generator (PEP 380), written out: there is no `yield from` here.
    async def guarded(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
        __tracebackhide__ = True
        if gate.open_for is not gate.current():
            look(*args, **kwargs)
        inner = call(*args, **kwargs)
        try:
            value = await anext(inner)
            while True:
                try:
                    sent = yield value
                except GeneratorExit:
                    raise
                except BaseException as error:  # noqa: BLE001 - whatever was thrown goes inside
                    value = await inner.athrow(error)
                else:
                    value = await inner.asend(sent)
        except StopAsyncIteration:
            return
        finally:
            await inner.aclose()

    return guarded


def _opening(call: Call, look: Opening) -> Call:
    def opening(*args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        token = look.begin(*args, **kwargs)
        try:
            return call(*args, **kwargs)
        finally:
            end(token)

    return opening


def _async_opening(call: Call, look: Opening) -> Call:
    async def opening(*args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        token = look.begin(*args, **kwargs)
        try:
            return await call(*args, **kwargs)
        finally:
            end(token)

    return opening


OPENING: Final[dict[MethodKind, Callable[[Call, Opening], Call]]] = {
    MethodKind.SYNC: _opening,
    MethodKind.ASYNC: _async_opening,
}
"""The same for functions that open connections. A generator's body runs in turns with its caller's."""

WRAPPERS: Final[dict[MethodKind, Callable[[Call, Lookout], Call]]] = {
    MethodKind.SYNC: _sync,
    MethodKind.ASYNC: _async,
    MethodKind.GEN: _gen,
    MethodKind.ASYNC_GEN: _async_gen,
}
