"""See the calls of sockets that name an address: `connect`, `connect_ex`, `sendto` and `sendmsg`.

CPython raises an audit event for each of them. But an audit hook is called for every event of the interpreter, as
one of which each call of `id` counts, and slows all tests. So these methods of Python's class ``socket.socket`` are
replaced, as long as all sockets are of that class. The hook is made as soon as somebody has, or asks for, what goes
past it: the class of ``_socket``, of which that is a subclass, or one of its methods.

Imports nothing but the standard library's smallest parts, since child Pythons load it at start.
"""

from __future__ import annotations

import os
from sys import modules

from imbue.resource_guards.intercept.audit import handle
from imbue.resource_guards.intercept.audit import is_made
from imbue.resource_guards.intercept.audit import stop_handling
from imbue.resource_guards.intercept.module_functions import references
from imbue.resource_guards.intercept.replacement import Replacement
from imbue.resource_guards.intercept.replacement import Trap

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any
    from typing import Final

    from imbue.resource_guards.intercept.import_hook import ImportHook

    Handler = Callable[[Any, Any], None]

_PYTHONS: Final = "socket"
_OF_C: Final = "_socket"
_NAMES: Final = ("socket", "SocketType")
"""What the class of ``_socket`` is called there. In ``socket``, the second is that class as well."""

_TRIOS: Final = "trio._socket"
"""Asks for the class and the methods for their documentation alone; it calls them by ``socket.socket``."""

_KNOWN: Final = (_PYTHONS, _TRIOS)

_STANDARD_LIBRARY: Final = str(os.__file__).removesuffix("os.py")

_OWN_PACKAGE: Final = __name__.partition(".intercept")[0]


def _of_connect(arguments: tuple[Any, ...]) -> Any:
    return arguments[0] if len(arguments) == 1 else None


def _of_sendto(arguments: tuple[Any, ...]) -> Any:
    is_whole = len(arguments) in (2, 3) and not isinstance(arguments[0], str)
    return arguments[-1] if is_whole else None  # flags may come before it


def _of_sendmsg(arguments: tuple[Any, ...]) -> Any:
    return arguments[3] if len(arguments) == 4 else None  # noqa: PLR2004 - as its position says


_METHODS: Final = {
    "connect": ("socket.connect", _of_connect),
    "connect_ex": ("socket.connect", _of_connect),
    "sendto": ("socket.sendto", _of_sendto),
    "sendmsg": ("socket.sendmsg", _of_sendmsg),
}
"""Each method with its audit event, and what gives the address among its arguments."""


class SocketCalls:
    """Has the handlers of events called, by methods of ``socket.socket`` or by an audit hook.

    Args:
        handlers: The handler of each audit event, which takes the socket and the address.
    """

    def __init__(self, handlers: dict[str, Handler]) -> None:
        self._handlers = handlers
        self._told: dict[str, Handler] = {}
        self._by_audit = False
        self._replacements: list[Replacement] = []
        self._traps: list[Trap] = []

    def watch(self, hook: ImportHook) -> None:
        """Have them called from now on. A second call adds nothing, but for modules that another hook tells of.

        Args:
            hook: Tells when ``socket`` is imported.
        """
        if not self._told and not self._by_audit:
            self._told.update(self._handlers)
        hook.when_imported(_OF_C, self._see_class_of_c)
        hook.when_imported(_PYTHONS, self._see)

    def unwatch(self) -> None:
        """End it, and leave everything as it was."""
        stop_handling(self._handlers)
        self._by_audit = False
        self._leave()
        for replacement in reversed(self._replacements):
            replacement.uninstall()
        self._replacements.clear()

    def _see_class_of_c(self, module: ModuleType) -> None:
        """Find out who asks for the class of ``_socket``."""
        if self._told:
            self._trap(module, _NAMES)

    def _see(self, module: ModuleType) -> None:
        """See the calls of Python's class; a module that is loaded anew has another."""
        if not self._told:
            return
        cls: Any = vars(module).get(_PYTHONS)
        known = [*{each.owner: None for each in self._replacements}]
        if cls not in known:
            self._replace(cls, known)
        if self._told:
            self._trap(module, _NAMES[1:])

    def _replace(self, cls: Any, known: list[Any]) -> None:
        of_c = next((each for each in self._traps if _PYTHONS in each.kept), None)
        if of_c is None or is_made() or not _is_alone(cls, of_c.kept[_PYTHONS], known):
            self._use_audit()
            return
        is_address = _forms(of_c.kept[_PYTHONS], of_c.space)
        for name, (event, address_of) in _METHODS.items():
            if hasattr(cls, name):
                method = getattr(cls, name)
                new = _telling(method, address_of, event, self._told, is_address)
                replacement = Replacement(cls, name, new)
                replacement.install()
                self._replacements.append(replacement)

    def _trap(self, module: ModuleType, names: tuple[str, ...]) -> None:
        trap = next((each for each in self._traps if each.is_of(module)), None)
        if trap is None and "__getattr__" in vars(module):
            self._use_audit()  # somebody else's, as that of a copy of this module
            return
        if trap is None:
            trap = Trap(module, _is_known, self._use_audit)
            self._traps.append(trap)
        trap.take(names)

    def _use_audit(self) -> None:
        self._by_audit = True
        handle(self._handlers)
        self._leave()

    def _leave(self) -> None:
        # The methods stay as they are: others may have been put around them since.
        self._told.clear()
        for trap in self._traps:
            trap.remove()
        self._traps.clear()


def _is_known(space: dict[str, Any]) -> bool:
    """Whether code with these globals is `socket`, trio or this package. What `socket` imports is seen afterwards."""
    name = str(space.get("__name__"))
    if name in _KNOWN:  # each new socket comes here
        module = modules.get(name)
        return module is not None and vars(module) is space
    return name.startswith(_OWN_PACKAGE)


def _is_alone(cls: Any, base: Any, known: list[Any]) -> bool:
    """Whether all sockets are of a class or of those that are known, and nobody has what would go past it."""
    subclasses: list[type] = base.__subclasses__()
    if getattr(cls, "__base__", None) is not base or not {*subclasses} <= {cls, *known}:
        return False
    for name in _METHODS:
        if any(name in vars(each) and not _is_ours(vars(each)[name]) for each in (cls, *known)):
            return False  # as a fake, with which what stands over it would go
        if name in vars(base):
            own = _FOR_EACH * sum(name in vars(each) for each in (cls, *known))
            own += 1 + _of_trio(vars(base)[name])  # the class's is one
            if references(vars(base)[name]) > references(object()) + own:
                return False
    for name, module in list(modules.items()):
        if name in (_OF_C, _PYTHONS, _TRIOS) or name.startswith(_OWN_PACKAGE):
            continue
        try:
            # Not by `vars`, which would load a module that is still to load.
            space = object.__getattribute__(module, "__dict__")
        except AttributeError:
            continue  # it is no module
        # Of an installed module two names are looked at: to look at all that a thousand have takes long.
        is_whole = _OF_C in space or not _is_installed(space.get("__file__"))
        has = list(space.values()) if is_whole else map(space.get, _NAMES)
        if any(value is base for value in has):
            return False
    return True


_FOR_EACH: Final = 2
"""How often what stands in place of a method refers to it: as the one that it wraps, and to call it."""


def _is_installed(file: Any) -> bool:
    return (
        not isinstance(file, str)
        or file.startswith(_STANDARD_LIBRARY)
        or "site-packages" in file
        or "dist-packages" in file
    )


def _of_trio(method: object) -> int:
    """How often trio refers to a method."""
    values = list(vars(modules[_TRIOS]).values()) if _TRIOS in modules else []
    for cls in [each for each in values if isinstance(each, type)]:
        values += [getattr(each, "__wrapped__", None) for each in vars(cls).values()]
    return sum(each is method for each in values)


def _is_ours(method: Any) -> bool:
    return str(getattr(method, "__module__", "")).startswith(_OWN_PACKAGE)


def _is_of_ip(given: Any, most: int) -> bool:
    """Whether something is a host with a port, for a socket whose addresses have at most so many parts."""
    if not isinstance(given, tuple) or not 2 <= len(given) <= most:  # noqa: PLR2004 - host and port
        return False
    host, port = given[:2]
    if not isinstance(host, (str, bytes, bytearray)) or not hasattr(port, "__index__"):
        return False
    text = host if isinstance(host, str) else host.decode("ascii", "replace")
    # One of the other family is an error as well; a name may be of both.
    is_other = ":" in text if most == 2 else text.replace(".", "").isdigit()  # noqa: PLR2004 - as above
    return not is_other and 0 <= port.__index__() <= _LAST_PORT


_LAST_PORT: Final = 0xFFFF


def _is_buffer(given: Any) -> bool:
    try:
        memoryview(given)
    except TypeError:
        return False
    return True


def _forms(base: Any, of_c: dict[str, Any]) -> Callable[[Any, Any], bool]:
    """What tells whether something has the form of an address of a socket; if not, that is an error of the method."""
    family = vars(base)["family"]
    ip6 = of_c.get("AF_INET6")
    ips = {of_c.get("AF_INET"), ip6}

    def is_address(socket: Any, given: Any) -> bool:
        if isinstance(socket, base) and family.__get__(socket) in ips:
            return _is_of_ip(given, most=4 if family.__get__(socket) == ip6 else 2)
        return isinstance(given, (tuple, str)) or _is_buffer(given)

    return is_address


def _telling(
    method: Callable[..., Any],
    address_of: Callable[[tuple[Any, ...]], Any],
    event: str,
    told: dict[str, Handler],
    is_address: Callable[[Any, Any], bool],
) -> Callable[..., Any]:
    def call(self: Any, /, *arguments: Any) -> Any:
        __tracebackhide__ = True
        handler = told.get(event)
        if handler is not None:
            address = address_of(arguments)
            if is_address(self, address):
                handler(self, address)
        return method(self, *arguments)

    for name in ("__name__", "__qualname__", "__doc__"):
        setattr(call, name, getattr(method, name, None))
    call.__wrapped__ = method  # type: ignore[attr-defined]
    return call
