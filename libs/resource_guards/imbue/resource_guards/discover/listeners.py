"""Which sockets of this machine listen at a port or path: their inodes, as Linux tells them.

The kernel is asked by sock_diag(7), which goes through what listens alone. To read ``/proc/net/tcp`` (proc(5)) takes
it milliseconds, however few connections there are, and a suite asks with each of them; so that is read only
where nothing answers.

Imports nothing but the standard library's smallest parts, since child Pythons load it.
"""

from __future__ import annotations

import os
from _socket import SOCK_RAW
from _socket import socket
from struct import error
from struct import pack
from struct import unpack_from

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Final

_LISTENS: Final = "0A"
"""``TCP_LISTEN`` as ``/proc/net/tcp`` has it."""

_UNIX_LISTENS: Final = "00010000"
"""``__SO_ACCEPTCON`` as ``/proc/net/unix`` has it."""

# Of linux/netlink.h, linux/sock_diag.h, linux/inet_diag.h, linux/tcp.h, and the families of bits/socket.h.
_AF_NETLINK: Final = 16
_NETLINK_SOCK_DIAG: Final = 4
_SOCK_DIAG_BY_FAMILY: Final = 20
_REQUEST_DUMP: Final = 0x301
_DONE: Final = 3
_FAMILIES: Final = (2, 10)
_TCP: Final = 6
_STATE_LISTEN: Final = 1 << 10
_HEADER: Final = 16
_PORT_AT: Final = _HEADER + 4
_INODE_AT: Final = _HEADER + 68

_LARGEST: Final = 1 << 16
_SECONDS: Final = 1.0
"""How long the kernel may take, which answers at once."""


def listening(place: str) -> list[int]:
    """The inodes of the sockets that listen at a port or path; empty if none does, or nobody tells."""
    if not place.isdecimal():
        return list(_at_path(place))
    try:
        return [inode for family in _FAMILIES for inode in _asked(family, int(place))]
    except (
        OSError,
        error,
    ):  # a kernel without it, a container that forbids it, or another answer than is known
        return list(_in_tables(int(place)))


def is_free(place: str) -> bool:
    """Whether nothing is at a port or path that no stream's server listens at; `False` if nobody tells."""
    if not place.isdecimal():
        # A container's socket is not in our table of sockets, and yet it is there.
        return place.startswith("/") and not os.path.exists(place)  # noqa: PTH110 - as in `_lines`
    if not os.access("/proc/net/tcp", os.R_OK):
        return False
    end = f":{int(place):04X}"
    datagrams = (*_lines("/proc/net/udp"), *_lines("/proc/net/udp6"))
    return not any(line.split()[1].endswith(end) for line in datagrams)


def _asked(family: int, port: int) -> Iterator[int]:
    """What the kernel says of the listening TCP sockets of a family.

    Raises:
        OSError: It says nothing, or what cannot be read.
        struct.error: It breaks off.
    """
    asking = pack("=BBBxI48x", family, _TCP, 0, _STATE_LISTEN)
    kernel = socket(_AF_NETLINK, SOCK_RAW, _NETLINK_SOCK_DIAG)
    try:  # the class of C is no context manager
        kernel.settimeout(_SECONDS)
        size = _HEADER + len(asking)
        kernel.send(pack("=IHHII", size, _SOCK_DIAG_BY_FAMILY, _REQUEST_DUMP, 0, 0) + asking)
        kind = 0
        while kind != _DONE:
            answer, at = kernel.recv(_LARGEST), 0
            while at < len(answer):
                length, kind = unpack_from("=IH", answer, at)
                if kind not in (_SOCK_DIAG_BY_FAMILY, _DONE) or length < _HEADER:
                    raise OSError(kind)
                if kind != _DONE and unpack_from(">H", answer, at + _PORT_AT)[0] == port:
                    yield unpack_from("=I", answer, at + _INODE_AT)[0]
                at += (length + 3) & ~3
    finally:
        kernel.close()


def _in_tables(port: int) -> Iterator[int]:
    end = f":{port:04X}"
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in _lines(table):
            fields = line.split()
            if fields[3:4] == [_LISTENS] and fields[1].endswith(end):
                yield int(fields[9])


def _at_path(path: str) -> Iterator[int]:
    for line in _lines("/proc/net/unix"):
        fields = line.split()
        if len(fields) > 7 and fields[3] == _UNIX_LISTENS and fields[7] == path:  # noqa: PLR2004
            yield int(fields[6])


def _lines(path: str) -> list[str]:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:  # noqa: PTH123 - as in `record/ancestors.py`
            return file.read().splitlines()[1:]
    except OSError:
        return []
