"""Find out whether resources are available: once for each, within a time, in silence, and on nobody's behalf."""

from __future__ import annotations

import contextlib
import io
import os
import threading
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence
from typing import Final

from imbue.resource_guards.declare.registry import Registry
from imbue.resource_guards.errors import ResourceGuardMisconfiguration
from imbue.resource_guards.guard import Guard
from imbue.resource_guards.messages import availability as messages
from imbue.resource_guards.messages.foreign import shown
from imbue.resource_guards.model import Resource
from imbue.resource_guards.scope.slot import CARRIED
from imbue.resource_guards.scope.slot import SLOTS
from imbue.resource_guards.scope.slot import Given
from imbue.resource_guards.scope.slot import ScopeSlot


class Prober:
    """Probes the resources of one session.

    Args:
        registry: What is guarded, and its probes.
        seconds: How long each probe may take.
        slot: The session's: what probes use is nobody's in it. `None` where it guards nothing.
    """

    def __init__(self, registry: Registry, seconds: float, slot: ScopeSlot | None = None) -> None:
        self._registry = registry
        self._seconds = seconds
        self._slot = slot
        self._reasons: dict[str, str] = {}
        self._faults: dict[str, ResourceGuardMisconfiguration] = {}
        self._untold: set[str] = set()

    def reason(self, resource: Resource) -> str:
        """Why a resource is not available; empty if it is, or if nothing can tell.

        Raises:
            ResourceGuardMisconfiguration: Its probe cannot be imported, or says something that is no reason.
        """
        __tracebackhide__ = True
        name = resource.name
        if name not in self._reasons and name not in self._faults:
            try:
                with _on_nobodys_behalf(self._slot), _silence():
                    # A line has to have room for it.
                    self._reasons[name] = shown(" ".join(self._find_out(resource).split()))
            except ResourceGuardMisconfiguration as error:
                self._faults[name] = error
        if name in self._faults:
            raise ResourceGuardMisconfiguration(str(self._faults[name])) from None
        return self._reasons[name]

    def can_tell(self, resource: Resource) -> bool:
        """Whether anything of a resource tells that it is available, or that it is not."""
        self.reason(resource)
        return resource.name not in self._untold

    def _find_out(self, resource: Resource) -> str:
        probes = self._registry.probes.get(resource.label)
        if probes:
            return _any_of(
                self._within(resource.label, _bound(each, self._seconds))
                for each in probes.values()
            )
        # The package of a client says nothing of the service, where there is anything that does.
        for are_clients in (False, True):
            guards = [each for each in resource.guards if each.is_client is are_clients]
            kinds: dict[type[Guard], None] = dict.fromkeys(map(type, guards))
            told = list(self._told(resource, guards, list(kinds)))
            if told:
                return _any_of(iter(told))
        self._untold.add(resource.name)
        return ""

    def _told(
        self, resource: Resource, guards: Sequence[Guard], kinds: Sequence[type[Guard]]
    ) -> Iterator[str]:
        for kind in kinds:
            of_kind = [each for each in guards if type(each) is kind]
            reason = self._within(resource.label, _all_of_kind(kind, of_kind))
            if reason is not None:
                yield reason
            if reason == "":
                return

    def _within(self, label: str, probe: Callable[[], str | None]) -> str | None:
        """What a probe says in its time. Python cannot end a thread, so one that hangs is left behind."""
        said: list[str | None] = []
        raised: list[BaseException] = []

        def work() -> None:
            try:
                said.append(probe())
            except BaseException as error:  # noqa: BLE001 - it is raised where it can be told
                raised.append(error)

        thread = threading.Thread(target=work, name=f"probe of {label}", daemon=True)
        thread.start()
        # A command ends itself when its time is over, and says which it was.
        thread.join(self._seconds + _GRACE)
        if raised:
            if isinstance(raised[0], ResourceGuardMisconfiguration):
                raise raised[0]
            return messages.probe_raised(f"of {label}", raised[0])
        return said[0] if said else messages.no_answer("the probe", self._seconds)


_GRACE: Final = 0.2
"""Seconds in which a probe that has its own limit may still tell of it."""


def _bound(probe: Callable[[float], str], seconds: float) -> Callable[[], str]:
    return lambda: probe(seconds)


def _all_of_kind(kind: type[Guard], guards: Sequence[Guard]) -> Callable[[], str | None]:
    return lambda: kind.probe_any(guards)


def _any_of(reasons: Iterator[str | None]) -> str:
    """Empty as soon as one reason is; else all of them."""
    told = []
    for reason in reasons:
        if not reason:
            return ""
        told.append(reason)
    return "; ".join(dict.fromkeys(told))


@contextlib.contextmanager
def _on_nobodys_behalf(own: ScopeSlot | None) -> Iterator[None]:
    """What runs here acts for no scope of a session; for those around it, it acts as before."""
    scopes = Given((slot, None if slot is own else slot.current()) for slot in SLOTS)
    token = CARRIED.set(scopes)
    try:
        yield
    finally:
        CARRIED.reset(token)


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """Nothing that runs here, or is started, reaches the terminal."""
    with contextlib.ExitStack() as stack:
        for descriptor in (1, 2):
            stack.enter_context(_nowhere(descriptor))
        stack.enter_context(contextlib.redirect_stdout(io.StringIO()))
        stack.enter_context(contextlib.redirect_stderr(io.StringIO()))
        yield


@contextlib.contextmanager
def _nowhere(descriptor: int) -> Iterator[None]:
    try:
        kept = os.dup(descriptor)
    except OSError:  # it is closed
        yield
        return
    null = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(null, descriptor)
        yield
    finally:
        os.dup2(kept, descriptor)
        os.close(kept)
        os.close(null)
