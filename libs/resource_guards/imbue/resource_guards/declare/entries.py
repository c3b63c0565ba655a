"""Resources that come ready: one file of the catalogue for each, in one form whoever ships it.

This package's are in `declare/catalogue/`. Others' packages name theirs by entry points of the group
``resource_guards.catalogue``, whose value is the package that has the file ``NAME.toml``; a project names its own by
path. Only those that are named are read.
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import replace
from enum import Enum
from importlib.machinery import ModuleSpec
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any
from typing import Final
from typing import NamedTuple

from imbue.resource_guards.errors import ResourceGuardMisconfiguration
from imbue.resource_guards.guards.targets import read_target
from imbue.resource_guards.intercept.targets import find_module
from imbue.resource_guards.intercept.targets import seems_missing
from imbue.resource_guards.messages import catalogue as messages
from imbue.resource_guards.model import SdkTarget

GROUP: Final = "resource_guards.catalogue"
"""The group of the entry points by which packages name their entries."""

SHIPPED: Final = Path(__file__).with_name("catalogue")

SUFFIX: Final = ".toml"

CLIENTS: Final = "clients"
"""The key of the tables of clients."""


class Form(Enum):
    """What the value of a key is; the words are for an error."""

    TEXT = 'a string: "..."'
    TEXTS = 'a list of strings: ["...", "..."]'
    TARGETS = (
        'a list of strings, and of lists whose first existing target counts: ["sdk:send", '
        '["sdk.newer:send", "sdk.older:send"]]'
    )

    def has(self, value: object) -> bool:
        """Whether a value is of this form."""
        if self is Form.TEXT:
            return isinstance(value, str)
        if not isinstance(value, list):
            return False
        return all(
            isinstance(each, str) or (self is Form.TARGETS and bool(each) and Form.TEXTS.has(each))
            for each in value
        )


ABOUT: Final = {"title": Form.TEXT, "no_use": Form.TEXTS, "not_seen": Form.TEXTS}
"""Keys that are for people: what it is called, which mocks are no use of it, and what is not seen."""

_FORMS_OF_CLIENTS: Final = {
    "package": Form.TEXT,
    "distribution": Form.TEXT,
    "tried": Form.TEXTS,
    "calls": Form.TARGETS,
    "openers": Form.TARGETS,
}

_OF_CLIENTS: Final = frozenset(("calls", "openers"))
"""Lists of guards that a client may have."""


class Entry(NamedTuple):
    """What a file of the catalogue says.

    Args:
        name: The resource's name.
        path: The file.
        table: What it guards, as a table of the settings says it.
        clients: Its clients: the calls and openers of each are optional, since few are installed.
        about: What is for people, by its key.
    """

    name: str
    path: Path
    table: Mapping[str, Any]
    clients: Sequence[Mapping[str, Any]]
    about: Mapping[str, Any]


def shipped() -> list[str]:
    """The names of the entries that come with this package."""
    return sorted(each.stem for each in SHIPPED.glob(f"*{SUFFIX}"))


def find_entry(name: str, root: Path) -> Path | None:
    """Where an entry is.

    Args:
        name: Its name, or the path of its file, which ends in ``.toml``.
        root: The root directory of the project.

    Raises:
        ResourceGuardMisconfiguration: There is no such file, or a package does not have what it names.
    """
    if name.endswith(SUFFIX):
        path = root / name
        if not path.is_file():
            raise ResourceGuardMisconfiguration(messages.file_missing(name, path))
        return path
    for each in entry_points(group=GROUP, name=name):
        spec = find_module(each.value)
        folders = spec.submodule_search_locations if isinstance(spec, ModuleSpec) else None
        path = Path(next(iter(folders or ()), ""), f"{name}{SUFFIX}")
        if not folders or not path.is_file():
            raise ResourceGuardMisconfiguration(messages.not_in_package(name, each.value))
        return path
    path = SHIPPED / f"{name}{SUFFIX}"
    return path if path.is_file() else None


def read_entry(path: Path) -> Entry:
    """Read an entry; its name is that of the file.

    Raises:
        ResourceGuardMisconfiguration: It cannot be read, or says what no entry can.
    """
    try:
        said = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ResourceGuardMisconfiguration(messages.file_unreadable(path, error)) from error
    clients = said.pop(CLIENTS, [])
    if not isinstance(clients, list) or not all(isinstance(each, dict) for each in clients):
        raise ResourceGuardMisconfiguration(messages.clients_bad(path))
    for client in clients:
        for key, value in client.items():
            if key not in _FORMS_OF_CLIENTS:
                known = list(_FORMS_OF_CLIENTS)
                raise ResourceGuardMisconfiguration(messages.key_unknown(path, key, known))
            _check(path, f"[[clients]] {key}", value, _FORMS_OF_CLIENTS[key])
        if "package" not in client or _OF_CLIENTS.isdisjoint(client):
            raise ResourceGuardMisconfiguration(messages.client_incomplete(path))
    about: dict[str, Any] = {key: said.pop(key) for key in ABOUT if key in said}
    for key, value in about.items():
        _check(path, key, value, ABOUT[key])
    return Entry(path.stem, path, said, clients, about)


def table_of(entry: Entry, own: Mapping[str, Any], lists: Collection[str]) -> Mapping[str, Any]:
    """What an entry and the project's table of the same name say together, as a table of the settings.

    Args:
        entry: The entry.
        own: The project's table. What it lists is added; its ``mark`` and options take the place of the entry's.
        lists: The keys of lists of guards.

    Raises:
        ResourceGuardMisconfiguration: The entry says something that cannot be.
    """
    clients: dict[str, list[str | SdkTarget]] = {}
    for client in entry.clients:
        for key in _OF_CLIENTS.intersection(client):
            clients.setdefault(key, []).extend(_targets(entry.name, client[key]))
    both: dict[str, Any] = {**entry.table, **own}
    for key in lists:
        parts = [each[key] for each in (entry.table, clients, own) if key in each]
        if all(isinstance(part, list) for part in parts):  # else it is told what is wrong with it
            both[key] = [one for part in parts for one in part]
    return {key: value for key, value in both.items() if key not in lists or value}


def notes_of(entry: Entry) -> Sequence[str]:
    """What the list of guards says of an entry beside its guards."""
    return messages.notes(entry.about)


def _check(path: Path, key: str, value: object, form: Form) -> None:
    if not form.has(value):
        raise ResourceGuardMisconfiguration(messages.value_bad(path, key, value, form.value))


def _targets(label: str, texts: Iterable[str | list[str]]) -> Iterator[str | SdkTarget]:
    """The functions that are watched; of those in a list of its own the first that the installed version has."""
    for each in texts:
        if isinstance(each, str) and ":" not in each:
            yield each
            continue
        names = [each] if isinstance(each, str) else each
        first, *others = [replace(read_target(label, name), optional=True) for name in names]
        # To find out what a version has costs a look into its sources, which one name alone does not need.
        if others and seems_missing(first):
            first = next((target for target in others if not seems_missing(target)), first)
        yield first
