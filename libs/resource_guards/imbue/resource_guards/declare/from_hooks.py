"""Collect the guards that plugins and conftests register by the hook."""

from __future__ import annotations

import traceback

import pytest

from imbue.resource_guards.declare.registry import Registry
from imbue.resource_guards.errors import ResourceGuardMisconfiguration
from imbue.resource_guards.messages import declare as messages


def collect_from_hooks(config: pytest.Config, registry: Registry) -> None:
    """Call the hook, now and for each conftest that is still to come.

    Raises:
        ResourceGuardMisconfiguration: A guard is registered wrongly, or the hook fails.
    """
    try:
        config.hook.pytest_register_resource_guards.call_historic(kwargs={"registry": registry})
    except ResourceGuardMisconfiguration:
        raise
    except Exception as error:
        where = traceback.extract_tb(error.__traceback__)[-1]
        raise ResourceGuardMisconfiguration(
            messages.hook_failed(error, f"{where.filename}:{where.lineno}")
        ) from error
