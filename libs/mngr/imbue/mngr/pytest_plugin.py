"""A pytest plugin that registers the Docker guards.

In a conftest: ``pytest_plugins = ["imbue.mngr.pytest_plugin"]``.
"""

from __future__ import annotations

import pytest

from imbue.mngr.register_guards_docker import register_docker_guards
from imbue.resource_guards.resource_guards import Registry


@pytest.hookimpl(optionalhook=True)  # so that `-p no:resource_guards` needs no other change
def pytest_register_resource_guards(registry: Registry) -> None:
    """Register the Docker guards."""
    register_docker_guards(registry)
