"""Marks are rewritten in awkward source files, and nothing else in them is."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import libcst as cst
import pytest

from imbue.resource_guards.fix.edits import Action
from imbue.resource_guards.fix.edits import Change
from imbue.resource_guards.fix.edits import Edit
from imbue.resource_guards.fix.edits import Place
from imbue.resource_guards.fix.edits import PlaceKind
from imbue.resource_guards.fix.rewrite import rewrite
from imbue.resource_guards.messages import reasons

CASES = sorted(Path(__file__).with_name("rewrite_cases").glob("*.txt"))


def change(text: str) -> Change:
    """A change as the cases write it: its edits with "and" between."""
    return Change(tuple(map(edit, text.split(" and "))))


def edit(text: str) -> Edit:
    """An edit as the cases write it, as "add docker param TestA.test_x x,y 0"."""
    action, mark, kind, *where = text.split()
    qualname = where[0] if where and where[0] != "-" else ""
    argnames = tuple(where[1].split(",")) if len(where) > 1 else ()
    index = int(where[2]) if len(where) > 2 else -1
    return Edit(Action(action), mark, Place(PlaceKind(kind), qualname, argnames, index))


def sections(case: Path) -> dict[str, str]:
    """The parts of a case by their titles; the first part, without one, says what it shows."""
    first, *parts = case.read_text().split("==== ")
    titled = (part.partition("\n") for part in parts)
    return {"": first, **{title: text for title, _, text in titled}}


def untouched(source: str) -> list[str]:
    """The lines that are not of decorators, imports, pytestmark or "pass", nor blank."""
    about: set[int] = set()
    for node in ast.walk(ast.parse(source)):
        parts = list(getattr(node, "decorator_list", ()))
        is_assignment = isinstance(node, (ast.Assign, ast.AnnAssign))
        if is_assignment and "pytestmark" in ast.unparse(node).partition("[")[0]:
            parts.append(node)
        if isinstance(node, (ast.Import, ast.ImportFrom, ast.Pass)):
            parts.append(node)
        for part in parts:
            about.update(range(part.lineno, part.end_lineno + 1))
    numbered = enumerate(source.split("\n"), 1)
    return [line for number, line in numbered if line.strip() and number not in about]


def is_in_order(lines: list[str], text: str) -> bool:
    """Whether the text has these lines in this order."""
    rest = iter(text.split("\n"))
    return all(line in rest for line in lines)


def comments(text: str) -> list[str]:
    """The comments of a file."""
    return sorted(re.findall("#.*", text))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_case(case: Path) -> None:
    """Each file of rewrite_cases: what is rewritten, and what is undone and why."""
    parts = sections(case)
    changes = [change(line) for line in parts["changes"].splitlines()]
    before, after = parts["before"], parts.get("after", parts["before"])

    result = rewrite(before.encode(), changes)

    assert result.source.decode() == after
    undone = [f"{found.line}: {found.reason}\n" for found in result.undone]
    assert "".join(undone) == parts.get("undone", "")
    assert len(result.done) + len(result.undone) == len(changes)
    ast.parse(after)
    assert is_in_order(untouched(before), after)
    assert comments(after) == comments(before)
    assert rewrite(result.source, changes).source == result.source


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_case_with_other_line_ends(case: Path) -> None:
    """A file with CRLF keeps it, and gets it in what is added."""
    parts = sections(case)
    changes = [change(line) for line in parts["changes"].splitlines()]
    before, after = parts["before"], parts.get("after", parts["before"])

    result = rewrite(before.replace("\n", "\r\n").encode(), changes)

    assert result.source.decode() == after.replace("\n", "\r\n")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_case_one_by_one(case: Path) -> None:
    """Changes do the same in one go as one after the other."""
    parts = sections(case)
    source = parts["before"].encode()

    for line in parts["changes"].splitlines():
        source = rewrite(source, [change(line)]).source

    assert source.decode() == parts.get("after", parts["before"])


BAD = cst.SimpleStatementLine([cst.Expr(cst.Name("import"))])
ADD = "add docker function test_x"
ENCODED = {
    "mark-of-utf-8": (
        b"\xef\xbb\xbfimport pytest\ndef test_x(): '\xc3\xa9'\n",
        b"\xef\xbb\xbfimport pytest\n@pytest.mark.docker\ndef test_x(): '\xc3\xa9'\n",
    ),
    "mark-of-utf-8-and-no-import": (
        b"\xef\xbb\xbfdef test_x(): pass\r\n",
        b"\xef\xbb\xbfimport pytest\r\n\r\n\r\n@pytest.mark.docker\r\ndef test_x(): pass\r\n",
    ),
    "latin-1": (
        b"# -*- coding: latin-1 -*-\ndef test_x(): '\xe9'\n",
        b"# -*- coding: latin-1 -*-\nimport pytest\n\n\n@pytest.mark.docker\ndef test_x(): '\xe9'\n",
    ),
    "cookie-in-second-line": (
        b"#!/usr/bin/python\n# vim: set fileencoding=cp1252 :\ndef test_x(): '\x80'\n",
        (
            b"#!/usr/bin/python\n# vim: set fileencoding=cp1252 :\nimport pytest\n\n\n"
            b"@pytest.mark.docker\ndef test_x(): '\x80'\n"
        ),
    ),
    "no-newline-at-the-end": (
        b"import pytest\ndef test_x(): pass",
        b"import pytest\n@pytest.mark.docker\ndef test_x(): pass",
    ),
    "mixed-line-ends": (
        b"import pytest\r\nx = '''\n'''\n\r\ndef test_x():\n\tpass  \r\n\r\n",
        b"import pytest\r\nx = '''\n'''\n\r\n@pytest.mark.docker\r\ndef test_x():\n\tpass  \r\n\r\n",
    ),
    "form-feed": (
        b"import pytest\n\x0c\ndef test_x():\n    pass\n\x0c\n",
        b"import pytest\n\x0c\n@pytest.mark.docker\ndef test_x():\n    pass\n\x0c\n",
    ),
    "continued-line": (
        b"import pytest\nif 1:\n    x = 1 + \\\n 2\ndef \\\n  test_x(): pass\n",
        b"import pytest\nif 1:\n    x = 1 + \\\n 2\n@pytest.mark.docker\ndef \\\n  test_x(): pass\n",
    ),
    "text-with-wrong-escape": (
        b"import pytest\ndef test_x(): '\\d'\n",
        b"import pytest\n@pytest.mark.docker\ndef test_x(): '\\d'\n",
    ),
}


@pytest.mark.parametrize(("before", "after"), ENCODED.values(), ids=ENCODED)
def test_bytes(before: bytes, after: bytes) -> None:
    """Encodings, line ends and odd white space stay as they are."""
    result = rewrite(before, [change(ADD)])

    assert result.source == after
    assert not result.undone
    assert rewrite(after, [change(ADD)]).source == after
    assert rewrite(after, [change(ADD.replace("add", "remove"))]).done


def test_new_pytestmark_at_the_end_of_a_file_without_newline() -> None:
    """A file whose last line has no newline still has none."""
    result = rewrite(b"import pytest", [change("add docker module")])

    assert result.source == b"import pytest\n\npytestmark = pytest.mark.docker"


BROKEN = {
    "no-python": b"def test_x(:\n",
    "python-2": b"print 'x'\n",
    "unknown-encoding": b"# coding: klingon\ndef test_x(): pass\n",
    "other-encoding": b"def test_x(): '\xe9'\n",
    "zero": b"def test_x(): '\0'\n",
    "deep": b"x = " + b"(" * 5000 + b")" * 5000 + b"\n",
    "long": b"x = " + b" + ".join([b"1"] * 5000) + b"\n",
    "utf-16": "def test_x(): pass\n".encode("utf-16"),
}


@pytest.mark.parametrize("source", BROKEN.values(), ids=BROKEN)
def test_file_that_cannot_be_parsed(source: bytes) -> None:
    """It stays as it is, and each change is undone with the reason."""
    changes = [change(ADD), change("remove docker module")]

    result = rewrite(source, changes)

    assert result.source == source
    assert [found.change for found in result.undone] == changes
    assert {found.reason for found in result.undone} == {reasons.UNREADABLE_FILE}
    assert not result.done


def test_file_in_a_syntax_that_libcst_does_not_know(monkeypatch: pytest.MonkeyPatch) -> None:
    """It stays as it is, although this Python can read it."""

    def parse(source: bytes) -> cst.Module:
        raise cst.ParserSyntaxError("unknown", lines=[source.decode()], raw_line=1, raw_column=0)

    monkeypatch.setattr(cst, "parse_module", parse)
    source = b"def test_x(): pass\n"

    result = rewrite(source, [change(ADD)])

    assert result.source == source
    assert [found.reason for found in result.undone] == [reasons.UNREADABLE_FILE]


def test_file_that_would_change_elsewhere() -> None:
    """It stays as it is where it would not be written back byte for byte."""
    source = b"\x0cdef test_x():\n\x0c\tpass"

    result = rewrite(source, [change(ADD)])

    assert result.source == source
    assert [found.reason for found in result.undone] == [reasons.NOT_KEPT]


@pytest.mark.parametrize("mark", ["", "a-b", "class", "\u4e2d"])
def test_mark_that_cannot_be_written(mark: str) -> None:
    """A name that is no identifier, or that the file's encoding lacks, is not written."""
    source = b"# coding: latin-1\ndef test_x(): pass\n"
    place = Place(PlaceKind.FUNCTION, "test_x")

    result = rewrite(source, [Change((Edit(Action.ADD, mark, place),))])

    assert result.source == source
    assert [found.reason for found in result.undone] == [reasons.not_a_mark_name(mark)]


def test_undone_names_the_edit() -> None:
    """Of a change that is undone, the edit that cannot be done is told."""
    both = change("add docker function test_x and remove tmux function test_x")
    source = b"\n\ndef test_x(): pass\n"

    result = rewrite(source, [both])

    (undone,) = result.undone
    assert (undone.change, undone.edit, undone.line) == (both, both.edits[1], 3)
    assert result.source == source


def test_every_reason_has_a_case() -> None:
    """Each sentence that says why a change is undone is seen in these tests."""
    sentences = {value for name, value in vars(reasons).items() if name.isupper()}
    elsewhere = {reasons.UNREADABLE_FILE, reasons.NOT_KEPT, reasons.WOULD_NOT_PARSE}
    seen = {
        line.partition(": ")[2]
        for case in CASES
        for line in sections(case).get("undone", "").splitlines()
    }

    assert sentences - elsewhere == seen


def test_result_that_would_not_parse(monkeypatch: pytest.MonkeyPatch) -> None:
    """The last safety: no file is written that Python could not parse."""
    monkeypatch.setattr(
        "imbue.resource_guards.fix.rewrite.with_edit",
        lambda module, *_: module.with_changes(body=[BAD]),
    )
    source = b"def test_x(): pass\n"

    result = rewrite(source, [change(ADD)])

    assert result.source == source
    assert [found.reason for found in result.undone] == [reasons.WOULD_NOT_PARSE]
