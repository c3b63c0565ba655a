"""Keep the real file system for the guards while a test has a fake one (pyfakefs).

pyfakefs replaces ``os`` and the like in every module but those that it is told to leave alone, as
its own pytest plugin tells it for pytest's. The modules that run during a test use ``os`` itself
then, and neither ``pathlib`` nor ``open``, within which it is replaced.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Final

from imbue.resource_guards.intercept.import_hook import ImportHook

_PATCHER: Final = "pyfakefs.fake_filesystem_unittest"
_PACKAGE: Final = "imbue.resource_guards."


def keep_real_files(import_hook: ImportHook) -> None:
    """Have pyfakefs leave the modules of resource guards alone, if it is ever imported."""
    import_hook.when_imported(_PATCHER, _leave_out)


def _leave_out(pyfakefs: ModuleType) -> None:
    own = [module for name, module in sys.modules.items() if name.startswith(_PACKAGE)]
    pyfakefs.Patcher.SKIPMODULES.update(own)
