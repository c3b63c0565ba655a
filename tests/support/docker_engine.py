"""A real Docker engine of one's own: private socket, private data, no network, no registry."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tarfile
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

IMAGE: Final = "box:1"
"""An image with a static busybox in it."""

_APPLETS: Final = ("sh", "echo", "cat", "ls", "sleep", "true")
_SECONDS_TO_START: Final = 30


class NoEngineError(Exception):
    """There is none to be had, and why."""


class Engine:
    """A running engine.

    Args:
        socket: Its socket.
        log: Where it notes each request.
    """

    def __init__(self, socket: Path, log: Path) -> None:
        self.url = f"unix://{socket}"
        self.socket = socket
        self._log = log
        self._read = 0

    def name_image(self, name: str) -> None:
        """Give the image a further name."""
        command = ["docker", f"--host={self.url}", "tag", IMAGE, name]
        subprocess.run(command, check=True)

    def requests(self) -> list[str]:
        """The requests that it has been sent since the last call, ``GET /version``."""
        text = self._log.read_text(errors="replace")
        new, self._read = text[self._read :], len(text)
        found = re.findall(
            r'msg="Calling (\w+) (\S+?)"'  # until Docker 28.4
            r'|msg="handling (\w+) request".* request-url="?([^\s"]+)',
            new,
        )
        return [" ".join(filter(None, each)) for each in found]


@contextmanager
def running_engine() -> Iterator[Engine]:
    """Start an engine, import the image, and stop the engine in the end.

    Raises:
        NoEngineError: A program is missing, or the engine does not start.
    """
    daemon, busybox = shutil.which("dockerd"), shutil.which("busybox")
    docker = shutil.which("docker")
    if daemon is None or busybox is None or docker is None:
        raise NoEngineError(
            "docker, dockerd or busybox is not installed (apt-get install docker.io runc "
            "containerd busybox-static)"
        )
    as_root = [] if os.geteuid() == 0 else ["sudo", "-n"]
    # Not in pytest's own temporary directory: a socket's path may have some hundred characters.
    with tempfile.TemporaryDirectory(prefix="engine-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        socket, log, pid_file = folder / "d.sock", folder / "log", folder / "pid"
        settings = folder / "settings.json"
        settings.write_text("{}")
        command = [
            *(*as_root, daemon, "--debug", f"--host=unix://{socket}", f"--group={os.getgid()}"),
            *(f"--data-root={folder}/data", f"--exec-root={folder}/exec", f"--pidfile={pid_file}"),
            *("--iptables=false", "--ip6tables=false", "--bridge=none"),
            f"--config-file={settings}",
        ]
        with log.open("wb") as output:
            process = subprocess.Popen(command, stdout=output, stderr=output)
        try:
            _wait_for(process, socket, log)
            _import_image(docker, socket, busybox, folder / "image.tar")
            yield Engine(socket, log)
        finally:
            _stop(process, pid_file, as_root)
            subprocess.run([*as_root, "rm", "-rf", f"{folder}/data", f"{folder}/exec"], check=False)


def _wait_for(process: subprocess.Popen[bytes], socket: Path, log: Path) -> None:
    deadline = time.monotonic() + _SECONDS_TO_START
    while "API listen on" not in (said := log.read_text(errors="replace")):
        if process.poll() is not None or time.monotonic() > deadline:
            raise NoEngineError(f"dockerd does not start:\n{said[-2000:]}")
        time.sleep(0.02)
    assert socket.exists()


def _import_image(docker: str, socket: Path, busybox: str, archive: Path) -> None:
    with tarfile.open(archive, "w") as image:
        image.add(busybox, "bin/busybox")
        for applet in _APPLETS:
            link = tarfile.TarInfo(f"bin/{applet}")
            link.type, link.linkname = tarfile.SYMTYPE, "busybox"
            image.addfile(link)
    command = [docker, f"--host=unix://{socket}", "import", str(archive), IMAGE]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NoEngineError(f"the image cannot be imported: {done.stderr}")


def _stop(process: subprocess.Popen[bytes], pid_file: Path, as_root: list[str]) -> None:
    if pid_file.exists():
        pid = pid_file.read_text().strip()
        if as_root:
            subprocess.run([*as_root, "kill", pid], check=False)
        else:
            os.kill(int(pid), signal.SIGTERM)
    else:
        process.terminate()
    process.wait(timeout=60)
