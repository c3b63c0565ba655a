"""One guarded method or function: put in place, and taken out exactly as it was."""

from __future__ import annotations

import functools
import inspect
from collections.abc import AsyncGenerator
from collections.abc import Callable
from collections.abc import Generator
from threading import get_ident
from types import ModuleType
from typing import Any
from typing import Final
from typing import Protocol

from imbue.resource_guards.errors import ResourceGuardMisconfiguration
from imbue.resource_guards.intercept.replacement import Replacement
from imbue.resource_guards.kinds import MethodKind
from imbue.resource_guards.messages import intercept as messages
from imbue.resource_guards.model import SdkTarget

Call = Callable[..., Any]
Observe = Callable[..., object]


class Turns(Protocol):
    """What tells whether another scope runs than before: `scope/slot.py`."""

    stamp: int
    thread: int


class Gate:
    """Remembers in which turn a target was seen, since all further calls in it need no look.

    What a guarded call costs is what this costs, so the functions that stand before a target compare
    the three numbers themselves.

    Args:
        turns: Tells the turn of the thread that runs the tests, and that thread; `None` where each
            call is looked at.
    """

    __slots__ = ("open_in", "turns")

    def __init__(self, turns: Turns | None = None) -> None:
        self.turns: Turns = turns or _NO_TURNS
        self.open_in = -1

    def open(self) -> None:
        """Let calls of this turn through, if this thread runs the tests."""
        if get_ident() == self.turns.thread:
            self.open_in = self.turns.stamp


class _NoTurns:
    stamp = 0
    thread = 0


_NO_TURNS: Final = _NoTurns()


class MethodPatch:
    """Makes one attribute of a class or module tell when it is called.

    Args:
        target: What was declared, for messages and the kind.
        owner: The class or module that the target's owner resolved to.
        observe: Called with a call's arguments before it goes on; what it raises, the caller gets.
        turns: Where it is given, `observe` is called in each turn until it has let one through.

    Raises:
        ResourceGuardMisconfiguration: The owner's attribute cannot be called.
    """

    def __init__(
        self, target: SdkTarget, owner: Any, observe: Observe, turns: Turns | None = None
    ) -> None:
        self._target = target
        self._owner = owner
        self._observe = observe
        self._gate = Gate(turns)
        self._found = inspect.getattr_static(owner, target.attribute)
        if not (callable(self._found) or isinstance(self._found, (staticmethod, classmethod))):
            raise ResourceGuardMisconfiguration(messages.target_not_callable(target, self._found))
        if inspect.isclass(self._found):
            raise ResourceGuardMisconfiguration(messages.target_is_class(target))
        self._replacement = Replacement(owner, target.attribute, self._make_replacement())

    def install(self) -> None:
        """Put the patch in place. A second call changes nothing.

        Raises:
            ResourceGuardMisconfiguration: The owner cannot be changed, as a built-in type cannot.
        """
        try:
            self._replacement.install()
        except (AttributeError, TypeError) as error:
            raise ResourceGuardMisconfiguration(
                messages.target_unpatchable(self._target, error)
            ) from error

    def uninstall(self) -> None:
        """Restore the owner's own entry, or that it had none, unless someone patched over it."""
        self._replacement.uninstall()

    def _make_replacement(self) -> Any:
        found = self._found
        original = found.__func__ if isinstance(found, (staticmethod, classmethod)) else found
        is_own = self._target.attribute in getattr(self._owner, "__dict__", ())
        call = original if is_own else self._inherited()
        wrapper = _WRAPPERS[self._target.kind or _kind_of(original)]
        guarded = wrapper(call, self._observed(), self._gate, self._gate.turns)
        functools.update_wrapper(guarded, original)
        if not inspect.isclass(self._owner):
            return guarded  # nothing binds what is found in a module or an object itself
        if isinstance(found, (staticmethod, classmethod)):
            return type(found)(guarded)
        if not hasattr(type(found), "__get__"):
            return staticmethod(guarded)  # a callable object in a class body is not bound
        return guarded

    def _observed(self) -> Observe:
        observe, when, gate = self._observe, self._target.when, self._gate

        def observe_some(*args: Any, **kwargs: Any) -> None:
            __tracebackhide__ = True
            if when is None or when(*args, **kwargs):
                observe(*args, **kwargs)
                gate.open()

        return observe_some

    def _inherited(self) -> Call:
        # The base's entry is looked up at each call: tests replace it there (requests_mock
        # patches requests.Session), and a captured one would go past them.
        owner, name, found = self._owner, self._target.attribute, self._found
        if not inspect.isclass(owner):
            bound: Call = getattr(owner, name)
            return bound
        if isinstance(found, staticmethod) or not hasattr(type(found), "__get__"):
            return lambda *args, **kwargs: getattr(super(owner, owner), name)(*args, **kwargs)  # noqa: PLW0108 - looked up at each call
        return lambda self, *args, **kwargs: getattr(super(owner, self), name)(*args, **kwargs)


def resolve(module: ModuleType, path: str) -> Any:
    """What a dotted path leads to in a module, or `None`; the module itself for an empty path."""
    found: Any = module
    for name in filter(None, path.split(".")):
        found = getattr(found, name, None)
    return found


def _kind_of(function: Call) -> MethodKind:
    if inspect.iscoroutinefunction(function):
        return MethodKind.ASYNC
    if inspect.isasyncgenfunction(function):
        return MethodKind.ASYNC_GEN
    if inspect.isgeneratorfunction(function):
        return MethodKind.GEN
    return MethodKind.SYNC


# A generator or coroutine that is made and never run has used nothing: each observes when its body
# starts. Calling the original there keeps what the caller sees of it, `inspect` included.


def _sync(call: Call, observe: Observe, gate: Gate, turns: Turns) -> Call:
    def guarded(*args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        if gate.open_in != turns.stamp or get_ident() != turns.thread:
            observe(*args, **kwargs)
        return call(*args, **kwargs)

    return guarded


def _async(call: Call, observe: Observe, gate: Gate, turns: Turns) -> Call:
    async def guarded(*args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        if gate.open_in != turns.stamp or get_ident() != turns.thread:
            observe(*args, **kwargs)
        return await call(*args, **kwargs)

    return guarded


def _gen(call: Call, observe: Observe, gate: Gate, turns: Turns) -> Call:
    def guarded(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        __tracebackhide__ = True
        if gate.open_in != turns.stamp or get_ident() != turns.thread:
            observe(*args, **kwargs)
        return (yield from call(*args, **kwargs))

    return guarded


def _async_gen(call: Call, observe: Observe, gate: Gate, turns: Turns) -> Call:
    # What `yield from` does for a generator (PEP 380), written out: there is no `yield from` here.
    async def guarded(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
        __tracebackhide__ = True
        if gate.open_in != turns.stamp or get_ident() != turns.thread:
            observe(*args, **kwargs)
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


_WRAPPERS: Final[dict[MethodKind, Callable[[Call, Observe, Gate, Turns], Call]]] = {
    MethodKind.SYNC: _sync,
    MethodKind.ASYNC: _async,
    MethodKind.GEN: _gen,
    MethodKind.ASYNC_GEN: _async_gen,
}
