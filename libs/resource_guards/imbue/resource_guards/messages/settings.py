"""What is wrong with settings: their names, their tables, and their values."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from imbue.resource_guards.messages.common import cause
from imbue.resource_guards.messages.common import nearest
from imbue.resource_guards.messages.common import quoted

_TABLE: Final = "[tool.resource_guards.NAME] with addresses, calls or programs, in pyproject.toml"

BY_NAMES: Final = "resource_guards in the settings"
"""What registers a resource: the names that the settings list. The others are below."""


def by_table(name: str) -> str:
    """A table of the settings."""
    return f"the table [tool.resource_guards.{name}]"


def by_line(name: str) -> str:
    """A line of the settings."""
    return f"the line '{name}' of resource_guards_define"


def by_entry(name: str) -> str:
    """The catalogue, or a file of the project."""
    return f"the catalogue entry '{name}'"


def by_package(name: str) -> str:
    """A guard package that the settings name."""
    return f"the guard package '{name}'"


def setting_unknown(name: str, known: Iterable[str]) -> str:
    """A setting whose name begins like ours."""
    known = list(known)
    return f"Unknown setting '{name}'{nearest(name, known) or '.'} Valid settings: {quoted(known)}."


def table_misnamed(file: str, name: str) -> str:
    """A table of tools whose name is nearly ours."""
    return (
        f"{file}: unknown table [tool.{name}]; did you mean [tool.resource_guards]? Write {_TABLE}."
    )


def table_misplaced(file: str, written: str) -> str:
    """A table in a place that is not read."""
    return f"{file}: [{written}] is not read from here. Write {_TABLE}."


def table_elsewhere(file: Path, right: Path) -> str:
    """A table in a file that is not read for it."""
    return f"{file}: [tool.resource_guards] is not read from here. Move it to {right}."


TABLE_IS_A_VALUE: Final = (
    "pyproject.toml: tool.resource_guards is not a table. Name what to guard in resource_guards under "
    f"[tool.pytest.ini_options]; to define a resource, write {_TABLE}."
)


def table_without_name(key: str) -> str:
    """A key in the table of all resources."""
    return (
        f"pyproject.toml: '{key}' is in [tool.resource_guards], without the name of a resource. Write "
        f"{_TABLE}; pytest's settings belong in [tool.pytest.ini_options]."
    )


def key_unknown(label: str, key: str, known: Iterable[str]) -> str:
    """A key in the table of a resource."""
    known = list(known)
    return (
        f"[tool.resource_guards.{label}]: unknown key '{key}'{nearest(key, known) or '.'} Valid keys: "
        f"{quoted(known)}."
    )


def no_list_of_texts(label: str, key: str, value: object) -> str:
    """A key in the table of a resource with a value of another type."""
    advice = f"write {key} = [{value!r}]" if isinstance(value, str) else f'write {key} = ["..."]'
    return f"[tool.resource_guards.{label}]: {key} is {value!r}, but must be a list of strings; {advice}."


def table_of_nothing(label: str, keys: Iterable[str]) -> str:
    """A table that names no guard."""
    return (
        f"[tool.resource_guards.{label}] guards nothing. Write a list under one of {quoted(keys)}."
    )


def extends_nothing(label: str) -> str:
    """``extends`` in the table of a resource that is not named in ``resource_guards``."""
    return (
        f"[tool.resource_guards.{label}]: extends needs the catalogue's entry '{label}', but resource_guards does "
        f"not name it. Name it there, or leave extends out."
    )


def option_of_nothing(label: str, option: str, key: str) -> str:
    """An option of guards that a resource does not have in the settings, such as libraries without addresses."""
    return (
        f"Resource guard '{label}': '{option}' is an option of {key}, but its settings have no {key}. "
        f"Add some, or leave '{option}' out."
    )


def file_unreadable(path: Path, error: Exception) -> str:
    """A file of settings that is not TOML."""
    return f"{path} cannot be read: {cause(error)}. Fix the file: it may define resources."
