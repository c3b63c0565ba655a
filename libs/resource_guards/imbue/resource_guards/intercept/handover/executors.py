"""How executors whose workers are threads are given the scope, those with an interpreter each among them.

The latter inherit the methods of the former, and are told apart when one is called. And how an interpreter is given
it that a test makes for itself.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import Any
from typing import Final

from imbue.resource_guards.intercept.handover.by_value import given_by_value
from imbue.resource_guards.intercept.handover.ways import Method
from imbue.resource_guards.intercept.handover.ways import Way
from imbue.resource_guards.intercept.handover.ways import to_thread
from imbue.resource_guards.scope.slot import SLOTS
from imbue.resource_guards.scope.slot import value_for_child


def to_interpreter(position: int) -> Way:
    """The way of a method whose function is run by another interpreter of this process.

    That has modules of its own, and so is as another process. The function stays an argument by itself: some
    that cannot be pickled can be shared between interpreters, and a partial that holds one cannot.
    """

    def replace(method: Method) -> Method:
        def giving(*args: Any, **kwargs: Any) -> Any:
            __tracebackhide__ = True
            if not SLOTS or len(args) <= position or not callable(args[position]):
                return method(*args, **kwargs)
            before, after = args[:position], args[position:]
            return method(*before, given_by_value, value_for_child(), *after, **kwargs)

        return giving

    return replace


_ACT: Final = """
try:
    __import__("imbue.resource_guards.intercept.child", fromlist=["act_for"]).act_for({value!r})
except ImportError:
    pass
"""
"""What an interpreter runs beforehand. It leaves no name behind; one that finds no packages is not guarded."""


def in_interpreter(run: Method) -> Method:
    """The way of an interpreter's `exec`, and of what each of its calls ends in: it acts for the caller from now on."""

    def giving(self: Any, *args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        if SLOTS:
            plain = getattr(type(self).exec, "__wrapped__", type(self).exec)
            with suppress(Exception):  # one that is closed, or is busy: the call says so itself
                plain(self, _ACT.format(value=value_for_child()))
        return run(self, *args, **kwargs)

    return giving


def to_executor(submit: Method) -> Method:
    """The way of `ThreadPoolExecutor.submit`, which the pool of interpreters inherits."""
    to_threads, to_interpreters = to_thread(1)(submit), to_interpreter(1)(submit)

    def giving(self: Any, *args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        way = to_interpreters if _has_interpreters(self) else to_threads
        return way(self, *args, **kwargs)

    return giving


def _has_interpreters(executor: Any) -> bool:
    interpreters = sys.modules.get("concurrent.futures.interpreter")
    return interpreters is not None and isinstance(executor, interpreters.InterpreterPoolExecutor)


def with_initializer(init: Method) -> Method:
    """The way of `ThreadPoolExecutor.__init__`, whose workers call the initializer, each at its start.

    They are only started for what is submitted later, which somebody else may do.
    """
    to_threads = to_thread(3, keywords=("initializer",))(init)

    def to_interpreters(
        self: Any,
        max_workers: Any = None,
        thread_name_prefix: Any = "",
        initializer: Any = None,
        initargs: Any = (),
        **kwargs: Any,
    ) -> None:
        if SLOTS and callable(initializer):
            # By itself among the arguments, as in `to_interpreter`.
            initargs = value_for_child(), initializer, *initargs
            initializer = given_by_value
        init(self, max_workers, thread_name_prefix, initializer, initargs, **kwargs)

    def giving(self: Any, *args: Any, **kwargs: Any) -> None:
        way = to_interpreters if _has_interpreters(self) else to_threads
        way(self, *args, **kwargs)

    return giving
