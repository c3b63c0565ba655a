"""The report in the summary of a job of GitHub Actions: a file that steps append Markdown to."""

from __future__ import annotations

import os
from typing import Final
from typing import TextIO

from imbue.resource_guards.messages.markdown import MARKDOWN_PURPOSE
from imbue.resource_guards.report.document import Document
from imbue.resource_guards.report.formats import Format
from imbue.resource_guards.report.markdown import markdown

SUMMARY_VARIABLE: Final = "GITHUB_STEP_SUMMARY"
"""In which GitHub Actions tells the path of the file."""

MOST: Final = 100
"""How many violations are shown: GitHub shows nothing of a summary that is larger than 1 MiB."""


def write_summary(document: Document, file: TextIO) -> None:
    """Write the report, at most so much as GitHub shows; what is there already may end within a line."""
    file.write("\n")
    file.writelines(f"{line}\n" for line in markdown(document, most=MOST))


SUMMARY: Final = Format("markdown", MARKDOWN_PURPOSE, write_summary)


def append(path: str, content: bytes) -> None:
    """Append to a file.

    Raises:
        OSError: It cannot be written.
    """
    # Without waiting: to open a pipe waits until somebody reads from it.
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NONBLOCK | os.O_CLOEXEC
    with open(path, "ab", opener=lambda name, _: os.open(name, flags, 0o666)) as file:
        file.write(content)
