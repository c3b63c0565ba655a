"""What is guarded and how, for ``--resource-guards-list``: no test runs, and no SDK is imported here."""

from __future__ import annotations

import os
import shutil
import site
import subprocess
import sys
from collections.abc import Iterator
from collections.abc import Mapping
from pathlib import Path

import pytest

from imbue.resource_guards.declare.policy import read_native
from imbue.resource_guards.declare.registry import Registry
from imbue.resource_guards.errors import ResourceGuardMisconfiguration
from imbue.resource_guards.intercept.native.library import built_library
from imbue.resource_guards.intercept.preview import Preview
from imbue.resource_guards.intercept.preview import preview
from imbue.resource_guards.intercept.targets import is_installed
from imbue.resource_guards.intercept.targets import module_of
from imbue.resource_guards.intercept.targets import seems_missing
from imbue.resource_guards.intercept.targets import version_of
from imbue.resource_guards.messages import intercept as say_intercept
from imbue.resource_guards.messages import inventory as say_inventory
from imbue.resource_guards.messages.foreign import shown
from imbue.resource_guards.model import ConnectionGuard
from imbue.resource_guards.model import Resource
from imbue.resource_guards.model import SdkHooks
from imbue.resource_guards.model import SdkTarget

CHILD_FILE = "resource_guards_child.pth"

_SECONDS_FOR_A_VERSION = 5


def write_inventory(config: pytest.Config, registry: Registry) -> None:
    """Write each resource with its guards, and the layers that are live here."""
    terminal = config.get_terminal_writer()
    targets = [each for resource in registry for each in resource.sdks]
    previews = preview(
        each for each in targets if isinstance(each, SdkTarget) and is_installed(each)
    )
    for resource in registry:
        terminal.write(f"{resource.label}", bold=True)
        terminal.line(shown(say_inventory.inventory_origin(resource)))
        for line in describe(resource, previews):
            terminal.line(f"  {shown(line)}")
        terminal.line()
    if not registry.names:
        terminal.line(say_inventory.nothing_is_guarded())
        terminal.line()
    terminal.write(say_inventory.LAYERS_TITLE, bold=True)
    terminal.line()
    for line in layers(native=read_native(config)):
        terminal.line(f"  {shown(line)}")


def describe(resource: Resource, previews: Mapping[str, Preview]) -> Iterator[str]:
    """The lines for each guard of a resource."""
    for name in resource.binaries:
        path = shutil.which(name)
        if path is None:
            yield say_inventory.inventory_no_binary(name)
        else:
            yield say_inventory.inventory_binary(name, os.path.realpath(path), binary_version(path))
    for guard in resource.sdks:
        if isinstance(guard, ConnectionGuard):
            yield say_inventory.inventory_connection(guard)
        elif isinstance(guard, SdkHooks):
            yield say_inventory.inventory_hooks(guard)
        else:
            yield from describe_target(guard, previews.get(guard.title))


def describe_target(target: SdkTarget, preview: Preview | None) -> Iterator[str]:
    """The lines of a target: in which version it is patched, whether that is there, and as what else.

    Args:
        target: The target.
        preview: What guarding it comes to; `None` where its package cannot be imported.
    """
    version = version_of(module_of(target)) or ""
    is_missing = seems_missing(target) if preview is None else not preview.is_there
    if not is_installed(target):
        yield say_inventory.inventory_not_installed(target)
    elif is_missing and target.quiet:
        yield say_inventory.inventory_other_version(target, version)
    elif is_missing:
        yield say_inventory.inventory_missing(target, version)
    elif preview is not None and preview.refusal:
        yield say_inventory.inventory_refused(target, preview.refusal)
    else:
        yield say_inventory.inventory_target(target, version)
        if preview is not None:
            yield from map(say_inventory.inventory_alias, preview.guarded)
            yield from map(say_inventory.inventory_unguarded, preview.unguarded)


def binary_version(path: str) -> str:
    """The first line that a program prints when it is asked for its version; empty if it is not."""
    for option in ("--version", "-V"):
        try:
            done = subprocess.run(
                [path, option],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=_SECONDS_FOR_A_VERSION,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            continue
        if done.returncode == 0 and done.stdout.strip():
            return done.stdout.strip().splitlines()[0]
    return ""


def layers(*, native: bool) -> Iterator[str]:
    """A line for each layer: whether it is live here, and if not, the reason."""
    if os.name != "posix":
        yield say_intercept.platform_unsupported()
        return
    yield say_inventory.layer_live("shim on PATH", "programs that are called by name")
    yield say_inventory.layer_live(
        "spawn hook", "programs that this Python starts, in whatever way"
    )
    yield say_inventory.layer_live("SDK patches", "calls of SDKs in this Python")
    yield say_inventory.layer_live("connection hook", "connections that this Python's sockets open")
    folders = [*site.getsitepackages(), site.getusersitepackages()]
    if any(Path(folder, CHILD_FILE).exists() for folder in folders):
        yield say_inventory.layer_live(
            "child Pythons", "the last three in Pythons that tests start"
        )
    else:
        yield say_inventory.layer_off(
            "child Pythons", say_inventory.no_child_file(CHILD_FILE, sys.prefix)
        )
    if not native:
        yield say_inventory.layer_off("native layer", say_inventory.native_is_off())
        return
    try:
        built_library()
    except ResourceGuardMisconfiguration as error:
        yield say_inventory.layer_off("native layer", str(error))
    else:
        yield say_inventory.layer_live("native layer", "programs that others start by their path")
