"""One attribute of a class or module, replaced and put back exactly.

Imports nothing, since child Pythons load it at start.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
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
