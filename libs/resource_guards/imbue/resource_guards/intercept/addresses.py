"""What addresses can say: the forms in which a user writes those of a resource.

Imports nothing but the standard library's smallest parts, since child Pythons load it.
"""

from __future__ import annotations

from imbue.resource_guards.intercept.address_patterns import AnyHost
from imbue.resource_guards.intercept.address_patterns import Elsewhere
from imbue.resource_guards.intercept.address_patterns import HostName
from imbue.resource_guards.intercept.address_patterns import Network
from imbue.resource_guards.intercept.address_patterns import UnixSocket
from imbue.resource_guards.intercept.ips import has_host_bits
from imbue.resource_guards.intercept.ips import network
from imbue.resource_guards.intercept.ips import plain_name
from imbue.resource_guards.intercept.ips import read

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any
    from typing import NoReturn

    from imbue.resource_guards.intercept.address_patterns import NamesOf
    from imbue.resource_guards.intercept.address_patterns import Pattern

_UNIX = "unix:"
_LARGEST_PORT = 65535
_MOST_NAMES = 256
_LONGEST_NAME, _LONGEST_LABEL = 253, 63


class Addresses:
    """The addresses of a resource.

    Args:
        patterns: What was written for them.
    """

    __slots__ = ("_names", "patterns")

    def __init__(self, patterns: Iterable[Pattern]) -> None:
        self.patterns = tuple(patterns)
        self._names: dict[tuple[str, int | None], bool] = {}

    def matches(self, address: Any, names_of: NamesOf) -> bool:
        """Whether an address is one of them.

        Args:
            address: As `socket.connect` is given it: a tuple of a host (an IP address or a name) and
                a port, or the path of a Unix socket; one of another sort is none of them.
            names_of: Tells the host names that have led to an IP address.
        """
        return any(pattern.matches(address, names_of) for pattern in self.patterns)

    def matches_name(self, name: str, port: int | None = None) -> bool:
        """Whether the look-up of a host's name is an attempt to reach one of them.

        Args:
            name: The name, as it was to be looked up.
            port: The port that it was looked up for, where that is known.
        """
        # Each connection looks up the same names as the last, and each guarded service is asked.
        key = name, port
        known = self._names.get(key)
        if known is None:
            if len(self._names) >= _MOST_NAMES:
                self._names.clear()
            known = any(pattern.matches_name(name, port) for pattern in self.patterns)
            self._names[key] = known
        return known

    def __str__(self) -> str:
        return ", ".join(map(str, self.patterns))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Addresses) and other.patterns == self.patterns

    def __hash__(self) -> int:
        return hash(self.patterns)


def parse_address(text: object, label: str = "") -> Pattern:
    """What a text says.

    Args:
        text: The text.
        label: The name of the resource, for the error.

    Raises:
        ResourceGuardMisconfiguration: It has none of the forms.
    """
    __tracebackhide__ = True
    found = None
    if isinstance(text, str) and text.isprintable():
        found = _unix(text.removeprefix(_UNIX)) if text.startswith(_UNIX) else _by_host(text)
    return found or _refuse(label, text)


def _refuse(label: str, text: object) -> NoReturn:
    __tracebackhide__ = True
    from imbue.resource_guards.errors import ResourceGuardMisconfiguration
    from imbue.resource_guards.messages import addresses as messages

    raise ResourceGuardMisconfiguration(messages.address_unreadable(label, text))


def _unix(path: str) -> Pattern | None:
    return UnixSocket(path) if path[:1] in ("/", "@") and len(path) > 1 else None


def _by_host(text: str) -> Pattern | None:
    if text.startswith("["):
        host, bracket, rest = text[1:].partition("]")
        colon, written = rest[:1], rest[1:]
        if not bracket or ":" not in host or colon not in ("", ":"):
            return None
    else:
        host, colon, written = text.partition(":")
    port = _number(written, _LARGEST_PORT) if colon else None
    if colon and not port:
        return None
    if text.startswith("[") or "/" in host or host.rpartition(".")[2].isdigit():
        return _network(host, port)
    if host == "*":
        return AnyHost(port) if port else Elsewhere()
    name = plain_name(host)
    if name.rpartition(".")[2].isdigit() or not _is_name(name.removeprefix("*.")):
        return None
    return HostName(name, port)


def _network(text: str, port: int | None) -> Pattern | None:
    host, slash, written = text.partition("/")
    ip = read(host, strictly=True)
    if ip is None:
        return None
    bits = _number(written, ip[0]) if slash else ip[0]
    if bits is None or has_host_bits(ip, bits):
        return None
    return Network(*network(ip, bits), port)


def _number(text: str, largest: int) -> int | None:
    if not text.isascii() or not text.isdigit() or len(text) > len(str(largest)):
        return None
    number = int(text)
    return number if number <= largest and str(number) == text else None


def _is_name(name: str) -> bool:
    return len(name) <= _LONGEST_NAME and all(
        0 < len(label) <= _LONGEST_LABEL
        and label.strip("-") == label
        and all(character.isalnum() or character in "-_" for character in label)
        for label in name.split(".")
    )
