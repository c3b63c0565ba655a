"""Know on whose way a connection is opened: which clients' functions are running here that open connections.

A context variable holds them, which threads have for themselves and asyncio, trio and gevent carry on into the
tasks that a function starts: several addresses of a host are tried at once by tasks of their own. To look for
the functions among the frames of whoever connects was thought of, and ends at such a task.

Imports nothing but the standard library's smallest parts, since child Pythons load it.
"""

from __future__ import annotations

from _contextvars import ContextVar

TYPE_CHECKING = False
if TYPE_CHECKING:
    from contextvars import Token
    from typing import Final

_RUNNING: Final[ContextVar[frozenset[str]]] = ContextVar(
    "resource guards: openers", default=frozenset()
)


def is_running(opener: str) -> bool:
    """Whether an opener, or what it has started, is running here."""
    return opener in _RUNNING.get()


def begin(opener: str) -> Token[frozenset[str]]:
    """An opener runs from now on; :func:`end` is given what is returned."""
    return _RUNNING.set(_RUNNING.get() | {opener})


def end(token: Token[frozenset[str]] | None) -> None:
    """It runs no longer."""
    try:
        if token is not None:
            _RUNNING.reset(token)
    except ValueError:  # a coroutine that was given up, and is closed in another context
        return
