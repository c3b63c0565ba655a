"""The lines of ``--resource-guards-list``."""

from __future__ import annotations

from imbue.resource_guards.messages.declare import NO_CALL_SITE
from imbue.resource_guards.model import Resource

LAYERS_TITLE = "layers"


def nothing_is_guarded() -> str:
    """The list, when it is empty."""
    return (
        "Nothing is guarded: name what to guard in the settings, as in resource_guards = docker tmux "
        '(in pyproject.toml: resource_guards = ["docker", "tmux"] under '
        "[tool.pytest.ini_options]), or register it in a conftest."
    )


def inventory_origin(resource: Resource) -> str:
    """What follows a resource's name."""
    by = "by" if resource.origin == NO_CALL_SITE else "at"
    return f"  @pytest.mark.{resource.name}  registered {by} {resource.origin}"


def layer_live(layer: str, sees: str) -> str:
    """A layer that is live."""
    return f"{layer}: live ({sees})"


def layer_off(layer: str, reason: str) -> str:
    """A layer that is not live."""
    return f"{layer}: OFF: {reason}"


def no_child_file(name: str, prefix: str) -> str:
    """Why child Pythons are not guarded."""
    return (
        f"no {name} in the site-packages of {prefix}; install the wheel of resource-guards there."
    )


def native_is_off() -> str:
    """Why the native layer is not live."""
    return "set resource_guards_native = true to see programs that others start by their path."
