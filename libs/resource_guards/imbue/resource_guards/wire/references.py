"""How one process names a class, function or module for another: ``package.module:Class.method``.

Imports nothing, since child Pythons load it at start.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def reference(named: Any) -> str | None:
    """How another process finds something; `None` where it has no name, as in a function."""
    name = getattr(named, "__qualname__", "")
    module = getattr(named, "__module__", None)
    if module is None:
        return getattr(named, "__name__", None)  # a module
    return None if "<" in name else f"{module}:{name}"


def find(reference: str) -> Any:
    """What a reference leads to, of which the module is imported here.

    Raises:
        ImportError: There is no such module, as in a Python of another environment.
        AttributeError: The module does not have it.
    """
    module, _, path = reference.partition(":")
    found = __import__(module, fromlist=["_"])  # `importlib` is not there at start
    for name in path.split(".") if path else ():
        found = getattr(found, name)
    return found
