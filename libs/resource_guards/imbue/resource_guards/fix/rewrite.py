"""Rewrite a source file: the marks change, and all else stays byte for byte."""

from __future__ import annotations

import ast
import keyword
import warnings
from collections.abc import Mapping
from collections.abc import Sequence

import libcst as cst
from libcst.metadata import CodeRange
from libcst.metadata import MetadataWrapper
from libcst.metadata import PositionProvider

from imbue.resource_guards.fix.edits import Change
from imbue.resource_guards.fix.edits import Edit
from imbue.resource_guards.fix.edits import EditError
from imbue.resource_guards.fix.edits import Place
from imbue.resource_guards.fix.edits import PlaceKind
from imbue.resource_guards.fix.edits import Rewritten
from imbue.resource_guards.fix.edits import Undone
from imbue.resource_guards.fix.imports import IsOwn
from imbue.resource_guards.fix.marks import with_edit
from imbue.resource_guards.fix.outline import named
from imbue.resource_guards.messages.reasons import NOT_KEPT
from imbue.resource_guards.messages.reasons import UNREADABLE_FILE
from imbue.resource_guards.messages.reasons import WOULD_NOT_PARSE
from imbue.resource_guards.messages.reasons import not_a_mark_name


def _nothing_is_own(_: str) -> bool:
    return False


def rewrite(source: bytes, changes: Sequence[Change], is_own: IsOwn = _nothing_is_own) -> Rewritten:
    """Do these changes in a source file, as far as they can be done.

    Args:
        source: The file's content.
        changes: They are done in this order.
        is_own: Tells which modules are the project's own, for the place of an import.
    """
    try:
        module = _parsed(source)
    except EditError as error:
        return _all_undone(source, changes, str(error))
    done: list[Change] = []
    failed: list[tuple[Change, Edit, str]] = []
    before = module
    waiting = list(reversed(changes))
    while waiting:
        change = waiting.pop()
        changed = module
        for edit in change.edits:
            try:
                _check_mark(edit.mark, module.encoding)
                changed = with_edit(changed, edit, is_own)
            except EditError as error:
                if change.otherwise:
                    waiting += reversed(change.otherwise)
                else:
                    failed.append((change, edit, str(error)))
                break
        else:
            module = changed
            done.append(change)
    result = source if module is before else module.bytes
    # libcst does not check all that it writes; a file that cannot be read must never come of it.
    if not _parses(result):
        return _all_undone(source, changes, WOULD_NOT_PARSE)
    lines = _lines(module, [edit.place for _, edit, _ in failed])
    undone = (
        Undone(change, edit, reason, line)
        for (change, edit, reason), line in zip(failed, lines, strict=True)
    )
    return Rewritten(result, tuple(undone), tuple(done))


def _all_undone(source: bytes, changes: Sequence[Change], reason: str) -> Rewritten:
    undone = (Undone(change, change.edits[0], reason, 0) for change in changes if change.edits)
    return Rewritten(source, tuple(undone), ())


def _parsed(source: bytes) -> cst.Module:
    if not _parses(source):
        raise EditError(UNREADABLE_FILE)
    try:
        module = cst.parse_module(source)
        kept = module.bytes == source
    except Exception as error:  # whatever it is that libcst cannot do with this file
        raise EditError(UNREADABLE_FILE) from error
    if not kept:
        raise EditError(NOT_KEPT)
    return module


def _parses(source: bytes) -> bool:
    with warnings.catch_warnings():
        # Python warns of the user's escapes and literals, here under our name.
        warnings.simplefilter("ignore")
        try:
            ast.parse(source)
        except (SyntaxError, ValueError, LookupError, RecursionError, MemoryError):
            return False
    return True


def _check_mark(mark: str, encoding: str) -> None:
    try:
        mark.encode(encoding)
    except UnicodeError as error:
        raise EditError(not_a_mark_name(mark)) from error
    if not mark.isidentifier() or keyword.iskeyword(mark):
        raise EditError(not_a_mark_name(mark))


def _lines(module: cst.Module, places: Sequence[Place]) -> list[int]:
    """The line of each place's definition, 0 where there is none."""
    if not places:
        return []
    # Anew, as a changed tree may have one node in several places, and positions go by nodes.
    parsed = cst.parse_module(module.bytes)
    positions = MetadataWrapper(parsed, unsafe_skip_copy=True).resolve(PositionProvider)
    return [_line(parsed, place, positions) for place in places]


def _line(module: cst.Module, place: Place, positions: Mapping[cst.CSTNode, CodeRange]) -> int:
    if place.kind is PlaceKind.MODULE or not place.qualname:
        return 0
    found = named(module, place.qualname)
    return positions[found[0]].start.line if found else 0
