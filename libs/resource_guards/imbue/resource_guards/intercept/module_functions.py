"""A function that stands in place of one of a module, in all modules that have that, until it is put back.

Modules are imported anew and copied while it stands there, and names of it are imported. So what is put back
at the end is found by who has it then. Nothing here keeps a module: a copy that a test drops is gone.

Imports nothing but the standard library's smallest parts, since child Pythons load it at start.
"""

from __future__ import annotations

import gc
import sys
from _weakref import ref

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterable
    from typing import Any
    from typing import Final
    from typing import TypeVar

    Function = TypeVar("Function")

_MODULE: Final = type(sys)
_OURS: Final[list[Callable[[], Any]]] = []
"""Weak references to those that stand in place of others."""


def like(function: Function, old: object) -> Function:
    """A function that looks like another, which it calls: `functools.update_wrapper` takes long to import."""
    for name in ("__module__", "__name__", "__qualname__", "__doc__"):
        setattr(function, name, getattr(old, name))
    setattr(function, "__wrapped__", old)  # noqa: B010 - which few types declare
    return function


def references(function: object) -> int:
    """How many references a function has, and those of a call of this."""
    return sys.getrefcount(function)


def is_ours(function: object) -> bool:
    """Whether it stands in place of another."""
    return any(each() is function for each in _OURS)


def replace(news: Iterable[Any], spaces: Iterable[dict[str, Any]]) -> None:
    """Put functions in place of others, which they wrap.

    Args:
        news: What is put there; see :func:`like`.
        spaces: The namespaces of the modules that have the others.
    """
    new_of = {id(each.__wrapped__): each for each in news}
    _OURS[:] = [each for each in _OURS if each() is not None]
    _OURS.extend(map(ref, new_of.values()))
    for space in spaces:
        _exchange(space, new_of)


def put_back(usual: Iterable[str]) -> None:
    """Put back what was replaced, wherever ours is.

    Args:
        usual: The names of the modules that most often have them.
    """
    ours = [each for each in [each() for each in _OURS] if each is not None]
    _OURS.clear()
    old = {id(each): each.__wrapped__ for each in ours}
    for name in usual:
        if name in sys.modules:
            space = vars(sys.modules[name])
            _exchange(space, old)
            for value in list(space.values()):
                _exchange_in_set(value, old)
    # All of the collector's objects are gone through only where somebody else has one.
    ours.append(object())
    *counts, of_nobody = [references(each) for each in ours]
    left = [each for each, count in zip(ours, counts, strict=False) if count > of_nobody]
    for holder in gc.get_referrers(*left) if left else ():
        if is_of_module(holder):
            _exchange(holder, old)
        _exchange_in_set(holder, old)


def namespaces_with(function: object) -> list[dict[str, Any]]:
    """The namespaces of the modules that have a function, loaded or not.

    The collector tells of copies without a name in `sys.modules`, but not of what `gc.freeze` has set aside.
    """
    modules = [each for each in list(sys.modules.values()) if issubclass(type(each), _MODULE)]
    # The type's own descriptor, not the module: a lazy one would be loaded if it were asked.
    spaces = [vars(_MODULE)["__dict__"].__get__(each) for each in modules]
    found = [*gc.get_referrers(function), *spaces]
    known = {id(each): each for each in found if is_of_module(each)}
    return [
        each for each in known.values() if any(value is function for value in list(each.values()))
    ]


def is_of_module(space: object) -> bool:
    """Whether it is the namespace of a module, loaded or not: that of a class must not be written to."""
    return isinstance(space, dict) and "__spec__" in space and "__name__" in space


def _exchange(space: dict[str, Any], new: dict[int, Any]) -> None:
    for name, value in space.copy().items():
        if id(value) in new:
            space[name] = new[id(value)]


def _exchange_in_set(value: object, new: dict[int, Any]) -> None:
    # Such as `os.supports_fd`, which an `os` that was loaded meanwhile has made of ours.
    if type(value) is set:
        for each in [each for each in value if id(each) in new]:
            value.discard(each)
            value.add(new[id(each)])
