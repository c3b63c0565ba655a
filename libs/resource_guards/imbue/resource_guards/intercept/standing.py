"""Stands in place of a guarded object that is not a function: one that is called, or a descriptor.

A function in its place would lose what else the object has (`cache_clear` of an `lru_cache`), and how it is
bound (`partialmethod`, `singledispatchmethod`, decorators that are classes). So all but the call goes to
the object itself.
"""

from __future__ import annotations

import sys
from typing import Any
from typing import Final

from imbue.resource_guards.intercept.gate import Lookout
from imbue.resource_guards.intercept.wrappers import WRAPPERS
from imbue.resource_guards.intercept.wrappers import kind_of
from imbue.resource_guards.kinds import MethodKind

_OWN: Final = frozenset({"_call", "_kind", "_look", "_original"})


class Standing:
    """In place of an object that is called, or whose `__get__` gives what is called.

    Args:
        original: The object.
        look: Called before each call, unless its gate is open.
        kind: How it is called.
    """

    __slots__ = ("__weakref__", "_call", "_kind", "_look", "_original")

    def __init__(self, original: Any, look: Lookout, kind: MethodKind | None = None) -> None:
        put = object.__setattr__
        put(self, "_original", original)
        put(self, "_look", look)
        put(self, "_kind", kind or kind_of(original))
        put(self, "_call", WRAPPERS[self._kind](original, look) if callable(original) else None)

    @property  # type: ignore[misc] # it can be set elsewhere
    def __class__(self) -> type:  # for `isinstance`, and for those who copy its docstring
        return type(self._original)

    @property
    def __wrapped__(self) -> Any:
        return getattr(self._original, "__wrapped__", self._original)

    @property
    def __doc__(self) -> str | None:  # type: ignore[override]
        doc: str | None = self._original.__doc__
        return doc

    def __getattr__(self, name: str) -> Any:
        if name in _OWN:  # of one that is only half made, as by `copy`
            raise AttributeError(name)
        return getattr(self._original, name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._original, name, value)

    def __delattr__(self, name: str) -> None:
        delattr(self._original, name)

    def __repr__(self) -> str:
        return repr(self._original)

    def __dir__(self) -> list[str]:
        return dir(self._original)

    def __reduce_ex__(self, protocol: Any) -> Any:
        module = getattr(self._original, "__module__", None)
        name = getattr(self._original, "__qualname__", None)
        found: Any = sys.modules.get(module or "")
        for each in name.split(".") if isinstance(name, str) else ():
            found = getattr(found, each, None)
        if found is self:
            import pkgutil  # takes longer than all of the guards

            return pkgutil.resolve_name, (f"{module}:{name}",)
        return type(self), (self._original, self._look, self._kind)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Look, and call the object."""
        __tracebackhide__ = True
        return self._call(*args, **kwargs)

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        __tracebackhide__ = True
        get = getattr(type(self._original), "__get__", None)
        if get is None:
            return self
        value = get(self._original, instance, owner)
        if value is self._original:
            return self
        bound = owner if instance is None else instance
        look = self._look
        if callable(value) and not isinstance(value, type):
            if instance is not None or isinstance(self._original, classmethod):
                look = _Bound(look, bound)
            return Standing(value, look, self._kind)
        if instance is not None and look.gate.open_for is not look.gate.current():
            look(bound)  # what is read is a value: to read it was the call
        return value


class StandingData(Standing):
    """In place of a descriptor of data: to read it, to set it and to delete it is to use it."""

    __slots__ = ()

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        __tracebackhide__ = True
        if instance is not None:
            self._before(instance)
        return type(self._original).__get__(self._original, instance, owner)

    def __set__(self, instance: Any, value: Any) -> None:
        __tracebackhide__ = True
        self._before(instance)
        type(self._original).__set__(self._original, instance, value)

    def __delete__(self, instance: Any) -> None:
        __tracebackhide__ = True
        self._before(instance)
        type(self._original).__delete__(self._original, instance)

    def _before(self, instance: Any) -> None:
        __tracebackhide__ = True
        gate = self._look.gate
        if gate.open_for is not gate.current():
            self._look(instance)


class _Bound:
    """A lookout for calls of what an object was bound to, which do not show that object."""

    __slots__ = ("_bound", "_look", "gate")

    def __init__(self, look: Lookout, bound: Any) -> None:
        self._look = look
        self._bound = bound
        self.gate = look.gate

    def __reduce__(self) -> tuple[type[_Bound], tuple[Any, ...]]:
        return _Bound, (self._look, self._bound)

    def __call__(self, *args: Any, **kwargs: Any) -> None:
        __tracebackhide__ = True
        self._look(self._bound, *args, **kwargs)
