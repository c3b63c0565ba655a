"""Where a resource of some addresses may be, and whether something there accepts a connection."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Sequence
    from typing import Final

    Place = str | tuple[str, int]
    """The path of a Unix socket, or a host and a port, as ``socket.connect`` takes them."""

_UNIX: Final = "unix:"

_SECONDS: Final = 10
"""How long a connection is waited for; whoever probes gives up long before, and leaves a thread behind."""


def places_of(text: str) -> Iterator[Place]:
    """The places that an address pattern leads to, so far as it names any.

    Args:
        text: The pattern: ``127.0.0.1:5432``, ``[::1]:5432``, ``db.example:5432``, ``unix:/run/*.sock``. Of a
            port of all hosts, ``*:5432``, that of this machine. A network names none, and no port neither.
    """
    if text.startswith(_UNIX):
        import glob

        path = text.removeprefix(_UNIX)
        if path.startswith("@"):
            yield f"\0{path[1:]}"
        else:
            yield from sorted(glob.glob(path)) or [path]  # noqa: PTH207 - it is absolute
        return
    host, _, port = text.rpartition(":")
    host = host.strip("[]")
    if port.isdecimal() and host and "/" not in host:
        if host == "*":
            yield "127.0.0.1", int(port)
        elif "*" not in host:
            yield host, int(port)


def refusal(places: Sequence[Place]) -> str | None:
    """Why none of some places accepts a connection; empty if one does, `None` without any."""
    import socket

    from imbue.resource_guards.messages.availability import refused

    reasons = []
    for place in places:
        try:
            if isinstance(place, str):
                with socket.socket(socket.AF_UNIX) as connection:
                    connection.settimeout(_SECONDS)
                    connection.connect(place)
            else:
                socket.create_connection(place, timeout=_SECONDS).close()
        except (AttributeError, OSError, ValueError) as error:  # not each system has Unix sockets
            reasons.append(refused(place, error))
        else:
            return ""
    return "; ".join(reasons) if reasons else None
