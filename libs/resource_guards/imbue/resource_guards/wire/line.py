r"""The form of a record in the journal.

A record is one line of ten fields between tabs, written with a single ``write`` on a descriptor
opened for appending, so that records of many processes do not mix::

    RG2  scope id  resource  allowed|blocked  layer  pid  place  through  command line  .

The first and last fields show where a record begins and ends: a line without both was torn by a
process that died, and is an error, since the use in it is lost. Writers put ``\n`` and ``\t`` in
place of line ends and tabs. The first names the version of the form.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from imbue.resource_guards.errors import JournalError
from imbue.resource_guards.guard import LAYERS
from imbue.resource_guards.guard import Layer
from imbue.resource_guards.messages import trust as messages
from imbue.resource_guards.model import Use
from imbue.resource_guards.wire.variable import ANY_SCOPE

BEGIN: Final = "RG2"
END: Final = "."
ALLOWED: Final = "allowed"
BLOCKED: Final = "blocked"

LONGEST: Final = 1500
"""The most characters of a field that are kept."""

_FIELDS: Final = 10
_MOST_DIGITS: Final = 30  # Python refuses to read a number of 5,000


class Entry:
    """A use from the journal and the id of the scope that it belongs to."""

    __slots__ = ("scope_id", "use")

    def __init__(self, scope_id: str, use: Use) -> None:
        self.scope_id = scope_id
        self.use = use


def format_use(scope_id: object, use: Use) -> bytes:
    """The bytes of the record of a use, with its line end."""
    outcome = ALLOWED if use.allowed else BLOCKED
    head = (str(scope_id), use.resource, outcome, use.layer.name, str(use.pid))
    fields = (*head, use.where, use.through, use.what)
    escaped = (field.replace("\n", "\\n").replace("\t", "\\t")[:LONGEST] for field in fields)
    line = "\t".join([BEGIN, *escaped, END])
    return f"{line}\n".encode("utf-8", "backslashreplace")


def parse_record(line: str, layers: Mapping[str, Layer] = LAYERS) -> Entry:
    """Read one record.

    Args:
        line: The record, without its line end.
        layers: What may have seen a use, by name.

    Raises:
        JournalError: The line is not a whole record.
    """
    fields = line.split("\t")
    if len(fields) != _FIELDS or fields[0] != BEGIN or fields[-1] != END:
        raise JournalError(messages.journal_torn(line))
    _, scope_id, resource, outcome, layer, pid, where, through, what, _ = fields
    of_child = scope_id.removeprefix(ANY_SCOPE)
    if (
        outcome not in (ALLOWED, BLOCKED)
        or layer not in layers
        or not _is_number(pid)
        or (of_child and not _is_number(of_child))
    ):
        raise JournalError(messages.journal_foreign(line))
    use = Use(resource, outcome == ALLOWED, layers[layer], what, where, int(pid), through)
    return Entry(scope_id, use)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS
