"""Resources that tables of the settings define: ``[tool.resource_guards.NAME]`` in pyproject.toml."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping
from typing import Any
from typing import Final

from imbue.resource_guards.declare.names import MARK
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


def register_tables(tables: Tables, registry: Registry) -> None:
    """Register what tables define.

    Args:
        tables: The tables.
        registry: Where it is registered; it knows the kinds of guards.

    Raises:
        ResourceGuardMisconfiguration: One has a key or a value that cannot be.
    """
    kinds = {key_of(kind): kind for kind in registry.kinds.values() if can_be_written(kind)}
    options = {option: key for key, kind in kinds.items() for option in kind.options}
    for name, table in tables.items():
        for key in table:
            if key == EXTENDS:
                raise ResourceGuardMisconfiguration(messages.extends_nothing(name))
            if key not in kinds and key not in options and key != MARK:
                raise ResourceGuardMisconfiguration(
                    messages.key_unknown(name, key, [*kinds, MARK, *options])
                )
            if key in options and options[key] not in table:
                raise ResourceGuardMisconfiguration(
                    messages.option_of_nothing(name, key, options[key])
                )
        lists = {key: _texts(name, key, table[key]) for key in table if key in kinds}
        if not any(lists.values()):
            raise ResourceGuardMisconfiguration(messages.table_of_nothing(name, kinds))
        for key, texts in lists.items():
            for guard in kinds[key].parse_all(name, texts, table):
                registry.register_guard(name, guard, mark=table.get(MARK))


def _texts(name: str, key: str, value: object) -> Iterable[Any]:
    # A text in the settings; of an entry of the catalogue what it stands for.
    if not isinstance(value, list) or not all(isinstance(each, (str, SdkTarget)) for each in value):
        raise ResourceGuardMisconfiguration(messages.no_list_of_texts(name, key, value))
    return value
