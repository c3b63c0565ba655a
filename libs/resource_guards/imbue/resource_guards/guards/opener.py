"""Guard a client: by the function in which it opens its connections, whatever address they lead to.

Imports nothing but the standard library's smallest parts, since child Pythons load it at start.
"""

from __future__ import annotations

from imbue.resource_guards.guard import CONNECTION
from imbue.resource_guards.guard import LOOKUP
from imbue.resource_guards.guard import TRANSFER
from imbue.resource_guards.guard import Guard
from imbue.resource_guards.guards.targets import any_installed
from imbue.resource_guards.guards.targets import condition
from imbue.resource_guards.guards.targets import described
from imbue.resource_guards.guards.targets import missing
from imbue.resource_guards.guards.targets import package_of
from imbue.resource_guards.guards.targets import read_target
from imbue.resource_guards.guards.targets import unseen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Collection
    from collections.abc import Iterable
    from collections.abc import Iterator
    from collections.abc import Mapping
    from collections.abc import Sequence
    from contextlib import ExitStack
    from types import ModuleType
    from typing import Any
    from typing import NoReturn

    from imbue.resource_guards.model import Resource
    from imbue.resource_guards.model import SdkTarget

_HERE, _ELSEWHERE = "", "elsewhere"
"""What a child is told last: whether connections on this machine count."""


class Opener(Guard):
    """A guard of the connections that a function opens, or a library that connects past Python's sockets.

    That the function runs is no use: what it connects to is, and what goes over that connection then. So a
    mock that opens none is none.

    Args:
        name: The function, ``redis.connection:AbstractConnection.connect``, or the package.
        target: The function; `None` for a package.
        loopback: Connections that stay on this machine count.
    """

    __slots__ = ("is_use", "loopback", "name", "target")

    is_client = True
    kind = "opener"
    options = ("loopback",)
    layers = (CONNECTION, TRANSFER, LOOKUP)

    def __init__(self, name: str, target: SdkTarget | None, *, loopback: bool = True) -> None:
        from imbue.resource_guards.intercept.opened_by import OpenedBy  # where one is guarded

        self.name = name
        self.target = target
        self.loopback = loopback
        self.is_use = OpenedBy(name, loopback=loopback)

    @classmethod
    def parse(cls, label: str, text: str | SdkTarget, *, loopback: object = True) -> Opener:
        """The function ``package.module:Class.method``, or the package ``psycopg``.

        Raises:
            ResourceGuardMisconfiguration: It is not written so, or the package is not one of those.
        """
        __tracebackhide__ = True
        if not isinstance(loopback, bool):
            _refuse("loopback_bad", label, loopback)
        if isinstance(text, str) and ":" not in text:
            if text not in followed():
                _refuse("opener_unreadable", label, text, sorted(followed()))
            return cls(text, None, loopback=loopback is True)
        target = read_target(label, text)
        return cls(f"{target.title}{condition(target) or ''}", target, loopback=loopback is True)

    @classmethod
    def parse_all(
        cls, label: str, texts: Iterable[str], options: Mapping[str, Any]
    ) -> Sequence[Opener]:
        """The openers of a table, which may say that connections on this machine do not count."""
        __tracebackhide__ = True
        return [cls.parse(label, text, loopback=options.get("loopback", True)) for text in texts]

    @property
    def key(self) -> tuple[str, bool]:
        """The function or package, and what counts."""
        return self.name, self.loopback

    @property
    def title(self) -> str:
        """The function or package, as a user would write it."""
        return self.name

    @property
    def packages(self) -> Sequence[str]:
        """The package that it is in."""
        return (self.name if self.target is None else package_of(self.target),)

    def install(self, resource: Resource, process: Any, undo: ExitStack) -> None:
        """Watch connections, and say when the function runs.

        Raises:
            ResourceGuardMisconfiguration: The function is not there, or is called in another way.
        """
        if self.target is not None:
            from imbue.resource_guards.intercept.sdk_patches import SdkPatch
            from imbue.resource_guards.intercept.targets import is_installed

            may_be_missing = self.target.optional or process.lacks_packages
            if may_be_missing and not is_installed(self.target):
                return  # of an entry of the catalogue few clients are there
            SdkPatch(resource, self.target, process, self.name).install(undo)
        for watcher in self._watch(resource.name, process):
            undo.callback(watcher.unwatch)

    def wire(self, process: Any) -> Sequence[str] | None:
        """The function or package, and what counts."""
        del process
        target = self.target
        if target is not None and (not isinstance(target.owner, str) or condition(target) is None):
            return None
        where = ["", "", ""]
        if target is not None:
            where = [target.owner, target.attribute, condition(target) or ""]
        return [self.name, *where, _HERE if self.loopback else _ELSEWHERE]

    @classmethod
    def install_in_child(cls, resource: str, fields: Sequence[str], process: Any) -> None:
        """Watch connections from when the module of the function is imported."""
        name, owner, attribute, when, where = fields

        def begin(module: ModuleType) -> None:
            if owner:
                # It imports `inspect` and more, which is for those that import the SDK.
                from imbue.resource_guards.intercept.child_patch import patch_target

                patch_target(module, process.session, resource, [owner, attribute, "", when], name)
            guard = cls(name, None, loopback=where == _HERE)
            guard._watch(resource, process)

        if owner:
            process.import_hook.when_imported(owner.partition(":")[0], begin)
        else:
            for module in followed()[name]:
                process.import_hook.when_imported(module, begin)

    def _watch(self, resource: str, process: Any) -> Sequence[Any]:
        from imbue.resource_guards.guards import connections

        asks_for = self.is_use.asks_for
        return (
            connections.watch(
                self.is_use, resource, process, self.name.partition(":")[0].partition(".")[0]
            ),
            connections.watch_lookups(asks_for, resource, process, by_context=True),
        )

    @classmethod
    def describe(cls, guards: Sequence[Opener]) -> Iterator[Sequence[str]]:
        """In which version each is watched, and whether that is there."""
        targets = [each.target for each in guards if each.target is not None]
        lines = described("connections of", targets)
        for guard in guards:
            if guard.target is None:
                yield [f"connections of {guard.name}"]
            else:
                first, *others = next(lines)
                when = condition(guard.target) or ""
                yield [first.replace(guard.target.title, f"{guard.target.title}{when}", 1), *others]

    def gaps(self, resource: Resource) -> Iterator[str]:
        """A function that an installed SDK does not seem to have."""
        return iter(()) if self.target is None else missing(resource, self.target)

    def probe(self) -> str | None:
        """Whether the package that it is in is installed."""
        return any_installed([self.target])

    @classmethod
    def probe_any(cls, guards: Iterable[Opener]) -> str | None:
        """Whether one of their packages is."""
        return any_installed([each.target for each in guards])

    def sight(self) -> str:
        """Which of its own connections are seen past their opening."""
        from imbue.resource_guards.guards import connections

        return connections.sight(self.packages)

    def doubts(
        self, covered: Collection[str], modules: Mapping[str, Any]
    ) -> Iterator[tuple[str, tuple[str, ...]]]:
        """A connection that it has opened is not followed any further, or this version of its library is not known."""
        from imbue.resource_guards.guards import connections

        del covered

        def is_mine(_address: object, askers: Collection[Callable[[Any], bool]]) -> bool:
            return self.is_use in askers

        if self.target is None:
            yield from connections.doubts(is_mine, self.packages, (), modules)
        else:
            yield from unseen(self.target, modules)
            yield from connections.doubts_of_open(is_mine)


def _refuse(message: str, label: str, *about: object) -> NoReturn:
    __tracebackhide__ = True
    from imbue.resource_guards.errors import ResourceGuardMisconfiguration
    from imbue.resource_guards.messages import openers as messages

    raise ResourceGuardMisconfiguration(getattr(messages, message)(label, *about))


def followed() -> Mapping[str, Sequence[str]]:
    """The packages of libraries that connect past Python's sockets and say where, with the modules that do."""
    from imbue.resource_guards.intercept.connection_hook import PAST_SOCKETS

    found: dict[str, list[str]] = {}
    for module in PAST_SOCKETS:
        found.setdefault(module.partition(".")[0], []).append(module)
    return found
