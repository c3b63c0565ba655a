"""The hooks through which guards, and formats of the report, are found."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from imbue.resource_guards.declare.registry import Registry
    from imbue.resource_guards.report.formats import Formats


@pytest.hookspec(historic=True)
def pytest_register_resource_guards(registry: Registry) -> None:
    """Register guards by calling methods of `registry`; plugins and any conftest may implement it."""


# Not historic: a format that comes while tests are collected is too late to be on the command line.
@pytest.hookspec
def pytest_register_resource_guard_formats(formats: Formats) -> None:
    """Add formats of the report by calling `formats.add(name, purpose, write)`; for plugins and first conftests."""
