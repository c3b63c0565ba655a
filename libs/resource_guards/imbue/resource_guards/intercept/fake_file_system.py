"""Keep the real file system for the guards while a test has a fake one (pyfakefs).

pyfakefs replaces ``os`` and the like in every module but those that it is told to leave alone, as
its own pytest plugin tells it for pytest's. The modules that run during a test use ``os`` itself
then, and neither ``pathlib`` nor ``open``, within which it is replaced.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Final

_PACKAGE: Final = "imbue.resource_guards."


def keep_real_files(pyfakefs: ModuleType) -> None:
    """Have pyfakefs leave the modules of resource guards alone.

    Args:
        pyfakefs: Its module `fake_filesystem_unittest`, which has just been imported.
    """
    own = [module for name, module in sys.modules.items() if name.startswith(_PACKAGE)]
    pyfakefs.Patcher.SKIPMODULES.update(own)
