"""The libraries that connect past Python, in C or Rust, where no guard of addresses sees it.

A new one is a row: the module that is loaded where the library can connect, as its own package names
it. Those that only parse in C, and leave connections to Python's ``socket``, are not among them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from typing import Final

DESCRIPTORS: Final = (
    "sockets by their descriptors (as multiprocessing's connections have them) or of _socket"
)
"""What a doubt calls connections that Python has opened, and whose transfers no method of a socket makes."""

SHARED_TRANSPORTS: Final = "asyncio that tests share, on which something came meanwhile"
"""What a doubt calls connections of asyncio that tests share, where a test may have waited for what came."""

CHILD_PYTHONS: Final = "child Pythons, which are not guarded here"
"""What a doubt calls Pythons that a test may have started, where this installation guards none."""

OTHER_PROGRAMS: Final = "what other programs than Python start"
"""What a doubt calls programs of which Python does not know, where there is no shim before them."""

PATHS_IN_ARGUMENTS: Final = "programs that were given the path of a guarded one"
"""What a doubt calls programs that may have started a guarded program by its path, where no shim sees it."""

OTHER_CLIENTS: Final = "programs other than Python"
"""What a doubt calls programs that a test has started, and that may connect where no guard sees it."""

LOCAL_PROGRAMS: Final = frozenset(
    (
        "[",
        "awk",
        "basename",
        "cat",
        "chmod",
        "chown",
        "cmp",
        "cp",
        "cut",
        "date",
        "dd",
        "df",
        "diff",
        "dirname",
        "du",
        "echo",
        "expr",
        "false",
        "find",
        "fold",
        "gawk",
        "grep",
        "egrep",
        "fgrep",
        "head",
        "hostname",
        "id",
        "kill",
        "link",
        "ln",
        "ls",
        "mawk",
        "mkdir",
        "mkfifo",
        "mktemp",
        "mv",
        "nl",
        "od",
        "paste",
        "pgrep",
        "pkill",
        "printenv",
        "printf",
        "ps",
        "pwd",
        "readlink",
        "realpath",
        "rm",
        "rmdir",
        "sed",
        "seq",
        "sha256sum",
        "md5sum",
        "sleep",
        "sort",
        "split",
        "stat",
        "stty",
        "sync",
        "tail",
        "tee",
        "test",
        "touch",
        "tput",
        "tr",
        "true",
        "tty",
        "uname",
        "uniq",
        "wc",
        "which",
        "whoami",
        "who",
        "yes",
    )
)
"""Programs of every POSIX system, which connect to nothing."""

_PYTHONS: Final = ("python", "pypy")

_STARTERS: Final = frozenset(("awk", "find", "gawk", "mawk", "sed"))
"""Those of them that can start others."""


def may_connect(program: str) -> bool:
    """Whether a program may connect to a service where no guard sees it: a Python has guards of its own."""
    name = program.rpartition("/")[2]
    return name not in LOCAL_PROGRAMS and not name.startswith(_PYTHONS)


def may_start_others(program: str) -> bool:
    """Whether a program may start another one where no guard sees it."""
    return may_connect(program) or program.rpartition("/")[2] in _STARTERS


class Library:
    """A library that opens connections by itself.

    Args:
        packages: The packages that are the library; a call guard in one of them covers it.
        module: The module that is loaded where it can connect.
        title: What it is called in messages.
        targets: The calls that connect, as a call guard names them; empty if they are in C.
        when: Given the first of its packages, whether it connects past Python; `None` for always.
    """

    __slots__ = ("module", "packages", "targets", "title", "when")

    def __init__(
        self,
        packages: tuple[str, ...],
        module: str,
        title: str,
        targets: tuple[str, ...] = (),
        when: Callable[[Any], bool] | None = None,
    ) -> None:
        self.packages = packages
        self.module = module
        self.title = title
        self.targets = targets
        self.when = when


def _is_thick(oracledb: Any) -> bool:
    return not oracledb.is_thin_mode()


LIBRARIES: Final = (
    # Databases.
    Library(
        ("psycopg",),
        "psycopg.pq",  # of all its implementations, in C, binary and by ctypes
        "psycopg (libpq)",
        (
            "psycopg.connection:Connection.connect",
            "psycopg.connection_async:AsyncConnection.connect",
        ),
    ),
    Library(("psycopg2",), "psycopg2._psycopg", "psycopg2 (libpq)", ("psycopg2:connect",)),
    Library(("psycopg2cffi",), "psycopg2cffi", "psycopg2cffi (libpq)", ("psycopg2cffi:connect",)),
    Library(
        (
            *("adbc_driver_manager", "adbc_driver_postgresql", "adbc_driver_flightsql"),
            "adbc_driver_snowflake",
        ),
        "adbc_driver_manager._lib",
        "ADBC",
    ),
    Library(
        ("MySQLdb",), "MySQLdb._mysql", "mysqlclient", ("MySQLdb.connections:Connection.__init__",)
    ),
    Library(("mysql",), "_mysql_connector", "the C extension of MySQL Connector/Python"),
    Library(("pymssql",), "pymssql._mssql", "pymssql (FreeTDS)", ("pymssql:connect",)),
    Library(("pyodbc",), "pyodbc", "pyodbc", ("pyodbc:connect",)),
    Library(("oracledb",), "oracledb", "oracledb (thick)", ("oracledb:connect",), _is_thick),
    Library(("cx_Oracle",), "cx_Oracle", "cx_Oracle", ("cx_Oracle:connect",)),
    Library(("ibm_db",), "ibm_db", "ibm_db", ("ibm_db:connect",)),
    Library(
        ("snowflake",),
        "snowflake.connector._core",
        "the core of Snowflake's connector",
        ("snowflake.connector:connect",),
    ),
    Library(("aerospike",), "aerospike", "aerospike"),
    Library(("couchbase",), "couchbase.logic.pycbc_core._core", "couchbase"),
    Library(("questdb",), "questdb.ingress", "questdb"),
    Library(("glide", "glide_shared"), "glide_shared", "Valkey GLIDE"),
    # Messages and calls.
    Library(
        ("grpc",), "grpc._cython.cygrpc", "grpc", ("grpc:insecure_channel", "grpc:secure_channel")
    ),
    Library(("zmq",), "zmq.backend", "pyzmq", ("zmq.sugar.socket:Socket.connect",)),
    Library(("confluent_kafka",), "confluent_kafka.cimpl", "confluent_kafka (librdkafka)"),
    Library(("pulsar",), "_pulsar", "pulsar", ("pulsar:Client.__init__",)),
    Library(
        ("temporalio",),
        "temporalio.bridge.temporal_sdk_bridge",
        "temporalio",
        ("temporalio.client:Client.connect",),
    ),
    # Anything.
    Library(
        ("uvloop",),
        "uvloop.loop",
        "uvloop",
        ("uvloop:Loop.create_connection", "uvloop:Loop.create_unix_connection"),
    ),
    Library(("pycurl",), "pycurl", "pycurl (libcurl)"),
    Library(
        ("curl_cffi",),
        "curl_cffi._wrapper",
        "curl_cffi (libcurl)",
        ("curl_cffi.curl:Curl.perform",),
    ),
)

PACKAGES: Final = frozenset(package for each in LIBRARIES for package in each.packages)
"""All their packages."""
