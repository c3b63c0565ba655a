"""One attribute of a class or module, replaced and put back exactly; and names of a module that tell who asks.

Imports nothing but the standard library's smallest parts, since child Pythons load it at start.
"""

from __future__ import annotations

from imbue.resource_guards.system import getframe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any
    from typing import Final

MISSING: Final = object()


class Replacement:
    """Puts something in place of an attribute, and takes it out again.

    Args:
        owner: The class or module.
        name: The attribute; the owner may inherit it.
        new: What to put in its place.
    """

    def __init__(self, owner: Any, name: str, new: Any) -> None:
        self.owner = owner
        self.name = name
        self.new = new
        self.old: Any = MISSING
        self._installed = False

    def install(self) -> None:
        """Put the new one in place. A second call changes nothing."""
        if not self._installed:
            self.old = vars(self.owner).get(self.name, MISSING)
            setattr(self.owner, self.name, self.new)
            self._installed = True

    def uninstall(self) -> None:
        """Restore the owner's own entry, or that it had none, unless someone replaced it since."""
        if self._installed and vars(self.owner).get(self.name, MISSING) is self.new:
            if self.old is MISSING:
                delattr(self.owner, self.name)
            else:
                setattr(self.owner, self.name, self.old)
        self._installed = False


class Trap:
    """Takes names out of a module, and is asked for them by whoever looks them up there (PEP 562).

    Args:
        module: The module.
        is_known: Whether it is no news that code with some globals looks one up.
        sprung: Called when other code does, before it gets it.

    Attributes:
        space: What the module has.
        kept: What the names stand for.
    """

    def __init__(
        self,
        module: ModuleType,
        is_known: Callable[[dict[str, Any]], bool],
        sprung: Callable[[], None],
    ) -> None:
        self.space = space = vars(module)
        self._all: list[str] | None = None
        self.kept: dict[str, Any] = {}
        kept, module_name = self.kept, module.__name__

        def __getattr__(name: str) -> Any:  # noqa: N807 - as the language calls it
            if name not in kept:
                message = f"module {module_name!r} has no attribute {name!r}"
                raise AttributeError(message, name=name, obj=module)
            value = kept[name]
            if not is_known(getframe(1).f_globals):
                sprung()
            return value

        self._getattr = space["__getattr__"] = __getattr__

    def is_of(self, module: ModuleType) -> bool:
        """Whether it is in a module."""
        return self.space is vars(module)

    def take(self, names: tuple[str, ...]) -> None:
        """Take names out; a second time, if the module has been executed again."""
        space = self.space
        # Who imports all that there is (`*`) goes by this list, or else by what is found in the module.
        if "__all__" not in space:
            space["__all__"] = self._all = [name for name in space if not name.startswith("_")]
        for name in [name for name in names if name in space]:
            self.kept[name] = space[name]  # first, since other threads make sockets meanwhile
            del space[name]

    def remove(self) -> None:
        """Put the names back that nobody has set meanwhile."""
        space = self.space
        for name, value in self.kept.items():
            space.setdefault(name, value)
        if space.get("__all__") is self._all:
            del space["__all__"]
        if space.get("__getattr__") is self._getattr:
            del space["__getattr__"]
