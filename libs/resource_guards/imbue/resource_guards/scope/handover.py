"""Carry the current scope to where work is handed over: threads, executors, loops, processes.

A new thread does not inherit a context, the threads and processes of a pool serve many tests, a
loop in another thread copies the context of whoever schedules, and a fork server outlives the test
that it was started in: each is noted where work is handed over.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from contextlib import ExitStack
from types import ModuleType
from typing import Any

from imbue.resource_guards.intercept.child import PREPARATION
from imbue.resource_guards.intercept.child import act_for
from imbue.resource_guards.intercept.import_hook import ImportHook
from imbue.resource_guards.intercept.replacement import Replacement
from imbue.resource_guards.scope.slot import ACTING
from imbue.resource_guards.scope.slot import CARRIED
from imbue.resource_guards.scope.slot import SLOTS
from imbue.resource_guards.scope.slot import STARTED_IN
from imbue.resource_guards.scope.slot import Turns
from imbue.resource_guards.scope.slot import current_turns
from imbue.resource_guards.scope.slot import value_for_child

_POOL_METHODS = (
    "apply",
    "apply_async",
    "imap",
    "imap_unordered",
    "map",
    "map_async",
    "starmap",
    "starmap_async",
)
"""Those of `multiprocessing.pool.Pool` that take a function."""


def carry_scopes(import_hook: ImportHook) -> ExitStack:
    """Begin to carry scopes; closing the returned stack ends it."""
    undo = ExitStack()

    def replace(owner: Any, name: str, make: Callable[[Any], Any]) -> None:
        old = getattr(owner, name)
        replacement = Replacement(owner, name, functools.update_wrapper(make(old), old))
        replacement.install()
        undo.callback(replacement.uninstall)

    def replace_in_asyncio(module: ModuleType) -> None:
        replace(module.BaseEventLoop, "call_soon_threadsafe", _calling)
        replace(module.BaseEventLoop, "create_task", _creating)

    def replace_in_multiprocessing(module: ModuleType) -> None:
        replace(module, "get_preparation_data", _preparing)

    def replace_in_pools(module: ModuleType) -> None:
        for name in _POOL_METHODS:
            replace(module.Pool, name, _giving_to_pool)

    def replace_in_thread_pools(module: ModuleType) -> None:
        replace(module.ThreadPoolExecutor, "submit", _submitting)

    def replace_in_process_pools(module: ModuleType) -> None:
        replace(module.ProcessPoolExecutor, "submit", _submitting_to_process)

    replace(threading.Thread, "start", _starting)
    import_hook.when_imported("asyncio.base_events", replace_in_asyncio)
    import_hook.when_imported("concurrent.futures.thread", replace_in_thread_pools)
    import_hook.when_imported("multiprocessing.spawn", replace_in_multiprocessing)
    import_hook.when_imported("multiprocessing.pool", replace_in_pools)
    import_hook.when_imported("concurrent.futures.process", replace_in_process_pools)
    return undo


def _starting(start: Callable[..., None]) -> Callable[..., None]:
    def carrying_start(self: threading.Thread) -> None:
        turns = current_turns()
        setattr(self, STARTED_IN, turns)
        CARRIED.set(turns)  # from 3.14 on, a thread may copy its starter's context
        start(self)

    return carrying_start


def _submitting(submit: Callable[..., Any]) -> Callable[..., Any]:
    def carrying_submit(self: Any, function: Callable[..., Any], /, *args: Any, **kw: Any) -> Any:
        return submit(self, _act_for, current_turns(), function, *args, **kw)

    return carrying_submit


def _act_for(turns: Turns, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
    """What a pool's thread runs in place of the function that was submitted."""
    __tracebackhide__ = True
    before = getattr(ACTING, "turns", None)
    ACTING.turns = turns
    try:
        return function(*args, **kwargs)
    finally:
        ACTING.turns = before


def _calling(call_soon_threadsafe: Callable[..., Any]) -> Callable[..., Any]:
    def carrying_call(self: Any, callback: Any, *args: Any, context: Any = None) -> Any:
        CARRIED.set(current_turns())  # in the caller's context, which is copied now
        return call_soon_threadsafe(self, callback, *args, context=context)

    return carrying_call


def _creating(create_task: Callable[..., Any]) -> Callable[..., Any]:
    from asyncio.events import _get_running_loop  # somebody has imported it

    def carrying_creation(self: Any, coro: Any, **kwargs: Any) -> Any:
        # Of a loop that does not run in this thread: synchronicity, which modal is built on, makes
        # its tasks so, and what it schedules afterwards is not what uses the resource.
        if _get_running_loop() is not self:
            CARRIED.set(current_turns())
        return create_task(self, coro, **kwargs)

    return carrying_creation


def _preparing(get_preparation_data: Callable[..., dict[str, Any]]) -> Callable[..., Any]:
    def carrying_data(*args: Any, **kwargs: Any) -> dict[str, Any]:
        data = get_preparation_data(*args, **kwargs)
        if SLOTS:
            data[PREPARATION] = value_for_child()
        return data

    return carrying_data


def _submitting_to_process(submit: Callable[..., Any]) -> Callable[..., Any]:
    def carrying_submit(self: Any, function: Callable[..., Any], /, *args: Any, **kw: Any) -> Any:
        if not SLOTS:
            return submit(self, function, *args, **kw)
        return submit(self, act_in_process, value_for_child(), function, *args, **kw)

    return carrying_submit


def _giving_to_pool(method: Callable[..., Any]) -> Callable[..., Any]:
    def carrying_method(self: Any, func: Callable[..., Any], *args: Any, **kw: Any) -> Any:
        from multiprocessing.pool import ThreadPool  # somebody has imported it

        if not SLOTS:
            return method(self, func, *args, **kw)
        if isinstance(self, ThreadPool):
            carrying = functools.partial(_act_for, current_turns(), func)
        else:
            carrying = functools.partial(act_in_process, value_for_child(), func)
        return method(self, carrying, *args, **kw)

    return carrying_method


def act_in_process(value: str, function: Callable[..., Any], /, *args: Any, **kw: Any) -> Any:
    """What a pool's process runs in place of the function that was submitted.

    Args:
        value: The variable's value, for the scope that submitted it.
        function: The function.
        args: Its arguments.
        kw: Its keyword arguments.
    """
    __tracebackhide__ = True
    for slot in SLOTS:  # this process is a fork of theirs, and has their guards
        slot.adopt(value)
    act_for(value, leave_out=[slot.key for slot in SLOTS])
    return function(*args, **kw)
