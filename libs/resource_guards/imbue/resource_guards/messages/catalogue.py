"""What is wrong with a file of the catalogue, or with a setting that names one."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from imbue.resource_guards.messages.common import cause
from imbue.resource_guards.messages.common import nearest
from imbue.resource_guards.messages.common import quoted


def notes(about: Mapping[str, Any]) -> list[str]:
    """The lines about an entry in the list of guards."""
    found = (
        [f"from the catalogue: {about['title']}"] if "title" in about else ["from the catalogue"]
    )
    if about.get("no_use"):
        found.append(f"no use: {', '.join(about['no_use'])}")
    return found + [f"not seen: {each}" for each in about.get("not_seen", ())]


def file_missing(name: str, path: Path) -> str:
    """A path in the settings without a file."""
    return f"resource_guards: '{name}' ends in .toml, but there is no file {path}. Fix the path; it starts at the root directory."


def not_in_package(name: str, package: str) -> str:
    """An entry point that names a package without the file."""
    return (
        f"resource_guards: the entry point '{name}' names the package '{package}', which has no {name}.toml. "
        f"Update or remove the package of the entry point."
    )


def file_unreadable(path: Path, error: Exception) -> str:
    """A file that is not TOML."""
    return f"{path} cannot be read: {cause(error)}. Fix the file, or remove it from the settings."


def clients_bad(path: Path) -> str:
    """A value of ``clients`` that is not a list of tables."""
    return f"{path}: clients must be tables. Write [[clients]] above each, with a package and its calls or openers."


def value_bad(path: Path, key: str, value: object, form: str) -> str:
    """A value of another form than its key has."""
    return f"{path}: {key} is {value!r}. Write {form}."


def client_incomplete(path: Path) -> str:
    """A client without a package, or without a guard."""
    return (
        f"{path}: a table [[clients]] lacks its package, or both calls and openers. Write, for example, "
        f'package = "redis" and openers = ["redis.connection:AbstractConnection.connect"].'
    )


def key_unknown(path: Path, key: str, known: Iterable[str]) -> str:
    """A key in the table of a client."""
    known = list(known)
    return f"{path}: [[clients]] has no key '{key}'{nearest(key, known) or '.'} Valid keys: {quoted(known)}."


def name_is_near(name: str, entry: str) -> str:
    """Another name of an entry of the catalogue."""
    return (
        f"resource_guards: '{name}' is not in the catalogue; did you mean '{entry}'? Write '{entry}'. For the mark "
        f"'{name}', set it: [tool.resource_guards.{entry}] mark = \"{name}\". For the program '{name}', "
        f"write binary:{name}."
    )
