"""The documented import path: everything that a conftest, a guard or a test needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imbue.resource_guards.api import create_sdk_method_guard
from imbue.resource_guards.api import enforce_sdk_guard
from imbue.resource_guards.api import get_guarded_resource_names
from imbue.resource_guards.api import register_address_guard
from imbue.resource_guards.api import register_all_resource_guards
from imbue.resource_guards.api import register_binary_guard
from imbue.resource_guards.api import register_connection_guard
from imbue.resource_guards.api import register_guard
from imbue.resource_guards.api import register_guard_kind
from imbue.resource_guards.api import register_guarded_resource_markers
from imbue.resource_guards.api import register_probe
from imbue.resource_guards.api import register_resource_guard
from imbue.resource_guards.api import register_sdk_guard
from imbue.resource_guards.api import register_session_cleanup_callback
from imbue.resource_guards.api import run_session_cleanup_callbacks
from imbue.resource_guards.api import start_resource_guards
from imbue.resource_guards.api import stop_resource_guards
from imbue.resource_guards.declare.fixtures import fixture_uses_resources
from imbue.resource_guards.declare.registry import Registry
from imbue.resource_guards.errors import ResourceGuardError
from imbue.resource_guards.errors import ResourceGuardMisconfiguration
from imbue.resource_guards.errors import ResourceGuardViolation
from imbue.resource_guards.guard import Guard
from imbue.resource_guards.guard import Layer
from imbue.resource_guards.kinds import MethodKind
from imbue.resource_guards.model import SdkTarget
from imbue.resource_guards.scope.unguarded import unguarded

if TYPE_CHECKING:
    from imbue.resource_guards.declare.registrar import Registrar

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
    # It is for annotations alone, which hardly anything evaluates, and a protocol takes long to make.
    if name != "Registrar":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from imbue.resource_guards.declare.registrar import Registrar

    return Registrar
