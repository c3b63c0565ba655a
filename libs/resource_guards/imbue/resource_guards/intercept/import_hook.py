"""Run a function when a module is first imported, so that guarding an SDK need not import it.

Nearly all modules are executed by `importlib`'s own loaders, whoever calls them: the import system, or code
that has made a spec by itself (`spec_from_file_location`). These show it. Other loaders are found by way
of the import system alone, and something stands in for one until its module is executed.

Imports nothing (nor `typing`, which takes longer than all of this), since child Pythons load it at
start: the two protocols of `importlib.abc` are met without deriving from them.
"""

from __future__ import annotations

import _frozen_importlib
import _frozen_importlib_external
import sys

from imbue.resource_guards.intercept.replacement import Replacement

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType
    from typing import Any
    from typing import Final

    OnImport = Callable[[ModuleType], None]

HOOKS: Final[list[ImportHook]] = []
"""Those that are installed in this process: one for each session that guards it."""

_EXECUTING: Final[set[int]] = set()
"""The ids of modules for whose loader something stands in, while they are executed."""


class ImportHook:
    """Calls back when a module that is waited for has been executed, before its importer goes on."""

    def __init__(self) -> None:
        self.waiting: dict[str, list[OnImport]] = {}

    def when_imported(self, name: str, callback: OnImport) -> None:
        """Call back with module `name` now, if it is there, and whenever it is imported anew."""
        self.install()
        self.waiting.setdefault(name, []).append(callback)
        module = sys.modules.get(name)
        if module is not None and not _is_still_to_load(module):
            callback(module)

    def forget(self, name: str, callback: OnImport) -> None:
        """Do not call back any more."""
        self.waiting[name].remove(callback)

    def install(self) -> None:
        """Start to watch imports."""
        if self not in HOOKS:
            if not HOOKS:
                _replace_loading()
            HOOKS.append(self)
            sys.meta_path.insert(0, self)

    def uninstall(self) -> None:
        """Stop watching imports."""
        if self in HOOKS:
            HOOKS.remove(self)
            if not HOOKS:
                _put_back_loading()
        if self in sys.meta_path:
            sys.meta_path.remove(self)

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """See :meth:`importlib.abc.MetaPathFinder.find_spec`. It finds nothing that others do not."""
        if name not in self.waiting:
            return None
        # Only those behind it: another of its kind would ask it in turn.
        finders = list(sys.meta_path)  # others may change it meanwhile
        for finder in finders[finders.index(self) + 1 :] if self in finders else ():
            spec = _ask(finder, name, path, target)
            if spec is not None:
                if spec.loader is not None:
                    spec.loader = _that_calls_back(spec.loader)
                return spec
        return None


def _ask(
    finder: Any, name: str, path: Sequence[str] | None, target: ModuleType | None
) -> ModuleSpec | None:
    if hasattr(finder, "find_spec"):
        spec: ModuleSpec | None = finder.find_spec(name, path, target)
        return spec
    # Until Python 3.11 a finder may do without, and importlib asks it in this way; later, not at all.
    find = getattr(_frozen_importlib, "_find_spec_legacy", None)
    return find(finder, name, path) if find is not None else None


def _is_still_to_load(module: ModuleType) -> bool:
    # Looking at any of its attributes would load it (`importlib.util.LazyLoader`).
    return type(module).__name__ == "_LazyModule"


def _executed(name: str, module: ModuleType, before: ModuleType | None) -> None:
    __tracebackhide__ = True
    # A module may put another object in its place while it is executed; and one that is loaded beside
    # the import system need not be in `sys.modules`, where another of its name may be.
    now = sys.modules.get(name)
    if now is not None and now is not before:
        module = now
    for hook in HOOKS[:]:
        for callback in list(hook.waiting.get(name, ())):
            callback(module)


def _name_of(module: ModuleType) -> str:
    spec = getattr(module, "__spec__", None)
    return module.__name__ if spec is None else spec.name


class _Loading:
    """Stands in place of `exec_module` of a loader's class while somebody waits for a module.

    It is asked for the method, and gives its own only for a module that is waited for: all others are
    executed as ever, with no frame of ours in their tracebacks. (The loader of built-in modules is a class,
    and knows no name; they have no tracebacks.)
    """

    def __init__(self, original: Any) -> None:
        self._original = original

    def __get__(self, loader: Any, owner: type | None = None) -> Any:
        method = self._original.__get__(loader, owner)
        # Only some loaders know the name, as those of a zip file do not.
        name = getattr(loader, "name", None)
        is_class = owner is _frozen_importlib.BuiltinImporter
        if (loader is None and not is_class) or (
            name is not None and not any(name in hook.waiting for hook in HOOKS)
        ):
            return method

        def exec_module(module: ModuleType) -> None:
            __tracebackhide__ = True
            if id(module) in _EXECUTING:
                method(module)
                return
            name = _name_of(module)
            before = sys.modules.get(name)
            method(module)
            _executed(name, module, before)

        return exec_module


_LOADERS: Final = (
    _frozen_importlib_external._LoaderBasics,  # noqa: SLF001 - of files of sources and bytecode, and zip files
    _frozen_importlib_external.ExtensionFileLoader,
    _frozen_importlib.BuiltinImporter,
)
_REPLACEMENTS: Final[list[Replacement]] = []


def _replace_loading() -> None:
    for loader in _LOADERS:
        replacement = Replacement(loader, "exec_module", _Loading(vars(loader)["exec_module"]))
        replacement.install()
        _REPLACEMENTS.append(replacement)


def _put_back_loading() -> None:
    while _REPLACEMENTS:
        _REPLACEMENTS.pop().uninstall()


def _that_calls_back(loader: Any) -> Any:
    if isinstance(loader, (_CallingBackLoader, _CallingBackOldLoader)):
        return loader
    for each in getattr(loader if isinstance(loader, type) else type(loader), "__mro__", ()):
        if "exec_module" in vars(each):
            if isinstance(vars(each)["exec_module"], _Loading):
                return loader  # which shows it by itself
            break
    return (_CallingBackLoader if hasattr(loader, "exec_module") else _CallingBackOldLoader)(loader)


class _CallingBackOldLoader:
    """Stands in for a loader that only has `load_module`."""

    def __init__(self, loader: Any) -> None:
        self._loader = loader

    def __reduce__(self) -> tuple[type[_CallingBackOldLoader], tuple[Any]]:
        return type(self), (self._loader,)

    def __getattr__(self, name: str) -> Any:
        if name == "_loader":  # of one that is only half made
            raise AttributeError(name)
        return getattr(self._loader, name)

    def load_module(self, name: str) -> ModuleType:
        """See :meth:`importlib.abc.Loader.load_module`."""
        before = sys.modules.get(name)
        module: ModuleType = self._loader.load_module(name)
        _executed(name, module, before)
        return sys.modules.get(name, module)


class _CallingBackLoader(_CallingBackOldLoader):
    """Stands in for a module's loader until the module is executed."""

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """See :meth:`importlib.abc.Loader.create_module`."""
        module: ModuleType | None = self._loader.create_module(spec)
        return module

    def exec_module(self, module: ModuleType) -> None:
        """Give the module its own loader back, execute it, and call back."""
        module.__loader__ = self._loader
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        name = _name_of(module)
        before = sys.modules.get(name)
        _EXECUTING.add(id(module))
        try:
            self._loader.exec_module(module)
        finally:
            _EXECUTING.discard(id(module))
        _executed(name, module, before)
