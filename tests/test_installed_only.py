"""`scripts/wheels.py` tests what is installed: whatever comes from elsewhere is found."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from pathlib import Path
from types import ModuleType

import pytest

import dev
from support.installed_only import pytest_runtest_teardown
from support.installed_only import pytest_sessionstart
from support.installed_only import strays

PLUGIN = dev.ROOT / "tests" / "support" / "installed_only.py"


def module(name: str, file: Path | None, *folders: Path) -> ModuleType:
    """A module from a file, or a package that looks for its own in folders."""
    made = ModuleType(name)
    made.__file__ = str(file) if file else None
    if folders:
        made.__path__ = [str(folder) for folder in folders]
    return made


def test_a_module_from_elsewhere_is_a_stray(tmp_path: Path) -> None:
    """One of ours, or a folder of the namespace; what others have is theirs."""
    site, checkout = tmp_path / "site", tmp_path / "checkout"
    modules = {
        "imbue": module("imbue", None, site / "imbue", checkout / "imbue"),
        "imbue.mngr": module("imbue.mngr", site / "imbue/mngr/__init__.py", site / "imbue/mngr"),
        "imbue.mngr.engine": module("imbue.mngr.engine", checkout / "imbue/mngr/engine.py"),
        "imbued": module("imbued", checkout / "imbued.py"),
    }

    assert strays(modules, site) == [
        f"imbue is from {checkout}/imbue",
        f"imbue.mngr.engine is from {checkout}/imbue/mngr/engine.py",
    ]
    assert strays(modules, tmp_path) == []


def test_a_run_on_other_packages_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At its start, and after each test."""
    monkeypatch.setattr(sysconfig, "get_path", lambda _: str(tmp_path))

    with pytest.raises(pytest.UsageError, match=r"imbue\.mngr is from"):
        pytest_sessionstart()
    with pytest.raises(pytest.fail.Exception, match=r"imbue\.mngr is from"):
        pytest_runtest_teardown()


def test_a_python_that_finds_other_packages_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A further folder of the namespace is enough, with nothing in it."""
    (tmp_path / "imbue").mkdir()
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    done = subprocess.run(
        [sys.executable, PLUGIN], capture_output=True, text=True, check=False, cwd=dev.ROOT
    )

    assert done.returncode == 1
    assert f"imbue is from {tmp_path}/imbue\n" in done.stderr
