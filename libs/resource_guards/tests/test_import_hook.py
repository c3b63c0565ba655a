"""A module that is waited for is seen whoever loads it, and loading is as ever for all others."""

from __future__ import annotations

import copy
import importlib
import importlib.machinery
import importlib.util
import pickle
import py_compile
import sys
import traceback
import types
import zipfile
import zipimport
from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from imbue.resource_guards.intercept.import_hook import HOOKS
from imbue.resource_guards.intercept.import_hook import ImportHook

NAME = "waited_for"
LOADERS = [importlib.machinery.SourceFileLoader, importlib.machinery.ExtensionFileLoader]


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The file of a module that is waited for, on the path."""
    monkeypatch.syspath_prepend(str(tmp_path))
    path = tmp_path / f"{NAME}.py"
    path.write_text("VALUE = 1\n")
    yield path
    sys.modules.pop(NAME, None)


@pytest.fixture
def seen(file: Path) -> Iterator[list[types.ModuleType]]:
    """Wait for the module; gives those that were called back with."""
    before = [loader.exec_module for loader in LOADERS]
    modules: list[types.ModuleType] = []
    hook = ImportHook()
    hook.when_imported(NAME, modules.append)
    assert file.exists()
    yield modules
    hook.uninstall()
    if not HOOKS:  # this run may be guarded itself
        assert [loader.exec_module for loader in LOADERS] == before
        assert vars(importlib.machinery.ExtensionFileLoader)["exec_module"] is before[1]


class Finder:
    """A finder in front of all others, with a loader of one's own."""

    def __init__(self, loader: Any) -> None:
        self.loader = loader

    def find_spec(self, name: str, *_: object) -> importlib.machinery.ModuleSpec | None:
        """Find the one module."""
        return importlib.machinery.ModuleSpec(name, self.loader) if name == NAME else None


class Loader:
    """A loader that shares nothing with those of importlib."""

    def create_module(self, _spec: object) -> None:
        """Leave it to importlib."""

    def exec_module(self, module: Any) -> None:
        """Execute it."""
        module.VALUE = 1


class OwnSource(importlib.machinery.SourceFileLoader):
    """One that has importlib's execute the module."""

    def exec_module(self, module: types.ModuleType) -> None:
        """Execute it, and add something."""
        super().exec_module(module)
        vars(module)["ADDED"] = 1


class OldLoader:
    """One of the old kind, which only has `load_module`."""

    def load_module(self, name: str) -> types.ModuleType:
        """Make and execute it."""
        module = sys.modules[name] = types.ModuleType(name)
        vars(module)["VALUE"] = 1
        return module


def by_import(_file: Path) -> types.ModuleType:
    return importlib.import_module(NAME)


def from_location(file: Path) -> types.ModuleType:
    spec = importlib.util.spec_from_file_location(NAME, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def from_location_and_registered(file: Path) -> types.ModuleType:
    module = sys.modules[NAME] = from_location(file)
    return module


def beside_another(file: Path) -> types.ModuleType:
    importlib.import_module("json")
    sys.modules[NAME] = types.ModuleType(NAME)
    return from_location(file)


def by_load_module(file: Path) -> types.ModuleType:
    loader: Any = importlib.machinery.SourceFileLoader(NAME, str(file))
    module: types.ModuleType = loader.load_module(NAME)
    return module


def without_spec(file: Path) -> types.ModuleType:
    module = types.ModuleType(NAME)
    importlib.machinery.SourceFileLoader(NAME, str(file)).exec_module(module)
    return module


def from_a_copied_loader(_file: Path) -> types.ModuleType:
    spec = importlib.util.find_spec(NAME)
    assert spec is not None
    assert spec.loader is not None
    spec.loader = copy.copy(spec.loader)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def from_bytecode(file: Path) -> types.ModuleType:
    py_compile.compile(str(file), cfile=f"{file}c")
    file.unlink()
    importlib.invalidate_caches()
    return importlib.import_module(NAME)


def zipped(file: Path) -> str:
    archive = file.with_suffix(".zip")
    with zipfile.ZipFile(archive, "w") as writing:
        writing.write(file, file.name)
    file.unlink()
    importlib.invalidate_caches()
    return str(archive)


def from_zip(file: Path) -> types.ModuleType:
    sys.path.insert(0, zipped(file))
    try:
        return importlib.import_module(NAME)
    finally:
        del sys.path[0]


def from_zip_beside_the_import_system(file: Path) -> types.ModuleType:
    spec = zipimport.zipimporter(zipped(file)).find_spec(NAME)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def by_a_loader_of_ones_own(file: Path) -> types.ModuleType:
    return found_by(Finder(Loader()), file)


def by_one_that_calls_importlibs(file: Path) -> types.ModuleType:
    return found_by(Finder(OwnSource(NAME, str(file))), file)


def by_a_copy_of_ones_own(_file: Path) -> types.ModuleType:
    finder: Any = Finder(Loader())
    sys.meta_path.insert(1, finder)
    try:
        spec = importlib.util.find_spec(NAME)
    finally:
        sys.meta_path.remove(finder)
    assert spec is not None
    spec.loader = pickle.loads(pickle.dumps(copy.copy(copy.deepcopy(spec.loader))))  # noqa: S301
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def found_by(finder: Any, _file: Path) -> types.ModuleType:
    sys.meta_path.insert(1, finder)
    try:
        return importlib.import_module(NAME)
    finally:
        sys.meta_path.remove(finder)


def behind_a_finder_of_the_old_kind(file: Path) -> types.ModuleType:
    return found_by(types.SimpleNamespace(find_module=lambda _name, _path: None), file)


def lazily(_file: Path) -> types.ModuleType:
    spec = importlib.util.find_spec(NAME)
    assert spec is not None
    assert spec.loader is not None
    spec.loader = importlib.util.LazyLoader(spec.loader)
    module = importlib.util.module_from_spec(spec)
    sys.modules[NAME] = module
    spec.loader.exec_module(module)
    assert module.VALUE == 1
    return module


@pytest.mark.parametrize(
    "load",
    [
        by_import,
        from_location,
        from_location_and_registered,
        beside_another,
        pytest.param(
            by_load_module,
            marks=pytest.mark.skipif(
                not hasattr(importlib.machinery.SourceFileLoader, "load_module"),
                reason="Python 3.15 has it no longer",
            ),
        ),
        without_spec,
        from_a_copied_loader,
        from_bytecode,
        from_zip,
        from_zip_beside_the_import_system,
        by_a_loader_of_ones_own,
        by_one_that_calls_importlibs,
        by_a_copy_of_ones_own,
        behind_a_finder_of_the_old_kind,
        lazily,
    ],
)
@pytest.mark.filterwarnings("ignore::ImportWarning", "ignore::DeprecationWarning")
def test_whoever_loads_the_module_is_seen(
    seen: list[types.ModuleType], file: Path, load: Callable[[Path], types.ModuleType]
) -> None:
    """It is called back with once, and after it was executed."""
    module = load(file)

    assert [id(each) for each in seen] == [id(module)]
    assert module.VALUE == 1
    assert "CallingBack" not in type(module.__loader__).__name__ or load is by_a_copy_of_ones_own


@pytest.mark.skipif(sys.version_info >= (3, 15), reason="Python has no such loaders there")
@pytest.mark.filterwarnings("ignore::ImportWarning", "ignore::DeprecationWarning")
def test_a_loader_that_only_has_load_module_is_seen(
    seen: list[types.ModuleType], file: Path
) -> None:
    """Importlib still calls it, and so do we."""
    module = found_by(Finder(OldLoader()), file)

    assert seen == [module]


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="Python asks no such finder there")
@pytest.mark.filterwarnings("ignore::ImportWarning", "ignore::DeprecationWarning")
def test_a_finder_of_the_old_kind_is_asked_as_ever(
    seen: list[types.ModuleType], file: Path
) -> None:
    """What `find_module` finds is loaded, and seen."""
    finder: Any = types.SimpleNamespace(
        find_module=lambda name, _path: OldLoader() if name == NAME else None
    )

    assert found_by(finder, file) is seen[0]


def test_a_module_that_puts_another_object_in_its_place(seen: list[object], file: Path) -> None:
    """What is imported is called back with."""
    file.write_text("import sys\nsys.modules[__name__] = sys.modules['json']\n")
    importlib.import_module("json")
    importlib.import_module(NAME)

    assert seen == [sys.modules["json"]]


@pytest.mark.usefixtures("file")
def test_a_module_that_is_reloaded_or_imported_anew(seen: list[types.ModuleType]) -> None:
    """It is called back with each time."""
    module = importlib.import_module(NAME)
    importlib.reload(module)
    del sys.modules[NAME]
    again = importlib.import_module(NAME)

    assert seen == [module, module, again]


def test_a_circular_import(seen: list[types.ModuleType], file: Path) -> None:
    """It is called back with when it is complete."""
    file.write_text("import round_about\nVALUE = 1\n")
    (file.parent / "round_about.py").write_text(f"import {NAME}\n")

    module = importlib.import_module(NAME)

    assert seen == [module]
    del sys.modules["round_about"]


def test_a_lazy_module_stays_lazy(file: Path) -> None:
    """To wait for one that is there, and not loaded, does not load it."""
    file.write_text("import sys\nsys.waited_for_was_executed = True\n")
    spec = importlib.util.find_spec(NAME)
    assert spec is not None
    assert spec.loader is not None
    spec.loader = importlib.util.LazyLoader(spec.loader)
    module = sys.modules[NAME] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    modules: list[types.ModuleType] = []
    hook = ImportHook()
    try:
        hook.when_imported(NAME, modules.append)
        assert not hasattr(sys, "waited_for_was_executed")
        assert vars(module)
        assert modules == [module]
    finally:
        hook.uninstall()
        vars(sys).pop("waited_for_was_executed", None)


@pytest.mark.usefixtures("seen")
def test_other_modules_load_without_us(tmp_path: Path) -> None:
    """The traceback of one that fails shows none of our code, nor importlib's."""
    (tmp_path / "fails_to_load.py").write_text("1 / 0\n")

    with pytest.raises(ZeroDivisionError) as caught:
        importlib.import_module("fails_to_load")

    frames = traceback.extract_tb(caught.value.__traceback__)
    assert not [frame for frame in frames if "intercept" in frame.filename]
    assert "fails_to_load" in frames[-1].filename


def test_extension_modules_are_seen() -> None:
    """Their loader is another than that of sources."""
    found = [
        name
        for name in ("_testcapi", "_ctypes_test", "_xxtestfuzz", "_decimal", "_lsprof")
        if isinstance(
            getattr(importlib.util.find_spec(name), "loader", None),
            importlib.machinery.ExtensionFileLoader,
        )
    ]
    if not found:
        pytest.skip("all extension modules are built in")
    before = sys.modules.pop(found[0], None)
    modules: list[types.ModuleType] = []
    hook = ImportHook()
    try:
        hook.when_imported(found[0], modules.append)
        assert modules == [importlib.import_module(found[0])]
    finally:
        hook.uninstall()
        if before is not None:
            sys.modules[found[0]] = before
