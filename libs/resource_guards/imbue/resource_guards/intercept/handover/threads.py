"""How a new thread gets its starter's scope: it begins with an empty context, or with a copy."""

from __future__ import annotations

import contextvars
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from typing import Final

from imbue.resource_guards.intercept.handover.ways import in_thread
from imbue.resource_guards.intercept.handover.ways import is_run_of_context
from imbue.resource_guards.scope.slot import CARRIED
from imbue.resource_guards.scope.slot import Scopes
from imbue.resource_guards.scope.slot import current_scopes

Method = Callable[..., Any]

_STARTED_FOR: Final = "_resource_guards_scopes"
"""The attribute of a thread that has its starter's scopes until it runs."""


def to_new_thread(start: Method) -> Method:
    """The way of `Thread.start`: a thread begins with an empty context, or a copy of its starter's."""

    def carrying_start(self: threading.Thread) -> None:
        scopes = current_scopes()
        target: Any = getattr(self, "_target", None)
        if is_run_of_context(target):
            setattr(self, "_target", in_thread(target))  # noqa: B010 - mypy does not know it
        if hasattr(self, "_context"):  # from Python 3.14 on, where it runs in that
            _set_in_context_of(self, scopes)
        else:
            setattr(self, _STARTED_FOR, scopes)
        start(self)

    return carrying_start


def _set_in_context_of(thread: Any, scopes: Scopes) -> None:
    if thread._context is None:  # noqa: SLF001 - as `Thread.start` makes it
        inherits = getattr(sys.flags, "thread_inherit_context", False)
        thread._context = contextvars.copy_context() if inherits else contextvars.Context()  # noqa: SLF001
    with suppress(RuntimeError):  # it is the caller's own, which has them
        thread._context.run(CARRIED.set, scopes)  # noqa: SLF001


def in_new_thread(bootstrap: Method) -> Method:
    """The way of `Thread._bootstrap_inner`, the first that a thread runs; for Python below 3.14."""

    def carrying_bootstrap(self: threading.Thread) -> None:
        scopes = vars(self).pop(_STARTED_FOR, None)
        if scopes is not None:
            CARRIED.set(scopes)
        bootstrap(self)

    return carrying_bootstrap


def to_bare_thread(start_new_thread: Method) -> Method:
    """The way of `_thread.start_new_thread`, for those that do without `threading`."""

    def carrying_start(function: Method, args: Any, *kwargs: Any) -> Any:
        context = contextvars.Context()
        context.run(CARRIED.set, current_scopes())
        return start_new_thread(context.run, (function, *args), *kwargs)

    return carrying_start
