"""What is wrong with an address that has none of the forms."""

from __future__ import annotations

import ipaddress
from typing import Final

_FORMS: Final = (
    "127.0.0.1:5432, [::1]:5432, *:5432, 10.0.0.0/8, 10.0.0.0/8:443, [fd00::/8]:443, "
    "api.example.com, *.example.com:443, localhost:5432, unix:/run/postgresql/*, unix:@abstract"
)


def address_unreadable(label: str, address: object) -> str:
    """A value that is not an address."""
    where = f"Resource guard '{label}': cannot" if label else "Cannot"
    why = _why(address) if isinstance(address, str) else _why_no_text(address)
    return f"{where} read the address {address!r}{why and f': {why}'}. Write it in one of these forms: {_FORMS}."


def _why_no_text(address: object) -> str:
    if isinstance(address, (list, set, frozenset)):
        return "it is not a string; give each address as its own argument"
    return "it is not a string"


def _why(text: str) -> str:
    """The reason in words, for common mistakes; empty for others."""
    scheme, has_scheme, rest = text.partition("://")
    if has_scheme:
        return f"it is a URL; remove '{scheme}://' and everything after the port" if rest else ""
    if text.startswith("unix:"):
        return "a Unix socket has a path that begins with '/', or '@' and an abstract name"
    if text.startswith(("/", "@")):
        return f"write 'unix:{text}' for a Unix socket"
    if _is_ip(text, 6):
        return f"write '[{text}]', with or without a port after it"
    host, colon, port = text.rpartition(":")
    if colon and not text.endswith("]") and not _is_port(port):
        return f"the port is {port!r}, but must be a number from 1 to 65535"
    host = host if colon and _is_port(port) else text
    return _why_no_host(host)


def _why_no_host(host: str) -> str:
    bare = host.removeprefix("[").removesuffix("]")
    try:
        ipaddress.ip_network(bare)
    except ValueError:
        pass
    else:
        return ""
    try:
        wider = ipaddress.ip_network(bare, strict=False)
    except ValueError:
        if "/" in host:
            return f"'{host}' is not a network; an address does not include the path of a URL"
        if "*" in host.removeprefix("*."):
            return "'*' must be alone, or first and before a dot"
        return ""
    return f"it is neither one host nor the network '{wider}'; write the one that you mean"


def _is_ip(text: str, version: int) -> bool:
    try:
        return ipaddress.ip_address(text).version == version
    except ValueError:
        return False


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdigit() and 0 < int(text[:6]) <= 0xFFFF  # noqa: PLR2004 - 16 bits
