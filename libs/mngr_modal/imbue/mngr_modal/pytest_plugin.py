"""A pytest plugin that registers the Modal guards.

In a conftest: ``pytest_plugins = ["imbue.mngr_modal.pytest_plugin"]``.
"""

from __future__ import annotations

import pytest

from imbue.mngr_modal.register_guards import register_modal_guards
from imbue.resource_guards.resource_guards import Registry


@pytest.hookimpl(optionalhook=True)  # so that `-p no:resource_guards` needs no other change
def pytest_register_resource_guards(registry: Registry) -> None:
    """Register the Modal guards."""
    register_modal_guards(registry)
