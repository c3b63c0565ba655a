"""Whom the end of an asynchronous generator is for: whoever began it, and not whoever runs when it is ended.

A loop is told of each one's first iteration, and of each that is thrown away before its end; those that are
left when the loop shuts down it closes itself. What it does of this, in whatever library, is a row in
`intercept/handover/table.py`.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncGenerator
from collections.abc import Callable
from typing import TYPE_CHECKING
from typing import Any
from typing import Final
from typing import Self
from weakref import ref

from imbue.resource_guards import system
from imbue.resource_guards.intercept.handover.ways import Method
from imbue.resource_guards.intercept.handover.ways import given
from imbue.resource_guards.scope.slot import CARRIED
from imbue.resource_guards.scope.slot import SLOTS
from imbue.resource_guards.scope.slot import Scopes
from imbue.resource_guards.scope.slot import current_scopes

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

Generator = AsyncGenerator[Any, Any]


class _Begun(ref):  # type: ignore[type-arg] # which takes no parameter at run time
    """A generator that has been begun, without keeping it alive."""

    __slots__ = ("id", "loop_id", "scopes")

    def __new__(cls, generator: Generator, loop: object) -> Self:  # noqa: ARG004 - as `__init__`
        return super().__new__(cls, generator, _is_going)

    def __init__(self, generator: Generator, loop: object) -> None:
        super().__init__(generator, _is_going)  # type: ignore[call-arg] # which mypy does not know
        self.id = id(generator)
        self.loop_id = id(loop)
        self.scopes = current_scopes()


_BEGUN: Final[dict[int, _Begun]] = {}
"""Those that live, by their ids."""

_GOING: Final[dict[int, _Begun]] = {}
"""For each thread the one that went last.

CPython clears the references to a generator, and calls back, right before it gives a generator that is not
at its end to the loop: by then the first of these tables does not have it any more.
"""


_ENDING: Final[dict[int, Scopes]] = {}
"""Those that wait to be ended by trio, which keeps them alive so long."""


def _is_going(begun: _Begun) -> None:
    if _BEGUN.get(begun.id) is begun:
        _BEGUN.pop(begun.id, None)
        _GOING[system.get_ident()] = begun


def note_begin(loop: object, generator: Generator) -> None:
    """A generator is iterated for the first time."""
    if SLOTS:
        _BEGUN[id(generator)] = _Begun(generator, loop)


def scopes_of(generator: Generator) -> Scopes | None:
    """For whom a generator was begun that is thrown away, or lives; `None` if that is not known."""
    begun = _BEGUN.get(id(generator)) or _GOING.get(system.get_ident())
    return begun.scopes if begun is not None and begun.id == id(generator) else None


def forget() -> None:
    """A session has ended: nothing here may lead to it."""
    for table in (_BEGUN, _GOING):
        for key, begun in table.copy().items():
            if not _is_of_now(begun.scopes):
                table.pop(key, None)
    for key, scopes in _ENDING.copy().items():
        if not _is_of_now(scopes):
            _ENDING.pop(key, None)


def _is_of_now(scopes: Scopes) -> bool:
    return all(slot in SLOTS for slot, _ in scopes)


def begin_generator(first_iteration: Method) -> Method:
    """The way of a loop's hook for the first iteration of an asynchronous generator."""

    def noting(self: Any, agen: Generator) -> Any:
        note_begin(self, agen)
        return first_iteration(self, agen)

    return noting


def end_generator(finalize: Method) -> Method:
    """The way of a loop's hook for one that was left."""

    def carrying(self: Any, agen: Generator) -> Any:
        scopes = scopes_of(agen)
        if scopes is None:
            return finalize(self, agen)
        return given(scopes, finalize, self, agen)

    return carrying


def end_generators(shutdown: Method) -> Method:
    """The way of a loop's `shutdown_asyncgens`."""

    async def carrying(self: Any) -> Any:
        own = current_scopes()
        # The loop closes them all once more, which does nothing to one that is closed.
        tasks = [
            self.create_task(_close(self, generator, each.scopes))
            for each in list(_BEGUN.values())
            if each.loop_id == id(self) and each.scopes != own and (generator := each()) is not None
        ]
        if tasks:
            from asyncio import gather  # which is whole by now

            await gather(*tasks)
        return await shutdown(self)

    return carrying


async def _close(loop: AbstractEventLoop, generator: Generator, scopes: Scopes) -> None:
    CARRIED.set(scopes)  # in a task of its own
    try:
        await generator.aclose()
    except Exception as error:  # noqa: BLE001 - the loop's own handler is told, as by the loop itself
        what = f"an error occurred during closing of asynchronous generator {generator!r}"
        details = {"message": what, "exception": error, "asyncgen": generator}
        loop.call_exception_handler(details)


def in_trio(install_hooks: Method) -> Method:
    """The way of trio's installation of its hooks, which are functions within it."""

    def noting(self: Any, runner: Any) -> None:
        install_hooks(self, runner)
        hooks = sys.get_asyncgen_hooks()
        sys.set_asyncgen_hooks(_noting(runner, hooks.firstiter), _keeping(hooks.finalizer))

    return noting


def _noting(runner: object, first_iteration: Callable[[Generator], Any] | None) -> Any:
    def noting(generator: Generator) -> None:
        note_begin(runner, generator)
        if first_iteration is not None:
            first_iteration(generator)

    return noting


def _keeping(finalize: Callable[[Generator], Any] | None) -> Any:
    def keeping(generator: Generator) -> None:
        scopes = scopes_of(generator)
        if scopes is not None:
            _ENDING[id(generator)] = scopes
        if finalize is not None:
            finalize(generator)

    return keeping


def end_in_trio(finalize: Method) -> Method:
    """The way of trio's task that ends a generator."""

    async def carrying(self: Any, generator: Generator, name: object) -> Any:
        scopes = _ENDING.pop(id(generator), None) or scopes_of(generator)
        if scopes is None:
            return await finalize(self, generator, name)
        token = CARRIED.set(scopes)
        try:
            return await finalize(self, generator, name)
        finally:
            CARRIED.reset(token)

    return carrying
