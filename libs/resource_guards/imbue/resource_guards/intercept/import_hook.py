"""Run a function when a module is first imported, so that guarding an SDK need not import it.

Imports nothing (nor `typing`, which takes longer than all of this), since child Pythons load it at
start: the two protocols of `importlib.abc` are met without deriving from them.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Sequence
    from importlib.abc import Loader
    from importlib.machinery import ModuleSpec
    from types import ModuleType
    from typing import Any

    OnImport = Callable[[ModuleType], None]


class ImportHook:
    """Calls back when a module that is waited for has been executed, before its importer goes on.

    It finds nothing by itself: it asks the other finders, and stands in for the loader only until
    the module is executed, so that the module keeps its own loader.
    """

    def __init__(self) -> None:
        self._waiting: dict[str, list[OnImport]] = {}

    def when_imported(self, name: str, callback: OnImport) -> None:
        """Call back with module `name` now, if it is there, and whenever it is imported anew."""
        self.install()
        self._waiting.setdefault(name, []).append(callback)
        module = sys.modules.get(name)
        if module is not None:
            callback(module)

    def forget(self, name: str, callback: OnImport) -> None:
        """Do not call back any more."""
        self._waiting[name].remove(callback)

    def install(self) -> None:
        """Start to watch imports."""
        if self not in sys.meta_path:
            sys.meta_path.insert(0, self)

    def uninstall(self) -> None:
        """Stop watching imports."""
        if self in sys.meta_path:
            sys.meta_path.remove(self)

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """See :meth:`importlib.abc.MetaPathFinder.find_spec`."""
        if name not in self._waiting:
            return None
        # Only those behind it: another of its kind would ask it in turn.
        for finder in sys.meta_path[sys.meta_path.index(self) + 1 :]:
            if spec := finder.find_spec(name, path, target):
                if spec.loader is not None:
                    spec.loader = _CallingBackLoader(  # type: ignore[assignment] # see above
                        spec.loader, self._waiting[name]
                    )
                return spec
        return None


class _CallingBackLoader:
    """Stands in for a module's loader until the module is executed."""

    def __init__(self, loader: Loader, callbacks: list[OnImport]) -> None:
        self._loader = loader
        self._callbacks = callbacks

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """See :meth:`importlib.abc.Loader.create_module`."""
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        """Give the module its own loader back, execute it, and call back."""
        module.__loader__ = self._loader
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        self._loader.exec_module(module)
        for callback in self._callbacks:
            callback(module)
