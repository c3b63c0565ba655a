"""What was registered when no session existed yet."""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Final

if TYPE_CHECKING:
    from imbue.resource_guards.declare.registry import Registry

PENDING: Final[list[Registry]] = []
"""A registry, if anything was registered; the first session takes it over."""
