"""A Modal control plane on loopback, for tests: the real client and program talk to it.

It knows every RPC of the installed modal and answers with the smallest reply that the client goes
on with; dicts and queues keep what is put into them, processes in a sandbox and files say
:data:`~imbue.mngr_modal.control_plane.answers.SAID`. It counts what it sees, so that a test can
prove that something was *not* sent. Needs ``pip install imbue-mngr-modal[control-plane]`` and modal::

    with running_control_plane(tmp_path) as control_plane:
        for name, value in control_plane.environment.items():
            monkeypatch.setenv(name, value)
        modal.App.lookup("an-app", create_if_missing=True)
        assert control_plane.seen() == ["AppGetOrCreate"]
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO
from typing import Final
from typing import cast

_SERVER: Final = "imbue.mngr_modal.control_plane.server"
_SECONDS_TO_END: Final = 10


class NoControlPlaneError(Exception):
    """It has not started, and what it said."""


class ControlPlane:
    """A running control plane.

    Args:
        addresses: Where its servers listen, by the names of `answers.Addresses`.
        folder: An empty folder, which is the client's home.
        log: Where it notes what it sees.
    """

    def __init__(self, addresses: dict[str, str], folder: Path, log: Path) -> None:
        self.http = addresses["http"]
        self.environment = {
            "MODAL_SERVER_URL": addresses["plain"],
            "MODAL_TOKEN_ID": "ak-test",
            "MODAL_TOKEN_SECRET": "as-test",
            # Modal 1.2 wants to be told; later ones see that it is on loopback.
            "MODAL_TASK_COMMAND_ROUTER_INSECURE": "1",
            "HOME": str(folder),
        }
        """The environment variables with which the client finds it."""
        self._log = log

    def seen(self) -> list[str]:
        """What it has been asked: names of RPCs (``AppList``), and ``PUT /blob`` for plain HTTP."""
        return self._log.read_text().splitlines()


@contextmanager
def running_control_plane(folder: Path) -> Iterator[ControlPlane]:
    """Start a control plane in a process of its own, and end it in the end.

    Args:
        folder: Where it writes; it becomes the client's home.

    Raises:
        NoControlPlaneError: It does not start, most likely since modal or trustme is not installed.
    """
    log = folder / "control-plane.log"
    log.touch()
    errors = folder / "control-plane.errors"
    command = [sys.executable, "-m", _SERVER, str(log)]
    with (
        errors.open("wb") as stderr,
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr
        ) as process,
    ):
        stdin, stdout = cast("tuple[IO[bytes], IO[bytes]]", (process.stdin, process.stdout))
        said = stdout.readline()
        if not said:
            raise NoControlPlaneError(f"it has ended: {errors.read_text(errors='replace')}")
        try:
            yield ControlPlane(json.loads(said), folder, log)
        finally:
            stdin.close()  # that ends it
            try:
                process.wait(_SECONDS_TO_END)
            except subprocess.TimeoutExpired:
                process.kill()
