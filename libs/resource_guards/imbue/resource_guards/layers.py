"""The layers: what sees uses, and what each is called in the journal, in reports and in messages.

Imports nothing, since child Pythons load it at start.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final


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

LAYERS: Final = {each.name: each for each in (SHIM, SPAWN, SDK, CONNECTION)}
"""Those of the kinds of guards that come with this package, by their names."""
