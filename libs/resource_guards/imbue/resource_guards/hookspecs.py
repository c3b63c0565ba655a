"""The hook through which guards are found."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from imbue.resource_guards.declare.registry import Registry


@pytest.hookspec(historic=True)
def pytest_register_resource_guards(registry: Registry) -> None:
    """Register guards by calling methods of `registry`; plugins and any conftest may implement it."""
