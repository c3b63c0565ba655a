"""Which argument of a call is which, of the built-in functions that start a process.

Imports nothing heavier than `sys`, since child Pythons load it at start.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any
    from typing import Final

# Where `subprocess` gives ``fork_exec`` the group, the groups, the user, the umask and `preexec_fn`, behind the
# environment.
_GROUP: Final = 11 if sys.version_info >= (3, 11) else 10


def finds_as_here(rest: tuple[Any, ...]) -> bool:
    """Whether a call of ``fork_exec`` keeps this process's rights and root, so that paths lead where they do here.

    Args:
        rest: Its arguments behind the environment.
    """
    at = _GROUP
    return rest[at : at + 3] == (None, None, None) and rest[at + 4 : at + 5] == (None,)


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


# As `__text_signature__` of each has it, from CPython 3.10 to 3.14.
EXECV: Final = Takes(("path", "argv"))
EXECVE: Final = Takes(("path", "argv", "env"), by_name=True)
SYSTEM: Final = Takes(("command",), by_name=True)
SPAWN: Final = Takes(
    ("path", "argv", "env"),
    options=(
        "file_actions",
        "setpgroup",
        "resetids",
        "setsid",
        "setsigmask",
        "setsigdef",
        "scheduler",
    ),
)
