"""The formats in which a report can be written to a file.

One more of the package's own is a function in a module beside this one and a row in `BUILT_IN`. A
plugin or conftest adds one by the hook ``pytest_register_resource_guard_formats``.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from typing import TextIO

from imbue.resource_guards.errors import ResourceGuardMisconfiguration
from imbue.resource_guards.messages import formats as messages
from imbue.resource_guards.messages.markdown import MARKDOWN_PURPOSE
from imbue.resource_guards.report.document import Document
from imbue.resource_guards.report.document import write_json
from imbue.resource_guards.report.files import write_whole
from imbue.resource_guards.report.markdown import write_markdown
from imbue.resource_guards.report.table import write_table


@dataclass(frozen=True, slots=True)
class Format:
    """One way to write a report.

    Args:
        name: What ``--resource-guards-output`` calls it.
        purpose: What it is for, in a few words.
        write: Writes a document to a file of text.
    """

    name: str
    purpose: str
    write: Callable[[Document, TextIO], object]


def _write_page(document: Document, file: TextIO) -> None:
    from imbue.resource_guards.report.page.writer import write_page  # for those who ask for it

    write_page(document, file)


JSON: Final = Format("json", messages.JSON_PURPOSE, write_json)
HTML: Final = Format("html", messages.HTML_PURPOSE, _write_page)
MARKDOWN: Final = Format("markdown", MARKDOWN_PURPOSE, write_markdown)
TABLE: Final = Format("table", messages.TABLE_PURPOSE, write_table)
BUILT_IN: Final = (JSON, HTML, TABLE, MARKDOWN)


class Formats:
    """All formats that a run knows; hooks add theirs to the built-in ones."""

    def __init__(self) -> None:
        self._by_name = {each.name: each for each in BUILT_IN}

    def __iter__(self) -> Iterator[Format]:
        return iter(self._by_name.values())

    def add(self, name: str, purpose: str, write: Callable[[Document, TextIO], object]) -> None:
        """Add a format.

        Args:
            name: What ``--resource-guards-output`` calls it: letters, digits, ``_`` and ``-``.
            purpose: What it is for, in a few words.
            write: Called with the report and an open file of text, to write the one to the other.

        Raises:
            ResourceGuardMisconfiguration: The name cannot be one, or another format has it.
        """
        if not re.fullmatch(r"\w[\w-]*", name):  # a colon would end it on the command line
            raise ResourceGuardMisconfiguration(messages.format_name_unusable(name))
        if name in self._by_name:
            raise ResourceGuardMisconfiguration(messages.format_name_taken(name))
        self._by_name[name] = Format(name, purpose, write)

    def read(self, value: str) -> tuple[Format, str]:
        """The format and path that a value of ``--resource-guards-output`` names.

        Raises:
            ResourceGuardMisconfiguration: It names no path, or no format that there is.
        """
        name, _, path = value.partition(":")
        if not path or name not in self._by_name:
            known = [(each.name, each.purpose) for each in self]
            raise ResourceGuardMisconfiguration(messages.output_unreadable(value, known))
        return self._by_name[name], path


def rendered(format_: Format, document: Document) -> bytes:
    """A document in a format, as the content of a file; whatever the format raises comes out."""
    content = io.BytesIO()
    # Text from elsewhere may have half of a surrogate pair, which UTF-8 cannot say.
    file = io.TextIOWrapper(content, "utf-8", errors="backslashreplace", newline="")
    format_.write(document, file)
    file.flush()
    return content.getvalue()


def write_report_file(path: Path, content: bytes) -> None:
    """Write a report, whole or not at all, and the folders that it is to be in.

    Raises:
        OSError: It cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, content)
