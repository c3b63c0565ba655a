"""Guard a call: by a patch of the method or function through which an SDK's calls flow.

Imports nothing but the standard library's smallest parts, since child Pythons load it at start.
"""

from __future__ import annotations

from imbue.resource_guards.guard import SDK
from imbue.resource_guards.guard import Guard
from imbue.resource_guards.guards.targets import any_installed
from imbue.resource_guards.guards.targets import condition
from imbue.resource_guards.guards.targets import described
from imbue.resource_guards.guards.targets import missing
from imbue.resource_guards.guards.targets import package_of
from imbue.resource_guards.guards.targets import read_target
from imbue.resource_guards.guards.targets import unseen
from imbue.resource_guards.wire.guards_file import reference

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection
    from collections.abc import Iterable
    from collections.abc import Iterator
    from collections.abc import Mapping
    from collections.abc import Sequence
    from contextlib import ExitStack
    from types import ModuleType
    from typing import Any

    from imbue.resource_guards.kinds import MethodKind
    from imbue.resource_guards.model import Resource
    from imbue.resource_guards.model import SdkTarget


class Call(Guard):
    """A guard of one target of an SDK.

    Args:
        target: The target.
    """

    __slots__ = ("target",)

    is_client = True
    kind = "call"
    layers = (SDK,)

    def __init__(self, target: SdkTarget) -> None:
        self.target = target

    @classmethod
    def parse(cls, label: str, text: str | SdkTarget) -> Call:
        """The target ``package.module:Class.method`` or ``package.module:function``; an `SdkTarget` is one.

        Raises:
            ResourceGuardMisconfiguration: It is not written so.
        """
        __tracebackhide__ = True
        return cls(read_target(label, text))

    @classmethod
    def of_method(cls, label: str, method: tuple[Any, str, MethodKind]) -> Call:
        """A method of a class that is at hand.

        Args:
            label: The name of the resource.
            method: The class, the method's name, and how it is called.

        Raises:
            ResourceGuardMisconfiguration: It is something else.
        """
        __tracebackhide__ = True
        from imbue.resource_guards.errors import ResourceGuardMisconfiguration
        from imbue.resource_guards.kinds import MethodKind
        from imbue.resource_guards.messages import declare as messages
        from imbue.resource_guards.model import SdkTarget

        try:
            owner, attribute, kind = method
            target = SdkTarget(owner=owner, attribute=attribute, kind=MethodKind(kind))
            if isinstance(owner, str) or not isinstance(attribute, str) or not target.title:
                raise TypeError(owner)  # noqa: TRY301 - as unreadable as the others
        except (AttributeError, TypeError, ValueError) as error:
            kinds = [kind.value for kind in MethodKind]
            raise ResourceGuardMisconfiguration(
                messages.methods_unreadable(label, method, kinds)
            ) from error
        return cls(target)

    @property
    def key(self) -> SdkTarget:
        """The target."""
        return self.target

    @property
    def title(self) -> str:
        """The target as a user would write it."""
        return f"{self.target.title}{condition(self.target) or ''}"

    @property
    def packages(self) -> Sequence[str]:
        """The package that the target is in."""
        return (package_of(self.target),)

    def install(self, resource: Resource, process: Any, undo: ExitStack) -> None:
        """Patch the target, now or when its module is imported.

        Raises:
            ResourceGuardMisconfiguration: It is not there, or cannot be patched.
        """
        from imbue.resource_guards.intercept.sdk_patches import SdkPatch

        SdkPatch(resource, self.target, process).install(undo)

    def wire(self, process: Any) -> Sequence[str] | None:
        """The target; `None` where that has no name, as in a class that is made inside a function."""
        del process
        target = self.target
        owner = target.owner if isinstance(target.owner, str) else reference(target.owner)
        when = condition(target)
        if when is None:
            when = reference(target.when)
        if owner is None or when is None:
            return None
        return [owner, target.attribute, target.kind or "", when]

    @classmethod
    def install_in_child(cls, resource: str, fields: Sequence[str], process: Any) -> None:
        """Patch the target when its module is imported."""

        def patch(module: ModuleType) -> None:
            # It imports `inspect` and more, which is for those that import the SDK.
            from imbue.resource_guards.intercept.child_patch import patch_target

            patch_target(module, process.session, resource, fields)

        process.import_hook.when_imported(fields[0].partition(":")[0], patch)

    @classmethod
    def describe(cls, guards: Sequence[Call]) -> Iterator[Sequence[str]]:
        """In which version each is patched, whether that is there, and as what else."""
        yield from described("patch", [each.target for each in guards])

    def probe(self) -> str | None:
        """Whether the package that it is in is installed."""
        return any_installed([self.target])

    @classmethod
    def probe_any(cls, guards: Iterable[Call]) -> str | None:
        """Whether one of their packages is."""
        return any_installed([each.target for each in guards])

    def sight(self) -> str:
        """Calls in this environment's Pythons, which is where the SDK is."""
        return "complete" if self.wire(None) is not None else "this process, and its forks, alone"

    def doubts(
        self, covered: Collection[str], modules: Mapping[str, Any]
    ) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Its SDK is of a version that does not have the target."""
        del covered
        return unseen(self.target, modules)

    def gaps(self, resource: Resource) -> Iterator[str]:
        """An optional target that an installed SDK does not seem to have."""
        return missing(resource, self.target)
