"""Other names of a guarded function, which its package has given it before the guard was there.

``connect = Connection.connect`` at the end of a module keeps the function itself. So when a target is guarded,
the modules of its package that are loaded, and their classes, are looked through for it, once. A name
that is given later is given to what stands in the target's place.
"""

from __future__ import annotations

import functools
import sys
import types
from collections.abc import Iterator
from typing import Any
from typing import Final

from imbue.resource_guards.intercept.replacement import Replacement

NOT_ONE: Final = object()
"""Of :meth:`Original.instead_of`: it is no other name of the target."""


class Original:
    """What a target was before it was guarded, and what stands in its place.

    Args:
        found: The target, as its class has it.
        new: What stands in its place.
        owner: The class that has only inherited it: then the function itself is its base's too, and
            what is bound to the class or an object of it is the target alone. Else `None`.

    Attributes:
        function: The function itself, where the target is one that a class binds in another way.
    """

    def __init__(self, found: Any, new: Any, owner: type | None) -> None:
        self._found = found
        self._new = new
        self._owner = owner
        is_method = type(found) in _METHODS and type(new) is type(found)
        self.function = found.__func__ if is_method else found
        self._new_function = new.__func__ if is_method else new

    def instead_of(self, value: Any) -> Any:
        """What to put in place of a value, if that is another name of the target."""
        kind = type(value)  # and not `isinstance`, which asks a proxy for what it stands for
        if kind is types.MethodType:
            is_one = value.__func__ is self.function and self._is_bound_to(value.__self__)
            return types.MethodType(self._new_function, value.__self__) if is_one else NOT_ONE
        if kind is functools.partial:
            inner = self.instead_of(value.func)
            is_one = inner is not NOT_ONE
            return functools.partial(inner, *value.args, **value.keywords) if is_one else NOT_ONE
        return NOT_ONE if self._owner is not None else self._instead_of_unbound(value)

    def _instead_of_unbound(self, value: Any) -> Any:
        if value is self._found:
            return self._new
        if value is self.function:
            return self._new_function
        if type(value) in _METHODS and value.__func__ is self.function:
            return type(value)(self._new_function)
        return NOT_ONE

    def _is_bound_to(self, bound_to: Any) -> bool:
        if self._owner is None:
            return True
        cls = bound_to if issubclass(type(bound_to), type) else type(bound_to)
        return issubclass(cls, self._owner)


_METHODS: Final = (staticmethod, classmethod)


def aliases(original: Original, package: str) -> Iterator[tuple[Any, str, Any]]:
    """Each other name in a package: who has it, the name, and what to put in its place."""
    for holder in holders(package):
        for name, value in list(namespace(holder).items()):
            new = original.instead_of(value)
            if new is not NOT_ONE:
                yield holder, name, new


def holders(package: str) -> Iterator[Any]:
    """The modules of a package that are loaded, and the classes that each has made."""
    for name, module in list(sys.modules.items()):
        if (name == package or name.startswith(f"{package}.")) and _is_module(module):
            yield module
            yield from _classes(module, name, set())


def namespace(holder: Any) -> dict[str, Any]:
    """The names in a module or class. A module that is still to load is not loaded by it."""
    get = type if isinstance(holder, type) else object
    found: dict[str, Any] = get.__getattribute__(holder, "__dict__")
    return found


def _is_module(module: Any) -> bool:
    return issubclass(type(module), types.ModuleType)


def _classes(holder: Any, module: str, known: set[int]) -> Iterator[type]:
    for value in list(namespace(holder).values()):
        is_new = issubclass(type(value), type) and id(value) not in known
        if is_new and namespace(value).get("__module__") == module:
            known.add(id(value))
            yield value
            yield from _classes(value, module, known)


def replace_aliases(original: Original, package: str) -> list[Replacement]:
    """Put what stands in a target's place under its other names as well, wherever that can be."""
    done = []
    for holder, name, new in aliases(original, package):
        replacement = Replacement(holder, name, new)
        try:
            replacement.install()
        except (AttributeError, TypeError):
            continue  # `--resource-guards-list` names it
        done.append(replacement)
    return done
