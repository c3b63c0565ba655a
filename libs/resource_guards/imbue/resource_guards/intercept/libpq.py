"""See what goes over the connections of libpq, which sends and receives in C: those of psycopg here.

They have one method that runs whatever talks to the server, `wait`. psycopg2's are in `psycopg2_objects.py`.

Imports nothing but the standard library's smallest parts, since child Pythons load it at start.
"""

from __future__ import annotations

from _weakref import ref
from os import environ

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterable
    from collections.abc import Mapping
    from collections.abc import Sequence
    from typing import Any
    from typing import Final

    from imbue.resource_guards.intercept.open_sockets import Use

    UsesOf = Callable[[Any], Sequence[Use]]

_PARAMETERS: Final = (
    ("host", "PGHOST", ""),
    ("hostaddr", "PGHOSTADDR", ""),
    ("port", "PGPORT", "5432"),
)
"""What says where the server is, the variable that does where it is left out, and what holds then."""

_FOLDER: Final = "/var/run/postgresql"
"""Where the client library looks for a Unix socket; its own default, not Debian's, is ``/tmp``."""

IDLE: Final = 0
"""``PQTRANSIDLE``: the server waits for a command, and no transaction is open."""

_SETS_ONLY: Final = frozenset(
    (
        *("_set_autocommit_gen", "_set_isolation_level_gen", "_set_read_only_gen"),
        "_set_deferrable_gen",
    )
)
"""What psycopg's `wait` runs and that sends nothing."""

_ENDS: Final = frozenset(("_commit_gen", "_rollback_gen"))
"""What sends nothing where no transaction is open."""

_KNOWN: Final[dict[int, tuple[ref[Any], Sequence[Use]]]] = {}
"""For each connection, by its id, what is to be told of what goes over it."""


def forget() -> None:
    """Tell nobody any more of any connection."""
    _KNOWN.clear()


def addresses_of(said: Mapping[str, Any]) -> Iterable[Any]:
    """The addresses of a connection as the client library reads what it was told, of which each part may be a list.

    Where it is told a name and the address that this has, both. What is not said, the environment says.

    Args:
        said: The parameters by their names, ``host``, ``hostaddr``, ``port``.
    """
    host, hostaddr, port = (
        str(said.get(name) or environ.get(variable) or default)
        for name, variable, default in _PARAMETERS
    )
    ports = port.split(",")
    for hosts in [each.split(",") for each in (host, hostaddr) if each] or [[""]]:
        for at, each in enumerate(hosts):
            number = ports[at] if at < len(ports) else ports[0]
            if each.startswith(("/", "@")) or not each:
                yield f"{each or _FOLDER}/.s.PGSQL.{number}".replace("@", "\0", 1)
            else:
                yield each, int(number) if number.isdecimal() else number


def waiting(old: Callable[..., Any], uses_of: UsesOf) -> Callable[..., Any]:
    """What stands in the place of psycopg's `wait`, the asynchronous one too, which returns a coroutine."""

    def wait(self: Any, gen: Any, *args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        name = getattr(gen, "__name__", "")
        if name not in _SETS_ONLY and not (
            name in _ENDS and self.pgconn.transaction_status == IDLE
        ):
            if id(self) not in _KNOWN:
                learn(self, _of_psycopg(self, uses_of))
            tell(self)
        return old(self, gen, *args, **kwargs)

    return wait


def _of_psycopg(connection: Any, uses_of: UsesOf) -> Sequence[Use]:
    """What is to be told of a connection, by the address that it has in fact led to."""
    try:
        pq = connection.pgconn
        said = {name: (getattr(pq, name) or b"").decode() for name, *_ in _PARAMETERS}
    except Exception:  # noqa: BLE001 - it is closed, which the call that follows says
        return ()
    return uses_at(said, uses_of)


def uses_at(said: Mapping[str, Any], uses_of: UsesOf) -> Sequence[Use]:
    """What is to be told of a connection with these parameters."""
    for address in addresses_of(said):
        uses = uses_of(address)
        if uses:
            return uses
    return ()


def learn(connection: Any, uses: Sequence[Use]) -> None:
    """Note what is to be told of what goes over a connection."""
    number = id(connection)

    def gone(reference: object) -> None:
        entry = _KNOWN.get(number)
        if entry is not None and entry[0] is reference:  # another may have its number by now
            _KNOWN.pop(number, None)

    _KNOWN[number] = ref(connection, gone), uses


def tell(connection: Any) -> None:
    """Something is about to go over a connection."""
    __tracebackhide__ = True
    known = _KNOWN.get(id(connection))
    if known is not None and known[0]() is connection:
        for use in known[1]:
            use()
