"""What can be guarded: for each kind of attribute, what stands in its place, or why nothing can."""

from __future__ import annotations

import copy
import functools
import inspect
import sys
import types
import typing
from collections.abc import Iterator
from typing import Any
from typing import Final

from imbue.resource_guards.intercept.gate import Lookout
from imbue.resource_guards.intercept.standing import Standing
from imbue.resource_guards.intercept.standing import StandingData
from imbue.resource_guards.intercept.wrappers import OPENING
from imbue.resource_guards.intercept.wrappers import Call
from imbue.resource_guards.intercept.wrappers import guarded
from imbue.resource_guards.intercept.wrappers import kind_of
from imbue.resource_guards.kinds import MethodKind
from imbue.resource_guards.messages import intercept as messages
from imbue.resource_guards.messages import openers
from imbue.resource_guards.model import SdkTarget

_FUNCTIONS: Final = (
    types.FunctionType,
    types.BuiltinFunctionType,
    types.MethodType,
    types.MethodDescriptorType,
    types.WrapperDescriptorType,
    types.MethodWrapperType,
)
_BOUND: Final = (types.FunctionType, types.MethodDescriptorType, types.WrapperDescriptorType)
"""Of these, what a class binds when it is read from an instance."""

_NEW_OF_OBJECT: Final[object] = object.__new__

_CAN_CHANGE: Final = 1 << 9
"""The flag of a type that was made by a class statement (`Py_TPFLAGS_HEAPTYPE`)."""


def resolve(module: object, path: str) -> Any:
    """What a dotted path leads to in a module, or `None`; the module itself for an empty path.

    A name that a module makes when it is asked for (PEP 562) is asked for; it may fail in any way. Of a
    generic class with its parameters (`Client[int]`) it is the class, which has the methods.
    """
    found: Any = module
    for name in filter(None, path.split(".")):
        try:
            found = getattr(found, name, None)
        except Exception:  # noqa: BLE001 - whatever the SDK raises: an extra is not installed
            return None
    origin = typing.get_origin(found)
    return origin if isinstance(origin, type) and not isinstance(found, type) else found


def is_missing(owner: object, name: str) -> bool:
    """Whether there is no such attribute, or `None`, as for an extra that is not installed."""
    return owner is None or inspect.getattr_static(owner, name, None) is None


def holder_of(owner: Any, name: str) -> Any:
    """Who has the attribute that a call of a class's attribute finds: it, or its metaclass."""
    if isinstance(owner, type) and not any(name in vars(each) for each in owner.__mro__):
        metaclass: type = type(owner)
        for each in metaclass.__mro__:
            if name in vars(each):
                return each
    return owner


def missing_reason(target: SdkTarget, owner: object) -> str:
    """Why a target does not exist, and what to name in its place."""
    name = defined_elsewhere(target, owner)
    if name is not None:
        return messages.target_made_when_asked(target, name)
    return messages.target_missing(target)


def defined_elsewhere(target: SdkTarget, owner: object) -> str | None:
    """Where that is defined which a module gets only when it is asked for it (PEP 562)."""
    if not isinstance(owner, types.ModuleType) or "__getattr__" not in vars(owner):
        return None
    name = reference_to(resolve(owner, target.attribute))
    return None if name == f"{owner.__name__}:{target.attribute}" else name


def refusal(target: SdkTarget, owner: Any, holder: Any, found: Any) -> str | None:
    """Why an attribute cannot be guarded, and what to name in its place; `None` if it can.

    Args:
        target: What was declared.
        owner: What its owner has resolved to.
        holder: The owner, or its metaclass if that has the attribute.
        found: The attribute, as its class has it.
    """
    return next(_reasons_against(target, owner, holder, found), None)


def _reasons_against(target: SdkTarget, owner: Any, holder: Any, found: Any) -> Iterator[str]:
    name = target.attribute
    is_class = isinstance(owner, type)
    is_own = name in getattr(owner, "__dict__", ())
    if isinstance(found, (types.MemberDescriptorType, types.GetSetDescriptorType)):
        yield messages.target_is_slot(target)
    can_be_read = hasattr(type(found), "__get__") and (is_class or not is_own)
    if not callable(found) and not can_be_read:
        yield messages.target_not_callable(target, found)
    if inspect.isclass(found):
        yield messages.target_is_class(target)
    if holder is not owner and not holder.__flags__ & _CAN_CHANGE:
        yield messages.target_of_metaclass(target, reference_to(holder) or "type")
    if getattr(found, "__isabstractmethod__", False) is True:
        yield messages.target_is_abstract(target, _overriding(owner, name))
    if is_class and vars(owner).get("_is_protocol", False):
        yield messages.target_is_protocol(target, _overriding(owner, name))
    if name == "__new__" and found is _NEW_OF_OBJECT:
        yield messages.target_new_of_object(target)
    if not is_class and not is_own and not isinstance(owner, types.ModuleType):
        is_method = callable(found) or isinstance(found, (staticmethod, classmethod))
        if not is_method or (name.startswith("__") and name.endswith("__")):
            yield messages.target_of_class(target, reference_to(type(owner)) or "its class")


def stand_before(
    found: Any, call: Call | None, look: Lookout, kind: MethodKind | None, *, binds: bool
) -> Any:
    """What to put in an attribute's place.

    Args:
        found: The attribute, as its class has it.
        call: What is called in its place, where the owner does not have it itself.
        look: Called with each call.
        kind: How it is called, if that was declared.
        binds: The owner is a class, whose attributes are bound when they are read.
    """
    if isinstance(found, (staticmethod, classmethod)):
        inner = found.__func__
        if isinstance(inner, types.FunctionType) or isinstance(found, staticmethod):
            new = stand_before(inner, call, look, kind, binds=False)
            return type(found)(new) if binds else new
    if isinstance(found, _FUNCTIONS):
        function = guarded(call or found, look, kind or kind_of(found), found)
        return staticmethod(function) if binds and not isinstance(found, _BOUND) else function
    if binds and _is_data(found):
        return _stand_before_data(found, look)
    return Standing(found, look, kind)


def refusal_of_opener(target: SdkTarget, found: Any) -> str | None:
    """Why a function cannot be one that opens connections; `None` if it can."""
    inner = found.__func__ if isinstance(found, (staticmethod, classmethod)) else found
    if not isinstance(inner, _FUNCTIONS):
        return openers.opener_is_no_function(target)
    kind = target.kind or kind_of(inner)
    return None if kind in OPENING else openers.opener_is_generator(target)


def _is_data(found: object) -> bool:
    return isinstance(found, (property, functools.cached_property)) or hasattr(
        type(found), "__set__"
    )


def _stand_before_data(found: Any, look: Lookout) -> Any:
    # Of these two it is known how to make another one, which those who look for them recognise.
    if type(found) is property:
        get, put, delete = (_accessor(each, look) for each in (found.fget, found.fset, found.fdel))
        return property(get, put, delete, found.__doc__)
    if type(found) is functools.cached_property:
        new = copy.copy(found)
        new.func = _accessor(found.func, look)
        return new
    return StandingData(found, look, MethodKind.SYNC)


def _accessor(function: Any, look: Lookout) -> Any:
    return function and guarded(function, look, MethodKind.SYNC, function)


def class_to_name(owner: object) -> str | None:
    """The class to name in place of an object that cannot be changed, if that can be."""
    is_object = not isinstance(owner, (type, types.ModuleType))
    return reference_to(type(owner)) if is_object and type(owner).__flags__ & _CAN_CHANGE else None


def reference_to(named: Any) -> str | None:
    """The name of a class or function as a target is written, if it is to be found by it."""
    module = getattr(named, "__module__", None)
    name = getattr(named, "__qualname__", None)
    if not isinstance(module, str) or not isinstance(name, str) or "<" in name:
        return None
    return f"{module}:{name}" if resolve(sys.modules.get(module), name) is named else None


def _overriding(owner: Any, name: str) -> list[str]:
    """The classes under one that have a method of their own by a name, in the order of their names."""
    found: set[str] = set()
    waiting = [owner] if isinstance(owner, type) else []
    while waiting:
        each = waiting.pop()
        waiting += type.__subclasses__(each)
        if each is not owner and name in vars(each) and (reference := reference_to(each)):
            found.add(f"{reference}.{name}")
    return sorted(found)
