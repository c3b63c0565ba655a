"""Patch one target of an SDK in the session's process, now or when its module is imported.

What patches is loaded with the first SDK that is there: most sessions import few of those that are guarded.
"""

from __future__ import annotations

import sys
from contextlib import ExitStack
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import TYPE_CHECKING
from typing import Any

from imbue.resource_guards.errors import ResourceGuardMisconfiguration
from imbue.resource_guards.intercept.process import SessionProcess
from imbue.resource_guards.intercept.targets import find_module
from imbue.resource_guards.intercept.targets import is_installed
from imbue.resource_guards.intercept.targets import is_source_file
from imbue.resource_guards.intercept.targets import module_of
from imbue.resource_guards.intercept.targets import version_of
from imbue.resource_guards.messages import intercept as messages
from imbue.resource_guards.model import Resource
from imbue.resource_guards.model import SdkTarget

if TYPE_CHECKING:
    from imbue.resource_guards.intercept.method_patch import Observe
    from imbue.resource_guards.intercept.patches import Patches


class SdkPatch:
    """The patch of a target, wherever it is found.

    Args:
        resource: The resource that the target belongs to.
        target: The target.
        process: What the session's process offers.
        opener: Where it is given, the target is a function that opens connections, and this its name.
    """

    def __init__(
        self, resource: Resource, target: SdkTarget, process: SessionProcess, opener: str = ""
    ) -> None:
        self._resource = resource
        self._target = target
        self._process = process
        self._opener = opener
        self._patches: Patches | None = None

    def install(self, undo: ExitStack) -> None:
        """Put it in; `undo` takes it out again.

        Raises:
            ResourceGuardMisconfiguration: The target is not there, or cannot be patched.
        """
        if isinstance(self._target.owner, str):
            self._when_imported(self._target.owner.partition(":")[0], undo)
        else:
            undo.callback(self._take_out)
            self._put_in(self._target.owner)

    def _when_imported(self, module_name: str, undo: ExitStack) -> None:
        is_there = module_name in sys.modules or is_source_file(module_name)
        found = is_there or find_module(module_name)
        if isinstance(found, str):
            self._unless_optional(messages.module_missing(self._target, found))
            return
        if isinstance(found, ModuleSpec) and found.origin is None:
            self._unless_optional(messages.target_in_namespace(self._target))
            return
        undo.callback(self._take_out)
        self._process.import_hook.when_imported(module_name, self._imported)
        undo.callback(self._process.import_hook.forget, module_name, self._imported)

    def _imported(self, module: ModuleType) -> None:
        __tracebackhide__ = True
        # Somebody's import is being run, so that these can be imported as well.
        from imbue.resource_guards.intercept.attributes import resolve

        try:
            self._put_in(resolve(module, self._target.owner.partition(":")[2]), module)
        except ResourceGuardMisconfiguration as error:
            self._process.complain(str(error))
            raise

    def _put_in(self, owner: Any, module: ModuleType | None = None) -> None:
        __tracebackhide__ = True
        from imbue.resource_guards.intercept.attributes import is_missing  # see above
        from imbue.resource_guards.intercept.attributes import missing_reason
        from imbue.resource_guards.intercept.gate import Opening
        from imbue.resource_guards.intercept.gate import SdkCall
        from imbue.resource_guards.intercept.method_patch import MethodPatch
        from imbue.resource_guards.intercept.patches import Patches

        target, process = self._target, self._process
        if is_missing(owner, target.attribute):
            self._unless_optional(missing_reason(target, owner))
            return
        try:
            if self._opener:
                observe: Observe = Opening(self._opener)
            else:
                observe = SdkCall(process.session, self._resource.name, target.title)
            if self._patches is None:
                self._patches = Patches()
            self._patches.put_in(MethodPatch(target, owner, observe, process.current, module))
        except ResourceGuardMisconfiguration as error:
            raise ResourceGuardMisconfiguration(
                messages.guard_failed(self._resource, error)
            ) from error

    def _take_out(self) -> None:
        if self._patches is not None:
            self._patches.take_out()

    def _unless_optional(self, reason: str) -> None:
        __tracebackhide__ = True
        is_there = is_installed(self._target)
        if not self._target.optional and (is_there or not self._process.lacks_packages):
            raise ResourceGuardMisconfiguration(messages.guard_failed(self._resource, reason))
        if is_there and not self._target.quiet:
            version = version_of(module_of(self._target)) or ""
            self._process.tell_missing(
                messages.target_is_missing(self._resource, self._target, version)
            )
