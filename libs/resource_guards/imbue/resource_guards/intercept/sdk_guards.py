"""Install the SDK guards of a session, and take all of them out again whatever happens."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import ExitStack
from contextlib import suppress
from functools import partial
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any
from typing import Final
from typing import NamedTuple

from imbue.resource_guards.errors import ResourceGuardMisconfiguration
from imbue.resource_guards.intercept.attributes import is_missing
from imbue.resource_guards.intercept.attributes import missing_reason
from imbue.resource_guards.intercept.attributes import resolve
from imbue.resource_guards.intercept.connection_hook import ConnectionWatcher
from imbue.resource_guards.intercept.gate import SdkCall
from imbue.resource_guards.intercept.import_hook import ImportHook
from imbue.resource_guards.intercept.method_patch import MethodPatch
from imbue.resource_guards.intercept.patches import Patches
from imbue.resource_guards.intercept.targets import find_module
from imbue.resource_guards.intercept.targets import is_installed
from imbue.resource_guards.intercept.targets import module_of
from imbue.resource_guards.intercept.targets import version_of
from imbue.resource_guards.kinds import Layer
from imbue.resource_guards.messages import intercept as messages
from imbue.resource_guards.model import ConnectionGuard
from imbue.resource_guards.model import Resource
from imbue.resource_guards.model import SdkGuard
from imbue.resource_guards.model import SdkHooks
from imbue.resource_guards.model import SdkTarget

Saw = Callable[..., None]


INSTALLED: Final[list[SdkHooks]] = []
"""The guards that patch by themselves and are in place; pytest in pytest may share them."""


class Told(NamedTuple):
    """Who is told what SDK guards see.

    Args:
        session: The session's key, by which calls are reported.
        see: Told the resource and the address of each connection, before it is opened.
        current: Tells for whom the calling code runs; where that is another object than before,
            calls must be told again.
    """

    session: str
    see: Saw
    current: Callable[[], object]


class SdkGuards:
    """Installs the SDK guards of one session.

    Args:
        told: Told what is seen.
        tell_missing: Told of an optional target that an installed SDK does not have.
        complain: Told of a guard that fails later, when its module is imported or it is undone.
        import_hook: Tells when a target's module is imported.
    """

    def __init__(
        self,
        told: Told,
        tell_missing: Callable[[str], None],
        complain: Callable[[str], None],
        import_hook: ImportHook,
    ) -> None:
        self._told = told
        self._tell_missing = tell_missing
        self._complain = complain
        self._import_hook = import_hook

    def add(self, resource: Resource, guard: SdkGuard, undo: ExitStack) -> None:
        """Install one guard; `undo` takes it out again.

        Raises:
            ResourceGuardMisconfiguration: The install function raised, or the target is not there.
        """
        if isinstance(guard, SdkHooks):
            self._run_install(resource, guard, undo)
        elif isinstance(guard, ConnectionGuard):
            saw = partial(self._told.see, resource.name, layer=Layer.CONNECTION)
            watcher = ConnectionWatcher(guard.is_use, saw)
            watcher.watch()
            undo.callback(watcher.unwatch)
        elif isinstance(guard.owner, str):
            self._patch_on_import(resource, guard, undo)
        else:
            patches = Patches()
            undo.callback(patches.take_out)
            self._patch(resource, guard, guard.owner, patches)

    def _run_install(self, resource: Resource, guard: SdkHooks, undo: ExitStack) -> None:
        if guard in INSTALLED:
            return  # by the pytest around this one; `enforce_sdk_guard` reaches both
        try:
            guard.install()
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:
            with suppress(Exception):  # what it had done before it failed
                guard.cleanup()
            raise ResourceGuardMisconfiguration(
                messages.install_failed(resource, guard, error)
            ) from error
        INSTALLED.append(guard)
        undo.callback(self._run_cleanup, resource, guard)

    def _run_cleanup(self, resource: Resource, guard: SdkHooks) -> None:
        INSTALLED.remove(guard)
        try:
            guard.cleanup()
        except Exception as error:  # noqa: BLE001 - the others must be undone whatever it is
            self._complain(messages.cleanup_function_failed(resource, guard, error))

    def _patch_on_import(self, resource: Resource, target: SdkTarget, undo: ExitStack) -> None:
        module_name, _, class_path = target.owner.partition(":")
        found = module_name in sys.modules or find_module(module_name)
        if isinstance(found, str):
            self._unless_optional(resource, target, messages.module_missing(target, found))
            return
        if isinstance(found, ModuleSpec) and found.origin is None:
            self._unless_optional(resource, target, messages.target_in_namespace(target))
            return
        patches = Patches()

        def patch(module: ModuleType) -> None:
            try:
                self._patch(resource, target, resolve(module, class_path), patches, module)
            except ResourceGuardMisconfiguration as error:
                self._complain(str(error))
                raise

        undo.callback(patches.take_out)
        self._import_hook.when_imported(module_name, patch)
        undo.callback(self._import_hook.forget, module_name, patch)

    def _patch(
        self,
        resource: Resource,
        target: SdkTarget,
        owner: Any,
        patches: Patches,
        module: ModuleType | None = None,
    ) -> None:
        if is_missing(owner, target.attribute):
            self._unless_optional(resource, target, missing_reason(target, owner))
            return
        try:
            report = SdkCall(self._told.session, resource.name, target.title)
            patches.put_in(MethodPatch(target, owner, report, self._told.current, module))
        except ResourceGuardMisconfiguration as error:
            raise ResourceGuardMisconfiguration(messages.guard_failed(resource, error)) from error

    def _unless_optional(self, resource: Resource, target: SdkTarget, reason: str) -> None:
        if not target.optional:
            raise ResourceGuardMisconfiguration(messages.guard_failed(resource, reason))
        if is_installed(target) and not target.quiet:
            version = version_of(module_of(target)) or ""
            self._tell_missing(messages.target_is_missing(resource, target, version))
