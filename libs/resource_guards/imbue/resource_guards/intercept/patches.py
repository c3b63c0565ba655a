"""The patches that one target has in this process: a module may be imported more than once."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from imbue.resource_guards.intercept.method_patch import MethodPatch


class Patches:
    """Takes patches out, whenever they were put in.

    It does not keep them: one whose class is gone, as that of a module which was imported anew, goes with it.
    """

    def __init__(self) -> None:
        self._patches: list[Callable[[], MethodPatch | None]] = []

    def put_in(self, patch: MethodPatch) -> None:
        """Install a patch, and remember it.

        Raises:
            ResourceGuardMisconfiguration: It cannot be installed.
        """
        patch.install()
        self._patches = [each for each in self._patches if each() is not None]
        self._patches.append(weakref.ref(patch))

    def take_out(self) -> None:
        """Take out those that are left, the last first."""
        with ExitStack() as undo:
            for each in self._patches:
                if patch := each():
                    undo.callback(patch.uninstall)
        self._patches.clear()
