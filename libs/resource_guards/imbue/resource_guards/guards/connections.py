"""What the kinds of guards have in common that watch connections.

Imports nothing but the standard library's smallest parts, since child Pythons load it at start.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Collection
    from collections.abc import Iterator
    from collections.abc import Mapping
    from collections.abc import Sequence
    from typing import Any

    from imbue.resource_guards.guard import Layer
    from imbue.resource_guards.intercept.connection_hook import ConnectionWatcher
    from imbue.resource_guards.intercept.lookups import LookupWatcher
    from imbue.resource_guards.past_python import Library

    IsMine = Callable[[Any, Collection[Callable[[Any], bool]]], bool]
    """Whether a connection was a guard's: its address, and those who said that it was theirs."""


def watch(
    is_use: Callable[[Any], bool], resource: str, process: Any, by: str = ""
) -> ConnectionWatcher:
    """Tell of what goes to and comes from some addresses.

    Args:
        is_use: Whether an address is one of them.
        resource: Of which resource that is a use.
        process: What the process offers.
        by: The package that opens the connections, where they are known by that.
    """
    from imbue.resource_guards.intercept.connection_hook import ConnectionWatcher

    see = process.see
    end = f" by {by}" if by else ""

    def saw(what: str, layer: Layer) -> bool:
        __tracebackhide__ = True
        told: bool = see(resource, f"{what}{end}", layer)
        return told

    def perhaps() -> None:
        process.perhaps(resource)

    watcher = ConnectionWatcher(is_use, saw, process.current, perhaps)
    watcher.watch(process.import_hook)
    return watcher


def watch_lookups(
    is_name: Callable[[str, int | None], bool],
    resource: str,
    process: Any,
    *,
    by_context: bool = False,
) -> LookupWatcher:
    """Tell of look-ups of some names.

    Args:
        is_name: Whether a name is one of them.
        resource: Of which resource that is a use.
        process: What the process offers.
        by_context: It goes by who asks, which the threads that look names up for asyncio do not know.
    """
    from imbue.resource_guards.guard import LOOKUP
    from imbue.resource_guards.intercept.lookups import LookupWatcher

    see = process.see

    def saw(what: str) -> None:
        __tracebackhide__ = True
        see(resource, what, LOOKUP)

    watcher = LookupWatcher(is_name, saw, by_context=by_context)
    watcher.watch(process.import_hook)
    return watcher


def sight(libraries: Collection[str] | None) -> str:
    """Which of the libraries that are installed connect where a guard does not see it.

    Args:
        libraries: The packages of those that can reach the resource; `None` for all.
    """
    from imbue.resource_guards.intercept.past_sockets import follows
    from imbue.resource_guards.intercept.past_sockets import sees_transfers
    from imbue.resource_guards.intercept.targets import find_module
    from imbue.resource_guards.past_python import LIBRARIES

    there = [
        each
        for each in LIBRARIES
        if libraries is None or not set(libraries).isdisjoint(each.packages)
        if not isinstance(find_module(each.packages[0]), str)
        if not any(map(sees_transfers, each.packages))
    ]
    loaded = [each.title for each in there if not any(map(follows, each.packages))]
    connected = [each.title for each in there if any(map(follows, each.packages))]
    partial = [f"while {', '.join(loaded)} is loaded"] if loaded else []
    if connected:
        partial.append(f"once {', '.join(connected)} has connected to it")
    return f"partial {' and '.join(partial)}" if partial else "complete"


def doubts(
    is_mine: IsMine,
    libraries: Collection[str] | None,
    covered: Collection[str],
    modules: Mapping[str, Any],
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """What may have connected, or sent something, where a guard does not see it; see `Guard.doubts`.

    Args:
        is_mine: Whether a connection was the guard's.
        libraries: See `sight`.
        covered: The packages whose calls are seen by other guards of the resource.
        modules: The modules that are loaded.
    """
    from imbue.resource_guards.past_python import LIBRARIES

    yield from _doubts_of_lost(is_mine)
    for library in LIBRARIES:
        reaches = libraries is None or not set(libraries).isdisjoint(library.packages)
        is_covered = not set(covered).isdisjoint(library.packages)
        if (
            reaches
            and not is_covered
            and _connects(library, modules)
            and _may_miss(library, is_mine)
        ):
            yield library.title, library.targets


def doubts_of_open(is_mine: IsMine) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The same of connections alone that are known, and whose transfers are not seen."""
    from imbue.resource_guards.past_python import LIBRARIES

    yield from _doubts_of_lost(is_mine)
    for library in LIBRARIES:
        if any(
            is_mine(address, askers)
            for each in library.packages
            for address, askers in _reached(each)
        ):
            yield library.title, library.targets


def _doubts_of_lost(is_mine: IsMine) -> Iterator[tuple[str, tuple[str, ...]]]:
    from imbue.resource_guards.intercept.open_sockets import lost
    from imbue.resource_guards.past_python import DESCRIPTORS

    if any(is_mine(address, [use.is_use for use in uses]) for address, uses in lost()):
        yield DESCRIPTORS, ()


def _reached(package: str) -> Sequence[tuple[Any, Sequence[Callable[[Any], bool]]]]:
    from imbue.resource_guards.intercept.past_sockets import REACHED

    return REACHED.get(package, ())


def _may_miss(library: Library, is_mine: IsMine) -> bool:
    """Whether a library may have connected unseen, over a connection that it has open, or at all."""
    from imbue.resource_guards.intercept.past_sockets import UNKNOWN
    from imbue.resource_guards.intercept.past_sockets import is_followed

    return any(
        not is_followed(each)
        or each in UNKNOWN
        or any(is_mine(address, askers) for address, askers in _reached(each))
        for each in library.packages
    )


def _connects(library: Library, modules: Mapping[str, Any]) -> bool:
    if modules.get(library.module) is None:
        return False
    if library.when is None:
        return True
    try:
        return library.when(modules[library.packages[0]])
    except Exception:  # noqa: BLE001 - of another version than is known, which may connect so
        return True
