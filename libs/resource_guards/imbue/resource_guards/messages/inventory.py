"""The lines of ``--resource-guards-list``."""

from __future__ import annotations

from imbue.resource_guards.messages.declare import NO_CALL_SITE
from imbue.resource_guards.model import ConnectionGuard
from imbue.resource_guards.model import Resource
from imbue.resource_guards.model import SdkHooks
from imbue.resource_guards.model import SdkTarget

LAYERS_TITLE = "layers"


def nothing_is_guarded() -> str:
    """The list, when it is empty."""
    return (
        "Nothing is guarded: name what to guard in the settings, as in resource_guards = docker tmux "
        '(in pyproject.toml: resource_guards = ["docker", "tmux"] under '
        "[tool.pytest.ini_options]), or register it in a conftest."
    )


def inventory_origin(resource: Resource) -> str:
    """What stands beside a resource's name."""
    by = "by" if resource.origin == NO_CALL_SITE else "at"
    return f"  @pytest.mark.{resource.name}  registered {by} {resource.origin}"


def inventory_binary(name: str, path: str, version: str) -> str:
    """A guarded program."""
    return f"program {name}: {path} ({version or 'it tells no version'})"


def inventory_no_binary(name: str) -> str:
    """A guarded program that is not installed."""
    return f"program {name}: not on PATH"


def inventory_target(target: SdkTarget, version: str) -> str:
    """A patch."""
    return f"patch {target.title}{f' ({version})' if version else ''}"


def inventory_not_installed(target: SdkTarget) -> str:
    """A patch of an SDK that is not there."""
    return f"patch {target.title}: not installed"


def inventory_other_version(target: SdkTarget, version: str) -> str:
    """A patch that is for other versions."""
    return f"patch {target.title}: for other versions than {version}"


def inventory_missing(target: SdkTarget, version: str) -> str:
    """A patch of something that the installed version does not have."""
    return f"patch {target.title}: MISSING in {version or 'what is installed'}, calls are not seen"


def inventory_refused(target: SdkTarget, reason: str) -> str:
    """A patch of something that cannot be guarded."""
    return f"patch {target.title}: REFUSED: {reason}"


def inventory_alias(place: str) -> str:
    """Another name of a target, by which it is guarded too."""
    return f"  also as {place}"


def inventory_unguarded(place: str) -> str:
    """A place from which a target is called without the guard."""
    return f"  NOT in {place}, which keeps the function itself: calls from there are not seen"


def inventory_hooks(guard: SdkHooks) -> str:
    """A guard that patches by itself."""
    return f"patches of its own, by {guard.title}"


def inventory_connection(guard: ConnectionGuard) -> str:
    """A connection guard."""
    return f"connections, told by {guard.title}"


def layer_live(layer: str, sees: str) -> str:
    """A layer that is live."""
    return f"{layer}: live ({sees})"


def layer_off(layer: str, reason: str) -> str:
    """A layer that is not."""
    return f"{layer}: OFF: {reason}"


def no_child_file(name: str, prefix: str) -> str:
    """Why child Pythons are not guarded."""
    return (
        f"no {name} in the site-packages of {prefix}; install the wheel of resource-guards there."
    )


def native_is_off() -> str:
    """Why the native layer is not live."""
    return "set resource_guards_native = true to see programs that others start by their path."
