"""Whether a connection that is about to be opened is an opener's.

Imports nothing but the standard library's smallest parts, since child Pythons load it.
"""

from __future__ import annotations

from imbue.resource_guards.intercept.address_patterns import Elsewhere
from imbue.resource_guards.intercept.ips import ips_of
from imbue.resource_guards.intercept.reaching import is_running

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any
    from typing import Final

_ELSEWHERE: Final = Elsewhere()


class OpenedBy:
    """Asks it. Two that ask the same are equal.

    Args:
        name: The opener's.
        loopback: Connections that stay on this machine count.
    """

    __slots__ = ("_loopback", "_name")

    def __init__(self, name: str, *, loopback: bool) -> None:
        self._name = name
        self._loopback = loopback

    def __call__(self, address: Any) -> bool:
        """Whether the connection to an address is one."""
        return is_running(self._name) and (self._loopback or _leaves(address))

    def asks_for(self, name: str, port: int | None) -> bool:
        """Whether the look-up of a host's name is made for one."""
        if not is_running(self._name) or next(ips_of(name), None) is not None:
            return False  # of an address there is nothing to look up, and of this machine's name neither
        return self._loopback or _ELSEWHERE.matches_name(name, port)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, OpenedBy) and other._key() == self._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def _key(self) -> tuple[str, bool]:
        return self._name, self._loopback


def _leaves(address: Any) -> bool:
    return _ELSEWHERE.matches(address, lambda *_: ())
