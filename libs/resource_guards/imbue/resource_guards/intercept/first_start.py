"""Do without an audit hook until the first process is started.

A hook costs each test 2 % of an empty one, whatever it does, since pytest raises some 14 audit events
for each. So the functions of Python that start a process, few as they are, are replaced by others
that make the hook first and then go on; the hook sees the start, and the functions are put back.
Where someone holds one of them from before (``from os import system``), the hook is made at once.
"""

from __future__ import annotations

import functools
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any
from typing import Final

from imbue.resource_guards.intercept import audit
from imbue.resource_guards.intercept.replacement import Replacement

NAMES: Final = ("posix_spawn", "posix_spawnp", "execv", "execve", "system")
"""The functions of `os` that start a process, or become one; all others call one of these."""

_CAPABILITIES: Final = ("supports_dir_fd", "supports_effective_ids", "supports_fd")
"""The sets of `os` that have some of its functions in them."""

_MODULES: Final = [os, *filter(None, [sys.modules.get("posix")])]
"""The modules that have them."""

REPLACEMENTS: Final[list[Replacement]] = []


def handle(handlers: dict[str, Callable[..., None]]) -> None:
    """Have the events of process starts handled from now on."""
    if audit.is_made() or not _replace_functions():
        audit.handle(handlers)
    else:
        audit.HANDLERS.update(handlers)


def forget() -> None:
    """Put the functions back. A second call changes nothing."""
    while REPLACEMENTS:
        REPLACEMENTS.pop().uninstall()


def is_held(name: str) -> bool:
    """Whether anyone but its modules holds a function of `os`, as far as references tell."""
    known = [vars(each).get(name) for each in _MODULES].count(vars(os)[name])
    known += sum(vars(os)[name] in getattr(os, each, ()) for each in _CAPABILITIES)
    return _references(vars(os)[name]) > known + _references(object())


def _references(function: object) -> int:
    return sys.getrefcount(function)


def _replace_functions() -> bool:
    names = [name for name in NAMES if hasattr(os, name)]
    if REPLACEMENTS or not hasattr(subprocess.Popen, "_execute_child"):
        return bool(REPLACEMENTS)
    if any(is_held(name) for name in names):
        return False
    owners: list[tuple[Any, str]] = [(each, name) for each in _MODULES for name in names]
    for owner, name in [(subprocess.Popen, "_execute_child"), *owners]:
        old = getattr(owner, name)
        new = functools.update_wrapper(_making_the_hook(old), old)
        replacement = Replacement(owner, name, new)
        replacement.install()
        REPLACEMENTS.append(replacement)
    return True


def _making_the_hook(start: Callable[..., Any]) -> Callable[..., Any]:
    def start_seen(*args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        audit.make_hook()
        forget()
        return start(*args, **kwargs)

    return start_seen
