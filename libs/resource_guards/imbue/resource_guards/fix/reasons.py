"""Why a change is not done: all the sentences, and the exception that carries one."""

from __future__ import annotations

UNREADABLE_FILE = "The file cannot be parsed."
NOT_KEPT = "The file cannot be rewritten without other changes to it."
WOULD_NOT_PARSE = "With this change the file could not be parsed."
NOT_FOUND = "It is not defined in this file, at least not under this name."
DEFINED_TWICE = "It is defined more than once in this file."
NOT_THERE = "The mark is not in the source here."
PYTESTMARK_UNREADABLE = "The value of pytestmark is not a mark or a plain list of marks."
PYTESTMARK_SCATTERED = "pytestmark is set or changed in more than one place."
PYTESTMARK_NESTED = "pytestmark is set under a condition."
PYTEST_IS_OTHER = "The name pytest means something else here."
NO_PARAMETRIZE = "There is no parametrize with these argument names here."
VALUES_UNREADABLE = "The values of parametrize are not written as a plain list here."
VALUES_STARRED = "The values of parametrize are not all written out here."
NO_SUCH_VALUES = "The parametrize here has no set of values with this number."
VALUE_MADE_ELSEWHERE = "This set of values is made elsewhere."
MARKS_UNREADABLE = "The marks of this set of values are not a mark or a plain list of marks."


def not_a_mark_name(mark: str) -> str:
    """The name cannot be written as a mark."""
    return f"{mark!r} cannot be written as a mark in this file."


class EditError(Exception):
    """An edit cannot be done; its text says why."""
