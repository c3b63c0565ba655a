"""Guard a call: by a patch of the method or function through which an SDK's calls flow.

Imports nothing but the standard library's smallest parts, since child Pythons load it at start.
"""

from __future__ import annotations

from imbue.resource_guards.guard import SDK
from imbue.resource_guards.guard import Guard
from imbue.resource_guards.wire.guards_file import reference

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Sequence
    from contextlib import ExitStack
    from types import ModuleType
    from typing import Any

    from imbue.resource_guards.intercept.preview import Preview
    from imbue.resource_guards.kinds import MethodKind
    from imbue.resource_guards.model import Resource
    from imbue.resource_guards.model import SdkTarget


class Call(Guard):
    """A guard of one target of an SDK.

    Args:
        target: The target.
    """

    __slots__ = ("target",)

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
        from imbue.resource_guards.model import SdkTarget

        if isinstance(text, SdkTarget):
            return cls(text)
        module, colon, path = text.partition(":") if isinstance(text, str) else ("", "", "")
        owner, dot, attribute = path.rpartition(".")
        parts = [*module.split("."), *path.split(".")]
        if not colon or not all(part.isidentifier() for part in parts):
            from imbue.resource_guards.errors import ResourceGuardMisconfiguration
            from imbue.resource_guards.messages import declare as messages

            raise ResourceGuardMisconfiguration(messages.target_unreadable(label, text))
        return cls(SdkTarget(owner=f"{module}:{owner}" if dot else module, attribute=attribute))

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
        return self.target.title

    @property
    def packages(self) -> Sequence[str]:
        """The package that the target is in."""
        owner = self.target.owner
        if not isinstance(owner, str):
            owner = str(getattr(owner, "__module__", None) or vars(owner)["__name__"])
        return (owner.partition(":")[0].partition(".")[0],)

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
        when = "" if target.when is None else reference(target.when)
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
        from imbue.resource_guards.intercept.preview import preview
        from imbue.resource_guards.intercept.targets import is_installed

        # All at once, since each package is imported in a Python of its own.
        previews = preview(each.target for each in guards if is_installed(each.target))
        for guard in guards:
            yield list(_described(guard.target, previews.get(guard.title)))

    def sight(self) -> str:
        """Calls in this environment's Pythons, which is where the SDK is."""
        return "complete" if self.wire(None) is not None else "this process, and its forks, alone"

    def gaps(self, resource: Resource) -> Iterator[str]:
        """An optional target that an installed SDK does not seem to have."""
        target = self.target
        if target.optional and not target.quiet:
            from imbue.resource_guards.intercept import targets
            from imbue.resource_guards.messages import intercept as messages

            if targets.seems_missing(target):
                version = targets.version_of(targets.module_of(target)) or ""
                yield messages.target_is_missing(resource, target, version)


def _described(target: SdkTarget, preview: Preview | None) -> Iterator[str]:
    from imbue.resource_guards.intercept import targets

    version = targets.version_of(targets.module_of(target)) or ""
    # Without a preview, its package cannot be imported, or the target has no name.
    is_missing = targets.seems_missing(target) if preview is None else not preview.is_there
    patch = f"patch {target.title}"
    if not targets.is_installed(target):
        yield f"{patch}: not installed"
    elif is_missing and target.quiet:
        yield f"{patch}: for other versions than {version}"
    elif is_missing:
        yield f"{patch}: MISSING in {version or 'what is installed'}, calls are not seen"
    elif preview is not None and preview.refusal:
        yield f"{patch}: REFUSED: {preview.refusal}"
    else:
        yield f"{patch}{f' ({version})' if version else ''}"
        if preview is not None:
            yield from (f"  also as {place}" for place in preview.guarded)
            for place in preview.unguarded:
                yield (
                    f"  NOT in {place}, which keeps the function itself: calls from there are not seen"
                )
