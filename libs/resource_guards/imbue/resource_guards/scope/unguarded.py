"""What is used while tests are collected, and is meant to be: a probe of whether a resource is there."""

from __future__ import annotations

from contextlib import ContextDecorator
from contextvars import Token
from functools import wraps
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING
from typing import Any
from typing import TypeVar
from typing import cast

from imbue.resource_guards.scope.scope import COLLECTION
from imbue.resource_guards.scope.slot import CARRIED
from imbue.resource_guards.scope.slot import SLOTS
from imbue.resource_guards.scope.slot import Given
from imbue.resource_guards.scope.slot import Scopes

if TYPE_CHECKING:
    from collections.abc import Callable

_Function = TypeVar("_Function", bound="Callable[..., Any]")


class unguarded(ContextDecorator):  # noqa: N801 - it is called like a function
    """Allow uses of resources while tests are collected: the run does not report them.

    This is for checks such as the condition of a ``skipif``. In tests and fixtures it has no effect: they need
    the marks of what they use.

    Example:
        >>> with unguarded():
        ...     has_docker = shutil.which("docker") is not None

        >>> @unguarded()
        ... def has_docker():
        ...     return subprocess.run(["docker", "info"]).returncode == 0
    """

    def __init__(self) -> None:
        self._tokens: list[Token[Scopes] | None] = []  # one for each time that it was entered

    def __enter__(self) -> None:
        """Begin it."""
        scopes = [slot.current() for slot in SLOTS]
        is_nobodys = all(each is None or each.owner == COLLECTION.name for each in scopes)
        given = Given((slot, None) for slot in SLOTS)
        self._tokens.append(CARRIED.set(given) if is_nobodys else None)

    def __call__(self, func: _Function) -> _Function:
        """Decorate a function, also one that is asynchronous."""
        if not iscoroutinefunction(func):
            return super().__call__(func)
        function: Callable[..., Any] = func

        @wraps(function)
        async def unguarding(*args: Any, **kwargs: Any) -> Any:
            with unguarded():
                return await function(*args, **kwargs)

        return cast("_Function", unguarding)

    def __exit__(self, *_: object) -> None:
        """End it."""
        token = self._tokens.pop()
        if token is not None:
            CARRIED.reset(token)
