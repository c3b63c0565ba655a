"""See what goes over the connections of psycopg2, which are objects of C.

Each connection is made of a subclass, and so are its cursors: a method of a class written in C
cannot be replaced, and another class cannot be given to an object of one.

Imports nothing but the standard library's smallest parts, since child Pythons load it at start.
"""

from __future__ import annotations

from os import dup

from imbue.resource_guards.intercept.libpq import IDLE
from imbue.resource_guards.intercept.libpq import addresses_of
from imbue.resource_guards.intercept.libpq import learn
from imbue.resource_guards.intercept.libpq import tell
from imbue.resource_guards.intercept.libpq import uses_at

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterable
    from collections.abc import Sequence
    from typing import Any
    from typing import Final

    from imbue.resource_guards.intercept.open_sockets import Use

    UsesOf = Callable[[Any], Sequence[Use]]

_CURSOR_METHODS: Final = (
    "execute",
    "executemany",
    "callproc",
    "copy_from",
    "copy_to",
    "copy_expert",
)
_NAMED_CURSOR_METHODS: Final = ("fetchone", "fetchmany", "fetchall", "scroll", "close")
"""Those that ask the server where the cursor has a name, which is then the server's."""

_CONNECTION_METHODS: Final = (
    *("poll", "cancel", "reset", "set_client_encoding"),
    *("tpc_begin", "tpc_prepare", "tpc_commit", "tpc_rollback", "tpc_recover"),
)
_CONNECTION_ENDS: Final = ("commit", "rollback")

_LARGE_OBJECT_METHODS: Final = (
    *("read", "write", "seek", "tell", "truncate", "export", "unlink", "close"),
)

_FACTORY_OF_LOBJECT: Final = 5
"""The place of the factory among the arguments; nobody gives that many."""

_CLASSES: Final[dict[type, type]] = {}
"""For each class of psycopg2's, or of a user's, that which tells."""


def forget() -> None:
    """Make no more classes as before. Connections that live keep theirs, which are silent."""
    _CLASSES.clear()


def connecting(
    old: Callable[..., Any],
    begin: Callable[[Any], object],
    uses_of: UsesOf,
    lose: Callable[[Any], None],
) -> Callable[..., Any]:
    """What stands in the place of psycopg2's `_connect`.

    Args:
        old: That.
        begin: Told of each address that it is about to lead to; whether that is guarded. What it raises
            stops the call.
        uses_of: Gives what is to be told of transfers to or from an address.
        lose: Told of each guarded address to which a connection leads of which transfers are not seen.
    """

    def connect(dsn: Any, connection_factory: Any = None, *args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        from psycopg2 import extensions  # type: ignore[import-untyped] # it imports this

        addresses = [*addresses_of(extensions.parse_dsn(dsn))]
        guarded = [address for address in addresses if begin(address)]
        factory = connection_factory or extensions.connection
        if isinstance(factory, type) and issubclass(factory, extensions.connection):
            made = old(dsn, _connection_class(factory), *args, **kwargs)
            uses = _of_psycopg2(made, uses_of)
            learn(made, uses or [use for each in guarded for use in uses_of(each)])
        else:  # a function, which makes what it likes
            for address in guarded:
                lose(address)
            made = old(dsn, connection_factory, *args, **kwargs)
        return made

    return connect


def _of_psycopg2(connection: Any, uses_of: UsesOf) -> Sequence[Use]:
    """The same; a name was looked up by libpq, and a file of services may have said where it leads."""
    try:
        said = {"host": connection.info.host, "port": connection.info.port}
        return uses_at(said, uses_of) or uses_of(_peer(connection.fileno()))
    except Exception:  # noqa: BLE001 - it does not say before it is connected, or is of an old version
        return ()


def _peer(descriptor: int) -> Any:
    from _socket import socket  # a bare one, which nothing follows

    probe = socket(fileno=dup(descriptor))
    try:
        return probe.getpeername()
    finally:
        probe.close()


def _connection_class(plain: type) -> type:
    """A subclass of a class of psycopg2's connections that tells of what goes over them."""
    from psycopg2 import extensions

    of_c = extensions.connection

    def cursor(
        self: Any, name: Any = None, cursor_factory: Any = None, *args: Any, **kwargs: Any
    ) -> Any:
        factory = cursor_factory or self.cursor_factory or extensions.cursor
        if isinstance(factory, type) and issubclass(factory, extensions.cursor):
            factory = _cursor_class(factory)
        else:  # a function, which makes what it likes: what that asks is not seen, so this counts
            tell(self)
        return of_c.cursor(self, name, factory, *args, **kwargs)

    def is_in_transaction(self: Any) -> bool:
        return bool(self.info.transaction_status != IDLE)

    def lobject(self: Any, *args: Any, **kwargs: Any) -> Any:
        tell(self)
        plain = kwargs.get("lobject_factory") or extensions.lobject
        if len(args) < _FACTORY_OF_LOBJECT:
            kwargs["lobject_factory"] = _large_object_class(plain, self)
        return of_c.lobject(self, *args, **kwargs)

    methods = {
        **_telling(of_c, _CONNECTION_METHODS, _itself),
        **_telling(of_c, _CONNECTION_ENDS, _itself, is_in_transaction),
        "cursor": cursor,
        "lobject": lobject,
    }
    return _subclass(plain, of_c, methods)


def _cursor_class(plain: type) -> type:
    from psycopg2 import extensions

    of_c = extensions.cursor

    def has_name(self: Any) -> bool:
        return self.name is not None and not self.closed

    def has_no_row(self: Any) -> bool:
        # It asks for as many as `itersize` at once.
        return has_name(self) and self.rownumber >= self.rowcount

    methods = {
        **_telling(of_c, _CURSOR_METHODS, _its_connection),
        **_telling(of_c, _NAMED_CURSOR_METHODS, _its_connection, has_name),
        **_telling(of_c, ("__next__",), _its_connection, has_no_row),
    }
    return _subclass(plain, of_c, methods)


def _large_object_class(plain: type, connection: Any) -> type:
    """A class of large objects of one connection, which they do not tell themselves."""
    methods = _telling(plain, _LARGE_OBJECT_METHODS, lambda _: connection)
    return _named_like(plain, (plain,), methods)


def _itself(connection: Any) -> Any:
    return connection


def _its_connection(cursor: Any) -> Any:
    return cursor.connection


def _telling(
    plain: type,
    names: Iterable[str],
    connection_of: Callable[[Any], Any],
    sends: Callable[[Any], bool] = bool,
) -> dict[str, Any]:
    """Methods that tell before they do what those of a class do.

    Args:
        plain: The class.
        names: The methods.
        connection_of: Given the object, its connection.
        sends: Given the object, whether it will send or receive anything.
    """

    def telling(method: Callable[..., Any]) -> Callable[..., Any]:
        def tell_and_do(self: Any, *args: Any, **kwargs: Any) -> Any:
            __tracebackhide__ = True
            if sends(self):
                tell(connection_of(self))
            return method(self, *args, **kwargs)

        tell_and_do.__name__ = tell_and_do.__qualname__ = method.__name__
        tell_and_do.__doc__ = method.__doc__
        return tell_and_do

    return {name: telling(getattr(plain, name)) for name in names if hasattr(plain, name)}


def _subclass(plain: type, of_c: type, methods: dict[str, Any]) -> type:
    """A subclass of a class, in which the methods stand right above those of the class of C.

    So the methods of a user's class, which come first, choose what they pass on.
    """
    if of_c not in _CLASSES:
        _CLASSES.setdefault(of_c, _named_like(of_c, (of_c,), methods))  # of two threads, one's
    if plain not in _CLASSES:
        _CLASSES.setdefault(plain, _named_like(plain, (plain, _CLASSES[of_c]), {}))
    return _CLASSES[plain]


def _named_like(plain: type, bases: tuple[type, ...], methods: dict[str, Any]) -> type:
    about = {
        "__module__": plain.__module__,
        "__qualname__": plain.__qualname__,
        "__doc__": plain.__doc__,
        "__slots__": (),
    }
    return type(plain)(plain.__name__, bases, {**about, **methods})
