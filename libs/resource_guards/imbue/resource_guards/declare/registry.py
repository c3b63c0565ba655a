"""The registry: which resources are guarded, and by what."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING
from typing import Any

from imbue.resource_guards.callsite import call_site
from imbue.resource_guards.declare.claims import check_claims
from imbue.resource_guards.declare.names import check_kind
from imbue.resource_guards.declare.names import know_layers
from imbue.resource_guards.declare.names import mark_name
from imbue.resource_guards.declare.names import probe_of
from imbue.resource_guards.declare.names import programs_of
from imbue.resource_guards.declare.names import some
from imbue.resource_guards.declare.names import text_or_none
from imbue.resource_guards.errors import ResourceGuardMisconfiguration
from imbue.resource_guards.guard import LAYERS
from imbue.resource_guards.guard import Guard
from imbue.resource_guards.guards.call import Call
from imbue.resource_guards.guards.program import Program
from imbue.resource_guards.kinds import MethodKind
from imbue.resource_guards.messages import declare as messages
from imbue.resource_guards.model import Resource
from imbue.resource_guards.model import SdkTarget

if TYPE_CHECKING:
    from imbue.resource_guards.declare.probes import Probe


class Registry:
    """The resources that one pytest session guards.

    The hook ``pytest_register_resource_guards(registry)`` gets it. A resource has all guards that are registered
    for it; registering one twice is harmless.

    Attributes:
        layers: The layers that may see uses, by name.
        notes: What else the list of guards says about a resource, by its label.
        place: The part of the settings that registers resources now; empty if none does.
        probes: The probes of a resource, by its label; without one, its guards find out whether it is available.
        revision: How often the registry has changed.
    """

    def __init__(self) -> None:
        self._resources: dict[str, Resource] = {}
        self._listener: Callable[[Resource], None] | None = None
        self._further_kinds: dict[str, type[Guard]] = {}
        self.layers = dict(LAYERS)
        self.notes: dict[str, Sequence[str]] = {}
        self.place = ""
        self.revision = 0
        self.probes: dict[str, dict[object, Probe]] = {}
        self.cleanup_callbacks: list[Callable[[], object]] = []

    def __iter__(self) -> Iterator[Resource]:
        """The resources in the order of their first registration."""
        return iter(tuple(self._resources.values()))

    def __contains__(self, name: object) -> bool:
        """Whether a resource has this mark name."""
        return name in self._resources

    @property
    def names(self) -> tuple[str, ...]:
        """The mark names of the resources, in the order of their first registration."""
        return tuple(self._resources)

    @property
    def kinds(self) -> dict[str, type[Guard]]:
        """The kinds of guards that settings may name, by their names."""
        from imbue.resource_guards.guards.table import KINDS  # few sessions have each kind

        return KINDS | self._further_kinds

    def listen(self, listener: Callable[[Resource], None] | None) -> None:
        """Call back with each resource that is added or extended from now on; `None` stops that."""
        self._listener = listener

    def register_binary_guard(
        self, name: str, *, binaries: Iterable[str] | None = None, mark: str | None = None
    ) -> None:
        """Guard a resource by its command-line programs.

        Args:
            name: The resource's name. Its mark is the name with ``_`` for ``-`` and ``.``.
            binaries: The names of the executables; by default `name` alone.
            mark: The mark, if it should not be made from the name.

        Raises:
            ResourceGuardMisconfiguration: A name is invalid, or the mark is taken.
        """
        __tracebackhide__ = True
        self._add(name, mark, partial(Program.parse, name), programs_of(name, binaries))

    def register_resource_guard(
        self, name: str, *, binaries: Iterable[str] | None = None, mark: str | None = None
    ) -> None:
        """Do the same as :meth:`register_binary_guard`, under its name in 0.1.x."""
        __tracebackhide__ = True
        self.register_binary_guard(name, binaries=binaries, mark=mark)

    def register_sdk_guard(
        self,
        name: str,
        install: Callable[[], object] | None = None,
        cleanup: Callable[[], object] | None = None,
        *,
        targets: Iterable[str | SdkTarget] | None = None,
        mark: str | None = None,
    ) -> None:
        """Guard a resource by the calls of an SDK.

        Give either `targets`, or `install` and `cleanup`.

        Args:
            name: The resource's name. Its mark is the name with ``_`` for ``-`` and ``.``.
            install: Patches the SDK so that it calls ``enforce_sdk_guard(name)``.
            cleanup: Removes the patch.
            targets: The functions that all calls of the SDK go through, ``"package.module:Class.method"`` or
                ``"package.module:function"``; patched when their module is imported.
            mark: The mark, if it should not be made from the name.

        Raises:
            ResourceGuardMisconfiguration: An argument is invalid, or both ways or neither are given.
        """
        __tracebackhide__ = True
        if isinstance(targets, str):
            raise ResourceGuardMisconfiguration(messages.targets_is_text(name, targets))
        if targets is not None and install is None and cleanup is None:
            self._add(name, mark, partial(Call.parse, name), some(name, "targets", targets))
        elif targets is None and callable(install) and callable(cleanup):
            from imbue.resource_guards.guards.hooks import Hooks

            self.register_guard(name, Hooks(install, cleanup), mark=mark)
        else:
            raise ResourceGuardMisconfiguration(messages.sdk_guard_incomplete(name))

    def register_connection_guard(
        self,
        name: str,
        is_use: Callable[[Any], bool],
        *,
        mark: str | None = None,
        libraries: Iterable[str] | None = None,
    ) -> None:
        """Guard a resource by the connections to it, whichever library opens them.

        Args:
            name: The resource's name. Its mark is the name with ``_`` for ``-`` and ``.``.
            is_use: Takes an address, as ``socket.connect`` does, and returns whether it belongs to
                the resource. It gets all addresses: a tuple of host (an IP address or a name), port
                and more; the path of a Unix socket as a string or bytes, with a null byte before an
                abstract name; and those of other families. For child Pythons, it must be a function
                in a module that imports little.
            mark: The mark, if it should not be made from the name.
            libraries: The packages that can reach the resource past Python's socket, like
                ``psycopg2``; by default all known ones. Their connections are not seen. While one is
                loaded, and none of its calls is guarded for the resource, no mark is superfluous.

        Raises:
            ResourceGuardMisconfiguration: An argument is invalid.
        """
        __tracebackhide__ = True
        from imbue.resource_guards.guards.address import Address

        self.register_guard(name, Address.of(name, is_use, libraries), mark=mark)

    def register_address_guard(
        self,
        name: str,
        *addresses: str,
        mark: str | None = None,
        libraries: Iterable[str] | None = None,
    ) -> None:
        """Guard a resource by its addresses, whichever library connects to them.

        Args:
            name: The resource's name.
            addresses: ``127.0.0.1:5432``, ``*:5432``, ``10.0.0.0/8``, ``[fd00::/8]:443``,
                ``*.example.com:443``, ``localhost:5432``, ``unix:/run/postgresql/*``.
            mark: The mark, if it should not be made from the name.
            libraries: As for :meth:`register_connection_guard`.

        Raises:
            ResourceGuardMisconfiguration: An argument is invalid.
        """
        __tracebackhide__ = True
        from imbue.resource_guards.guards.address import Address

        make = partial(Address.parse, name, libraries=libraries)
        self._add(name, mark, make, some(name, "addresses", addresses))

    def create_sdk_method_guard(
        self, name: str, methods: Sequence[tuple[Any, str, MethodKind]], *, mark: str | None = None
    ) -> None:
        """Guard a resource by methods of classes that are already imported.

        Args:
            name: The resource's name.
            methods: For each method its class, its name, and how it is called.
            mark: The mark, if it should not be made from the name.
        """
        __tracebackhide__ = True
        self._add(name, mark, partial(Call.of_method, name), some(name, "methods", methods))

    def register_guard(self, name: str, guard: Guard, *, mark: str | None = None) -> None:
        """Guard a resource by a guard of any kind, including your own.

        Args:
            name: The resource's name. Its mark is the name with ``_`` for ``-`` and ``.``.
            guard: The guard.
            mark: The mark, if it should not be made from the name.

        Raises:
            ResourceGuardMisconfiguration: The name is invalid, the mark is taken, or `guard` is not a guard.
        """
        __tracebackhide__ = True
        if not isinstance(guard, Guard):
            raise ResourceGuardMisconfiguration(messages.no_guard(name, guard))
        self._add(name, mark, lambda same: same, [guard])

    def register_guard_kind(self, kind: type[Guard]) -> None:
        """Let settings use your own kind of guard, by its `kind` or `setting`.

        Raises:
            ResourceGuardMisconfiguration: It is not a subclass of `Guard`, or another kind has its names.
        """
        __tracebackhide__ = True
        check_kind(kind, self.kinds)
        self._further_kinds[kind.kind] = kind

    def register_probe(self, name: str, probe: Callable[[], str | None] | str) -> None:
        """Set how to find out whether a resource is available; of several probes, one must succeed.

        Args:
            name: Its name.
            probe: A function that returns None, or why the resource is not available; or a probe as in settings.
        """
        __tracebackhide__ = True
        self.probes.setdefault(name, {})[probe] = probe_of(name, probe)

    def take_all_from(self, other: Registry) -> None:
        """Move everything that was registered in `other` to this registry."""
        for each in other:
            self._merge(each)
        other._resources.clear()
        self._further_kinds.update(other._further_kinds)
        self.layers.update(other.layers)
        self.notes.update(other.notes)
        self.probes.update(other.probes)
        self.cleanup_callbacks += other.cleanup_callbacks
        other.cleanup_callbacks.clear()

    def _add(
        self, label: str, mark: str | None, make: Callable[[Any], Guard], values: Iterable[Any]
    ) -> None:
        __tracebackhide__ = True
        name = self._mark_of(label, text_or_none(label, mark))
        guards = tuple(dict.fromkeys(map(make, values)))
        for guard in guards:
            know_layers(guard, self.layers)
        self._merge(Resource(name, label, self.place or call_site() or messages.BY_PLUGIN, guards))

    def _mark_of(self, label: str, mark: str | None) -> str:
        __tracebackhide__ = True
        for old in self._resources.values():
            if old.label == label:
                if mark not in (None, old.name):
                    raise ResourceGuardMisconfiguration(messages.two_marks(label, str(mark), old))
                return old.name
        return mark_name(label, mark)

    def _merge(self, new: Resource) -> None:
        __tracebackhide__ = True
        old = self._resources.get(new.name)
        if old is not None and old.label != new.label:
            raise ResourceGuardMisconfiguration(messages.mark_taken(new, old))
        check_claims(new, self._resources.values())
        merged = new
        if old is not None:
            guards = tuple(dict.fromkeys(old.guards + new.guards))
            merged = Resource(old.name, old.label, old.origin, guards)
        if old is None or merged.guards != old.guards:
            self._resources[new.name] = merged
            self.revision += 1
            try:
                if self._listener is not None:
                    self._listener(merged)
            except BaseException:
                if old is None:
                    del self._resources[new.name]
                else:
                    self._resources[new.name] = old
                raise
