"""Why a mark is not changed in a source file, each as a sentence after the name of its place."""

from __future__ import annotations

from typing import Final

UNREADABLE_FILE: Final = "The file cannot be parsed."
NOT_KEPT: Final = "The file cannot be rewritten without other changes to it."
WOULD_NOT_PARSE: Final = "With this change the file could not be parsed."
NOT_FOUND: Final = "It is not defined in this file, at least not under this name."
ASSIGNED: Final = (
    "It is an assignment, which cannot have a decorator: write a def or class instead."
)
DEFINED_TWICE: Final = "It is defined more than once in this file."
NOT_THERE: Final = "The mark is not in the source here."
PYTESTMARK_UNREADABLE: Final = "The value of pytestmark is not a mark or a plain list of marks."
PYTESTMARK_SCATTERED: Final = "pytestmark is set or changed in more than one place."
PYTESTMARK_NESTED: Final = "pytestmark is set under a condition."
PYTEST_IS_OTHER: Final = "The name pytest means something else here."
NO_PARAMETRIZE: Final = "There is no parametrize with these argument names here."
VALUES_UNREADABLE: Final = "The values of parametrize are not written as a plain list here."
VALUES_STARRED: Final = "The values of parametrize are not all written out here."
NO_SUCH_VALUES: Final = "The parametrize here has no set of values with this number."
VALUE_MADE_ELSEWHERE: Final = "This set of values is made elsewhere."
MARKS_UNREADABLE: Final = "The marks of this set of values are not a mark or a plain list of marks."

NO_CONTRACT: Final = "It has no @fixture_uses_resources here."
CONTRACT_UNREADABLE: Final = "The names of @fixture_uses_resources are not all written out here."
NAME_NOT_THERE: Final = "Its @fixture_uses_resources does not name it here."


def not_a_mark_name(mark: str) -> str:
    return f"{mark!r} cannot be written as a mark in this file."
