"""Which argument of a call is which, of a built-in function that takes some by position or by name.

Imports nothing, since child Pythons load it at start.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any


class Takes:
    """What a function takes.

    Args:
        names: Its parameters, all of which have to be given.
        by_name: They may be given by name as well.
        options: What else may be given, by name alone.
    """

    def __init__(
        self, names: tuple[str, ...], *, by_name: bool = False, options: Iterable[str] = ()
    ) -> None:
        self.names = names
        self.by_name = by_name
        self._options = frozenset(options)

    def in_order(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[Any] | None:
        """The values of the parameters; `None` for a call that the function itself will refuse."""
        given = list(args)
        named = 0
        if self.by_name:
            for name in self.names[len(args) :]:
                if name in kwargs:
                    given.append(kwargs[name])
                    named += 1
        elif kwargs and not self._options.issuperset(kwargs):
            return None
        # A name that is not among them, or of what is given by position too, is one too many.
        is_whole = len(given) == len(self.names) and (not self.by_name or named == len(kwargs))
        return given if is_whole else None
