"""Write the page: its parts and the report's data, put into one file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from html import escape
from importlib.resources import files
from typing import Any
from typing import Final
from typing import TextIO

from imbue.resource_guards.declare.policy import DIRECTIONS
from imbue.resource_guards.kinds import ViolationKind
from imbue.resource_guards.messages import page as messages
from imbue.resource_guards.messages.gaps import not_whole
from imbue.resource_guards.messages.seconds import of_resource
from imbue.resource_guards.report.document import Document
from imbue.resource_guards.report.evidence import OUTCOMES
from imbue.resource_guards.report.evidence import RAN
from imbue.resource_guards.report.evidence import TestRecord
from imbue.resource_guards.report.nowhere import nowhere
from imbue.resource_guards.report.seconds import all_seconds
from imbue.resource_guards.report.seconds import seconds_of

_KINDS: Final = {
    ViolationKind.MISSING_MARK: messages.MISSING,
    ViolationKind.SUPERFLUOUS_MARK: messages.SUPERFLUOUS,
    ViolationKind.FIXTURE_UNDECLARED_USE: messages.UNDECLARED,
    ViolationKind.FIXTURE_UNUSED_DECLARATION: messages.UNUSED,
}

_DECLARED: Final = 1
_OPTIONAL: Final = 2


def write_page(document: Document, file: TextIO) -> None:
    """Write a report as one page of HTML, which needs nothing else."""
    data = json.dumps(page_data(document), separators=(",", ":"))
    # The text of a script element ends at its end tag alone, and `<` begins that.
    data = data.replace("<", "\\u003c")
    parts = {
        "title": escape(messages.WORDS["title"]),
        "style": _part("page.css"),
        "no_script": escape(messages.NO_SCRIPT),
        "script": _part("page.js"),
        "data": data,
    }
    rest = _part("page.html")
    for name, content in sorted(parts.items(), key=lambda each: rest.index(f"@@{each[0]}@@")):
        before, _, rest = rest.partition(f"@@{name}@@")
        file.write(before)
        file.write(content)
    file.write(rest)


def _part(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def page_data(document: Document) -> dict[str, Any]:
    """What the page's script shows: numbers in place of what repeats, since there may be many tests."""
    marks = list(document.labels)
    texts = _Texts()
    paths = _Texts()
    tests = [_test(test, marks, paths, texts) for test in document.tests]
    numbers = {test.nodeid: index for index, test in enumerate(document.tests)}
    return {
        "words": messages.WORDS,
        "outcomes": OUTCOMES,
        "ran": RAN,
        "kinds": [[said, str(DIRECTIONS[kind])] for kind, said in _KINDS.items()],
        "resources": list(document.labels.items()),
        "problems": [*document.problems, *(not_whole(str(each)) for each in document.gaps)],
        "late": document.late_uses,
        "time": list(_time(document)),
        "nowhere": [
            [reason, [numbers[each] for each in found]]
            for reason, found in nowhere([document], document).tests.items()
        ],
        "files": paths.known,
        "tests": tests,
        "strings": texts.known,
    }


class _Texts:
    """Texts by their numbers; what is not there has -1."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    @property
    def known(self) -> list[str]:
        return list(self._numbers)

    def number(self, text: str | None) -> int:
        return self._numbers.setdefault(text, len(self._numbers)) if text else -1


def _test(test: TestRecord, marks: list[str], paths: _Texts, texts: _Texts) -> list[Any]:
    path, _, name = test.nodeid.partition("::")
    cells = {}
    for at, mark in enumerate(marks):
        cell = _cell(test, mark, texts)
        if cell is not None:
            cells[at] = cell
    outcome = OUTCOMES.index(test.outcome)
    return [
        paths.number(path),
        name or path,
        outcome,
        _milliseconds(test),
        cells,
        texts.number(test.reason),
    ]


def _cell(test: TestRecord, mark: str, texts: _Texts) -> list[Any] | None:
    used = test.used.get(mark)
    flags = _DECLARED * test.declares(mark) | _OPTIONAL * test.may_use(mark)
    kinds = [list(_KINDS).index(ViolationKind(each)) for each in test.violations.get(mark, ())]
    unavailable = texts.number(test.unavailable.get(mark))
    unsure = [] if used else [texts.number(each) for each in test.unsure.get(mark, ())]
    if not (used or flags or kinds or unsure or unavailable >= 0):
        return None
    uses = [
        [
            *(texts.number(each.way), texts.number(each.what), texts.number(each.where)),
            *(int(each.in_child), texts.number(each.fixture)),
        ]
        for each in (used.uses if used else ())
    ]
    return [flags, used.count if used else 0, kinds, uses, unavailable, unsure]


def _milliseconds(test: TestRecord) -> int | None:
    is_known = test.own_seconds is not None and not test.seconds_in_part
    return round((test.own_seconds or 0) * 1000) if is_known else None


def _time(document: Document) -> Iterator[dict[str, Any]]:
    """The resources by how long their tests took, the longest first."""
    total = all_seconds(document)
    found = [(mark, label, seconds_of(document, mark)) for mark, label in document.labels.items()]
    for mark, label, seconds in sorted(found, key=lambda each: -each[2].used.known):
        if seconds.used.tests or seconds.used.fixtures:
            line = of_resource(label, mark, seconds.used, seconds.saved, total)
            yield {
                "label": label,
                "ms": round(seconds.used.known * 1000),
                "said": line.removeprefix(f"{label}: "),
            }
