"""A pytest plugin that fails each test after which a package of ours is not the installed one.

`scripts/wheels.py` copies it into its environment, where it imports nothing else of this workspace.
Run as a program it does the same once, for an interpreter without pytest.
"""

from __future__ import annotations

import importlib
import sys
import sysconfig
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType

import pytest

PACKAGES = ("imbue.resource_guards.resource_guards", "imbue.mngr", "imbue.mngr_modal")


def strays(modules: Mapping[str, ModuleType], site: Path) -> list[str]:
    """Those modules of the namespace, and places of its packages, that are not in a folder."""
    return [
        f"{name} is from {place}"
        for name, module in sorted(modules.items())
        if name == "imbue" or name.startswith("imbue.")
        for place in getattr(module, "__path__", [module.__file__])
        if not Path(place).resolve().is_relative_to(site.resolve())
    ]


def strays_here() -> list[str]:
    """The strays of this process, which has imported each of our packages."""
    for package in PACKAGES:
        importlib.import_module(package)
    return strays(sys.modules, Path(sysconfig.get_path("purelib")))


def pytest_sessionstart() -> None:
    """Refuse to run tests of other packages than the installed ones."""
    if found := strays_here():
        raise pytest.UsageError(*found)


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown() -> None:
    """Look again, since a test can make others importable."""
    if found := strays_here():
        pytest.fail("\n".join(found), pytrace=False)


if __name__ == "__main__":
    sys.exit("\n".join(strays_here()) or None)
