"""Where in the source the line is that a violation asks to add or to remove."""

from __future__ import annotations

import ast
import inspect
import io
import tokenize
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import pytest

from imbue.resource_guards import pytest_internals
from imbue.resource_guards.kinds import ViolationKind
from imbue.resource_guards.messages import violations as messages
from imbue.resource_guards.model import Violation
from imbue.resource_guards.report.evidence import Declaration
from imbue.resource_guards.report.files import read_regular
from imbue.resource_guards.report.record_maker import RecordMaker

_DECLARATION = "fixture_uses_resources"


def placed(item: pytest.Item, violation: Violation, root: Path) -> Violation:
    """A violation with all that its message says of places; paths are told relative to `root`."""
    maker = RecordMaker(root, [violation.resource])
    return violation._replace(
        uses=tuple(use._replace(where=maker.relative_place(use.where)) for use in violation.uses),
        places=places_of(item, violation, root),
        parameters=getattr(getattr(item, "callspec", None), "id", ""),
    )


def places_of(item: pytest.Item, violation: Violation, root: Path) -> tuple[str, ...]:
    """Where to add the mark that is missing, or what the one too many stands on.

    Args:
        item: The test.
        violation: What is wrong with it.
        root: What paths are told relative to.

    Returns:
        Parts of a sentence; none where the place is not known.
    """
    maker = RecordMaker(root, [violation.resource])
    if violation.kind is ViolationKind.MISSING_MARK:
        source = maker.of_function(item)
        return (messages.place(source.path, source.line),) if source and source.line else ()
    if violation.kind is ViolationKind.SUPERFLUOUS_MARK:
        carriers = [_carrier(each, root) for each in maker.declarations(item)]
        return tuple(dict.fromkeys(carriers))
    return tuple(_fixtures(item, violation.fixture or "", maker))


def line_of(source: str, level: str, qualname: str, word: str, near: int = 0) -> int:
    r"""The line on which a mark stands.

    Args:
        source: The text of the module.
        level: What it stands on: ``function``, ``param``, ``class`` or ``module``.
        qualname: The name of the function or class, with those of the classes around it.
        word: The name of the mark.
        near: The line on which the definition begins, where there are several; 0 if unknown.

    Returns:
        The number of the line, or 0 if there is none, or more than one.

    Example:
        >>> line_of("@pytest.mark.git\ndef test_it(): ...", "function", "test_it", "git")
        1
    """
    module = _parsed(source)
    if level == "module":
        lines = _lines(_assigned(module.body), word)
    else:
        found = list(_definitions(module, qualname.split(".")))
        # Of several definitions with one name the later wins, as it does when Python runs them.
        nearest = [each for each in found if near in (0, _first_line(each))]
        lines = set()
        for definition in nearest[-1:]:
            carried = [*definition.decorator_list]
            if level == "class":
                carried += _assigned(definition.body)
            lines = _lines(carried, word)
    return lines.pop() if len(lines) == 1 else 0


@lru_cache(maxsize=8)  # a mark of a module may be too much for hundreds of tests
def _parsed(source: str) -> ast.Module:
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError):
        return ast.Module([], [])


def _carrier(declaration: Declaration, root: Path) -> str:
    source = declaration.source
    if source is None:
        return messages.carrier(declaration.level, "", "")
    text = _read(root / source.path)
    line = line_of(text, declaration.level, source.qualname, declaration.resource, source.line)
    place = messages.place(source.path, line) if line else ""
    return messages.carrier(declaration.level, source.qualname, place)


def _fixtures(item: pytest.Item, name: str, maker: RecordMaker) -> Iterator[str]:
    for chain in pytest_internals.static_fixtures(item):
        for fixture in chain:
            if pytest_internals.display_name(fixture) != name:
                continue
            function = inspect.unwrap(fixture.func)
            code = getattr(function, "__code__", None)
            if code is None:
                continue
            text = _read(Path(code.co_filename))
            qualname = function.__qualname__
            line = line_of(text, "function", qualname, _DECLARATION, code.co_firstlineno)
            if line:
                yield messages.place(maker.relative(code.co_filename), line)
                return


def _read(path: Path) -> str:
    try:
        content = read_regular(path)
        encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
        return content.decode(encoding)
    except (OSError, SyntaxError, ValueError):
        return ""


def _definitions(
    node: ast.AST, names: list[str]
) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            if child.name == names[0]:
                if len(names) == 1:
                    yield child
                else:
                    yield from _definitions(child, names[1:])
        elif isinstance(child, (ast.stmt, ast.excepthandler, ast.match_case)):
            yield from _definitions(child, names)


def _first_line(definition: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> int:
    return min([definition.lineno, *(each.lineno for each in definition.decorator_list)])


def _assigned(body: list[ast.stmt]) -> list[ast.expr]:
    values = []
    for statement in body:
        if isinstance(statement, ast.Assign):
            targets = statement.targets
        elif isinstance(statement, (ast.AnnAssign, ast.AugAssign)):
            targets = [statement.target]
        else:
            continue
        if statement.value is not None and "pytestmark" in map(ast.unparse, targets):
            values.append(statement.value)
    return values


def _lines(nodes: list[ast.expr], word: str) -> set[int]:
    """The lines that name it."""
    lines = set()
    for top in nodes:
        for node in ast.walk(top):
            named = getattr(node, "attr", None) or getattr(node, "id", None)
            if named == word and isinstance(node, ast.expr):
                lines.add(node.end_lineno or node.lineno)
    return lines
