"""The settings that would guard what was found: names for ``resource_guards``, and addresses of the rest."""

from __future__ import annotations

import re
from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from typing import Final

from imbue.resource_guards.declare.names import mark_name
from imbue.resource_guards.declare.near_names import OTHER_NAMES
from imbue.resource_guards.discover.found import ADDRESS
from imbue.resource_guards.discover.found import ANY_PORT
from imbue.resource_guards.discover.found import PROGRAM
from imbue.resource_guards.discover.found import Found
from imbue.resource_guards.errors import ResourceGuardMisconfiguration

_MOST_ADDRESSES: Final = 5
"""How many addresses get a table each; of more than these ``network`` is proposed."""

NETWORK: Final = "network"
_LOCAL: Final = ("127.0.0.1", "unix")


@dataclass(slots=True)
class Proposal:
    """Settings.

    Args:
        names: What ``resource_guards`` is to name beside what it names already.
        tables: For resources that nothing ready is about: what guards them, by the key of a table.
        of: Which resource each thing that was found is guarded as, by its kind and name.
    """

    names: list[str] = field(default_factory=list)
    tables: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    of: dict[tuple[str, str], str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.names or self.tables)


def propose(found: Iterable[Found], guarded: Collection[str], ready: Collection[str]) -> Proposal:
    """The settings that would guard what was found and is not guarded yet.

    Args:
        found: What was found.
        guarded: The names of the resources that the project guards.
        ready: The names that mean something ready: entries of the catalogue and guard packages.
    """
    proposal = Proposal()
    wanted = [each for each in found if each.tests and not each.is_own]
    addresses = [each for each in wanted if each.kind == ADDRESS]
    remote = [each for each in addresses if not each.name.startswith(_LOCAL)]
    is_wide = len(remote) > _MOST_ADDRESSES
    for each in wanted:
        key = each.kind, each.name
        if each.kind == ADDRESS and is_wide and each in remote:
            proposal.of[key] = NETWORK
            if NETWORK not in {*guarded, *proposal.names}:
                proposal.names.append(NETWORK)
        elif each.kind == ADDRESS:
            address = each.name.removesuffix(ANY_PORT)
            _add_table(proposal, key, _named_after(address), "addresses", address)
        elif each.name in guarded:
            proposal.of[key] = each.name
        elif each.kind == PROGRAM and not _can_be_mark(each.name):
            _add_table(proposal, key, _named_after(each.name), "programs", each.name)
        else:
            is_program = each.kind == PROGRAM and (each.name in ready or each.name in OTHER_NAMES)
            proposal.of[key] = each.name
            proposal.names.append(f"binary:{each.name}" if is_program else each.name)
    proposal.names.sort()
    return proposal


def _add_table(proposal: Proposal, key: tuple[str, str], label: str, of: str, value: str) -> None:
    proposal.tables.setdefault(label, {}).setdefault(of, []).append(value)
    proposal.of[key] = label


def _can_be_mark(name: str) -> bool:
    try:
        mark_name(name)
    except ResourceGuardMisconfiguration:
        return False
    return True


_WORDS: Final[Mapping[str, str]] = {"127.0.0.1": "localhost", "+": "x"}


def _named_after(what: str) -> str:
    """A name for a resource, from an address or a program: ``db.example.com:5432`` gives ``db_example_com_5432``."""
    for old, new in _WORDS.items():
        what = what.replace(old, new)
    name = re.sub(r"\W+", "_", what).strip("_").lower()
    name = name.removesuffix("_443").removesuffix("_80")
    return name if name.isidentifier() else f"service_{name}"
