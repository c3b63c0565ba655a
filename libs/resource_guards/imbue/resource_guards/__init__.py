"""Resource guards for pytest: make a test suite tell the truth about what it needs.

What a conftest, a guard or a test needs can be imported from here, and from
:mod:`imbue.resource_guards.resource_guards`, which is the path of 0.1.x.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from imbue.resource_guards.resource_guards import Guard as Guard
    from imbue.resource_guards.resource_guards import Layer as Layer
    from imbue.resource_guards.resource_guards import MethodKind as MethodKind
    from imbue.resource_guards.resource_guards import Registrar as Registrar
    from imbue.resource_guards.resource_guards import Registry as Registry
    from imbue.resource_guards.resource_guards import ResourceGuardError as ResourceGuardError
    from imbue.resource_guards.resource_guards import (
        ResourceGuardMisconfiguration as ResourceGuardMisconfiguration,
    )
    from imbue.resource_guards.resource_guards import (
        ResourceGuardViolation as ResourceGuardViolation,
    )
    from imbue.resource_guards.resource_guards import SdkTarget as SdkTarget
    from imbue.resource_guards.resource_guards import (
        create_sdk_method_guard as create_sdk_method_guard,
    )
    from imbue.resource_guards.resource_guards import enforce_sdk_guard as enforce_sdk_guard
    from imbue.resource_guards.resource_guards import (
        fixture_uses_resources as fixture_uses_resources,
    )
    from imbue.resource_guards.resource_guards import (
        get_guarded_resource_names as get_guarded_resource_names,
    )
    from imbue.resource_guards.resource_guards import (
        register_address_guard as register_address_guard,
    )
    from imbue.resource_guards.resource_guards import (
        register_all_resource_guards as register_all_resource_guards,
    )
    from imbue.resource_guards.resource_guards import register_binary_guard as register_binary_guard
    from imbue.resource_guards.resource_guards import (
        register_connection_guard as register_connection_guard,
    )
    from imbue.resource_guards.resource_guards import register_guard as register_guard
    from imbue.resource_guards.resource_guards import register_guard_kind as register_guard_kind
    from imbue.resource_guards.resource_guards import (
        register_guarded_resource_markers as register_guarded_resource_markers,
    )
    from imbue.resource_guards.resource_guards import register_probe as register_probe
    from imbue.resource_guards.resource_guards import (
        register_resource_guard as register_resource_guard,
    )
    from imbue.resource_guards.resource_guards import register_sdk_guard as register_sdk_guard
    from imbue.resource_guards.resource_guards import (
        register_session_cleanup_callback as register_session_cleanup_callback,
    )
    from imbue.resource_guards.resource_guards import (
        run_session_cleanup_callbacks as run_session_cleanup_callbacks,
    )
    from imbue.resource_guards.resource_guards import start_resource_guards as start_resource_guards
    from imbue.resource_guards.resource_guards import stop_resource_guards as stop_resource_guards
    from imbue.resource_guards.resource_guards import unguarded as unguarded

__all__ = [
    "Guard",
    "Layer",
    "MethodKind",
    "Registrar",
    "Registry",
    "ResourceGuardError",
    "ResourceGuardMisconfiguration",
    "ResourceGuardViolation",
    "SdkTarget",
    "create_sdk_method_guard",
    "enforce_sdk_guard",
    "fixture_uses_resources",
    "get_guarded_resource_names",
    "register_address_guard",
    "register_all_resource_guards",
    "register_binary_guard",
    "register_connection_guard",
    "register_guard",
    "register_guard_kind",
    "register_guarded_resource_markers",
    "register_probe",
    "register_resource_guard",
    "register_sdk_guard",
    "register_session_cleanup_callback",
    "run_session_cleanup_callbacks",
    "start_resource_guards",
    "stop_resource_guards",
    "unguarded",
]


def __getattr__(name: str) -> object:
    # Every child Python of a test imports this package, and hardly one needs what is here.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(f"{__name__}.resource_guards"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
