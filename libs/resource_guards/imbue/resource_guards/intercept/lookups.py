"""See the names of hosts that are looked up, before they are, and remember what they led to.

So an attempt is seen where there is no network as well, and a connection to an address is known to be one to
the name that it was found by. All of ``socket``, asyncio, trio and gevent ends in five functions of
``_socket``, or in methods of a socket that are given a name, which they look up before there is any event. What
asks the system's resolver by itself (uvloop, extension modules) is not seen.

Imports nothing but the standard library's smallest parts, since child Pythons load it at start.
"""

from __future__ import annotations

from imbue.resource_guards.intercept.ips import ip_text
from imbue.resource_guards.intercept.replacement import Replacement

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Collection
    from collections.abc import Iterator
    from types import ModuleType
    from typing import Any
    from typing import Final

    from imbue.resource_guards.intercept.import_hook import ImportHook

FUNCTIONS: Final = (
    *("getaddrinfo", "gethostbyname", "gethostbyname_ex", "gethostbyaddr", "getnameinfo"),
)

METHODS: Final = ("connect", "connect_ex", "sendto")

_NUMERIC: Final = 0x4
"""``AI_NUMERICHOST`` on all systems that there is a shell on: nothing is looked up."""

_NUMERIC_NAME: Final = 0x1
"""``NI_NUMERICHOST``, likewise."""

_FLAGS_AT: Final = 5

_WATCHERS: Final[list[LookupWatcher]] = []
_REPLACEMENTS: Final[list[Replacement]] = []
_LED_TO: Final[dict[str, set[tuple[str, int | None]]]] = {}
"""For each address the names that were watched and led to it, with the port that each was looked up for."""


class LookupWatcher:
    """Tells of look-ups of some names.

    Args:
        is_name: Whether a name, or an address that is to be looked up, is one of them, for the port
            that it is looked up for, if that is known.
        saw: Told of each look-up, before it is made; what it raises stops it.
        by_context: `is_name` goes by the context that it is asked in, which is not that of the threads that
            look names up for asyncio.
    """

    def __init__(
        self,
        is_name: Callable[[str, int | None], bool],
        saw: Callable[[str], None],
        *,
        by_context: bool = False,
    ) -> None:
        self.is_name = is_name
        self.saw = saw
        self.by_context = by_context

    def watch(self, hook: ImportHook) -> None:
        """Begin to be told.

        Args:
            hook: Tells when ``socket`` is imported.
        """
        _WATCHERS.append(self)
        hook.when_imported("socket", _replace)
        if self.by_context:
            hook.when_imported("asyncio.base_events", _replace_in_loops)

    def unwatch(self) -> None:
        """End it. A second call changes nothing."""
        if self in _WATCHERS:
            _WATCHERS.remove(self)
            if not _WATCHERS:
                for each in reversed(_REPLACEMENTS):
                    each.uninstall()
                _REPLACEMENTS.clear()
                _LED_TO.clear()


def names_of(address: str, port: object) -> Collection[str]:
    """The watched names that led to a port of an address in this process: one address may be that of many hosts."""
    found = list(_LED_TO.get(address, ()))  # others may be added meanwhile
    return {name for name, wanted in found if wanted is None or wanted == port}


def _replace(module: ModuleType) -> None:
    import _socket  # which `socket` has imported

    for name in FUNCTIONS:
        old = vars(_socket).get(name)
        if old is None or any(each.new is old for each in _REPLACEMENTS):
            continue
        new = _watched(name, old)
        for space in (_socket, module):  # `socket` has a `getaddrinfo` of its own, which calls this
            if vars(space).get(name) is old:
                replacement = Replacement(space, name, new)
                replacement.install()
                _REPLACEMENTS.append(replacement)

    for name in METHODS:
        cls: Any = vars(module)["socket"]
        if not any(each.owner is cls and each.name == name for each in _REPLACEMENTS):
            replacement = Replacement(cls, name, _with_name(name, getattr(cls, name)))
            replacement.install()
            _REPLACEMENTS.append(replacement)


def _replace_in_loops(module: ModuleType) -> None:
    cls: Any = vars(module)["BaseEventLoop"]
    if not any(each.owner is cls for each in _REPLACEMENTS):
        replacement = Replacement(cls, "getaddrinfo", _in_loop(cls.getaddrinfo))
        replacement.install()
        _REPLACEMENTS.append(replacement)


def _in_loop(old: Callable[..., Any]) -> Callable[..., Any]:
    async def getaddrinfo(self: Any, host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        name = _name("getaddrinfo", (host, port), kwargs)
        for each in [each for each in _WATCHERS if each.by_context]:
            if name and each.is_name(name, _port("getaddrinfo", (host, port), kwargs)):
                each.saw(f"lookup of {name}")
        return await old(self, host, port, *args, **kwargs)

    getaddrinfo.__qualname__ = old.__qualname__
    getaddrinfo.__doc__ = old.__doc__
    return getaddrinfo


def _with_name(method: str, old: Callable[..., Any]) -> Callable[..., Any]:
    def with_name(self: Any, *args: Any) -> Any:
        __tracebackhide__ = True
        address = args[-1] if args else None
        if isinstance(address, tuple) and len(address) > 1 and isinstance(address[0], str):
            name, port = address[:2]
            for each in _WATCHERS[:]:
                if each.is_name(name, port if isinstance(port, int) else None):
                    each.saw(f"lookup of {name}")
        return old(self, *args)

    with_name.__name__ = with_name.__qualname__ = method
    with_name.__doc__ = old.__doc__
    with_name.__wrapped__ = old  # type: ignore[attr-defined]
    return with_name


def _watched(function: str, old: Callable[..., Any]) -> Callable[..., Any]:
    def looking_up(*args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        name = _name(function, args, kwargs)
        port = _port(function, args, kwargs)
        watchers = [each for each in _WATCHERS if name and each.is_name(name, port)]
        for each in watchers:
            each.saw(f"lookup of {name}")
        found = old(*args, **kwargs)
        if watchers:
            for address in _addresses(function, found):
                _LED_TO.setdefault(ip_text(address) or address, set()).add((name, port))
        return found

    looking_up.__name__ = looking_up.__qualname__ = function
    return looking_up


def _name(function: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    """What a call looks up; empty if it is nothing, or nothing that could be."""
    name = args[0] if args else kwargs.get("host")
    if function == "getnameinfo":
        flags = args[1] if len(args) > 1 else 0
        name = name[0] if name and isinstance(name, tuple) and not flags & _NUMERIC_NAME else ""
    elif function == "getaddrinfo":
        flags = args[_FLAGS_AT] if len(args) > _FLAGS_AT else kwargs.get("flags", 0)
        if flags & _NUMERIC:
            return ""
    if isinstance(name, (bytes, bytearray)):
        name = name.decode("utf-8", "replace")
    return name if isinstance(name, str) else ""


def _port(function: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> int | None:
    port = None
    if function == "getaddrinfo":
        port = args[1] if len(args) > 1 else kwargs.get("port")
    text = port.decode() if isinstance(port, bytes) else str(port)
    return int(text) if text.isascii() and text.isdigit() and int(text) else None


def _addresses(function: str, found: Any) -> Iterator[str]:
    if function == "getaddrinfo":
        yield from (str(each[4][0]) for each in found)
    elif function == "gethostbyname":
        yield found
    elif function in ("gethostbyname_ex", "gethostbyaddr"):
        yield from found[2]
