"""What is guarded and how, for ``--resource-guards-list``: no test runs, and no SDK is imported here."""

from __future__ import annotations

import json
import os
import shutil
import site
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from imbue.resource_guards.declare.policy import read_native
from imbue.resource_guards.declare.registry import Registry
from imbue.resource_guards.errors import ResourceGuardMisconfiguration
from imbue.resource_guards.intercept.native.library import built_library
from imbue.resource_guards.intercept.targets import is_installed
from imbue.resource_guards.intercept.targets import module_of
from imbue.resource_guards.intercept.targets import seems_missing
from imbue.resource_guards.intercept.targets import version_of
from imbue.resource_guards.messages import intercept as say_intercept
from imbue.resource_guards.messages import inventory as say_inventory
from imbue.resource_guards.messages.foreign import shown
from imbue.resource_guards.model import ConnectionGuard
from imbue.resource_guards.model import Resource
from imbue.resource_guards.model import SdkGuard
from imbue.resource_guards.model import SdkHooks
from imbue.resource_guards.model import SdkTarget

CHILD_FILE = "resource_guards_child.pth"

_SECONDS_FOR_A_VERSION = 5
_SECONDS_FOR_AN_IMPORT = 60


def write_inventory(config: pytest.Config, registry: Registry) -> None:
    """Write each resource with its guards, and the layers that are live here."""
    terminal = config.get_terminal_writer()
    for resource in registry:
        terminal.write(f"{resource.label}", bold=True)
        terminal.line(shown(say_inventory.inventory_origin(resource)))
        for line in describe(resource):
            terminal.line(f"  {shown(line)}")
        terminal.line()
    if not registry.names:
        terminal.line(say_inventory.nothing_is_guarded())
        terminal.line()
    terminal.write(say_inventory.LAYERS_TITLE, bold=True)
    terminal.line()
    for line in layers(native=read_native(config)):
        terminal.line(f"  {shown(line)}")


def describe(resource: Resource) -> Iterator[str]:
    """A line for each guard of a resource."""
    for name in resource.binaries:
        path = shutil.which(name)
        if path is None:
            yield say_inventory.inventory_no_binary(name)
        else:
            yield say_inventory.inventory_binary(name, os.path.realpath(path), binary_version(path))
    for guard in resource.sdks:
        yield describe_sdk_guard(guard)


def describe_sdk_guard(guard: SdkGuard) -> str:
    """The line of an SDK guard: what it patches, in which version, and whether that is there."""
    if isinstance(guard, ConnectionGuard):
        return say_inventory.inventory_connection(guard)
    if isinstance(guard, SdkHooks):
        return say_inventory.inventory_hooks(guard)
    version = version_of(module_of(guard)) or ""
    if not is_installed(guard):
        return say_inventory.inventory_not_installed(guard)
    if seems_missing(guard) and not _is_there_when_imported(guard):
        missing = (
            say_inventory.inventory_other_version
            if guard.quiet
            else say_inventory.inventory_missing
        )
        return missing(guard, version)
    return say_inventory.inventory_target(guard, version)


_LOOK: Final = """
import importlib, json, sys
sys.path[:], module, names = json.loads(sys.argv[1])
found = importlib.import_module(module)
for name in names:
    found = getattr(found, name)
"""


def _is_there_when_imported(target: SdkTarget) -> bool:
    # It may come from elsewhere than the module's source: an import, a base class, C. That shows when
    # the module is imported, which is done in another Python: nothing else of it happens in this one.
    module, _, owner = str(target.owner).partition(":")
    names = [*filter(None, owner.split(".")), target.attribute]
    try:
        done = subprocess.run(
            [sys.executable, "-c", _LOOK, json.dumps([sys.path, module, names])],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_SECONDS_FOR_AN_IMPORT,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


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
