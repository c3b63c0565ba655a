"""Work that is sent in a message, to a cluster, a queue or a server: its scopes go with the message.

The receiver may be this process, a fork of it, or a child Python, which imports this module when it imports
the library that receives.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from inspect import iscoroutinefunction
from typing import Any
from typing import Final
from weakref import WeakKeyDictionary

from imbue.resource_guards.intercept.handover.by_value import acting_as
from imbue.resource_guards.intercept.handover.by_value import to_process
from imbue.resource_guards.intercept.handover.ways import Method
from imbue.resource_guards.scope.slot import CARRIED
from imbue.resource_guards.scope.slot import Scopes
from imbue.resource_guards.scope.slot import current_scopes
from imbue.resource_guards.scope.slot import value_for_child

KEY: Final = "resource_guards"
"""The name that the variable's value has in messages."""


def with_annotation(graph_to_futures: Method) -> Method:
    """The way of dask's client, whose tasks take the annotations with them that they are sent under."""

    def annotating(self: Any, *args: Any, **kwargs: Any) -> Any:
        value = value_for_child()
        if not value:
            return graph_to_futures(self, *args, **kwargs)
        with sys.modules["dask"].annotate(**{KEY: value}):
            return graph_to_futures(self, *args, **kwargs)

    return annotating


def by_annotation(execute: Method) -> Method:
    """The way of dask's worker, which executes each task in a task of its own."""

    async def acting(self: Any, key: Any, **kwargs: Any) -> Any:
        task = self.state.tasks.get(key)
        value = (getattr(task, "annotations", None) or {}).get(KEY)
        if value is None:
            return await execute(self, key, **kwargs)
        with acting_as(value):
            return await execute(self, key, **kwargs)

    return acting


def to_dask_worker(run: Method) -> Method:
    """The way of dask's `Client.run`, whose functions are called past all tasks."""
    carrying = to_process(1)(run)

    def giving(self: Any, function: Any, *args: Any, **kwargs: Any) -> Any:
        # What a coroutine function is replaced by would not be awaited.
        way = run if iscoroutinefunction(function) else carrying
        return way(self, function, *args, **kwargs)

    return giving


_ASKED_BY: Final[WeakKeyDictionary[Any, Scopes]] = WeakKeyDictionary()
"""For each of aiohttp's test servers who has last asked it."""


def forget() -> None:
    """A session has ended: nothing here may lead to it."""
    _ASKED_BY.clear()


def asking(request: Method) -> Method:
    """The way of aiohttp's test client, whose server is in the same loop and may be older than the test."""

    def noting(self: Any, *args: Any, **kwargs: Any) -> Any:
        handler = getattr(getattr(self.server, "runner", None), "server", None)
        if handler is not None:
            _ASKED_BY[handler] = current_scopes()
        return request(self, *args, **kwargs)

    return noting


def answering(handle_request: Method) -> Method:
    """The way of aiohttp's connections, each of which is a task that began with the server."""

    async def acting(self: Any, *args: Any, **kwargs: Any) -> Any:
        scopes = _ASKED_BY.get(self._manager)
        if scopes is None:
            return await handle_request(self, *args, **kwargs)
        token = CARRIED.set(scopes)
        try:
            return await handle_request(self, *args, **kwargs)
        finally:
            CARRIED.reset(token)

    return acting


class _CeleryTasks:
    """Gives celery's messages their scopes, and takes them up in its workers."""

    def __init__(self) -> None:
        # By the request, which goes with the task: not each is told to have ended, and a task that is
        # sent twice may run twice at a time.
        self._running: WeakKeyDictionary[Any, acting_as] = WeakKeyDictionary()

    def publish(self, headers: dict[str, Any] | None = None, **_: Any) -> None:
        """A message is about to be sent: the signal `before_task_publish`."""
        value = value_for_child()
        if value and headers is not None:
            headers[KEY] = value

    def begin(self, task: Any, **_: Any) -> None:
        """A worker begins a task: the signal `task_prerun`."""
        value = getattr(task.request, KEY, None)
        if value is not None:
            self._running[task.request] = acting = acting_as(value)
            acting.__enter__()

    def end(self, task: Any, **_: Any) -> None:
        """A worker has done a task: the signal `task_postrun`."""
        acting = self._running.pop(task.request, None)
        if acting is not None:
            acting.__exit__()


def connect_to_celery(signals: Any) -> Callable[[], None]:
    """Have celery's tasks act for whoever has sent them; calling what is returned ends it.

    Args:
        signals: The module `celery.signals`.
    """
    tasks = _CeleryTasks()
    connections = {
        "before_task_publish": tasks.publish,
        "task_prerun": tasks.begin,
        "task_postrun": tasks.end,
    }
    for name, receiver in connections.items():
        # Its references are weak unless it is told otherwise.
        getattr(signals, name).connect(receiver, weak=False)

    def disconnect() -> None:
        for name, receiver in connections.items():
            getattr(signals, name).disconnect(receiver)

    return disconnect
