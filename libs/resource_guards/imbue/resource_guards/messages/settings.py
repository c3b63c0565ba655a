"""What is wrong with settings: their names, their tables, and what stands there."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from imbue.resource_guards.messages.common import cause
from imbue.resource_guards.messages.common import nearest
from imbue.resource_guards.messages.common import quoted

_TABLE: Final = "[tool.resource_guards.NAME] with addresses, calls or programs, in pyproject.toml"


def setting_unknown(name: str, known: Iterable[str]) -> str:
    """A setting whose name begins like ours."""
    known = list(known)
    return (
        f"There is no setting '{name}'{nearest(name, known) or '.'} Settings are {quoted(known)}."
    )


def table_misnamed(file: str, name: str) -> str:
    """A table of tools whose name is nearly ours."""
    return f"{file}: there is no table [tool.{name}]; did you mean [tool.resource_guards]? Write {_TABLE}."


def table_misplaced(file: str, written: str) -> str:
    """A table that stands where it is not read."""
    return f"{file}: [{written}] is not read there. Write {_TABLE}."


def table_elsewhere(file: Path, right: Path) -> str:
    """A table in a file that is not read for it."""
    return f"{file}: [tool.resource_guards] is not read there. Write it in {right}."


TABLE_IS_A_VALUE: Final = (
    "pyproject.toml: tool.resource_guards is no table. What to guard is named in resource_guards under "
    f"[tool.pytest.ini_options]; to define a resource, write {_TABLE}."
)


def table_without_name(key: str) -> str:
    """A key in the table of all resources."""
    return (
        f"pyproject.toml: '{key}' stands in [tool.resource_guards], without the name of a resource. Write "
        f"{_TABLE}; settings of pytest stand under [tool.pytest.ini_options]."
    )


def key_unknown(label: str, key: str, known: Iterable[str]) -> str:
    """A key in the table of a resource."""
    known = list(known)
    return (
        f"[tool.resource_guards.{label}]: there is no key '{key}'{nearest(key, known) or '.'} Keys are "
        f"{quoted(known)}."
    )


def no_list_of_texts(label: str, key: str, value: object) -> str:
    """A key in the table of a resource that has something else."""
    advice = f"write {key} = [{value!r}]" if isinstance(value, str) else f'write {key} = ["..."]'
    return f"[tool.resource_guards.{label}]: {key} is {value!r}, and no list of texts; {advice}."


def table_of_nothing(label: str, keys: Iterable[str]) -> str:
    """A table that names no guard."""
    return (
        f"[tool.resource_guards.{label}] guards nothing. Write a list under one of {quoted(keys)}."
    )


def extends_nothing(label: str) -> str:
    """A table that says whether it adds to an entry of the catalogue, which is not named."""
    return (
        f"[tool.resource_guards.{label}]: extends is about the catalogue's entry '{label}', which resource_guards does "
        f"not name. Name it there, or leave extends out."
    )


def option_of_nothing(label: str, option: str, key: str) -> str:
    """An option of guards that a resource does not have in the settings, as the libraries of no addresses."""
    return (
        f"Resource guard '{label}': '{option}' is an option of {key}, and its settings name none of these. "
        f"Name some, or leave it out."
    )


def file_unreadable(path: Path, error: Exception) -> str:
    """A file of settings that is no TOML."""
    return f"{path} cannot be read: {cause(error)}. Correct it: it may define resources."
