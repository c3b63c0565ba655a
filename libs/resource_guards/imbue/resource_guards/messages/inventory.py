"""The lines of ``--resource-guards-list``."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from imbue.resource_guards.messages.common import quoted
from imbue.resource_guards.model import Resource

LAYERS_TITLE: Final = "layers"
CHILDREN_TITLE: Final = "child Pythons"
CHILDREN_SEE: Final = "starts, calls, connections and lookups in Pythons that tests start"
NATIVE_TITLE: Final = "native layer"
NATIVE_SEES: Final = "programs that others start by their path"


def nothing_is_guarded() -> str:
    """The list, when it is empty."""
    return (
        "Nothing is guarded: name what to guard in the settings, as in resource_guards = docker tmux "
        '(in pyproject.toml: resource_guards = ["docker", "tmux"] under '
        "[tool.pytest.ini_options]), or register it in a conftest."
    )


def inventory_origin(resource: Resource) -> str:
    """What follows a resource's name."""
    by = (
        "at" if re.search(r":\d+$", resource.origin) else "by"
    )  # a file and a line, or something else
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


def needs_posix_shell() -> str:
    """Why there are no shims."""
    return "shims are scripts for the shell of Linux and macOS. Programs are seen where Python starts them."


def layer_unknown(setting: str, name: str, known: Iterable[str]) -> str:
    return f"{setting}: there is no layer '{name}'. The layers are {quoted(known)}."


def layer_missing(setting: str, name: str, reason: str) -> str:
    return (
        f"{setting}: the layer '{name}' is not live here: {reason} Run these tests where it is, or take "
        f"'{name}' out of {setting}."
    )
