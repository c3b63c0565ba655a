"""What the files of settings say of guards beside pytest's own settings: tables, and names that nobody knows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from typing import Final

import pytest

from imbue.resource_guards.declare.tables import Tables
from imbue.resource_guards.errors import ResourceGuardMisconfiguration
from imbue.resource_guards.messages import settings as messages
from imbue.resource_guards.pytest_internals import names_of_settings

TABLE: Final = "resource_guards"

SETTINGS: Final = (
    "resource_guards",
    "resource_guards_define",
    "resource_guards_github_summary",
    "resource_guards_mode",
    "resource_guards_native",
    "resource_guards_probe_seconds",
    "resource_guards_require",
    "resource_guards_require_layers",
    "resource_guards_unavailable",
    "resource_guards_warn",
)
"""The settings that the plugin tells pytest of."""

_ALIKE: Final = re.compile("resources?guard")
_LETTERS: Final = "resourceguards"
_BEGINNING: Final = "res"
_NEAR: Final = 0.9
"""As near as a letter that is left out, doubled or changed, or two in the other order."""

_PYTESTS: Final = (("tool", "pytest", "ini_options"), ("tool", "pytest"), ("pytest",))


def read_tables(config: pytest.Config) -> Tables:
    """The tables ``[tool.resource_guards.NAME]`` of the root directory's pyproject.toml.

    Raises:
        ResourceGuardMisconfiguration: A table or setting has a name that is nearly one of ours, or
            stands where it is not read.
    """
    _check_settings(config)
    path = config.rootpath / "pyproject.toml"
    found: Tables = {}
    for each in {path: None, config.inipath: None}:
        if each is not None and each.suffix == ".toml" and each.is_file():
            document = _read(each)
            _check_tables(each.name, document)
            table = _within(document, "tool").get(TABLE)
            if table is not None and each != path:
                raise ResourceGuardMisconfiguration(messages.table_elsewhere(each, path))
            if table is not None:
                found = _tables(table)
    return found


def _check_settings(config: pytest.Config) -> None:
    for name in names_of_settings(config):
        if name not in SETTINGS and _is_alike(name) and not _is_of_another(config, name):
            raise ResourceGuardMisconfiguration(messages.setting_unknown(name, SETTINGS))


def _is_alike(name: str) -> bool:
    letters = re.sub("[^a-z]", "", name.lower())
    if _ALIKE.match(letters):
        return True
    if not letters.startswith(_BEGINNING):
        return False
    from difflib import SequenceMatcher  # for a slip in the first word, which few names look like

    start = letters[: len(_LETTERS)]
    return SequenceMatcher(None, start, _LETTERS).ratio() >= _NEAR


def _is_of_another(config: pytest.Config, name: str) -> bool:
    try:
        config.getini(name)
    except ValueError:
        return False
    return True


def _check_tables(file: str, document: Mapping[str, Any]) -> None:
    for name in _alike(document):
        raise ResourceGuardMisconfiguration(messages.table_misplaced(file, name))
    for name in _alike(_within(document, "tool")):
        if name != TABLE:
            raise ResourceGuardMisconfiguration(messages.table_misnamed(file, name))
    for folder in _PYTESTS:
        settings = _within(document, *folder)
        for name in _alike(settings):
            if isinstance(settings[name], dict):
                written = ".".join((*folder, name))
                raise ResourceGuardMisconfiguration(messages.table_misplaced(file, written))


def _alike(table: Mapping[str, Any]) -> Iterator[str]:
    return filter(_is_alike, table)


def _within(document: Mapping[str, Any], *names: str) -> Mapping[str, Any]:
    for name in names:
        found = document.get(name)
        document = found if isinstance(found, dict) else {}
    return document


def _tables(table: object) -> Tables:
    if not isinstance(table, dict):
        raise ResourceGuardMisconfiguration(messages.TABLE_IS_A_VALUE)
    for name, value in table.items():
        if not isinstance(value, dict):
            raise ResourceGuardMisconfiguration(messages.table_without_name(name))
    return table


def _read(path: Path) -> Mapping[str, Any]:
    import tomllib  # for the few that have such a file

    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ResourceGuardMisconfiguration(messages.file_unreadable(path, error)) from error
