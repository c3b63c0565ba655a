r"""The form of the file that says what is guarded, which a child Python reads at its start.

Lines of fields between tabs. The first has the version, since a child may have a package of another one::

    guards  3
    pid     PID                                of the session's process
    path    FOLDER...                          PATH before the shims were put there
    KIND    RESOURCE  LABEL  FIELD...          for each guard

KIND is the class of a guard, as `reference` writes it, and the fields are what its `wire` says.
In a field a tab, a line end and a backslash are written ``\t``, ``\n`` and ``\\``: folders may have them in their names.

Imports nothing but the standard library's smallest parts, since child Pythons load it at start.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

VERSION = "3"

_HEAD = f"guards\t{VERSION}"


class Guarded:
    """What is guarded.

    Args:
        pid: The process of the session.
        path: The folders of PATH before the shims were put there.
        guards: For each guard its kind, the resource's name and label, and its fields.
    """

    __slots__ = ("guards", "path", "pid")

    def __init__(self, pid: int, path: Sequence[str], guards: Sequence[Sequence[str]]) -> None:
        self.pid = pid
        self.path = path
        self.guards = guards


def format_guards(guarded: Guarded) -> str:
    """The text of the file."""
    lines = [_HEAD, f"pid\t{guarded.pid}", _line(["path", *guarded.path])]
    lines += map(_line, guarded.guards)
    return "".join(f"{line}\n" for line in lines)


def parse_guards(text: str) -> Guarded:
    """Read the text of the file.

    Raises:
        ValueError: It is of another version, or no such file.
    """
    head, pid, path, *guards = text.split("\n")[:-1]
    if head != _HEAD:
        raise ValueError(head)
    return Guarded(
        int(pid.partition("\t")[2]), _fields(path)[1:], [_fields(line) for line in guards]
    )


def _line(fields: Sequence[str]) -> str:
    escaped = (each.replace("\\", "\\\\") for each in fields)
    return "\t".join(each.replace("\t", "\\t").replace("\n", "\\n") for each in escaped)


def _fields(line: str) -> list[str]:
    fields = line.split("\t")
    return [_unescaped(each) for each in fields] if "\\" in line else fields


def _unescaped(field: str) -> str:
    parts = field.split("\\\\")  # between backslashes that stand for themselves
    return "\\".join(each.replace("\\t", "\t").replace("\\n", "\n") for each in parts)


def reference(named: Any) -> str | None:
    """How another process finds something; `None` where no name leads to it, as in a function or of an object."""
    name = getattr(named, "__qualname__", "")
    module = getattr(named, "__module__", None)
    if module is None:
        return getattr(named, "__name__", None)  # a module
    if not name or "<" in name:
        return None
    found = sys.modules.get(module)
    if found is not None:
        for part in name.split("."):
            found = getattr(found, part, None)
        # Of an object's method, its name leads to that of the class. It is another, and will do, if its
        # module has been loaded anew.
        if type(found) is not type(named):
            return None
    return f"{module}:{name}"


def find(reference: str) -> Any:
    """What a reference leads to, of which the module is imported here.

    Raises:
        ImportError: There is no such module, as in a Python of another environment.
        AttributeError: The module does not have it.
    """
    module, _, path = reference.partition(":")
    found = __import__(module, fromlist=["_"])  # `importlib` is not there at start
    for name in path.split(".") if path else ():
        found = getattr(found, name)
    return found
