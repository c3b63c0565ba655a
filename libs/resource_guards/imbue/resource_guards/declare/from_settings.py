"""Guards that a project's settings name: ``resource_guards = docker tmux``, without a conftest."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from importlib.metadata import EntryPoint
from importlib.metadata import entry_points
from typing import TYPE_CHECKING
from typing import Any
from typing import Final

from imbue.resource_guards.declare.names import MARK
from imbue.resource_guards.declare.names import PROBE
from imbue.resource_guards.declare.names import can_be_written
from imbue.resource_guards.declare.names import key_of
from imbue.resource_guards.declare.registry import Registry
from imbue.resource_guards.errors import ResourceGuardMisconfiguration
from imbue.resource_guards.guard import Guard
from imbue.resource_guards.messages import declare as messages
from imbue.resource_guards.messages import settings as say_settings

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from imbue.resource_guards.declare.entries import Entry
    from imbue.resource_guards.declare.tables import Tables
    from imbue.resource_guards.declare.unfound import Unfound

ENTRY_POINT_GROUP: Final = "resource_guards"
"""Guard packages advertise a function under it that registers their guards."""

BINARY: Final = "binary:"
"""Stands before a program's name: it is one, whether or not it is installed here."""


def register_named(
    config: pytest.Config,
    names: Iterable[str],
    registry: Registry,
    defined: tuple[Iterable[str], Tables],
) -> tuple[Unfound | None, Tables]:
    """Register guards by name: those of an installed guard package, or of a program.

    Args:
        config: pytest's.
        names: ``docker`` for a guard package's entry point, an entry of the catalogue, or else a
            program; ``binary:tmux`` for a program alone; ``guards/rates.toml`` for an entry of the project's.
        registry: Where programs are registered.
        defined: The lines and the tables that define resources, which may be named too.

    Returns:
        What finds out of names that nothing here has whether they are meant, `None` without any; and the
        tables with those of the catalogue.

    Raises:
        ResourceGuardMisconfiguration: A name cannot be, or the package's function failed.
    """
    lines, own = defined
    tables = {name: {**table} for name, table in own.items()}
    by_settings = {*tables, *(line.partition(":")[0].strip() for line in lines)}
    unfound = []
    installed = {each.name: each for each in entry_points(group=ENTRY_POINT_GROUP)}
    for name in names:
        is_package = name in installed
        registry.place = say_settings.by_package(name) if is_package else say_settings.BY_NAMES
        if name.startswith(BINARY):
            registry.register_binary_guard(name.removeprefix(BINARY))
        elif is_package:
            register_entry_point(installed[name], registry)
        elif (entry := _entry(name, config.rootpath)) is not None:
            _add_entry(entry, tables, registry)
        elif name not in by_settings or tables.get(name, {}).keys() == {PROBE}:
            _refuse_if_near(name)
            registry.register_binary_guard(name)
            if not shutil.which(name):
                unfound.append(name)
    registry.place = ""
    return _unfound(config, unfound, registry, sorted(installed)), tables


def _entry(name: str, root: Path) -> Entry | None:
    from imbue.resource_guards.declare.entries import find_entry
    from imbue.resource_guards.declare.entries import read_entry

    path = find_entry(name, root)
    return None if path is None else read_entry(path)


def _refuse_if_near(name: str) -> None:
    # A mark of this name does not prove that a program is meant: the suite's own marks may have it.
    from imbue.resource_guards.declare.near_names import OTHER_NAMES

    if name in OTHER_NAMES:
        from imbue.resource_guards.messages.catalogue import name_is_near

        raise ResourceGuardMisconfiguration(name_is_near(name, OTHER_NAMES[name]))


def _add_entry(entry: Entry, tables: dict[str, dict[str, Any]], registry: Registry) -> None:
    """Put what an entry of the catalogue says into the tables, with what the project's table adds."""
    from imbue.resource_guards.declare.entries import notes_of
    from imbue.resource_guards.declare.entries import table_of
    from imbue.resource_guards.declare.tables import EXTENDS

    own = tables.setdefault(entry.name, {})
    extends = own.pop(EXTENDS, True)
    if not isinstance(extends, bool):
        raise ResourceGuardMisconfiguration(messages.extends_bad(entry.name, extends))
    lists = [key_of(kind) for kind in registry.kinds.values()]
    if not extends and own.keys().isdisjoint(lists):
        raise ResourceGuardMisconfiguration(messages.replaced_by_nothing(entry.name, lists))
    if extends:
        tables[entry.name] = {**table_of(entry, own, lists)}
        registry.notes[entry.name] = notes_of(entry)


def _unfound(
    config: pytest.Config, names: Sequence[str], registry: Registry, installed: Sequence[str]
) -> Unfound | None:
    if not names:
        return None
    from imbue.resource_guards.declare.unfound import Unfound  # only where needed

    plugin = Unfound(config, names, registry, installed)
    config.pluginmanager.register(plugin)
    return plugin


def register_defined(lines: Iterable[str], registry: Registry) -> None:
    """Register what the settings define, a line each: ``rates: program:rates call:rates_sdk:Client.send``.

    Args:
        lines: The lines. Behind the resource's name and a colon stand its guards, each by the name of
            its kind, a colon, and what that kind takes; and, written alike, its ``mark`` and options of
            its guards. What has a blank stands in quotes, as in a shell.
        registry: Where they are registered; it knows the kinds.

    Raises:
        ResourceGuardMisconfiguration: One cannot be read.
    """
    from imbue.resource_guards.declare.tables import register_tables  # only where needed

    for line in lines:
        name, _, written = (part.strip() for part in line.partition(":"))
        try:
            words = shlex.split(written)
        except ValueError:  # a quote is not closed
            words = []
        if not name or not words:
            raise ResourceGuardMisconfiguration(messages.definition_unreadable(line))
        table = _table(name, words, registry.kinds)
        if not any(key_of(kind) in table for kind in registry.kinds.values()):
            raise ResourceGuardMisconfiguration(messages.definition_unreadable(line))
        register_tables({name: table}, registry, say_settings.by_line(name))
    registry.place = ""


def _table(name: str, words: Iterable[str], kinds: Mapping[str, type[Guard]]) -> dict[str, Any]:
    """What the words of a line say, as a table of the settings says it."""
    keys = {kind: key_of(kinds[kind]) for kind in kinds}
    options = {option: option for kind in kinds.values() for option in kind.options}
    table: dict[str, Any] = {}
    for word in words:
        key, _, text = word.partition(":")
        if key not in keys and key not in options and key not in (MARK, PROBE):
            known = [*keys, MARK, PROBE, *options]
            raise ResourceGuardMisconfiguration(messages.kind_unknown(name, word, known))
        if not text.strip(",") or text.endswith(","):  # they stand between blanks
            raise ResourceGuardMisconfiguration(messages.kind_without_value(name, key))
        if key in kinds and not can_be_written(kinds[key]):
            raise ResourceGuardMisconfiguration(messages.kind_not_in_settings(name, key, text))
        if key == MARK:
            table[key] = text
        else:
            table.setdefault(keys.get(key, key), []).append(text)
    return table


def register_entry_point(entry_point: EntryPoint, registry: Registry) -> None:
    """Call the function that a guard package advertises.

    Args:
        entry_point: Names the function.
        registry: Given to one that takes it; those of 0.1.x take nothing.

    Raises:
        ResourceGuardMisconfiguration: It cannot be imported, or it failed.
    """
    try:
        register = entry_point.load()
        if _takes_registry(register):
            register(registry)
        else:
            register()
    except Exception as error:
        raise ResourceGuardMisconfiguration(
            messages.entry_point_failed(entry_point.name, entry_point.value, error)
        ) from error


def _takes_registry(register: Callable[..., object]) -> bool:
    """Whether a function is to be given the registry, by the name of its first parameter or for want of a default."""
    from imbue.resource_guards.declare.signatures import signature_of  # for few

    first = next(iter(signature_of(register).parameters.values()), None)
    if first is None or first.kind not in (first.POSITIONAL_ONLY, first.POSITIONAL_OR_KEYWORD):
        return False
    return first.default is first.empty or first.name in ("registrar", "registry")
