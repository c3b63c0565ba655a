"""The one audit hook of this process (PEP 578), which hands events to whoever asked for them.

Hooks cannot be removed, and each costs every event of the interpreter a call. So there is one, made
when somebody first asks for an event, and it does nothing but look the event up.

Imports nothing but the standard library's smallest parts, since child Pythons load it at start.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any
    from typing import Final

HANDLERS: Final[dict[str, Callable[..., None]]] = {}
"""What is called with the arguments of an event, by the event's name."""

_INSTALLED: Final[list[object]] = []


def handle(handlers: dict[str, Callable[..., None]]) -> None:
    """Have these events handled from now on."""
    HANDLERS.update(handlers)
    if _audit not in _INSTALLED:
        _INSTALLED.append(_audit)
        sys.addaudithook(_audit)


def is_made() -> bool:
    """Whether the hook is there."""
    return _audit in _INSTALLED


def stop_handling(handlers: dict[str, Callable[..., None]]) -> None:
    """Handle these events no more."""
    for event in handlers:
        HANDLERS.pop(event, None)


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if event in HANDLERS:
        __tracebackhide__ = True
        handler = HANDLERS.get(event)
        if handler is not None:  # another thread may have ended it since
            handler(*arguments)
