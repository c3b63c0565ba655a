"""This project guards git, and it has a guard for it that nobody has published: its own."""

from __future__ import annotations

from imbue.resource_guards import register_resource_guard

register_resource_guard("git")
