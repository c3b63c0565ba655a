"""The form in which a scope travels to child processes.

The variable holds one entry for each pytest around a process, with a space before it::

     DIRECTORY=ID:,a,b,

which names a session by its private directory, a scope by its id, and what that may use. Characters
of the directory that would be in the way are written as ``%XX``. The state file has what stands after
the equals sign.

Imports nothing, since child Pythons load it at start.
"""

from __future__ import annotations

SCOPE_VARIABLE = "RESOURCE_GUARDS_SCOPE"

PREPARATION = "resource_guards_scope"
"""The key under which `multiprocessing` is given the variable's value for a new process."""
"""The one environment variable that resource guards set."""

OUTSIDE = "-"
"""The id where no scope is running: collection, session hooks, between tests."""

ANY_SCOPE = "*"
"""The id in the state file: whichever scope is running when the use is read.

A record may have the process id of a child of the pytest process after it: if that child was left
by an earlier scope, it is that one's.
"""

ASKS = f"{ANY_SCOPE}:"
"""The entry of a session in its own environment: who is started with it asks the state file.

Python's ways to start a process put the scope itself in its place, for that process; a library that
starts one by system calls of its own does not.
"""

_PLAIN = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/._-")


def session_key(directory: str) -> str:
    """The name of a session in its entries, from its private directory.

    Example:
        >>> session_key("/tmp/a b")
        '/tmp/a%20b'
    """
    octets = directory.encode("utf-8", "surrogateescape")
    return "".join(chr(octet) if octet in _PLAIN else f"%{octet:02X}" for octet in octets)


def directory_of(key: str) -> str:
    """The private directory that a session's key names.

    Raises:
        ValueError: It is no such key.
    """
    first, *others = key.split("%")
    octets = first.encode("ascii") + b"".join(
        bytes.fromhex(other[:2]) + other[2:].encode("ascii") for other in others
    )
    return octets.decode("utf-8", "surrogateescape")


def format_scope(scope_id: object, allowed: frozenset[str]) -> str:
    """The part of an entry after the session's key.

    Example:
        >>> format_scope(7, frozenset({"tmux", "docker"}))
        '7:,docker,tmux,'
    """
    return "".join([f"{scope_id}:,", *(f"{name}," for name in sorted(allowed))])


def parse_scope(text: str) -> tuple[str, frozenset[str]]:
    """A scope's id and what it may use, from the part of an entry after the key, or the state file.

    Example:
        >>> parse_scope("7:,docker,")
        ('7', frozenset({'docker'}))

    Raises:
        ValueError: It is no such text.
    """
    scope_id, colon, allowed = text.strip().partition(":")
    if not colon:
        raise ValueError(text)
    return scope_id, frozenset(filter(None, allowed.split(",")))


def parse_entries(value: str) -> dict[str, tuple[str, frozenset[str]]]:
    """For each session's key in a value of the variable, the scope's id and what it may use.

    Example:
        >>> parse_entries(" /tmp/x=7:,docker,")
        {'/tmp/x': ('7', frozenset({'docker'}))}
    """
    entries = {}
    for entry in value.split():
        key, _, scope = entry.partition("=")
        if ":" in scope:
            entries[key] = parse_scope(scope)
    return entries


def with_entry(value: str, key: str, scope: str) -> str:
    """A value of the variable with another scope in a session's entry; as it is if it has none.

    Example:
        >>> with_entry(" /tmp/x=*: /tmp/y=*:", "/tmp/x", "7:,docker,")
        ' /tmp/x=7:,docker, /tmp/y=*:'
    """
    before, found, after = value.partition(f" {key}=")
    if not found:
        return value
    _, space, others = after.partition(" ")
    return f"{before}{found}{scope}{space}{others}"
