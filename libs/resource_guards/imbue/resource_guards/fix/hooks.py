"""The hook for a conftest that marks what no decorator can: doctests, and items of other plugins."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from itertools import takewhile
from pathlib import PurePosixPath

from imbue.resource_guards.messages import fix as messages


def hook_lines(needs: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """What to put into a conftest, line by line; nothing where nothing is needed.

    Args:
        needs: For each test, by its node id, the marks that it needs.
    """
    if not needs:
        return
    folders = [PurePosixPath(nodeid.partition("::")[0]).parts[:-1] for nodeid in needs]
    same = takewhile(lambda parts: len(set(parts)) == 1, zip(*folders, strict=False))
    conftest = PurePosixPath(*(parts[0] for parts in same), "conftest.py")
    yield messages.fix_by_hook(str(conftest), len(needs))
    yield "NEEDS = {"
    for nodeid, marks in needs.items():
        yield f"    {_text(nodeid)}: [{', '.join(map(_text, marks))}],"
    yield "}"
    yield ""
    yield ""
    yield "def pytest_collection_modifyitems(items):"
    yield "    for item in items:"
    yield "        for mark in NEEDS.get(item.nodeid, []):"
    yield "            item.add_marker(mark)"


def _text(text: str) -> str:
    """A text as Python has it, in the quotes that formatters prefer."""
    written = ascii(text)
    return f'"{written[1:-1]}"' if '"' not in written and written[0] == "'" else written
