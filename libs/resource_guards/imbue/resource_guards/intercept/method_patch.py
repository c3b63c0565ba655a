"""One guarded method or function: put in place, and taken out exactly as it was."""

from __future__ import annotations

import functools
import inspect
from collections.abc import AsyncGenerator
from collections.abc import Callable
from collections.abc import Generator
from types import ModuleType
from typing import Any
from typing import Final

from imbue.resource_guards.errors import ResourceGuardMisconfiguration
from imbue.resource_guards.intercept.replacement import Replacement
from imbue.resource_guards.kinds import MethodKind
from imbue.resource_guards.messages import intercept as messages
from imbue.resource_guards.model import SdkTarget

Call = Callable[..., Any]
Observe = Callable[..., object]


class Gate:
    """Remembers for whom a target was seen, since all further calls on that behalf need no look.

    What a guarded call costs is what this costs, so the functions that stand before a target compare
    the two objects themselves.

    Args:
        current: Tells for whom the calling code runs, an object for each turn of a scope; without
            it each call is looked at.
    """

    __slots__ = ("current", "open_for")

    def __init__(self, current: Callable[[], object] = object) -> None:
        self.current = current
        self.open_for: object = None

    def open(self) -> None:
        """Let calls on the same behalf through. Where nobody is known, each may be another's."""
        self.open_for = self.current() or None


class MethodPatch:
    """Makes one attribute of a class or module tell when it is called.

    Args:
        target: What was declared, for messages and the kind.
        owner: The class or module that the target's owner resolved to.
        observe: Called with a call's arguments before it goes on; what it raises, the caller gets.
        current: Where it is given, `observe` is called for each of these until it has let one
            through; see :class:`Gate`.

    Raises:
        ResourceGuardMisconfiguration: The owner's attribute cannot be called.
    """

    def __init__(
        self,
        target: SdkTarget,
        owner: Any,
        observe: Observe,
        current: Callable[[], object] = object,
    ) -> None:
        self._target = target
        self._owner = owner
        self._observe = observe
        self._gate = Gate(current)
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
        guarded = wrapper(call, self._observed(), self._gate)
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


def _sync(call: Call, observe: Observe, gate: Gate) -> Call:
    def guarded(*args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        if gate.open_for is not gate.current():
            observe(*args, **kwargs)
        return call(*args, **kwargs)

    return guarded


def _async(call: Call, observe: Observe, gate: Gate) -> Call:
    async def guarded(*args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        if gate.open_for is not gate.current():
            observe(*args, **kwargs)
        return await call(*args, **kwargs)

    return guarded


def _gen(call: Call, observe: Observe, gate: Gate) -> Call:
    def guarded(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        __tracebackhide__ = True
        if gate.open_for is not gate.current():
            observe(*args, **kwargs)
        return (yield from call(*args, **kwargs))

    return guarded


def _async_gen(call: Call, observe: Observe, gate: Gate) -> Call:
    # What `yield from` does for a generator (PEP 380), written out: there is no `yield from` here.
    async def guarded(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
        __tracebackhide__ = True
        if gate.open_for is not gate.current():
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


_WRAPPERS: Final[dict[MethodKind, Callable[[Call, Observe, Gate], Call]]] = {
    MethodKind.SYNC: _sync,
    MethodKind.ASYNC: _async,
    MethodKind.GEN: _gen,
    MethodKind.ASYNC_GEN: _async_gen,
}
