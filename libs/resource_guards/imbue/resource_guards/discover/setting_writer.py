"""Put a proposal into the file of settings that a project uses, and touch nothing else in it."""

from __future__ import annotations

import configparser
import difflib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from typing import Final
from typing import NamedTuple

import pytest

from imbue.resource_guards.discover.proposal import Proposal
from imbue.resource_guards.errors import ResourceGuardMisconfiguration
from imbue.resource_guards.messages import discover as messages

NAMES: Final = "resource_guards"
LINES: Final = "resource_guards_define"

_SECTIONS: Final = {"setup.cfg": "tool:pytest"}
_KINDS: Final = {"addresses": "address", "programs": "program"}


class NewFile(NamedTuple):
    """A file of settings as it is to be.

    Args:
        path: It.
        before: Its text; empty if it is not there yet.
        after: The text that it is to have.
    """

    path: Path
    before: str
    after: str

    def difference(self, root: Path) -> list[str]:
        """The difference, as a patch shows it."""
        name = self.path.relative_to(root) if self.path.is_relative_to(root) else self.path
        lines = (self.before.splitlines(keepends=True), self.after.splitlines(keepends=True))
        shown = difflib.unified_diff(*lines, f"a/{name}", f"b/{name}")
        return [line.rstrip("\n") for line in shown]


def file_of(config: pytest.Config) -> Path:
    """The file of settings that a project uses, or would: what pytest reads, or pyproject.toml."""
    return config.inipath or config.rootpath / "pyproject.toml"


def text_of(proposal: Proposal, path: Path) -> str:
    """The settings alone, as they would stand in a file of this name."""
    if path.suffix == ".toml":
        return _in_toml("", proposal, path.name, is_own_table="pytest.toml" in path.name)
    return _in_ini("", proposal, _section(path))


def with_proposal(config: pytest.Config, proposal: Proposal) -> NewFile:
    """The project's file of settings with a proposal in it.

    Raises:
        ResourceGuardMisconfiguration: It cannot be read, or has something where the settings would stand.
    """
    path = file_of(config)
    try:
        before = path.read_bytes().decode() if path.exists() else ""
    except (OSError, UnicodeDecodeError) as error:
        raise ResourceGuardMisconfiguration(messages.file_unreadable(path, error)) from error
    if path.suffix != ".toml":
        return NewFile(path, before, _in_ini(before, proposal, _section(path)))
    is_own_table = "pytest.toml" in path.name
    after = _in_toml(before, proposal, path.name, is_own_table=is_own_table)
    return NewFile(path, before, after)


def _section(path: Path) -> str:
    return _SECTIONS.get(path.name, "pytest")


def _in_toml(text: str, proposal: Proposal, name: str, *, is_own_table: bool) -> str:
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    try:
        document = tomlkit.parse(text)
        tool = document if is_own_table else _table(document, "tool", is_super=True)
        settings: Any = {}
        if is_own_table or proposal.names:
            settings = _table(tool, "pytest", is_super=not is_own_table)
            if not is_own_table and ("ini_options" in settings or not settings):
                settings = _table(settings, "ini_options")
            _add_names(settings, proposal.names, name)
        if is_own_table:  # tables of ours stand in pyproject.toml alone
            lines = [*settings.get(LINES, ()), *_lines(proposal.tables)]
            if lines:
                settings[LINES] = lines
        else:
            own = _table(tool, NAMES, is_super=True) if proposal.tables else {}
            for label, table in proposal.tables.items():
                own[label] = {**own.get(label, {}), **table}
        return tomlkit.dumps(document)
    except TOMLKitError as error:
        raise ResourceGuardMisconfiguration(messages.file_unreadable(Path(name), error)) from error


def _add_names(settings: Any, names: list[str], file: str) -> None:
    there = settings.get(NAMES)
    if names and there is None:
        settings[NAMES] = list(names)
    elif names and isinstance(there, str):
        settings[NAMES] = " ".join([there, *names])
    elif names and isinstance(there, list):
        there.extend(names)
    elif names:
        raise ResourceGuardMisconfiguration(messages.setting_odd(file, NAMES, there))


def _table(container: Any, name: str, *, is_super: bool = False) -> Any:
    import tomlkit

    if name not in container:
        container[name] = tomlkit.table(is_super_table=is_super or None)
    return container[name]


def _lines(tables: Mapping[str, Mapping[str, list[str]]]) -> list[str]:
    """Tables as lines of ``resource_guards_define``."""
    return [
        f"{label}: {' '.join(f'{_KINDS[key]}:{value}' for key, values in table.items() for value in values)}"
        for label, table in tables.items()
    ]


def _in_ini(text: str, proposal: Proposal, section: str) -> str:
    for key, values in ((NAMES, proposal.names), (LINES, _lines(proposal.tables))):
        if values:
            text = _with_values(text, section, key, values)
    parsed = configparser.RawConfigParser(strict=False)
    try:
        parsed.read_string(text)
        there = parsed.get(section, NAMES, fallback="").split()
    except configparser.Error as error:
        raise ResourceGuardMisconfiguration(
            messages.file_unreadable(Path(section), error)
        ) from error
    if not set(proposal.names) <= set(there):
        raise ResourceGuardMisconfiguration(messages.setting_odd(section, NAMES, there))
    return text


def _with_values(text: str, section: str, key: str, values: list[str]) -> str:
    """An ini file with more values of a setting: in its lines, below its section's head, or at the end."""
    end = "\r\n" if "\r\n" in text else "\n"
    lines = text.splitlines()
    head = next((at for at, line in enumerate(lines) if line.strip() == f"[{section}]"), None)
    if head is None:
        lines += [*([""] if lines and lines[-1].strip() else []), f"[{section}]"]
        head = len(lines) - 1
    setting = re.compile(rf"{re.escape(key)}\s*[=:]")
    at = head + 1
    while at < len(lines) and not lines[at].startswith("["):
        if setting.match(lines[at]):
            at += 1
            while at < len(lines) and lines[at][:1] in (" ", "\t") and lines[at].strip():
                at += 1
            lines[at:at] = [f"    {value}" for value in values]
            break
        at += 1
    else:
        lines[head + 1 : head + 1] = [f"{key} =", *(f"    {value}" for value in values)]
    return end.join(lines) + end
