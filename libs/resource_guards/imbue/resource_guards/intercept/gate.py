"""What a guarded function closes over: what it remembers, and where it reports a call.

A class that is guarded may be sent to another process by value (cloudpickle), and all that its functions
close over is sent with it. So these are small objects that can be pickled; the copy reports to whoever
guards the process that it is in.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from imbue.resource_guards.errors import ResourceGuardViolation
from imbue.resource_guards.intercept.reaching import begin
from imbue.resource_guards.listeners import LISTENERS


class Gate:
    """Remembers for whom a target was seen, since all further calls on that behalf need no look.

    What a guarded call costs is what this costs, so the functions that stand before a target compare
    the two objects themselves.

    Args:
        current: Tells for whom the calling code runs, an object for each turn of a scope; without
            it each call is looked at.
    """

    __slots__ = ("current", "open_for")

    def __init__(self, current: Callable[[], object] = object) -> None:
        self.current = current
        self.open_for: object = None

    def __reduce__(self) -> tuple[type[Gate], tuple[()]]:
        return Gate, ()  # a copy does not know for whom the original was seen

    def open(self) -> None:
        """Let calls on the same behalf through. Where nobody is known, each may be another's."""
        self.open_for = self.current() or None

    def close(self) -> None:
        """Look at the next call, whoever makes it, and keep nobody."""
        self.open_for = None


class SdkCall:
    """Reports that a target was called; says nothing where its session does not guard this process.

    Args:
        session: The session's key.
        resource: The name of the resource that the target belongs to.
        what: The target, as a user would write it.
    """

    __slots__ = ("_resource", "_session", "_what")

    def __init__(self, session: str, resource: str, what: str) -> None:
        self._session = session
        self._resource = resource
        self._what = what

    def __reduce__(self) -> tuple[type[SdkCall], tuple[str, str, str]]:
        return SdkCall, (self._session, self._resource, self._what)

    def __call__(self, *_: object, **__: object) -> bool:
        """Report, whatever the arguments of the call are; whether further calls on the same behalf need no look."""
        __tracebackhide__ = True
        hear = LISTENERS.get(self._session)
        return hear is None or hear(self._resource, self._what)


class Lookout:
    """Called with the arguments of each call that a gate has not let through.

    Args:
        gate: Opened when a call has been reported, and let through.
        observe: Called with a use; what it raises, the caller gets. After `False` it is called with the next
            one too. `None` when nobody listens.
        when: Given a call's arguments, whether it is a use; `None` takes each call for one.

    Attributes:
        keeps: What has to live as long as the guarded function does.
    """

    __slots__ = ("__weakref__", "gate", "keeps", "observe", "when")

    def __init__(
        self,
        gate: Gate,
        observe: Callable[..., object] | None,
        when: Callable[..., bool] | None = None,
    ) -> None:
        self.gate = gate
        self.observe = observe
        self.when = when
        self.keeps: object = None

    def __reduce__(self) -> tuple[type[Lookout], tuple[Any, ...]]:
        return Lookout, (self.gate, self.observe, self.when)

    def __call__(self, *args: Any, **kwargs: Any) -> None:
        """Report the call if it is a use."""
        __tracebackhide__ = True
        observe, when = self.observe, self.when
        if observe is not None and (when is None or when(*args, **kwargs)):
            try:
                needs_no_look = observe(*args, **kwargs)
            except ResourceGuardViolation as violation:
                # A thread's hook and a logger print each frame, hidden from pytest or not.
                violation.__traceback__ = None
                raise
            if needs_no_look is not False:
                self.gate.open()

    def rest(self) -> None:
        """Report nothing any more: the target is guarded no longer."""
        self.observe = self.when = None
        self.gate.close()


class Opening(Lookout):
    """Says, while a function runs that opens connections, that it does. Looks at no call.

    Args:
        opener: What the function is called.
    """

    __slots__ = ("opener",)

    def __init__(self, opener: str) -> None:
        super().__init__(Gate(), None)
        self.opener = opener

    def __reduce__(self) -> tuple[type[Opening], tuple[str]]:
        return Opening, (self.opener,)

    def begin(self, *args: Any, **kwargs: Any) -> Any:
        """It begins to run, with these arguments; `None` if that is another's."""
        when = self.when
        return begin(self.opener) if when is None or when(*args, **kwargs) else None


class ForClass:
    """Takes a call of a metaclass's method for a use only where it is made on one class.

    Args:
        owner: The class, or a base of it.
        when: What else the call must be.
    """

    __slots__ = ("_owner", "_when")

    def __init__(self, owner: type, when: Callable[..., bool] | None) -> None:
        self._owner = owner
        self._when = when

    def __reduce__(self) -> tuple[type[ForClass], tuple[Any, ...]]:
        return ForClass, (self._owner, self._when)

    def __call__(self, cls: Any, *args: Any, **kwargs: Any) -> bool:
        """Whether the class that the method is called on is the one."""
        if not (isinstance(cls, type) and issubclass(cls, self._owner)):
            return False
        return self._when is None or self._when(cls, *args, **kwargs)
