"""Other names of a guarded function, which its package has given it before the guard was there.

``connect = Connection.connect`` at the end of a module keeps the function itself. So when a target is guarded,
the modules of its package that are loaded, and their classes, are looked through for it, once. A name
that is given later is given to what stands in the target's place.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Iterator
from types import MethodType
from types import ModuleType
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
        owner: The class, or object, that has it only from a base or class: then the function itself is
            theirs too, and what is bound to the owner is the target alone. Else `None`.

    Attributes:
        function: The function itself, where the target is one that a class binds in another way.
    """

    def __init__(self, found: Any, new: Any, owner: Any = None) -> None:
        self._found = found
        self._new = new
        self._owner = owner
        is_method = type(found) in _METHODS and type(new) is type(found)
        self.function = found.__func__ if is_method else found
        self._new_function = new.__func__ if is_method else new

    def instead_of(self, value: Any) -> Any:
        """What to put in place of a value, if that is another name of the target."""
        kind = type(value)  # and not `isinstance`, which asks a proxy for what it stands for
        if kind is MethodType:
            is_one = value.__func__ is self.function and self._is_bound_to(value.__self__)
            return MethodType(self._new_function, value.__self__) if is_one else NOT_ONE
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
        if self._owner is None or not isinstance(self._owner, type):
            return self._owner is None or bound_to is self._owner
        cls = bound_to if issubclass(type(bound_to), type) else type(bound_to)
        return issubclass(cls, self._owner)


_METHODS: Final = (staticmethod, classmethod)


def aliases(
    original: Original, package: str, loaded: ModuleType | None = None
) -> Iterator[tuple[Any, str, Any]]:
    """Each other name in a package: who has it, the name, and what to put in its place.

    Args:
        original: The target.
        package: The name of the package.
        loaded: A module of it that has just been loaded, perhaps without being in `sys.modules`.
    """
    for holder in holders(package, loaded):
        for name, value in list(namespace(holder).items()):
            new = original.instead_of(value)
            if new is not NOT_ONE:
                yield holder, name, new


def holders(package: str, loaded: ModuleType | None = None) -> Iterator[Any]:
    """The modules of a package that are loaded, and the classes that each has made."""
    modules = {
        id(module): (name, module)
        for name, module in sys.modules.copy().items()
        if name == package or name.startswith(f"{package}.")
    }
    if loaded is not None:
        modules.setdefault(id(loaded), (loaded.__name__, loaded))
    for name, module in modules.values():
        if issubclass(type(module), ModuleType):
            yield module
            yield from _classes(module, name, set())


def namespace(holder: Any) -> dict[str, Any]:
    """The names in a module or class. A module that is still to load is not loaded by it."""
    get = type if isinstance(holder, type) else object
    found: dict[str, Any] = get.__getattribute__(holder, "__dict__")
    return found


def _classes(holder: Any, module: str, known: set[int]) -> Iterator[type]:
    for value in list(namespace(holder).values()):
        is_new = issubclass(type(value), type) and id(value) not in known
        if is_new and namespace(value).get("__module__") == module:
            known.add(id(value))
            yield value
            yield from _classes(value, module, known)


def replace_aliases(
    original: Original, package: str, loaded: ModuleType | None = None
) -> list[Replacement]:
    """Put what stands in a target's place under its other names as well, wherever that can be."""
    done = []
    for holder, name, new in aliases(original, package, loaded):
        replacement = Replacement(holder, name, new)
        try:
            replacement.install()
        except (AttributeError, TypeError):
            continue  # `--resource-guards-list` names it
        done.append(replacement)
    return done
