r"""The form of a record in the journal.

A record is one line of ten fields between tabs, written with a single ``write`` on a descriptor
opened for appending, so that records of many processes do not mix::

    RG2  scope id  resource  allowed|blocked  layer  pid  place  through  command line  .

The first and last fields show where a record begins and ends: a line without both was torn by a
process that died, and is an error, since the use in it is lost. Writers put ``\n`` and ``\t`` in
place of line ends and tabs.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from imbue.resource_guards.model import Use

BEGIN = "RG2"
END = "."
FIELDS = 10
ALLOWED = "allowed"
BLOCKED = "blocked"

LONGEST = 1500
"""The most characters of a field that are kept."""


def format_use(scope_id: object, use: Use) -> bytes:
    """The bytes of the record of a use, with its line end."""
    outcome = ALLOWED if use.allowed else BLOCKED
    head = (str(scope_id), use.resource, outcome, use.layer, str(use.pid))
    fields = (*head, use.where, use.through, use.what)
    escaped = (field.replace("\n", "\\n").replace("\t", "\\t")[:LONGEST] for field in fields)
    line = "\t".join([BEGIN, *escaped, END])
    return f"{line}\n".encode("utf-8", "backslashreplace")
