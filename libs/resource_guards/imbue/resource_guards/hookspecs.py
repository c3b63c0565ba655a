"""The hooks that register guards and report formats."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from imbue.resource_guards.declare.registry import Registry
    from imbue.resource_guards.report.formats import Formats


@pytest.hookspec(historic=True)
def pytest_register_resource_guards(registry: Registry) -> None:
    """Register guards by the methods of `registry`. Plugins and all conftests can implement it."""


# Not historic: a format that comes while tests are collected is too late to be on the command line.
@pytest.hookspec
def pytest_register_resource_guard_formats(formats: Formats) -> None:
    """Add report formats with `formats.add(name, purpose, write)`. Plugins and initial conftests can implement it."""
