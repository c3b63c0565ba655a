"""Who hears of the calls that patches see: one function for each session that guards this process.

A patch names its session and does not lead to it, so that it can be sent to another process, falls
silent when the session ends, and does not keep it.

Imports nothing, since child Pythons load it at start.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Final

    Listener = Callable[[str, str], bool]

AROUND: Final[dict[str, Callable[[str], str]]] = {}
"""For each session around this process, by its key, what puts the scope that the calling code acts for
in a value of the variable."""

LISTENERS: Final[dict[str, Listener]] = {}
"""By the session's key: called with the resource and the target; whether further calls on the same
behalf need no look. What it raises, the caller gets."""
