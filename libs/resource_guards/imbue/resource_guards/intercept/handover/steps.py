"""Functions whose code runs in steps, in a context that others share: each step acts for whoever made them.

pytest-trio makes tasks of a test and of all its fixtures in one context, since a test is to see the variables that
its fixtures set. So the scope cannot be set there for longer than a step.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from collections.abc import Callable
from collections.abc import Coroutine
from collections.abc import Generator
from contextlib import suppress
from inspect import isasyncgen
from typing import Any

from imbue.resource_guards.intercept.handover.ways import given
from imbue.resource_guards.scope.slot import Scopes
from imbue.resource_guards.scope.slot import current_scopes


class _Steps:
    """What takes steps, each of which acts for some scopes.

    Args:
        scopes: The scopes.
        stepped: A generator, or what else has its `send` and `throw`.
    """

    def __init__(self, scopes: Scopes, stepped: Any) -> None:
        self._scopes = scopes
        self._stepped = stepped

    def send(self, value: Any) -> Any:
        """Take a step."""
        __tracebackhide__ = True
        return given(self._scopes, self._stepped.send, value)

    def throw(self, *error: Any) -> Any:
        """Take a step that begins with an exception."""
        __tracebackhide__ = True
        return given(self._scopes, self._stepped.throw, *error)

    def close(self) -> None:
        """Take the last step."""
        given(self._scopes, self._stepped.close)


class _Generated(_Steps, Generator[Any, Any, Any]):
    """A generator, in such steps."""


class _Awaited(_Steps, Coroutine[Any, Any, Any]):
    """A coroutine; no generator as well, since pytest-trio would end it as one."""

    def __await__(self) -> Generator[Any, Any, Any]:
        return _Generated(self._scopes, self._stepped)


async def _iterated(
    scopes: Scopes, generator: AsyncGenerator[Any, Any]
) -> AsyncGenerator[Any, Any]:
    """An asynchronous generator."""
    step = generator.asend(None)
    with suppress(StopAsyncIteration):
        while True:
            value = await _Awaited(scopes, step)
            try:
                step = generator.asend((yield value))
            except BaseException as error:  # noqa: BLE001 - it goes on to the generator
                step = generator.athrow(error)


def stepping(function: Callable[..., Any]) -> Callable[..., Any]:
    """What is given in place of a function whose code runs later, in steps: each acts for the calling code."""
    scopes = current_scopes()

    def acting(*args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        made = given(scopes, function, *args, **kwargs)
        if isasyncgen(made):
            return _iterated(scopes, made)
        if isinstance(made, Coroutine):
            return _Awaited(scopes, made)
        if isinstance(made, Generator):
            return _Generated(scopes, made)
        return made

    return acting
