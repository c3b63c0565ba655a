"""Workers for pytest-xdist that are forked before pytest begins: what takes a fresh Python 0.25 s is done already.

A run in a fork (`zygote.py`) that asks for workers has so many children of its own at hand. In the place of a new
Python, xdist gets one of them, with the environment, the directory and the two pipes that the new one would have had.
"""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any
from typing import Final
from typing import NamedTuple

_WORKERS: Final = re.compile(r"-n([1-4])")
_MOST: Final = 1 << 20
"""Bytes of an environment, at most."""


class Spare(NamedTuple):
    """A child that waits for what it is to be."""

    pid: int
    connection: socket.socket


def make_spares(arguments: list[str], become: Callable[[dict[str, str], str], None]) -> list[Spare]:
    """Fork as many children as pytest's arguments ask for workers; in one of these it does not return.

    Args:
        arguments: pytest's.
        become: Makes a child the process that a new Python would be, with an environment in a directory.
    """
    asked = [found for found in map(_WORKERS.fullmatch, arguments) if found]
    spares: list[Spare] = []
    for _ in range(int(asked[-1][1]) if asked else 0):
        ours, theirs = socket.socketpair()
        pid = os.fork()
        if pid == 0:
            ours.close()
            for each in spares:
                each.connection.close()
            _serve(theirs, become)
        theirs.close()
        spares.append(Spare(pid, ours))
    return spares


def _serve(connection: socket.socket, become: Callable[[dict[str, str], str], None]) -> None:
    message, pipes, _, _ = socket.recv_fds(connection, _MOST, 2)
    connection.close()
    if not message:
        os._exit(0)  # it was not needed
    for number, pipe in enumerate(pipes):
        os.dup2(pipe, number)
        os.close(pipe)
    wanted = json.loads(message)
    sys.argv = ["-c"]
    main = sys.modules["__main__"] = types.ModuleType("__main__")
    become(wanted["environment"], wanted["folder"])
    exec(eval(sys.stdin.readline()), vars(main))  # noqa: S102, S307 - as the command line that execnet gives a new one
    sys.exit()


def hand_out(spares: list[Spare]) -> None:
    """Have execnet take these before it starts a new Python."""
    from execnet import gateway_base
    from execnet import gateway_io

    class ForkedIO(gateway_base.Popen2IO):
        """A gateway's ends of the pipes, and its process."""

        def __init__(self, spare: Spare, execmodel: Any) -> None:
            theirs_in, ours_out = os.pipe()
            ours_in, theirs_out = os.pipe()
            message = {"environment": _environment(), "folder": str(Path.cwd())}
            socket.send_fds(
                spare.connection, [json.dumps(message).encode()], [theirs_in, theirs_out]
            )
            spare.connection.close()
            os.close(theirs_in)
            os.close(theirs_out)
            self._pid = spare.pid
            super().__init__(
                os.fdopen(ours_out, "wb"), os.fdopen(ours_in, "rb"), execmodel=execmodel
            )

        def wait(self) -> int | None:
            try:
                return os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])
            except OSError:
                return None

        def kill(self) -> None:
            os.kill(self._pid, signal.SIGKILL)

    start = gateway_io.create_io

    def create_io(spec: Any, execmodel: Any) -> Any:
        if spares and spec.popen and not spec.python:
            return ForkedIO(spares.pop(0), execmodel)
        return start(spec, execmodel)

    gateway_io.create_io = create_io


def _environment() -> dict[str, str]:
    """The variables of a program that is started now, where guards name the scope in one of them."""
    starts = sys.modules.get("imbue.resource_guards.intercept.starts")
    return dict(os.environ if starts is None else starts.named_environment(dict(os.environ)))
