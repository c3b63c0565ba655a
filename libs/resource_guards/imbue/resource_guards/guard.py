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
    """A layer that sees uses as they happen.

    Args:
        name: Its name in the journal: one word that no other layer has.
        way: How a report counts its uses; several layers may have the same way.
        seen: How a message describes its uses: ``seen by the shim on PATH``.
        title: Its name in the list of guards.
        sees: What it sees, for the list of guards.
        is_process: It runs in its own process, not in the one that it sees.
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
    """A way to see uses of a resource. Each kind of guard is a subclass in its own module.

    Two guards are equal if they have the same kind and key. ``registry.register_guard(name, guard)`` registers a
    guard. ``registry.register_guard_kind(Kind)`` lets settings use the kind.

    Child Pythons import the module of a kind when they start, so it should import little.

    Attributes:
        kind: Its name in settings (``program`` in ``program:tmux``) and in the list of guards.
        setting: The key for a list of such guards in a table of the settings; by default `kind` and an ``s``.
        options: Other keys of such a table, for all guards of this kind in it.
        layers: The layers that see uses for it.
        is_client: It guards a client: if it is installed, the resource may still be unavailable.
    """

    __slots__ = ()

    is_client: ClassVar[bool] = False
    kind: ClassVar[str] = ""
    setting: ClassVar[str] = ""
    options: ClassVar[tuple[str, ...]] = ()
    layers: ClassVar[tuple[Layer, ...]] = ()

    @classmethod
    def parse(cls, label: str, text: str) -> Self:
        """Make a guard from a string in the settings.

        Args:
            label: The name of the resource.
            text: The string after the kind's name and a colon.

        Raises:
            ResourceGuardMisconfiguration: It cannot be read.
            NotImplementedError: Settings cannot have this kind, which is the default.
        """
        raise NotImplementedError

    @classmethod
    def parse_all(
        cls, label: str, texts: Iterable[str], options: Mapping[str, Any]
    ) -> Sequence[Self]:
        """Make guards from a list in a table of the settings.

        Args:
            label: The name of the resource.
            texts: The list.
            options: The table, which may have the kind's `options`; ignored by default.

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
            resource: Its resource, with a `name`, which is the mark, and a `label`.
            process: What the process provides: a `Process`, with more for the kinds of this package.
            undo: Collects what removes it again.

        Raises:
            ResourceGuardMisconfiguration: It cannot be installed.
        """
        raise NotImplementedError

    def wire(self, process: Any) -> Sequence[str] | None:
        """What :meth:`install_in_child` needs in a child Python.

        `None`, the default, means that child Pythons do not have this guard.

        Args:
            process: The process that it is installed in.
        """
        del process
        return None

    @classmethod
    def install_in_child(cls, resource: str, fields: Sequence[str], process: Any) -> None:
        """Install the guard in a child Python, for as long as that runs.

        Args:
            resource: The resource's mark.
            fields: What `wire` returned in the session's process.
            process: What the process provides: a `Process`, with more for the kinds of this package.
        """
        raise NotImplementedError

    @classmethod
    def describe(cls, guards: Sequence[Self]) -> Iterable[Sequence[str]]:
        """For each guard of this kind, its lines in the list of guards."""
        return [[f"{cls.kind} {guard.title}"] for guard in guards]

    def gaps(self, resource: Any) -> Iterable[str]:
        """A line for each part of a guard that is missing in this installation; must be cheap."""
        del resource
        return ()

    def sight(self) -> str:
        """What it can see, for the list of guards: ``complete``, or what it may miss."""
        return "complete"

    def doubts(
        self, covered: Collection[str], modules: Mapping[str, Any]
    ) -> Iterable[tuple[str, tuple[str, ...]]]:
        """What may have used the resource unseen: each library by its name in messages, with calls that could be guarded.

        Args:
            covered: The packages whose calls are seen by other guards of the resource.
            modules: The loaded modules, by name.
        """
        del covered, modules
        return ()

    def probe(self) -> str | None:
        """Why the resource cannot be used this way here and now; empty if it can, `None` if that is unknown."""
        return None

    @classmethod
    def probe_any(cls, guards: Iterable[Self]) -> str | None:
        """The same for several guards of this kind: empty if one of them can use the resource."""
        told = [reason for each in guards if (reason := each.probe()) is not None]
        return None if not told else "" if "" in told else "; ".join(dict.fromkeys(told))

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and other.key == self.key

    def __hash__(self) -> int:
        return hash((type(self), self.key))

    def __repr__(self) -> str:
        return f"<{self.kind} {self.title}>"
