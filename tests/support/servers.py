"""Further real servers, for the catalogue: MariaDB, memcached, etcd, S3 and SQS (moto), SMTP, SSH, and git's daemon."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from support.databases import NoServerError
from support.databases import free_port
from support.databases import running_server
from support.databases import short_folder


@contextmanager
def running_mariadb() -> Iterator[int]:
    """Make a database, start its server, and stop it in the end; gives its port.

    Raises:
        NoServerError: It is not installed, or does not start.
    """
    path = f"{os.environ.get('PATH', os.defpath)}{os.pathsep}/usr/sbin"
    server, install = (shutil.which(name, path=path) for name in ("mariadbd", "mariadb-install-db"))
    if server is None or install is None:
        raise NoServerError("mariadbd is not installed (apt-get install mariadb-server)")
    with short_folder("my-") as folder:
        user = "--user=root" if not os.geteuid() else f"--user={os.environ['USER']}"
        options: list[str | Path] = ["--no-defaults", f"--datadir={folder / 'data'}", user]
        made = subprocess.run(
            [install, *options, "--auth-root-authentication-method=normal", "--skip-test-db"],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
        if made.returncode:
            raise NoServerError(f"mariadb-install-db failed: {made.stderr}{made.stdout}")
        command = [
            server,
            *options,
            f"--socket={folder / 's'}",
            "--bind-address=127.0.0.1",
            "--skip-name-resolve",
        ]
        with running_server(command, folder / "log", b"ready for connections") as port:
            yield port


@contextmanager
def running_rabbitmq() -> Iterator[int]:
    """Start a broker with a name daemon of its own, and stop both in the end; gives its port.

    Raises:
        NoServerError: It is not installed, or does not start.
    """
    server = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")  # that on PATH becomes another user
    if not server.exists():
        raise NoServerError("rabbitmq-server is not installed (apt-get install rabbitmq-server)")
    with short_folder("rq-") as folder:
        (folder / "plugins").write_text("[].\n")
        variables = {
            "HOME": folder,
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_EPMD_PORT": free_port(),
            "RABBITMQ_CONFIG_FILE": folder / "none",
            "RABBITMQ_DIST_PORT": free_port(),
            "RABBITMQ_ENABLED_PLUGINS_FILE": folder / "plugins",
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_LOG_BASE": folder / "log.d",
            "RABBITMQ_MNESIA_BASE": folder / "data",
            "RABBITMQ_NODENAME": "guards@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_PID_FILE": folder / "pid",
        }
        said = [f"{name}={value}" for name, value in variables.items()]
        by_port = 'RABBITMQ_NODE_PORT="$2" exec "$0"'
        command: list[str | Path] = ["env", *said, "sh", "-c", by_port, server]
        try:
            with running_server(command, folder / "log", b"startup complete") as port:
                yield port
        finally:
            subprocess.run(["env", *said, "epmd", "-kill"], capture_output=True, check=False)


@contextmanager
def running_memcached(port: int | None = None) -> Iterator[int]:
    """Start a cache, and stop it in the end; gives its port.

    Args:
        port: The one that it must have; by default any.

    Raises:
        NoServerError: It is not installed, or does not start.
    """
    program = shutil.which("memcached")
    if program is None:
        raise NoServerError("memcached is not installed (apt-get install memcached)")
    with short_folder("mc-") as folder:
        user = pwd.getpwuid(os.geteuid()).pw_name  # as root it wants to be told
        command = [program, "-l", "127.0.0.1", "-U", "0", "-u", user, "-vv"]
        ready = b"server listening"
        with running_server(command, folder / "log", ready, option="-p", port=port) as its_port:
            yield its_port


@contextmanager
def running_etcd(port: int | None = None) -> Iterator[int]:
    """Start a store of one member, and stop it in the end; gives the port of its clients.

    Args:
        port: The one that it must have; by default any.

    Raises:
        NoServerError: It is not installed, or does not start.
    """
    if shutil.which("etcd") is None:
        raise NoServerError("etcd is not installed (apt-get install etcd-server)")
    with short_folder("et-") as folder:
        # Of peers it has none: a socket in its folder listens for them, and their address leads nowhere.
        options = (
            *("--data-dir=data", "--listen-peer-urls=unix://peers:1"),
            "--initial-advertise-peer-urls=http://localhost:1",
            "--initial-cluster=default=http://localhost:1",
        )
        mine = '--listen-client-urls="$url" --advertise-client-urls="$url"'
        by_port = f'url="http://127.0.0.1:$2" && exec etcd {" ".join(options)} {mine}'
        command = ["sh", "-c", by_port, "etcd"]
        ready = b"ready to serve client requests"
        with running_server(command, folder / "log", ready, port=port) as its_port:
            yield its_port


@contextmanager
def running_script(python: Path, script: Path) -> Iterator[int]:
    """Start a server that is a script of the suite's, which is given its port and says when it is ready."""
    with short_folder("sc-") as folder:
        command: list[str | Path] = [python, "-u", script]
        with running_server(command, folder / "log", b"ready") as port:
            yield port


@contextmanager
def running_moto(python: Path) -> Iterator[int]:
    """Start moto's server, which is S3, SQS and the others."""
    with short_folder("mo-") as folder:
        command: list[str | Path] = [python, "-u", "-m", "moto.server"]
        with running_server(command, folder / "log", b"Running on") as port:
            yield port


@contextmanager
def running_git_daemon() -> Iterator[int]:
    """Start git's daemon, with an empty repository called ``x``."""
    with short_folder("gd-") as folder:
        subprocess.run(["git", "init", "--quiet", "--bare", folder / "x"], check=True)
        subprocess.run(["git", "init", "--quiet", folder / "y"], check=True)
        commit = [
            "git",
            "-c",
            "user.name=x",
            "-c",
            "user.email=x",
            "commit",
            "--quiet",
            "--allow-empty",
            "-mx",
        ]
        subprocess.run(commit, cwd=folder / "y", check=True)
        subprocess.run(
            ["git", "push", "--quiet", folder / "x", "HEAD:refs/heads/main"],
            cwd=folder / "y",
            check=True,
        )
        command: list[str | Path] = [
            *("git", "daemon", "--verbose", "--reuseaddr", "--listen=127.0.0.1", "--export-all"),
            f"--base-path={folder}",
        ]
        with running_server(command, folder / "log", b"Ready to rumble", option="--port=") as port:
            yield port
