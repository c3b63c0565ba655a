"""The table of kinds, by the name that settings call them by. Others are added for a session by its registry."""

from __future__ import annotations

from typing import Final

from imbue.resource_guards.guard import Guard
from imbue.resource_guards.guards.address import Address
from imbue.resource_guards.guards.call import Call
from imbue.resource_guards.guards.hooks import Hooks
from imbue.resource_guards.guards.opener import Opener
from imbue.resource_guards.guards.program import Program

KINDS: Final[dict[str, type[Guard]]] = {
    each.kind: each for each in (Program, Call, Address, Opener, Hooks)
}
