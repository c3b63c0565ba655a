"""One guarded method or function: put in place, and taken out exactly as it was."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from types import ModuleType
from typing import Any
from typing import Final
from weakref import WeakValueDictionary

from imbue.resource_guards.errors import ResourceGuardMisconfiguration
from imbue.resource_guards.intercept import attributes
from imbue.resource_guards.intercept.aliases import Original
from imbue.resource_guards.intercept.aliases import replace_aliases
from imbue.resource_guards.intercept.gate import ForClass
from imbue.resource_guards.intercept.gate import Gate
from imbue.resource_guards.intercept.gate import Lookout
from imbue.resource_guards.intercept.gate import Opening
from imbue.resource_guards.intercept.replacement import Replacement
from imbue.resource_guards.intercept.wrappers import Call
from imbue.resource_guards.messages import intercept as messages
from imbue.resource_guards.model import SdkTarget

Observe = Callable[..., object]

_INIT_OF_OBJECT: Final[object] = object.__init__
_NEW_OF_OBJECT: Final[object] = object.__new__

_RESTING: Final[WeakValueDictionary[tuple[object, ...], MethodPatch]] = WeakValueDictionary()
"""Patches that were taken out, by what they stood before, while somebody still has what stood there."""


class MethodPatch:
    """Makes one attribute of a class or module report when it is called.

    Args:
        target: What was declared, for messages and the kind.
        owner: The class or module that the target's owner resolved to.
        observe: Called with a call's arguments before it goes on; what it raises, the caller gets. An
            `Opening` is not called, and says while the function runs that it does.
        current: Where it is given, `observe` is called for each of these until it has let one
            through; see :class:`Gate`.
        module: The owner's module if it has just been loaded, since it need not be in `sys.modules`.

    Raises:
        ResourceGuardMisconfiguration: The owner's attribute cannot be guarded.
    """

    def __init__(
        self,
        target: SdkTarget,
        owner: Any,
        observe: Observe,
        current: Callable[[], object] = object,
        module: ModuleType | None = None,
    ) -> None:
        self._target = target
        self._module = module
        self._owner = attributes.holder_of(owner, target.attribute)
        opening = observe if isinstance(observe, Opening) else None
        self._observe = None if opening else observe
        self._when = target.when
        if self._owner is not owner:
            self._when = ForClass(owner, target.when)
        found = inspect.getattr_static(self._owner, target.attribute)
        reason = attributes.refusal(target, owner, self._owner, found)
        if opening:
            reason = reason or attributes.refusal_of_opener(target, found)
        if reason is not None:
            raise ResourceGuardMisconfiguration(reason)
        self._found = found
        self._is_own = target.attribute in getattr(self._owner, "__dict__", ())
        self._key = (
            id(found if self._is_own else self._owner),
            target.attribute,
            target.kind,
            opening.opener if opening else current,
        )
        self._look, new = self._what_stands_there(opening or Lookout(Gate(current), None))
        self._replacement = Replacement(self._owner, target.attribute, new)
        self._aliases: list[Replacement] = []
        self._look.keeps = self

    def install(self) -> None:
        """Put the patch in place. A second call changes nothing.

        Raises:
            ResourceGuardMisconfiguration: The owner cannot be changed, as a built-in type cannot.
        """
        self._look.observe, self._look.when = self._observe, self._when
        try:
            self._replacement.install()
        except (AttributeError, TypeError) as error:
            self._look.rest()
            instead = attributes.class_to_name(self._owner)
            raise ResourceGuardMisconfiguration(
                messages.target_unpatchable(self._target, error, instead)
            ) from error
        if not self._aliases:
            self._aliases = replace_aliases(self.original, self._package, self._module)

    @property
    def aliases(self) -> list[tuple[Any, str]]:
        """The other names by which the target is guarded: who has each, and the name."""
        return [(each.owner, each.name) for each in self._aliases]

    @property
    def original(self) -> Original:
        """What the target was, and what stands in its place."""
        owner = None if self._is_own else self._owner
        return Original(self._found, self._replacement.new, owner)

    @property
    def _package(self) -> str:
        owner = self._target.owner
        if not isinstance(owner, str):
            owner = getattr(owner, "__module__", None) or getattr(owner, "__name__", "")
        return str(owner).partition(":")[0].partition(".")[0]

    def uninstall(self) -> None:
        """Restore the owner's own entry, or that it had none, unless someone patched over it.

        Who has got hold of what stood there (``from sdk import send``) calls through it to the end of
        the process, and is seen again when the target is guarded again.
        """
        while self._aliases:
            self._aliases.pop().uninstall()
        self._replacement.uninstall()
        self._look.rest()
        _RESTING[self._key] = self

    def _what_stands_there(self, look: Lookout) -> tuple[Lookout, Any]:
        resting = _RESTING.pop(self._key, None)
        if resting is not None:
            return resting._look, resting._replacement.new  # noqa: SLF001 - another of its own kind
        call = None if self._is_own else self._inherited()
        kind, binds = self._target.kind, inspect.isclass(self._owner)
        return look, attributes.stand_before(self._found, call, look, kind, binds=binds)

    def _inherited(self) -> Call:
        # The base's entry is looked up at each call: tests replace it there (requests_mock
        # patches requests.Session), and a captured one would go past them.
        owner, name, found = self._owner, self._target.attribute, self._found
        if not inspect.isclass(owner):
            bound: Call = getattr(owner, name)
            return bound
        if found is _INIT_OF_OBJECT:
            return _init_of_object
        if isinstance(found, staticmethod) or not hasattr(type(found), "__get__"):
            return lambda *args, **kwargs: getattr(super(owner, owner), name)(*args, **kwargs)  # noqa: PLW0108 - looked up at each call
        return lambda self, *args, **kwargs: getattr(super(owner, self), name)(*args, **kwargs)


def _init_of_object(self: Any, *args: Any, **kwargs: Any) -> None:
    # It takes no arguments, and leaves it to `__new__` to say so, unless there is another `__init__`.
    if getattr(type(self), "__new__", None) is _NEW_OF_OBJECT:
        object.__init__(self, *args, **kwargs)
