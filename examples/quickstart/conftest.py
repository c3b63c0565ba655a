"""Guards one program and one SDK. This is all that a project has to write."""

from __future__ import annotations

from imbue.resource_guards import register_resource_guard
from imbue.resource_guards import register_sdk_guard

register_resource_guard("git")
register_sdk_guard("weather", targets=["weather_sdk:Client.send"])
