"""On which line of a module a mark, a definition or an assignment stands."""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from imbue.resource_guards.report.files import read_regular


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


def line_of_definition(source: str, qualname: str) -> int:
    """The first line of a function or class, decorators included; 0 if it is not defined there."""
    lines = [_first_line(each) for each in _definitions(_parsed(source), qualname.split("."))]
    return lines[-1] if lines else 0


def line_of_assignment(source: str, qualname: str) -> int:
    """The line on which a name of a module, or of a class in it, is assigned; 0 if it is nowhere."""
    owner, _, name = qualname.rpartition(".")
    bodies = (
        [each.body for each in _definitions(_parsed(source), owner.split("."))]
        if owner
        else [_parsed(source).body]
    )
    lines = [value.lineno for body in bodies for value in _assigned(body, name)]
    return lines[-1] if lines else 0


@lru_cache(maxsize=8)  # a mark of a module may be too much for hundreds of tests
def _parsed(source: str) -> ast.Module:
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError):
        return ast.Module([], [])


def read(path: Path) -> str:
    """The text of a module; empty where it cannot be read."""
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


def _assigned(body: list[ast.stmt], name: str = "pytestmark") -> list[ast.expr]:
    values = []
    for statement in body:
        if isinstance(statement, ast.Assign):
            targets = statement.targets
        elif isinstance(statement, (ast.AnnAssign, ast.AugAssign)):
            targets = [statement.target]
        else:
            continue
        if statement.value is not None and name in map(ast.unparse, targets):
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
