"""What the kinds of guards have in common that name functions of an SDK.

Imports nothing but the standard library's smallest parts, since child Pythons load it at start.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Iterator
    from collections.abc import Mapping
    from collections.abc import Sequence
    from typing import Any

    from imbue.resource_guards.intercept.preview import Preview
    from imbue.resource_guards.model import Resource
    from imbue.resource_guards.model import SdkTarget

_OF_CONDITIONS = "imbue.resource_guards.intercept.having"


def read_target(label: str, text: str | SdkTarget) -> SdkTarget:
    """The target ``package.module:Class.method`` or ``package.module:function``; an `SdkTarget` is one.

    Behind it may stand, in brackets, what the object that a method is called on has to have: ``[service=s3]``.

    Args:
        label: The name of the resource.
        text: The target.

    Raises:
        ResourceGuardMisconfiguration: It is not written so.
    """
    __tracebackhide__ = True
    from imbue.resource_guards.model import SdkTarget

    if isinstance(text, SdkTarget):
        return text
    written, when = text, None
    if isinstance(text, str) and text.endswith("]"):
        from imbue.resource_guards.intercept.having import split

        written, when = split(text)
    module, colon, path = written.partition(":") if isinstance(written, str) else ("", "", "")
    owner, dot, attribute = path.rpartition(".")
    parts = [*module.split("."), *path.split(".")]
    if not colon or not all(part.isidentifier() for part in parts):
        from imbue.resource_guards.errors import ResourceGuardMisconfiguration
        from imbue.resource_guards.messages import declare as messages

        raise ResourceGuardMisconfiguration(messages.target_unreadable(label, text))
    return SdkTarget(owner=f"{module}:{owner}" if dot else module, attribute=attribute, when=when)


def condition(target: SdkTarget) -> str | None:
    """What stands behind a target in brackets; `None` if its condition cannot be written so, empty without one."""
    if target.when is None:
        return ""
    # By its module's name, which is loaded with the first of them.
    is_written = type(target.when).__module__ == _OF_CONDITIONS
    return str(target.when) if is_written else None


def package_of(target: SdkTarget) -> str:
    """The package that a target is in."""
    owner = target.owner
    if not isinstance(owner, str):
        owner = str(getattr(owner, "__module__", None) or vars(owner)["__name__"])
    return owner.partition(":")[0].partition(".")[0]


def any_installed(targets: Iterable[SdkTarget | None]) -> str | None:
    """Why none of the packages of some targets can be used; empty if one is installed, `None` without any target."""
    from imbue.resource_guards.intercept.targets import is_installed
    from imbue.resource_guards.messages.availability import not_installed

    there = [each for each in targets if each is not None]
    if any(map(is_installed, there)) or not there:
        return "" if there else None
    return not_installed(list(dict.fromkeys(map(package_of, there))))


def missing(resource: Resource, target: SdkTarget) -> Iterator[str]:
    """A line if an installed SDK does not seem to have a target that may be left out, but not in silence."""
    if target.optional and not target.quiet:
        from imbue.resource_guards.intercept import targets
        from imbue.resource_guards.messages import intercept as messages

        if targets.seems_missing(target):
            version = targets.version_of(targets.module_of(target)) or ""
            yield messages.target_is_missing(resource, target, version)


def unseen(target: SdkTarget, modules: Mapping[str, Any]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """That calls may have gone unseen, where an SDK is loaded that does not have such a target; see `Guard.doubts`."""
    if target.optional and not target.quiet and _is_loaded(target, modules):
        from imbue.resource_guards.intercept import targets
        from imbue.resource_guards.intercept.attributes import is_missing
        from imbue.resource_guards.intercept.attributes import resolve

        name = targets.module_of(target)
        if name in modules:
            is_there = not is_missing(
                resolve(modules[name], target.owner.partition(":")[2]), target.attribute
            )
        else:  # nothing of it can have been called, if there is such a module
            is_there = not isinstance(targets.find_module(name), str)
        if not is_there:
            yield f"{package_of(target)} {targets.version_of(name) or ''}".strip(), ()


def _is_loaded(target: SdkTarget, modules: Mapping[str, Any]) -> bool:
    """Whether a package that a target is in is loaded: one that has a file, as the first of ``google.auth`` has none."""
    from imbue.resource_guards.intercept import targets

    *packages, _ = targets.module_of(target).split(".")
    parents = [".".join(packages[: at + 1]) for at in range(len(packages))]
    return any(getattr(modules.get(each), "__file__", None) for each in parents)


def described(what: str, targets: Sequence[SdkTarget]) -> Iterator[Sequence[str]]:
    """For each target its lines in the list of guards: its version, whether it is there, and as what else.

    Args:
        what: What is done at a target.
        targets: The targets.
    """
    from imbue.resource_guards.intercept.preview import preview
    from imbue.resource_guards.intercept.targets import is_installed

    # All at once, since each package is imported in a Python of its own.
    previews = preview(each for each in targets if is_installed(each))
    for each in targets:
        yield list(_described(what, each, previews.get(each.title)))


def _described(what: str, target: SdkTarget, preview: Preview | None) -> Iterator[str]:
    from imbue.resource_guards.intercept import targets

    version = targets.version_of(targets.module_of(target)) or ""
    # Without a preview, its package cannot be imported, or the target has no name.
    is_missing = targets.seems_missing(target) if preview is None else not preview.is_there
    line = f"{what} {target.title}"
    if not targets.is_installed(target):
        yield f"{line}: not installed"
    elif is_missing and target.quiet:
        yield f"{line}: for other versions than {version}"
    elif is_missing:
        yield f"{line}: MISSING in {version or 'what is installed'}, calls are not seen"
    elif preview is not None and preview.refusal:
        yield f"{line}: REFUSED: {preview.refusal}"
    else:
        yield f"{line}{f' ({version})' if version else ''}"
        if preview is not None:
            yield from (f"  also as {place}" for place in preview.guarded)
            for place in preview.unguarded:
                yield (
                    f"  NOT in {place}, which keeps the function itself: calls from there are not seen"
                )
