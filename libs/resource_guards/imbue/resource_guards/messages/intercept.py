"""What keeps a guard from working, and what a shim says."""

from __future__ import annotations

import errno
from collections.abc import Iterable
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from imbue.resource_guards.guard import Guard
from imbue.resource_guards.messages.common import quoted
from imbue.resource_guards.model import Resource
from imbue.resource_guards.model import SdkTarget

REMEDIES: Final = {
    errno.EMFILE: "Raise the limit for open files (ulimit -n).",
    errno.ENFILE: "Close programs that have many files open.",
    errno.EFBIG: "Raise the limit for the size of files (ulimit -f).",
    errno.ENOSPC: "Free some space there, or set TMPDIR to another directory.",
    errno.EDQUOT: "Free some space there, or set TMPDIR to another directory.",
    errno.ENOLCK: "Set TMPDIR to a directory on a file system with locks (flock).",
    errno.ENOSYS: "Set TMPDIR to a directory on a file system with locks (flock).",
    errno.EOPNOTSUPP: "Set TMPDIR to a directory on a file system with locks (flock).",
}
"""By the number of a system error: what to do if the system refuses space, files or locks."""


def directory_unwritable(
    guards: Iterable[str], parent: Path | str, error: OSError | ImportError
) -> str:
    number = getattr(error, "errno", None)
    remedy = REMEDIES.get(number or 0, "Set TMPDIR to a directory that you can write to.")
    return (
        f"Resource guards {quoted(guards)} cannot create their private directory in {parent}: {error}. "
        f"{remedy}"
    )


def directory_has_colon(directory: Path) -> str:
    return (
        f"The private directory {directory} of the resource guards cannot be on PATH, because its "
        f"path contains a colon. Set TMPDIR to a directory without one."
    )


def directory_noexec(directory: Path, resource: Resource) -> str:
    """A private directory from which nothing can be run."""
    return (
        f"Programs in {directory} cannot be run, so resource guard '{resource.label}' cannot "
        f"watch its binaries. Set TMPDIR to a directory on a file system that is not mounted "
        f"'noexec'."
    )


def native_unavailable(system: str) -> str:
    return (
        f"resource_guards_native = true: the native layer works on Linux, not on {system}. "
        f"Remove the option here."
    )


NATIVE_NEEDS_COMPILER: Final = (
    "resource_guards_native = true needs a C compiler, but none of cc, gcc and clang is on "
    "PATH. Install one (Debian: apt-get install gcc libc6-dev), name it in CC, or remove the "
    "option."
)


def native_not_compiled(command: Sequence[str], output: str) -> str:
    return (
        f"resource_guards_native = true: the C compiler failed. Install the C library's headers "
        f"(Debian: apt-get install libc6-dev), or remove the option.\n"
        f"{' '.join(command)}\n{output}"
    )


def native_unfit(directory: Path, character: str) -> str:
    """The native layer with a private directory that LD_PRELOAD cannot name."""
    return (
        f"resource_guards_native = true: LD_PRELOAD cannot name a library in {directory}, because "
        f"{character!r} separates its paths. Set TMPDIR to another directory."
    )


def native_not_loaded(library: str, said: str) -> str:
    return (
        f"resource_guards_native = true: /bin/sh does not load {library} by LD_PRELOAD. Its "
        f"loader may differ from the compiler's, or forbid it; remove the option.\n{said}"
    )


def native_no_cache(folder: Path, error: OSError) -> str:
    return (
        f"resource_guards_native = true: its library cannot be kept in {folder}: {error}. "
        f"Set XDG_CACHE_HOME to a directory that only you can write."
    )


WRITABLE_BY_OTHERS: Final = "it belongs to, or can be written by, another user"


def install_failed(resource: Resource, guard: Guard, error: BaseException) -> str:
    return (
        f"Resource guard '{resource.label}' ({resource.origin}): its install function "
        f"{guard.title} raised {type(error).__name__}: {error}. Fix it, or do not register "
        f"the guard where the SDK is not installed."
    )


def cleanup_function_failed(resource: Resource, guard: Guard, error: BaseException) -> str:
    return (
        f"Resource guard '{resource.label}' ({resource.origin}): the cleanup function of "
        f"{guard.title} raised {type(error).__name__}: {error}. Its patch may still be in place."
    )


def guard_raised(resource: Resource, guard: Guard, error: BaseException, place: str) -> str:
    """A guard of a custom kind that fails when it is installed."""
    return (
        f"Resource guard '{resource.label}' ({resource.origin}): {guard!r} cannot be installed, because its "
        f"class raised {type(error).__name__}: {error} ({place}). Fix it there."
    )


def guard_stays(resource: Resource, guard: Guard, error: BaseException, place: str) -> str:
    """The same when it is removed."""
    return (
        f"Resource guard '{resource.label}' ({resource.origin}): removing {guard!r} raised "
        f"{type(error).__name__}: {error} ({place}). Some of it may still be in place."
    )


def not_for_children(resource: Resource, guard: Guard, fields: object) -> str:
    return (
        f"Resource guard '{resource.label}' ({resource.origin}): the `wire` of {guard!r} returned "
        f"{fields!r}. It must return a list of strings, or None."
    )


def not_in_child(label: str, kind: str, error: BaseException, place: str) -> str:
    """A child Python in which a guard fails."""
    return (
        f"in this process '{label}' is not guarded by {kind}, which raised {type(error).__name__}: {error} "
        f"({place}). Fix it there."
    )


def guard_failed(resource: Resource, reason: object) -> str:
    """A guard that cannot be installed, with its resource."""
    return f"Resource guard '{resource.label}' ({resource.origin}): {reason}"


def module_missing(target: SdkTarget, module: str) -> str:
    return (
        f"the target {target.title} cannot be patched, because there is no module '{module}'. "
        f"Install its package or fix the target; only an SdkTarget(..., optional=True) may "
        f"be missing."
    )


def target_missing(target: SdkTarget) -> str:
    return (
        f"the target {target.title} does not exist. Change it to a method or function that this "
        f"version of the package has; only an SdkTarget(..., optional=True) may be missing."
    )


def target_is_missing(resource: Resource, target: SdkTarget, version: str) -> str:
    package = target.title.partition(":")[0].partition(".")[0]
    return (
        f"Resource guard '{resource.label}': {target.title} is missing in {f'{package} {version}'.strip()}, "
        f"so calls of it are not seen; the other targets are guarded. "
        f"A newer version of the guard may know its replacement."
    )


def target_made_when_asked(target: SdkTarget, name: str) -> str:
    """A function that a module's `__getattr__` gets from elsewhere."""
    return (
        f"the target {target.title} is not defined in its module, whose __getattr__ gets it from elsewhere. "
        f"Name it where it is defined: {name}."
    )


def target_in_namespace(target: SdkTarget) -> str:
    return (
        f"the target {target.title} does not exist: its package is a folder without __init__.py. "
        f"Name a module in it."
    )


def target_not_callable(target: SdkTarget, found: object) -> str:
    return (
        f"the target {target.title} is {found!r}, which is not callable. Name a method or a "
        f"function."
    )


def target_is_class(target: SdkTarget) -> str:
    return (
        f"the target {target.title} is a class. Name the method that all its calls go through: "
        f"{target.title}.method."
    )


def target_is_slot(target: SdkTarget) -> str:
    """A target that is a slot."""
    return (
        f"the target {target.title} is a slot, which has its own value in each object. Name "
        f"the method or function that uses the value."
    )


def target_is_abstract(target: SdkTarget, overriding: Iterable[str]) -> str:
    return (
        f"the target {target.title} is abstract, so calls go to the methods that override it. "
        f"Name these methods{_listed(overriding)}."
    )


def target_is_protocol(target: SdkTarget, overriding: Iterable[str]) -> str:
    return (
        f"the target {target.title} is in a Protocol, so calls go to the classes that implement it. "
        f"Name their methods{_listed(overriding)}."
    )


def target_of_metaclass(target: SdkTarget, metaclass: str) -> str:
    """A target that a class has from a metaclass in C, as each class has its call from `type`."""
    makes = f"{target.title.rpartition('.')[0]}.__init__"
    return (
        f"the target {target.title} is a method of {metaclass}, which all classes share. To guard "
        f"the creation of objects, name {makes}."
    )


def target_new_of_object(target: SdkTarget) -> str:
    """A `__new__` that is inherited from `object`, which Python does not let us restore."""
    makes = f"{target.title.rpartition('.')[0]}.__init__"
    return f"the target {target.title} is inherited from object. Name {makes}."


def target_of_class(target: SdkTarget, owner: str) -> str:
    """A target in an object that Python looks up in its class."""
    return (
        f"the target {target.title} is looked up in the class of its object. Name "
        f"{owner}.{target.attribute}."
    )


def target_unpatchable(target: SdkTarget, error: Exception, owner: str | None = None) -> str:
    name = (
        f"{owner}.{target.attribute}" if owner else "a method of a class that is written in Python"
    )
    return f"the target {target.title} cannot be patched ({error}). Name {name}."


def _listed(names: Iterable[str]) -> str:
    text = ", ".join(names)
    return f": {text}" if text else ""


def shim_refusal(resource: Resource) -> str:
    return (
        f"resource guards: blocked '{resource.label}', because the running test or fixture does not "
        f"declare it (@pytest.mark.{resource.name}, or the fixture's @fixture_uses_resources)."
    )


def shim_no_state(resource: Resource) -> str:
    return (
        f"resource guards: blocked '{resource.label}', because the private directory of the pytest "
        f"process that guards it cannot be read."
    )


def shim_no_record(resource: Resource) -> str:
    return (
        f"resource guards: blocked '{resource.label}', because its use cannot be recorded in the "
        f"private directory of the pytest process that guards it."
    )
