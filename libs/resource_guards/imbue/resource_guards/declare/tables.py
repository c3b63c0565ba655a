"""Resources that tables of the settings define: ``[tool.resource_guards.NAME]`` in pyproject.toml."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping
from typing import Any
from typing import Final

from imbue.resource_guards.declare.names import MARK
from imbue.resource_guards.declare.names import PROBE
from imbue.resource_guards.declare.names import can_be_written
from imbue.resource_guards.declare.names import key_of
from imbue.resource_guards.declare.registry import Registry
from imbue.resource_guards.errors import ResourceGuardMisconfiguration
from imbue.resource_guards.messages import settings as messages
from imbue.resource_guards.model import SdkTarget

EXTENDS: Final = "extends"
"""The key by which a table says whether it adds to the catalogue's entry of its name, where that is named too."""

Tables = Mapping[str, Mapping[str, Any]]
"""What each table says, by the resource's name."""


def register_tables(tables: Tables, registry: Registry, place: str | None = None) -> None:
    """Register what tables define.

    Args:
        tables: The tables.
        registry: Where it is registered; it knows the kinds of guards.
        place: What has these tables; by default they are the settings' own, and the catalogue's.

    Raises:
        ResourceGuardMisconfiguration: One has a key or a value that cannot be.
    """
    kinds = {key_of(kind): kind for kind in registry.kinds.values() if can_be_written(kind)}
    options = {option: key for key, kind in kinds.items() for option in kind.options}
    for name, table in tables.items():
        by_entry, by_table = messages.by_entry(name), messages.by_table(name)
        registry.place = place or (by_entry if name in registry.notes else by_table)
        _check_keys(name, table, kinds, options)
        lists = {key: _texts(name, key, table[key]) for key in table if key in kinds}
        # A resource that a guard package registers has all but a probe of the project's own.
        is_known = any(name == each.label for each in registry)
        if not any(lists.values()) and not (is_known and PROBE in table and not lists):
            raise ResourceGuardMisconfiguration(messages.table_of_nothing(name, kinds))
        for key, texts in lists.items():
            for guard in kinds[key].parse_all(name, texts, table):
                registry.register_guard(name, guard, mark=table.get(MARK))
        if PROBE in table:
            said = table[PROBE]
            listed = said if isinstance(said, list) and said else [said]
            from imbue.resource_guards.declare.probes import read_probe  # for few

            registry.probes[name] = {str(each): read_probe(name, each) for each in listed}


def _check_keys(
    name: str, table: Mapping[str, Any], kinds: Iterable[str], options: Mapping[str, str]
) -> None:
    for key in table:
        if key == EXTENDS:
            raise ResourceGuardMisconfiguration(messages.extends_nothing(name))
        if key not in kinds and key not in options and key not in (MARK, PROBE):
            known = [*kinds, MARK, PROBE, *options]
            raise ResourceGuardMisconfiguration(messages.key_unknown(name, key, known))
        if key in options and options[key] not in table:
            raise ResourceGuardMisconfiguration(messages.option_of_nothing(name, key, options[key]))


def _texts(name: str, key: str, value: object) -> Iterable[Any]:
    # A text in the settings; of an entry of the catalogue what it stands for.
    if not isinstance(value, list) or not all(isinstance(each, (str, SdkTarget)) for each in value):
        raise ResourceGuardMisconfiguration(messages.no_list_of_texts(name, key, value))
    return value
