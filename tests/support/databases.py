"""Real database servers of one's own: PostgreSQL and Redis, with private data, sockets and ports."""

from __future__ import annotations

import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from collections.abc import Sequence
from contextlib import closing
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_SECONDS_TO_START: Final = 30
_PORTS_TO_TRY: Final = 5
_TAKEN: Final = b"ddress already in use"
_POSTGRES_USER: Final = "postgres"
_DEBIANS: Final = Path("/usr/lib/postgresql")
"""Where Debian keeps the server's programs, which are not on PATH."""


class NoServerError(Exception):
    """There is none to be had, and why."""


class Postgres:
    """A running PostgreSQL server.

    Args:
        folder: Where its Unix socket is.
        port: Its port, on loopback and in the socket's name.
        log: Where it notes each statement.
    """

    user = _POSTGRES_USER

    def __init__(self, folder: Path, port: int, log: Path) -> None:
        self.folder = folder
        self.port = port
        self._log = log
        self._read = log.stat().st_size

    def words(self) -> list[str]:
        """The words that stand in quotes in the statements since the last call, ``select 'word'``."""
        text = self._log.read_bytes()
        new, self._read = text[self._read :].decode(), len(text)
        return re.findall(r"(?:statement|execute [^:]*): .*?'(\w+)'", new)


class Redis:
    """A running Redis server.

    Args:
        folder: Where its Unix socket is, called ``redis``.
        port: Its port on loopback.
    """

    def __init__(self, folder: Path, port: int) -> None:
        self.unix = folder / "redis"
        self.port = port
        self._monitor = self._connect()
        self._monitor.write(b"MONITOR\r\n")
        self._monitor.flush()
        self._monitor.readline()

    def _connect(self) -> socket.SocketIO:
        made = socket.create_connection(("127.0.0.1", self.port), timeout=30)
        with closing(made):
            return made.makefile("rwb")  # type: ignore[return-value] # a file over the same descriptor

    def words(self) -> list[str]:
        """The first arguments of all commands since the last call that have one and name a word."""
        with closing(self._connect()) as other:
            other.write(b"ECHO end-of-words\r\n")
            other.flush()
            words: list[str] = []
            for line in self._monitor:
                found = re.search(rb'\] "(\w+)" "([\w-]+)"', line)
                if found and found[2] == b"end-of-words":
                    break
                if found and found[1].lower() in (b"set", b"publish", b"subscribe"):
                    words.append(found[2].decode())
            return words

    def close(self) -> None:
        """Follow it no more."""
        self._monitor.close()


@contextmanager
def running_postgres() -> Iterator[Postgres]:
    """Make a cluster, start its server, and stop it in the end.

    Raises:
        NoServerError: It is not installed, or does not start.
    """
    programs = [path.parent for path in (*_DEBIANS.glob("*/bin/postgres"), *_on_path("postgres"))]
    if not programs:
        raise NoServerError("postgres is not installed (apt-get install postgresql)")
    with short_folder("pg-") as folder:
        as_user = _as_ordinary_user(folder)
        data, log = folder / "data", folder / "log"
        initdb: list[str | Path] = [
            programs[-1] / "initdb",
            "--no-sync",
            f"--username={_POSTGRES_USER}",
        ]
        made = subprocess.run(
            [*initdb, "--auth=trust", "--encoding=UTF8", "--no-locale", data],
            user=as_user,
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
        if made.returncode:
            raise NoServerError(f"initdb failed: {made.stderr}")
        command: list[str | Path] = [
            *(programs[-1] / "postgres", "-D", data, "-k", folder, "-F"),
            *("-c", "listen_addresses=127.0.0.1", "-c", "log_statement=all"),
            *("-c", "logging_collector=off", "-c", "max_connections=60"),
        ]
        with running_server(
            command,
            log,
            b"ready to accept connections",
            option="-p",
            as_user=as_user,
            stop=signal.SIGINT,  # it does not wait for its clients then
        ) as port:
            yield Postgres(folder, port, log)


@contextmanager
def running_redis(port: int | None = None) -> Iterator[Redis]:
    """Start a server, and stop it in the end.

    Args:
        port: The one that it must have; by default any.

    Raises:
        NoServerError: It is not installed, or does not start.
    """
    program = shutil.which("redis-server")
    if program is None:
        raise NoServerError("redis-server is not installed (apt-get install redis-server)")
    with short_folder("rd-") as folder:
        command: list[str | Path] = [
            *(program, "--bind", "127.0.0.1", "--dir", folder),
            *("--unixsocket", folder / "redis", "--save", "", "--appendonly", "no"),
        ]
        ready = b"Ready to accept connections"
        with (
            running_server(command, folder / "log", ready, port=port) as its_port,
            closing(Redis(folder, its_port)) as redis,
        ):
            yield redis


def _on_path(program: str) -> list[Path]:
    found = shutil.which(program)
    return [Path(found).resolve()] if found else []


@contextmanager
def short_folder(prefix: str) -> Iterator[Path]:
    """A folder for a server, with a short path."""
    # Not in pytest's own temporary directory: a socket's path may have some hundred characters.
    with tempfile.TemporaryDirectory(prefix=prefix, ignore_cleanup_errors=True) as name:
        yield Path(name)


def _as_ordinary_user(folder: Path) -> str | None:
    """PostgreSQL refuses to run as root; then another user has the folder, whose name is given."""
    if os.geteuid():
        return None
    try:
        pwd.getpwnam(_POSTGRES_USER)
    except KeyError:
        raise NoServerError(f"there is no user {_POSTGRES_USER}, whom its package makes") from None
    shutil.chown(folder, _POSTGRES_USER)
    folder.chmod(0o755)
    return _POSTGRES_USER


def free_port() -> int:
    """A port of loopback that nobody has now."""
    with socket.create_server(("127.0.0.1", 0)) as made:
        return int(made.getsockname()[1])


@contextmanager
def running_server(  # noqa: PLR0913 - what servers differ in
    command: Sequence[str | Path],
    log: Path,
    ready: bytes,
    *,
    option: str = "--port",
    as_user: str | None = None,
    stop: signal.Signals = signal.SIGTERM,
    port: int | None = None,
) -> Iterator[int]:
    """Run a server on a port of loopback; another one where that is taken meanwhile.

    Args:
        command: The server's command.
        log: Where what it says is written.
        ready: What it says when it is ready.
        option: What its port is given by.
        as_user: Who runs it; by default whoever runs the tests.
        stop: The signal that stops it.
        port: The one that it must have; by default any.
    """
    for _ in range(1 if port else _PORTS_TO_TRY):
        chosen = port or free_port()
        with log.open("wb") as output:
            process = subprocess.Popen(
                [
                    *command,
                    *([f"{option}{chosen}"] if option.endswith("=") else [option, str(chosen)]),
                ],
                stdout=output,
                stderr=output,
                user=as_user,
                cwd=log.parent,
            )
        try:
            if said := _said_instead(process, log, ready):
                if _TAKEN in said:
                    continue
                raise NoServerError(f"{command[0]} does not start:\n{said[-2000:].decode()}")
            yield chosen
            return
        finally:
            process.send_signal(stop)
            process.wait(timeout=_SECONDS_TO_START)
    raise NoServerError(f"{command[0]} finds no free port")


def _said_instead(process: subprocess.Popen[bytes], log: Path, ready: bytes) -> bytes:
    """Wait until a server is ready; what it has said if it is not."""
    deadline = time.monotonic() + _SECONDS_TO_START
    while ready not in (said := log.read_bytes()):
        if process.poll() is not None or time.monotonic() > deadline:
            return said or b"nothing"
        time.sleep(0.02)
    return b""
