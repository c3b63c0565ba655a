"""Whether code is run by a scheduler of tasks, which may have been given it long before.

Asked only about code of the main thread whose context is not the one that pytest runs in. Imports none of
the libraries.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any
from typing import Final


def is_scheduled() -> bool:
    """Whether a loop, a reactor or a hub runs in the calling thread."""
    for name, asks in _SCHEDULERS.items():
        module = sys.modules.get(name)
        if module is not None and asks(module):
            return True
    return False


def _has_running_loop(events: Any) -> bool:
    return events._get_running_loop() is not None  # noqa: SLF001 - the public one raises


def _is_in_trio(run: Any) -> bool:
    return hasattr(run.GLOBAL_RUN_CONTEXT, "runner")


def _is_reactor_running(reactor: Any) -> bool:
    return bool(getattr(reactor, "running", False))


def _is_in_greenlet(greenlet: Any) -> bool:
    return greenlet.getcurrent().parent is not None


_SCHEDULERS: Final[dict[str, Callable[[Any], bool]]] = {
    "asyncio.events": _has_running_loop,
    "trio._core._run": _is_in_trio,
    "twisted.internet.reactor": _is_reactor_running,
    "greenlet": _is_in_greenlet,
}
