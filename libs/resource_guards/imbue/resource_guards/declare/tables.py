"""Resources that tables of the settings define: ``[tool.resource_guards.NAME]`` in pyproject.toml."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping
from typing import Any

from imbue.resource_guards.declare.names import OTHER_KEYS
from imbue.resource_guards.declare.names import key_of
from imbue.resource_guards.declare.registry import Registry
from imbue.resource_guards.errors import ResourceGuardMisconfiguration
from imbue.resource_guards.guard import Guard
from imbue.resource_guards.guards.address import Address
from imbue.resource_guards.messages import settings as messages

Tables = Mapping[str, Mapping[str, Any]]
"""What each table says, by the resource's name."""


def register_tables(tables: Tables, registry: Registry) -> None:
    """Register what tables define.

    Args:
        tables: The tables.
        registry: Where it is registered; it knows the kinds of guards.

    Raises:
        ResourceGuardMisconfiguration: One has a key or a value that cannot be.
    """
    kinds = {key_of(kind): kind for kind in registry.kinds.values() if _can_be_written(kind)}
    for name, table in tables.items():
        for key in table:
            if key not in kinds and key not in OTHER_KEYS:
                raise ResourceGuardMisconfiguration(
                    messages.key_unknown(name, key, [*kinds, *OTHER_KEYS])
                )
        mark, libraries = (table.get(key) for key in OTHER_KEYS)
        if libraries is not None and key_of(Address) not in table:
            raise ResourceGuardMisconfiguration(messages.libraries_of_nothing(name))
        lists = {key: _texts(name, key, table[key]) for key in table if key in kinds}
        if not any(lists.values()):
            raise ResourceGuardMisconfiguration(messages.table_of_nothing(name, kinds))
        for key, texts in lists.items():
            if kinds[key] is Address and texts:
                registry.register_address_guard(name, *texts, mark=mark, libraries=libraries)
                continue
            for text in texts:
                registry.register_guard(name, kinds[key].parse(name, text), mark=mark)


def _can_be_written(kind: type[Guard]) -> bool:
    return getattr(kind.parse, "__func__", None) is not getattr(Guard.parse, "__func__", None)


def _texts(name: str, key: str, value: object) -> Iterable[str]:
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise ResourceGuardMisconfiguration(messages.no_list_of_texts(name, key, value))
    return value
