"""IP addresses as numbers: of the texts that `connect` is given, and back.

Imports nothing but the standard library's smallest parts, since child Pythons load it.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    Ip = tuple[int, int]
    """An IP address: how many bits it has, and its number."""

V4, V6 = 32, 128
LOCALHOST = "localhost"
_MAPPED = 0xFFFF  # before an IPv4 address that is written as an IPv6 one
_LOOPBACK_4, _LOOPBACK_6 = (V4, 0x7F000001), (V6, 1)


def ip_text(host: str) -> str | None:
    """The one way to write an IP address, by which its names are kept; `None` if it is none.

    An IPv4 address that is written as an IPv6 one is that address; that of no host (``0.0.0.0``) is this
    machine, which is where it leads.
    """
    ip = _ip(host)
    return None if ip is None else written(ip)


def plain_name(name: str) -> str:
    """A host name as it is compared: an international one as the name system has it, which most clients ask for."""
    name = name.removesuffix(".").lower()
    if not name.isascii():
        try:
            return name.encode("idna").decode()
        except UnicodeError:  # it cannot be asked for
            return name
    return name


def ips_of(host: str) -> Iterator[Ip]:
    """The IP addresses that a host means, without a look-up."""
    if not host or plain_name(host) == LOCALHOST:
        yield from (_LOOPBACK_4, _LOOPBACK_6)
    else:
        ip = _ip(host)
        if ip is not None:
            yield ip


def is_loopback(ip: Ip) -> bool:
    """Whether it is this machine."""
    size, number = ip
    return number >> 24 == 0x7F if size == V4 else ip == _LOOPBACK_6  # noqa: PLR2004 - 127.0.0.0/8


def network(ip: Ip, bits: int) -> tuple[Ip, int]:
    """A network, of which `bits` bits are given, in the one way to say it."""
    size, number = ip
    if size == V6 and number >> V4 == _MAPPED and bits >= V6 - V4:
        size, number, bits = V4, number & 0xFFFFFFFF, bits - V6 + V4
    return (_reached((size, number)) if bits == size else (size, number)), bits


def has_host_bits(ip: Ip, bits: int) -> bool:
    """Whether an address says more than the network of which `bits` bits are given, as ``10.1.2.3/8`` does."""
    size, number = ip
    return number & ((1 << size - bits) - 1) != 0


def read(host: str, *, strictly: bool) -> Ip | None:
    """The IP address that a text is; `None` if it is none.

    Args:
        host: The text.
        strictly: Without the short forms that `connect` takes (``127.1``).
    """
    from _socket import AF_INET  # not at the top: a child that uses no sockets does not load it
    from _socket import AF_INET6
    from _socket import inet_aton
    from _socket import inet_pton

    is_v6 = ":" in host
    try:
        packed = inet_pton(AF_INET6 if is_v6 else AF_INET, host)
    except (OSError, ValueError):
        if (
            strictly
            or is_v6
            or not host[:1].isdigit()
            or set(host) - set("0123456789abcdefABCDEFxX.")
        ):
            return None
        try:
            packed = inet_aton(host)
        except OSError:
            return None
    return V6 if is_v6 else V4, int.from_bytes(packed, "big")


def written(ip: Ip) -> str:
    """An IP address as text."""
    from _socket import AF_INET
    from _socket import AF_INET6
    from _socket import inet_ntop

    size, number = ip
    return inet_ntop(AF_INET if size == V4 else AF_INET6, number.to_bytes(size // 8, "big"))


def _ip(host: str) -> Ip | None:
    ip = read(host.partition("%")[0], strictly=False)  # without the interface
    return None if ip is None else network(ip, ip[0])[0]


def _reached(ip: Ip) -> Ip:
    """Where a connection to an address leads: to that of no host, to this machine."""
    return {(V4, 0): _LOOPBACK_4, (V6, 0): _LOOPBACK_6}.get(ip, ip)
