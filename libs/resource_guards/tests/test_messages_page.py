"""Every message of docs/messages.md comes out of the suite that stands before it."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from support.suite import Suite

PAGE = Path(__file__).parents[3] / "docs" / "messages.md"

CONFTEST = """
def pytest_register_resource_guards(registry):
    registry.register_resource_guard("tool")
    registry.register_sdk_guard("sdk", targets=["sdk:Client.send"])
"""

SDK = """
class Client:
    def send(self): pass
"""

SECTION = re.compile(
    r"^## (.+?)\n.*?```python\n(.*?)```\n\n```text\n(.*?)```", re.DOTALL | re.MULTILINE
)

SECTIONS = {title: (code, text) for title, code, text in SECTION.findall(PAGE.read_text())}


def told(suite: Suite, code: str) -> str:
    """What a run of a test module says, without what differs from run to run."""
    suite.tool()
    suite.write_files({"sdk.py": SDK, "pytest.ini": "[pytest]\npythonpath = .\n"})
    suite.write_files({"conftest.py": CONFTEST, "test_it.py": code})
    outcome = suite.run("-Wignore")
    lines = []
    for line in outcome.output.splitlines():
        shown = re.sub(r"^E(   |$)", "", line).replace(f"{suite.path}{os.sep}", "")
        lines.append(re.sub(r"process \d+", "process 4711", shown))
    return "\n".join(lines)


def test_the_page_is_read() -> None:
    """Its sections are found, more than ten."""
    assert len(SECTIONS) == PAGE.read_text().count("\n## ")
    assert len(SECTIONS) >= 10


@pytest.mark.parametrize("title", SECTIONS)
def test_each_message(suite: Suite, title: str) -> None:
    """The text of the page is in the run's output, line for line."""
    code, text = SECTIONS[title]

    said = told(suite, code)

    assert text.strip("\n") in said, said
