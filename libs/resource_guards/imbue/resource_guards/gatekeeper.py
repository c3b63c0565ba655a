"""The one decision on a use that was seen: whose it is, whether it may be, and that it is recorded.

The same in pytest's process and in child Pythons, which differ in how they know the scope and in where they
record: that is their sink.

Imports nothing but the standard library's smallest parts, since child Pythons load it at start.
"""

from __future__ import annotations

from imbue.resource_guards import system
from imbue.resource_guards.errors import ResourceGuardViolation
from imbue.resource_guards.guard import SDK
from imbue.resource_guards.guard import SPAWN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Sequence
    from collections.abc import Set as AbstractSet
    from typing import Any
    from typing import NoReturn
    from typing import Protocol

    from imbue.resource_guards.guard import Layer
    from imbue.resource_guards.kinds import OwnerKind
    from imbue.resource_guards.model import Use

    class Scope(Protocol):
        """A test or fixture on whose behalf code runs."""

        @property
        def allowed(self) -> frozenset[str]:
            """The resources that it may use."""

        @property
        def used(self) -> AbstractSet[str]:
            """Those that were seen."""

        @property
        def owner(self) -> str:
            """What it is called in messages."""

        @property
        def kind(self) -> OwnerKind:
            """What it is."""

    class Sink(Protocol):
        """Where one process records the uses of one session's resources."""

        # Each sink is given the scopes that it has told of itself.
        def record(self, scope: Any, use: Use) -> bool:
            """Record a use; `False` if the session has ended, and guards nothing any more."""

        def may_go_on(self, scope: Any, resource: str) -> bool:
            """Whether what a scope has left running may use a resource for the sake of what runs now."""

        def through(self) -> str:
            """The names of the processes between pytest's and this one."""

        def stop(self, violation: ResourceGuardViolation) -> NoReturn:
            """Raise a violation, or end this process where nobody could take it."""


class Gatekeeper:
    """Decides on each use of one session's resources that this process sees.

    Args:
        current: Tells the scope on whose behalf the calling code runs; `None` where it is nobody's.
        sink: Where uses are recorded.

    Attributes:
        labels: For each resource, the name to call it by.
        names: For each name of a resource, of these two kinds, the first.
        let_through: For each name that was seen, on whose behalf: further calls on that need no look.
        of_nobody: What was noted for nobody: between tests, and by hooks of the session.
        refresh: Reads the marks of a scope's test again, which a test may add while it runs.
    """

    def __init__(self, current: Callable[[], Scope | None], sink: Sink) -> None:
        self.labels: dict[str, str] = {}
        self.names: dict[str, str] = {}
        self.let_through: dict[str, object] = {}
        self.refresh: Callable[[Any], None] | None = None
        self.of_nobody: list[Use] = []
        self._current = current
        self._sink = sink
        self._heavy: tuple[Callable[[], str], type[Use]] | None = None
        self._written: Callable[[Sequence[str]], str] | None = None

    def add_label(self, resource: str, label: str) -> None:
        """Call a resource by a label from now on."""
        self.labels[resource] = label
        self.names.setdefault(label, resource)
        self.names[resource] = resource

    def read_anew(self, scope: Scope) -> None:
        """Read the marks of a scope's test again."""
        if self.refresh is not None:
            self.refresh(scope)

    def close(self) -> None:
        """End of the session: a traceback that somebody keeps leads here, and must not lead to it."""
        self.refresh = None
        self.let_through.clear()

    def see(self, resource: str, what: str, layer: Layer = SDK) -> bool:
        """A call is about to be made, or a connection to be opened.

        Args:
            resource: The resource that it uses.
            what: What is called, as a user would write it.
            layer: Which interceptor has seen it.

        Returns:
            Whether further calls on the same behalf need not be told of.

        Raises:
            ResourceGuardViolation: The scope may not use the resource.
        """
        __tracebackhide__ = True
        scope = self._current()
        # All further calls on the same behalf come only here.
        if scope is None or (resource in scope.used and resource in scope.allowed):
            return True
        violation = self._decide(scope, resource, layer, what)
        if violation is not None:
            self._sink.stop(violation)
        return resource in scope.allowed

    def see_start(
        self, resource: str, arguments: Sequence[str], where: str = ""
    ) -> ResourceGuardViolation | None:
        """A guarded program is about to start; each start is recorded.

        Args:
            resource: The resource that it is.
            arguments: Its command line.
            where: ``file:line`` in the user's code, if that is known by now.

        Returns:
            What is to be raised if the scope may not use it.
        """
        scope = self._current()
        if scope is None:
            return None
        if self._written is None:
            from imbue.resource_guards.wire.command_line import written  # with the first start

            self._written = written
        return self._decide(scope, resource, SPAWN, self._written(arguments), where)

    def note(self, resource: str, what: str, layer: Layer) -> None:
        """Keep what was seen, and let it through, each time; for discovery.

        Args:
            resource: What it is kept as a use of.
            what: What was seen.
            layer: Which interceptor has seen it.
        """
        try:
            self._note(resource, what, layer)
        except ImportError:  # it has another user by now, who may not read our files
            return

    def _note(self, resource: str, what: str, layer: Layer) -> None:
        call_site, use_of = self._heavy or self._load()
        scope, by = self._current(), self._sink.through()
        pid = system.getpid()
        use = use_of(
            resource, allowed=True, layer=layer, what=what, where=call_site(), pid=pid, through=by
        )
        if scope is None:
            self.of_nobody.append(use)
        else:
            self._sink.record(scope, use)

    def stop(self, violation: ResourceGuardViolation) -> NoReturn:
        """Stop what is about to be done.

        Raises:
            ResourceGuardViolation: It, where this process does not end.
        """
        __tracebackhide__ = True
        self._sink.stop(violation)

    def _load(self) -> tuple[Callable[[], str], type[Use]]:
        """Load what is heavier than all of this, and only needed when there is a use; once, as `import` takes time."""
        from imbue.resource_guards.callsite import call_site
        from imbue.resource_guards.model import Use

        self._heavy = call_site, Use
        return self._heavy

    def _decide(
        self, scope: Scope, resource: str, layer: Layer, what: str, where: str = ""
    ) -> ResourceGuardViolation | None:
        call_site, use_of = self._heavy or self._load()
        if resource not in scope.allowed:
            self.read_anew(scope)
        is_allowed = resource in scope.allowed or self._sink.may_go_on(scope, resource)
        by = "" if is_allowed else self._sink.through()
        where = where or call_site()
        use = use_of(resource, is_allowed, layer, what, where, system.getpid(), by)
        if not self._sink.record(scope, use) or is_allowed:
            return None
        from imbue.resource_guards.messages import violations as messages

        # A class that has been copied to a child by value may have a guard of which that is not told.
        label = self.labels.get(resource, resource)
        text = messages.blocked(label, use, scope.owner, scope.kind)
        return ResourceGuardViolation(text, resource)
