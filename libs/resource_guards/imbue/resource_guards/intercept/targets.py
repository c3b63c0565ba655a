"""Whether an SDK target is there, found out without importing the SDK."""

from __future__ import annotations

import functools
import importlib.metadata
import importlib.util
import re
import sys
from importlib.machinery import ModuleSpec
from importlib.machinery import PathFinder
from pathlib import Path

from imbue.resource_guards import system
from imbue.resource_guards.model import SdkTarget


def module_of(target: SdkTarget) -> str:
    """The name of the module that a target is in; empty if the target is given as an object."""
    return target.owner.partition(":")[0] if isinstance(target.owner, str) else ""


def is_source_file(name: str) -> bool:
    """Whether a module is a source file, in packages that are folders with one; else `find_module` finds out.

    That is so for nearly all, and to see it takes a tenth of what the finders of the import system take.
    """
    package, *submodules = name.split(".")
    for folder in sys.path:
        path = f"{folder or '.'}/{package}"
        if _is_there(f"{path}.py"):
            return not submodules
        if _is_there(f"{path}/__init__.py"):
            for submodule in submodules[:-1]:
                path = f"{path}/{submodule}"
                if not _is_there(f"{path}/__init__.py"):
                    return False
            return not submodules or _is_there(f"{path}/{submodules[-1]}.py")
    return False


def _is_there(path: str) -> bool:
    return system.access(path, system.F_OK)


def find_module(name: str) -> ModuleSpec | str:
    """Where a module is, or the first of its packages and itself that is not there.

    `importlib.util.find_spec` of a submodule imports its parents, which a guard must not do.
    """
    package, *submodules = name.split(".")
    spec = _find_package(package, tuple(sys.path))
    found = package
    for submodule in submodules:
        if spec is None:
            break
        found = f"{found}.{submodule}"
        spec = PathFinder.find_spec(found, spec.submodule_search_locations or [])
    return found if spec is None else spec


def version_of(module: str) -> str | None:
    """The version of the installed distribution that has the name of a module's package."""
    try:
        return importlib.metadata.version(module.partition(".")[0])
    except importlib.metadata.PackageNotFoundError:
        return None


def is_installed(target: SdkTarget) -> bool:
    """Whether the package that a target is in can be imported.

    Of one that shares its first name with others (``google.auth``), the first that has a file of its own.
    """
    package, *submodules = module_of(target).split(".")
    if not package or getattr(sys.modules.get(package), "__file__", None):
        return True
    spec = _find_package(package, tuple(sys.path))
    while spec is not None and spec.origin is None and submodules:
        package = f"{package}.{submodules.pop(0)}"
        spec = PathFinder.find_spec(package, spec.submodule_search_locations or [])
    return spec is not None


@functools.cache
def _find_package(package: str, _path: tuple[str, ...]) -> ModuleSpec | None:
    # An SDK has many targets, and one that is not installed is looked for all along the path.
    return importlib.util.find_spec(package)


def seems_missing(target: SdkTarget) -> bool:
    """Whether a target of an installed package is not in the source of its module.

    It looks for the name's definition in the text, since it must cost next to nothing and may not
    import the module. What the module has by other ways (an import, a base class) is told as
    missing only by mistake of whoever declares such a target; what has no source is not told. When
    the module is imported, the truth is found out.
    """
    if not module_of(target) or not is_installed(target):
        return False
    spec = find_module(module_of(target))
    if isinstance(spec, str):
        return True
    if spec.origin is None or not spec.origin.endswith(".py"):
        return False
    text = Path(spec.origin).read_text(encoding="utf-8", errors="replace")
    names = [*filter(None, target.owner.partition(":")[2].split(".")), target.attribute]
    return not all(_defines(text, name) for name in names)


def _defines(text: str, name: str) -> bool:
    definition = rf"^\s*(?:(?:async\s+)?def\s+|class\s+)?{re.escape(name)}\s*[(:=\[]"
    return re.search(definition, text, re.MULTILINE) is not None
