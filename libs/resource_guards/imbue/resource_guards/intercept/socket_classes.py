"""The class that a socket gets which leads to a guarded address: a subclass of its own that tells of each transfer.

It has the name of the first, and all that tests put in the place of that one's methods is called as before.

Imports nothing but the standard library's smallest parts, since child Pythons load it at start.
"""

from __future__ import annotations

from sys import modules

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any
    from typing import Final

METHODS: Final = (
    *("send", "sendall", "sendto", "sendmsg", "sendmsg_afalg", "sendfile", "write"),
    *("recv", "recv_into", "recvfrom", "recvfrom_into", "recvmsg", "recvmsg_into", "read"),
)
"""Those that send or receive, of ``socket.socket`` and ``ssl.SSLSocket`` (its `read` and `write`)."""

_REDUCTION: Final = "multiprocessing.reduction"


class SocketClasses:
    """For each class of sockets the one that tells.

    Args:
        entries: The sockets that are told of, by their ids, each with its ``uses``.
        detached: Told of a socket and the descriptor that has been taken from it.
    """

    def __init__(self, entries: dict[int, Any], detached: Callable[[Any, int], None]) -> None:
        self._entries = entries
        self._detached = detached
        self._made: dict[type, type] = {}

    def telling(self, plain: type) -> type:
        """The class that tells, of another.

        Raises:
            Exception: Whatever keeps that one from having subclasses.
        """
        if plain not in self._made:
            own: list[type] = []  # the class itself, once it is made
            names = [name for name in METHODS if hasattr(plain, name)]
            methods: dict[str, Any] = {name: self._method(plain, name, own) for name in names}
            about = {
                "__module__": plain.__module__,
                "__qualname__": plain.__qualname__,
                "__doc__": plain.__doc__,
                "__slots__": (),  # so that objects are as large as before
                "detach": self._detach(own),
            }
            own.append(type(plain)(plain.__name__, (plain,), {**about, **methods}))
            self._made.setdefault(plain, own[0])  # of two threads, one's
            self.see_reduction(modules.get(_REDUCTION))
        return self._made[plain]

    def plain(self, cls: type) -> type:
        """The class of whom another is that which tells; itself if it is none."""
        found = self._made.copy().items()  # others may be added meanwhile
        return next((plain for plain, made in found if made is cls), cls)

    def is_made(self, plain: type, cls: type) -> bool:
        """Whether a class is that which tells of another."""
        return self._made.get(plain) is cls

    def forget(self) -> None:
        """Forget the classes, and all that others know of them."""
        reducers = _reducers(modules.get(_REDUCTION))
        for made in self._made.values():
            reducers.pop(made, None)
        self._made.clear()

    def see_reduction(self, module: ModuleType | None) -> None:
        """Have multiprocessing send such sockets to other processes as it does theirs: it goes by the very class."""
        reducers = _reducers(module)
        for plain, made in self._made.copy().items():
            if plain in reducers:
                reducers[made] = reducers[plain]

    def _method(self, plain: type, name: str, own: list[type]) -> Callable[..., Any]:
        method, entries = getattr(plain, name), self._entries
        # A test's fake that stands there just now may be no function, which is called without the object.
        known = method if hasattr(type(method), "__get__") else None

        def telling(self: Any, /, *args: Any, **kwargs: Any) -> Any:
            __tracebackhide__ = True
            entry = entries.get(id(self))
            if entry is not None:
                for use in entry.uses:
                    use()
            if getattr(plain, name) is known:
                return method(self, *args, **kwargs)
            return getattr(super(own[0], self), name)(*args, **kwargs)

        telling.__name__ = telling.__qualname__ = name
        telling.__doc__ = method.__doc__
        return telling

    def _detach(self, own: list[type]) -> Callable[[Any], int]:
        detached = self._detached

        def detach(self: Any) -> int:
            number: int = getattr(super(own[0], self), "detach")()  # noqa: B009 - of whatever class it is
            detached(self, number)
            return number

        return detach


def _reducers(module: ModuleType | None) -> dict[type, Any]:
    found: dict[type, Any] = getattr(getattr(module, "ForkingPickler", None), "_extra_reducers", {})
    return found
