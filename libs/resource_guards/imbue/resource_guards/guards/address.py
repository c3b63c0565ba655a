"""Guard addresses: by the connections that are opened to them, whichever library opens them.

Imports nothing but the standard library's smallest parts, since child Pythons load it at start.
"""

from __future__ import annotations

from imbue.resource_guards.guard import CONNECTION
from imbue.resource_guards.guard import LOOKUP
from imbue.resource_guards.guard import TRANSFER
from imbue.resource_guards.guard import Guard
from imbue.resource_guards.wire.guards_file import find
from imbue.resource_guards.wire.guards_file import reference

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Collection
    from collections.abc import Iterable
    from collections.abc import Iterator
    from collections.abc import Mapping
    from collections.abc import Sequence
    from contextlib import ExitStack
    from typing import Any

    from imbue.resource_guards.intercept.addresses import Addresses
    from imbue.resource_guards.model import Resource


_FUNCTION, _ADDRESSES = "function", "addresses"
"""What stands first of what a child is told: by which of the two it knows the resource."""


class Address(Guard):
    """A guard of all connections to some addresses, which are told by a function or are written out.

    Args:
        is_use: Whether an address, as it is given to ``socket.connect``, is the resource's.
        libraries: Of the libraries that connect past Python, the packages of those that can reach
            the resource; `None` for all.
        addresses: Those that it knows, where they are written out.
    """

    __slots__ = ("addresses", "is_use", "libraries")

    kind = "address"
    setting = "addresses"
    options = ("libraries",)
    layers = (CONNECTION, TRANSFER, LOOKUP)

    def __init__(
        self,
        is_use: Callable[[Any], bool],
        libraries: tuple[str, ...] | None = None,
        addresses: Addresses | None = None,
    ) -> None:
        self.is_use = is_use
        self.libraries = libraries
        self.addresses = addresses

    @classmethod
    def parse(cls, label: str, text: str, libraries: Iterable[str] | None = None) -> Address:
        """The addresses that a text says, as ``127.0.0.1:5432`` or ``*.example.com``.

        Raises:
            ResourceGuardMisconfiguration: It is not written so, or a library is not known.
        """
        __tracebackhide__ = True
        known = None if libraries is None else _known(label, libraries)
        addresses = _read([text], label)
        return cls(_asking(addresses), known, addresses)

    @classmethod
    def parse_all(
        cls, label: str, texts: Iterable[str], options: Mapping[str, Any]
    ) -> Sequence[Address]:
        """The addresses of a table, which may say the libraries that can reach them."""
        __tracebackhide__ = True
        return [cls.parse(label, text, options.get("libraries")) for text in texts]

    @classmethod
    def of(cls, label: str, is_use: Any, libraries: Iterable[str] | None) -> Address:
        """The guard that `register_connection_guard` is asked for.

        Raises:
            ResourceGuardMisconfiguration: Something cannot be called, or a library is not known.
        """
        __tracebackhide__ = True
        if not callable(is_use):
            from imbue.resource_guards.errors import ResourceGuardMisconfiguration
            from imbue.resource_guards.messages import declare as messages

            raise ResourceGuardMisconfiguration(messages.is_use_not_callable(label, is_use))
        return cls(is_use, None if libraries is None else _known(label, libraries))

    @property
    def key(self) -> tuple[Callable[[Any], bool] | Addresses, tuple[str, ...] | None]:
        """What it asks, and what it may miss."""
        return self.addresses or self.is_use, self.libraries

    @property
    def title(self) -> str:
        """The addresses or the function, as a user would write it."""
        if self.addresses is not None:
            return str(self.addresses)
        name = getattr(self.is_use, "__qualname__", None) or repr(self.is_use)
        return f"{getattr(self.is_use, '__module__', '?')}:{name}"

    def install(self, resource: Resource, process: Any, undo: ExitStack) -> None:
        """Watch connections, and look-ups of the names among the addresses."""
        from imbue.resource_guards.guards import connections

        undo.callback(connections.watch(self.is_use, resource.name, process).unwatch)
        if self.addresses is not None:
            looked_up = connections.watch_lookups(
                self.addresses.matches_name, resource.name, process
            )
            undo.callback(looked_up.unwatch)

    def wire(self, process: Any) -> Sequence[str] | None:
        """The addresses, or the function; `None` where that has no name."""
        del process
        if self.addresses is not None:
            return [_ADDRESSES, *map(str, self.addresses.patterns)]
        is_use = reference(self.is_use)
        return None if is_use is None else [_FUNCTION, is_use]

    @classmethod
    def install_in_child(cls, resource: str, fields: Sequence[str], process: Any) -> None:
        """Watch connections and look-ups; what knows them is loaded with the first, and not at start."""
        from imbue.resource_guards.guards import connections

        way, *said = fields
        asking: list[Callable[[Any], bool]] = []

        def load_and_ask(address: Any) -> bool:
            if not asking:
                try:
                    asking.append(find(said[0]) if way == _FUNCTION else _asking(_read(said)))
                except (
                    ImportError,
                    AttributeError,
                ):  # a Python of another environment, without that package
                    watcher.unwatch()
                    return False
            return asking[0](address)

        watcher = connections.watch(load_and_ask, resource, process)
        if way == _ADDRESSES:
            known: list[Addresses] = []

            def load_and_ask_name(name: str, port: int | None) -> bool:
                known[:] = known or [_read(said)]
                return known[0].matches_name(name, port)

            connections.watch_lookups(load_and_ask_name, resource, process)

    @classmethod
    def describe(cls, guards: Sequence[Address]) -> Iterator[Sequence[str]]:
        """The addresses, or which function knows them."""
        for guard in guards:
            how = "connections, recognized by" if guard.addresses is None else "connections to"
            yield [f"{how} {guard.title}"]

    def probe(self) -> str | None:
        """Whether something accepts a connection at an address that is written out."""
        from imbue.resource_guards.guards import places

        texts = () if self.addresses is None else map(str, self.addresses.patterns)
        return places.refusal([place for text in texts for place in places.places_of(text)])

    def sight(self) -> str:
        """Which of the libraries that are installed connect past it."""
        from imbue.resource_guards.guards import connections

        return connections.sight(self.libraries)

    def doubts(
        self, covered: Collection[str], modules: Mapping[str, Any]
    ) -> Iterator[tuple[str, tuple[str, ...]]]:
        """A library is loaded that may have connected where it is not seen."""
        from imbue.resource_guards.guards import connections

        def is_mine(address: Any, _askers: object) -> bool:
            return self.is_use(address)

        return connections.doubts(is_mine, self.libraries, covered, modules)


def _read(texts: Iterable[str], label: str = "") -> Addresses:
    __tracebackhide__ = True
    from imbue.resource_guards.intercept.addresses import Addresses
    from imbue.resource_guards.intercept.addresses import parse_address

    return Addresses(parse_address(text, label) for text in texts)


def _asking(addresses: Addresses) -> Callable[[Any], bool]:
    from imbue.resource_guards.intercept.lookups import names_of

    def is_use(address: Any) -> bool:
        return addresses.matches(address, names_of)

    return is_use


def _known(label: str, libraries: Iterable[str]) -> tuple[str, ...]:
    __tracebackhide__ = True
    from imbue.resource_guards.errors import ResourceGuardMisconfiguration
    from imbue.resource_guards.messages import declare as messages
    from imbue.resource_guards.past_python import PACKAGES

    if isinstance(libraries, str):
        raise ResourceGuardMisconfiguration(messages.libraries_is_text(label, libraries))
    try:
        listed = tuple(libraries)
    except TypeError as error:
        raise ResourceGuardMisconfiguration(
            messages.not_a_list(label, "libraries", libraries)
        ) from error
    for each in listed:
        if each not in PACKAGES:
            raise ResourceGuardMisconfiguration(
                messages.library_unknown(label, each, sorted(PACKAGES))
            )
    return listed
