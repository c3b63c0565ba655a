"""What a guard is, the base of every kind; and the layers, which see uses for them.

Kinds are in `guards/`, and others may define more.

Imports nothing, since child Pythons load it at start.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Collection
    from collections.abc import Hashable
    from collections.abc import Iterable
    from collections.abc import Mapping
    from collections.abc import Sequence
    from contextlib import ExitStack
    from typing import Any
    from typing import ClassVar
    from typing import Final
    from typing import Protocol
    from typing import Self

    class Process(Protocol):
        """What each process offers to the guards that are installed in it."""

        @property
        def session(self) -> str:
            """The key of the pytest session that guards it."""

        @property
        def see(self) -> Callable[[str, str, Layer], bool]:
            """Told of a use, before it happens: the resource's mark, what is used, and the layer.

            It raises where the use is to be blocked, and returns whether further uses on the same behalf need
            not be told of.
            """


CHILD = "child"
"""What reports count uses in other processes as, whatever has seen them; no layer's own way."""


def is_word(text: object) -> bool:
    """Whether it can be the name of a kind, a layer or a way: an ASCII identifier in lower case."""
    return (
        isinstance(text, str)
        and text.isascii()
        and text.isidentifier()
        and text.islower()
        and not text.startswith("_")
    )


class Layer:
    """One of the things that see uses as they happen.

    Args:
        name: What the journal calls it: one word, of which no other layer has the same.
        way: Under what a report counts what it sees; several layers may have the same.
        seen: How a message goes on about a use: ``seen by the shim on PATH``.
        title: What the list of guards calls it.
        sees: What it sees, as the list says it.
        is_process: It is a process of its own, and not part of the one that it sees.
    """

    __slots__ = ("is_process", "name", "seen", "sees", "title", "way")

    def __init__(  # noqa: PLR0913 - the columns of a table
        self, name: str, way: str, seen: str, *, title: str, sees: str, is_process: bool = False
    ) -> None:
        self.name = name
        self.way = way
        self.seen = seen
        self.title = title
        self.sees = sees
        self.is_process = is_process

    @property
    def is_named(self) -> bool:
        """Whether journal and reports can name it."""
        return is_word(self.name) and is_word(self.way) and self.way != CHILD

    def __repr__(self) -> str:
        return f"<layer {self.name}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Layer) and other._key() == self._key()

    def __hash__(self) -> int:
        return hash(self.name)

    def _key(self) -> tuple[str, str, str]:
        return self.name, self.way, self.seen


SHIM: Final = Layer(
    "shim",
    "program",
    "seen by the shim on PATH",
    title="shim on PATH",
    sees="programs that are called by name",
    is_process=True,
)
SPAWN: Final = Layer(
    "spawn",
    "program",
    "seen when it was started",
    title="spawn hook",
    sees="programs that this Python starts, in whatever way",
)
SDK: Final = Layer(
    "sdk",
    "sdk",
    "seen by the patch of the SDK",
    title="SDK patches",
    sees="calls of SDKs in this Python",
)
CONNECTION: Final = Layer(
    "connection",
    "connection",
    "seen when it was to be opened",
    title="connection hook",
    sees="connections that this Python's sockets open",
)
TRANSFER: Final = Layer(
    "transfer",
    "connection",
    "seen when something was sent or received",
    title="open connections",
    sees="what is sent and received on sockets that are connected already",
)
LOOKUP: Final = Layer(
    "resolver",
    "connection",
    "seen when its name was looked up",
    title="resolver",
    sees="names of hosts that Python's socket looks up",
)

LAYERS: Final = {each.name: each for each in (SHIM, SPAWN, SDK, CONNECTION, TRANSFER, LOOKUP)}
"""Those of the kinds of guards that come with this package, by their names."""


class Guard:
    """One way of seeing a resource used. A kind of guard is a subclass, and has its own module.

    Two guards are equal if they are of one kind and have the same key. ``registry.register_guard_kind(Kind)`` lets
    settings name a kind; its guards are registered by ``registry.register_guard(name, guard)``, with or without that.

    Child Pythons load the module of a kind when they start, so it imports little at its top.

    Attributes:
        kind: Its name in settings, ``program`` in ``program:tmux``, and in the list of guards.
        setting: The key of a list of them in a table of the settings; by default `kind` and an ``s``.
        options: Further keys of such a table, which are about all guards of this kind in it.
        layers: What sees uses for it.
        is_client: It is how the resource is reached: that it is here says nothing of the resource.
    """

    __slots__ = ()

    is_client: ClassVar[bool] = False
    kind: ClassVar[str] = ""
    setting: ClassVar[str] = ""
    options: ClassVar[tuple[str, ...]] = ()
    layers: ClassVar[tuple[Layer, ...]] = ()

    @classmethod
    def parse(cls, label: str, text: str) -> Self:
        """Make the guard that a text in the settings stands for.

        Args:
            label: The name of the resource.
            text: What stands behind the kind's name and a colon.

        Raises:
            ResourceGuardMisconfiguration: It cannot be read.
            NotImplementedError: The kind cannot be written in settings, which is so by default.
        """
        raise NotImplementedError

    @classmethod
    def parse_all(
        cls, label: str, texts: Iterable[str], options: Mapping[str, Any]
    ) -> Sequence[Self]:
        """Make the guards that a list in a table of the settings stands for.

        Args:
            label: The name of the resource.
            texts: The list.
            options: The table, which may have the kind's `options`; by default nothing is made of it.

        Raises:
            ResourceGuardMisconfiguration: One cannot be read.
        """
        del options
        return [cls.parse(label, text) for text in texts]

    @property
    def key(self) -> Hashable:
        """What makes it this guard among those of its kind."""
        raise NotImplementedError

    @property
    def title(self) -> str:
        """The guard as a user would write it."""
        return str(self.key)

    @property
    def claim(self) -> str:
        """What no other resource may guard as well, in words; empty if there is no such thing."""
        return ""

    @property
    def packages(self) -> Iterable[str]:
        """The packages whose calls it sees, so that guards of addresses need not."""
        return ()

    def install(self, resource: Any, process: Any, undo: ExitStack) -> None:
        """Install it in the session's process.

        Args:
            resource: What it is of; it has a `name`, which is its mark, and a `label`.
            process: What the process offers: a `Process`, and more to the kinds of this package.
            undo: Takes it out again.

        Raises:
            ResourceGuardMisconfiguration: It cannot be installed.
        """
        raise NotImplementedError

    def wire(self, process: Any) -> Sequence[str] | None:
        """What a child Python is told of it, as :meth:`install_in_child` takes it.

        `None`, by default, is for what is not there for other processes.

        Args:
            process: Where it has been installed.
        """
        del process
        return None

    @classmethod
    def install_in_child(cls, resource: str, fields: Sequence[str], process: Any) -> None:
        """Install in a child Python what :meth:`wire` has told of, for as long as it lives.

        Args:
            resource: The resource's mark.
            fields: What `wire` has returned in the session's process.
            process: What the process offers: a `Process`, and more to the kinds of this package.
        """
        raise NotImplementedError

    @classmethod
    def describe(cls, guards: Sequence[Self]) -> Iterable[Sequence[str]]:
        """For each of all guards of this kind, its lines in the list of guards."""
        return [[f"{cls.kind} {guard.title}"] for guard in guards]

    def gaps(self, resource: Any) -> Iterable[str]:
        """A line for each part of a resource's guard that this installation does not have; found out cheaply."""
        del resource
        return ()

    def sight(self) -> str:
        """What it can know, for the list of guards: ``complete``, or what it may not see."""
        return "complete"

    def doubts(
        self, covered: Collection[str], modules: Mapping[str, Any]
    ) -> Iterable[tuple[str, tuple[str, ...]]]:
        """What may have used it unseen: each library by its name in messages, with the calls that a guard could watch.

        Args:
            covered: The packages whose calls are seen by other guards of the resource.
            modules: The modules that are loaded, by their names.
        """
        del covered, modules
        return ()

    def probe(self) -> str | None:
        """Why the resource cannot be used by this way here and now; empty if it can, `None` if that cannot be told."""
        return None

    @classmethod
    def probe_any(cls, guards: Iterable[Self]) -> str | None:
        """The same of several guards of this kind: empty if the resource can be used by one of them."""
        told = [reason for each in guards if (reason := each.probe()) is not None]
        return None if not told else "" if "" in told else "; ".join(dict.fromkeys(told))

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and other.key == self.key

    def __hash__(self) -> int:
        return hash((type(self), self.key))

    def __repr__(self) -> str:
        return f"<{self.kind} {self.title}>"
